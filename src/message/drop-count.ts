// How many datagrams a full receive queue has cost: SO_RXQ_OVFL of socket(7).

import { decodeInt } from "../../ffi/structs/int.ts";
import { ControlMessage, type ControlPayload, registerControl } from "./control.ts";

/** The datagrams that this socket has dropped since it was made, because its queue was full; Linux. */
export class DropCount extends ControlMessage {
  readonly kind = "drop-count" as const;
  /** Counts from 0, wraps at 2^32. */
  readonly count: number;

  /** Received, never made. Internal. */
  constructor(payload: ControlPayload) {
    super(payload);
    this.count = decodeInt(payload.bytes) >>> 0;
  }
}

registerControl(DropCount, "SOL_SOCKET", "SO_RXQ_OVFL", (payload) =>
  payload.bytes.length < 4 ? undefined : new DropCount(payload),
);
