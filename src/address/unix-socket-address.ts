// An address of a unix socket: a path, an abstract name, or none at all. unix(7).

import { platform } from "../../ffi/platform/index.ts";
import { sockaddr } from "../../ffi/structs/sockaddr.ts";
import { show } from "../arguments.ts";
import { notSupported, SocketError } from "../errors.ts";
import { Encoded, nativeBytes, registerFamily, SocketAddress } from "./socket-address.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/**
 * An address of a unix socket.
 *
 * @example
 * new UnixSocketAddress("/run/app.sock")   // a path
 * new UnixSocketAddress("\0app")           // an abstract name (Linux), NULs allowed, length exact
 * new UnixSocketAddress()                  // none: bind(2) to it makes Linux choose an abstract name (autobind)
 */
export class UnixSocketAddress extends SocketAddress {
  /**
   * `path`: text (UTF-8) or bytes; a leading NUL makes it an abstract name, nothing makes it anonymous.
   *
   * @throws TypeError, also for a path with a NUL inside, which the kernel would cut
   * @throws SocketError kind "filename-too-long" (107 bytes on Linux and Windows, 103 on macOS and FreeBSD; an abstract
   * name may have one more); "not-supported" for an abstract name elsewhere than on Linux
   */
  constructor(path?: string | Uint8Array | Encoded) {
    super(path instanceof Encoded ? path : encode(path));
  }

  #name(): Uint8Array<ArrayBuffer> {
    return sockaddr.unixPath(nativeBytes(this));
  }

  /** The path as text; undefined for an abstract or anonymous address. Bytes that are no UTF-8: see `pathBytes`. */
  get path(): string | undefined {
    const bytes = this.pathBytes;
    return bytes === undefined ? undefined : decoder.decode(bytes);
  }

  /** The path as the kernel has it, without the final NUL; undefined for an abstract or anonymous address. */
  get pathBytes(): Uint8Array<ArrayBuffer> | undefined {
    const name = this.#name();
    if (name.length === 0 || name[0] === 0) return undefined;
    const end = name.indexOf(0); // a path that fills sun_path has no NUL at its end
    return end === -1 ? name : name.slice(0, end);
  }

  /** The abstract name without its leading NUL; undefined for a path or an anonymous address. */
  get abstractName(): Uint8Array<ArrayBuffer> | undefined {
    const name = this.#name();
    return platform.abstractNames && name.length > 0 && name[0] === 0 ? name.slice(1) : undefined;
  }

  /** Whether there is neither path nor name: an unbound socket, one end of a pair. */
  get anonymous(): boolean {
    const name = this.#name();
    return name.length === 0 || (name[0] === 0 && !platform.abstractNames);
  }

  /** The path, `@name` for an abstract name (as ss(8) shows it), or `anonymous`; what cannot be printed as `\xNN`. */
  override toString(): string {
    if (this.anonymous) return "anonymous";
    const { abstractName, pathBytes } = this;
    return abstractName === undefined ? printable(pathBytes ?? new Uint8Array()) : `@${printable(abstractName)}`;
  }
}

function printable(bytes: Uint8Array): string {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    text = String.fromCharCode(...bytes);
  }
  return text.replace(/[\0-\x1f\x7f-\x9f]/g, (char) => `\\x${char.charCodeAt(0).toString(16).padStart(2, "0")}`);
}

function encode(path: unknown): Encoded {
  if (path === undefined) return new Encoded(sockaddr.encodeUnix(new Uint8Array()));
  if (typeof path !== "string" && !(path instanceof Uint8Array)) {
    throw new TypeError(`path must be a string or a Uint8Array, not ${show(path)}`);
  }
  const name = typeof path === "string" ? encoder.encode(path) : path;
  const abstract = name[0] === 0;
  if (abstract && !platform.abstractNames) {
    throw notSupported("UnixSocketAddress", `${platform.name} has no abstract unix addresses; use a path`);
  }
  if (!abstract && name.includes(0)) {
    throw new TypeError(`path must not have a NUL inside: ${show(String(path))}`);
  }
  const capacity = sockaddr.unixPathCapacity - (abstract ? 0 : 1);
  if (name.length > capacity) {
    throw new SocketError(
      `the unix ${abstract ? "name" : "path"} has ${name.length} bytes, and ${platform.name} allows ${capacity}; ` +
        `use a shorter one, or chdir and bind a relative path`,
      { code: "ENAMETOOLONG", errno: 0, syscall: "bind", kind: "filename-too-long" },
    );
  }
  if (abstract || name.length === 0) return new Encoded(sockaddr.encodeUnix(name));
  const terminated = new Uint8Array(name.length + 1);
  terminated.set(name);
  return new Encoded(sockaddr.encodeUnix(terminated));
}

registerFamily(platform.core.AF_UNIX, (bytes) => new UnixSocketAddress(new Encoded(bytes)));
