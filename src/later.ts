/**
 * A module that few programs need, loaded when it is first asked for: importing berkeley must stay a matter of a few
 * milliseconds, and half of it is tables of options. `require` is synchronous, and bundlers follow it.
 */
export function later<Module>(load: () => Module): () => Module {
  let module: Module | undefined;
  return () => {
    module ??= load();
    return module;
  };
}
