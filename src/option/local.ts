// Options of unix sockets on macOS and FreeBSD, SOL_LOCAL: unix(4), local(4). Those of Linux are SO_PEERCRED and its like.

import { bool, type Bytes, bytes, int, structBytes } from "./codecs.ts";
import { option, type Option, readable, type ReadableOption } from "./option.ts";

const LOCAL = "SOL_LOCAL";

/** struct xucred of the peer as bytes: `socket.credentials` is the same with names. macOS, FreeBSD. */
export const LOCAL_PEERCRED: ReadableOption<Bytes> = readable(
  LOCAL,
  "LOCAL_PEERCRED",
  structBytes((all) => all.xucred),
);
/** The process of the peer. macOS. */
export const LOCAL_PEERPID: ReadableOption<number> = readable(LOCAL, "LOCAL_PEERPID", int());
/** The process on whose behalf the peer acts. macOS. */
export const LOCAL_PEEREPID: ReadableOption<number> = readable(LOCAL, "LOCAL_PEEREPID", int());
/** The UUID of the peer's program. macOS. */
export const LOCAL_PEERUUID: ReadableOption<Bytes> = readable(LOCAL, "LOCAL_PEERUUID", bytes(16));
/** The UUID of the program on whose behalf the peer acts. macOS. */
export const LOCAL_PEEREUUID: ReadableOption<Bytes> = readable(LOCAL, "LOCAL_PEEREUUID", bytes(16));
/** audit_token_t of the peer. macOS. */
export const LOCAL_PEERTOKEN: ReadableOption<Bytes> = readable(LOCAL, "LOCAL_PEERTOKEN", bytes(32));
/** The next message comes with the sender's credentials. FreeBSD. */
export const LOCAL_CREDS: Option<boolean> = option(LOCAL, "LOCAL_CREDS", bool);
/** Every message comes with the sender's credentials. FreeBSD 13. */
export const LOCAL_CREDS_PERSISTENT: Option<boolean> = option(LOCAL, "LOCAL_CREDS_PERSISTENT", bool);

// Left out:
// - LOCAL_VENDOR: where the numbers for vendors begin
