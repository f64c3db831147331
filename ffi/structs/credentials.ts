// Credentials as control messages carry them: struct ucred of Linux (unix(7)), struct cmsgcred of FreeBSD (unix(4)).

import { getInt, getUint, setUint } from "../layout.ts";
import { platform as current } from "../platform/index.ts";
import type { Platform } from "../platform/platform.ts";

/** A process, user and group. */
export interface CredentialsFields {
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
}

/** Reads and writes the payload of SCM_CREDENTIALS or SCM_CREDS. */
export interface CredentialsCodec {
  encode(fields: CredentialsFields): Uint8Array<ArrayBuffer>;
  /** Undefined for a payload that is too short. */
  decode(payload: DataView): CredentialsFields | undefined;
}

/** The codec for a platform record; undefined where credentials are not sent (macOS, Windows). */
export function credentialsCodec({ structs }: Pick<Platform, "structs">): CredentialsCodec | undefined {
  const { ucred, cmsgcred } = structs;
  if (ucred !== undefined) {
    return {
      encode({ pid, uid, gid }) {
        const bytes = new Uint8Array(new ArrayBuffer(ucred.size));
        const view = new DataView(bytes.buffer);
        setUint(view, 0, ucred.fields.pid, pid);
        setUint(view, 0, ucred.fields.uid, uid);
        setUint(view, 0, ucred.fields.gid, gid);
        return bytes;
      },
      decode: (view) =>
        view.byteLength < ucred.size
          ? undefined
          : {
              pid: getInt(view, 0, ucred.fields.pid),
              uid: getUint(view, 0, ucred.fields.uid),
              gid: getUint(view, 0, ucred.fields.gid),
            },
    };
  }
  if (cmsgcred === undefined) return undefined;
  return {
    // the kernel fills it in: what a process says of itself does not count
    encode: () => new Uint8Array(new ArrayBuffer(cmsgcred.size)),
    decode: (view) =>
      view.byteLength < cmsgcred.size
        ? undefined
        : {
            pid: getInt(view, 0, cmsgcred.fields.cmcred_pid),
            uid: getUint(view, 0, cmsgcred.fields.cmcred_euid),
            gid: getUint(view, 0, [cmsgcred.fields.cmcred_groups[0], 4]), // the first is the effective one
          },
  };
}

/** The codec of this OS. */
export const credentials: CredentialsCodec | undefined = credentialsCodec(current);
