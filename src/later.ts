// Modules that few programs need are loaded when they are first asked for: importing berkeley must stay a matter of a few
// milliseconds, and half of it is tables. `require` is synchronous, and bundlers follow it.

import { SocketError } from "./errors.ts";

/** A module that is loaded at its first use. @throws SocketError kind "too-many-open-files" when that cannot be read */
export function later<Module>(load: () => Module): () => Module {
  let module: Module | undefined;
  return () => {
    module ??= tryToLoad(load);
    return module;
  };
}

/** The same for a module whose functions return promises: where it cannot be loaded they reject, and nothing is thrown. */
export function laterAsync<Module extends object>(load: () => Module): () => Module {
  const own = later(load);
  return () => {
    try {
      return own();
    } catch (error) {
      return new Proxy({} as Module, { get: () => () => Promise.reject(error) });
    }
  };
}

function tryToLoad<Module>(load: () => Module): Module {
  try {
    return load();
  } catch (cause) {
    const [code] = /\bE[MN]FILE\b/.exec(String(cause)) ?? [];
    if (code === undefined) throw cause;
    throw new SocketError(
      `open: berkeley could not read a part of itself (${code}); close sockets that are done, or raise the limit (ulimit -n)`,
      { code, syscall: "open", kind: "too-many-open-files", cause },
    );
  }
}
