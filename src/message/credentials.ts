// Who is at the other end of a unix socket: unix(7), SCM_CREDENTIALS and SO_PEERCRED.

import { getsockopt } from "../../ffi/calls.ts";
import { effectiveIds } from "../../ffi/process.ts";
import { getUint } from "../../ffi/layout.ts";
import { peerProcess } from "../../ffi/peer-process.ts";
import { platform } from "../../ffi/platform/index.ts";
import type { PeerCredentials } from "../../ffi/platform/platform.ts";
import { integer } from "../arguments.ts";
import { failed, notSupported, type SocketError } from "../errors.ts";
import { type CredentialsFields, credentials as codec } from "../../ffi/structs/credentials.ts";
import { ControlMessage, type ControlPayload, payloadView, registerControl } from "./control.ts";

const { structs, core } = platform;
const INVALID_ID = 0xffff_ffff; // (uid_t) -1: nobody has passed any

export type { CredentialsFields };

function encode(fields: CredentialsFields): ControlPayload {
  const type = core.SCM_CREDENTIALS ?? core.SCM_CREDS ?? 0;
  return { level: core.SOL_SOCKET, type, bytes: codec?.encode(fields) ?? new Uint8Array(new ArrayBuffer(0)) };
}

function check(fields: CredentialsFields): CredentialsFields {
  return {
    pid: integer(fields.pid, "pid", 0, 0x7fff_ffff),
    uid: integer(fields.uid, "uid", 0, INVALID_ID - 1),
    gid: integer(fields.gid, "gid", 0, INVALID_ID - 1),
  };
}

/**
 * A process, user and group: of the peer of a unix socket (`socket.credentials`), or of the sender of a message
 * (`socket.receiveControl(Credentials)`). SCM_CREDENTIALS of unix(7). Sending others than one's own needs privilege.
 */
export class Credentials extends ControlMessage {
  readonly kind = "credentials" as const;
  /** The process; 0 where the system does not tell (FreeBSD before 13). */
  readonly pid: number;
  /** The effective user; 4,294,967,295, which is nobody's, where the system does not tell (Windows). */
  readonly uid: number;
  /** The effective group; as `uid`. */
  readonly gid: number;

  /** @throws TypeError, RangeError */
  constructor(fields: CredentialsFields, received?: ControlPayload) {
    const { pid, uid, gid } = received === undefined ? check(fields) : fields;
    super(received ?? encode({ pid, uid, gid }));
    this.pid = pid;
    this.uid = uid;
    this.gid = gid;
  }

  /** Those of this process. */
  static current(): Credentials {
    const { uid, gid } = effectiveIds();
    return new Credentials({ pid: process.pid, uid, gid });
  }

  /** Whether the effective user is the same. */
  isSameUser(other: Credentials): boolean {
    if (!(other instanceof Credentials)) throw new TypeError("other must be Credentials");
    return this.uid === other.uid && this.uid !== INVALID_ID;
  }

  /** @throws SocketError kind "not-supported" where credentials are not sent (macOS, Windows) */
  override payloadFor(): ControlPayload {
    if (codec === undefined) throw notSupported("Credentials", `${platform.name} sends no credentials`);
    return this;
  }

  /** `pid 1, uid 2, gid 3` */
  override toString(): string {
    return `pid ${this.pid}, uid ${this.uid}, gid ${this.gid}`;
  }
}

// Linux says uid and gid -1 and pid 0 where the sender is unknown: that is no data.
function known(view: DataView): CredentialsFields | undefined {
  const fields = codec?.decode(view);
  if (fields === undefined || fields.pid <= 0) return undefined;
  return fields.uid === INVALID_ID || fields.gid === INVALID_ID ? undefined : fields;
}

function decode(payload: ControlPayload): Credentials | undefined {
  const fields = known(payloadView(payload.bytes));
  return fields === undefined ? undefined : new Credentials(fields, payload);
}

registerControl(Credentials, "SOL_SOCKET", "SCM_CREDENTIALS", decode);
registerControl(Credentials, "SOL_SOCKET", "SCM_CREDS", decode); // FreeBSD

function none(): SocketError {
  return notSupported("credentials", "only a connected unix socket has credentials of a peer");
}

/** The peer of a connected unix socket, as it was at connect, listen or socketpair. */
export function peerCredentials(fd: number, family: number): Credentials {
  if (family !== core.AF_UNIX) throw none();
  return fromSystem[platform.peerCredentials](fd);
}

const fromSystem: Readonly<Record<PeerCredentials, (fd: number) => Credentials>> = {
  SO_PEERCRED: fromUcred,
  LOCAL_PEERCRED: fromXucred,
  SIO_AF_UNIX_GETPEERPID: fromProcess,
};

// Windows tells the process alone.
function fromProcess(fd: number): Credentials {
  const pid = peerProcess(fd);
  if (pid < 0) throw failed(pid, { syscall: "WSAIoctl", address: "SIO_AF_UNIX_GETPEERPID" });
  const bytes = new Uint8Array(new ArrayBuffer(0));
  return new Credentials({ pid, uid: INVALID_ID, gid: INVALID_ID }, { level: core.SOL_SOCKET, type: 0, bytes });
}

function fromUcred(fd: number): Credentials {
  const layout = structs.ucred;
  if (layout === undefined || core.SO_PEERCRED === undefined) throw none();
  if (isListener(fd)) throw none(); // of which Linux gives its own
  const bytes = new Uint8Array(new ArrayBuffer(layout.size));
  const size = getsockopt(fd, core.SOL_SOCKET, core.SO_PEERCRED, bytes);
  if (size < 0) throw failed(size, { syscall: "getsockopt", address: "SO_PEERCRED" });
  const fields = known(payloadView(bytes));
  if (fields === undefined) throw none();
  return new Credentials(fields);
}

function isListener(fd: number): boolean {
  const flag = new Int32Array(new ArrayBuffer(4));
  return (
    core.SO_ACCEPTCONN !== undefined && getsockopt(fd, core.SOL_SOCKET, core.SO_ACCEPTCONN, flag) > 0 && flag[0] !== 0
  );
}

function fromXucred(fd: number): Credentials {
  const layout = structs.xucred;
  if (layout === undefined || core.LOCAL_PEERCRED === undefined) throw none();
  const level = core.SOL_LOCAL ?? 0;
  const bytes = new Uint8Array(new ArrayBuffer(layout.size));
  const size = getsockopt(fd, level, core.LOCAL_PEERCRED, bytes);
  if (size < layout.fields.cr_groups[0] + 4) throw none();
  const view = payloadView(bytes);
  const pid = layout.fields.cr_pid === undefined ? peerPid(fd, level) : getUint(view, 0, layout.fields.cr_pid);
  const uid = getUint(view, 0, layout.fields.cr_uid);
  return new Credentials({ pid, uid, gid: view.getUint32(layout.fields.cr_groups[0], true) });
}

function peerPid(fd: number, level: number): number {
  if (core.LOCAL_PEERPID === undefined) return 0;
  const bytes = new Uint8Array(new ArrayBuffer(4));
  return getsockopt(fd, level, core.LOCAL_PEERPID, bytes) < 0 ? 0 : payloadView(bytes).getInt32(0, true);
}
