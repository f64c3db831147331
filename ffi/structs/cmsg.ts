// Control messages: struct cmsghdr and the arithmetic of cmsg(3), by the layout of a platform record.

import { getInt, getUint, setUint } from "../layout.ts";
import { platform as current } from "../platform/index.ts";
import type { Platform } from "../platform/platform.ts";

/** Where one control message lies in a buffer of them. */
export interface ControlPlace {
  readonly level: number;
  readonly type: number;
  /** Offset of the payload in the buffer. */
  readonly offset: number;
  /** How much of the payload is there: less than its header says when the buffer ended before. */
  readonly size: number;
  /** Whether the buffer ended before the payload did. */
  readonly cut: boolean;
}

/** Reads and writes buffers of control messages as one OS lays them out. */
export interface CmsgCodec {
  /** CMSG_LEN: header and payload, as cmsg_len counts. */
  length(payload: number): number;
  /** CMSG_SPACE: header, payload and padding, as the buffer is counted. */
  space(payload: number): number;
  /** Writes a header at `base`: the offset of the payload that belongs to it. */
  write(view: DataView, base: number, level: number, type: number, payload: number): number;
  /** The message at `base`, or undefined where none begins that fits; `end` is where the buffer ends. */
  read(view: DataView, base: number, end: number): ControlPlace | undefined;
  /** Where the next message begins after one with such a place. */
  next(place: ControlPlace): number;
}

/** The codec for a platform record. */
export function cmsgCodec({ structs, cmsgAlign }: Pick<Platform, "structs" | "cmsgAlign">): CmsgCodec {
  const { size: headerSize, fields } = structs.cmsghdr;
  const align = (size: number): number => Math.ceil(size / cmsgAlign) * cmsgAlign;
  const header = align(headerSize);

  return {
    length: (payload) => header + payload,
    space: (payload) => header + align(payload),
    write(view, base, level, type, payload) {
      setUint(view, base, fields.cmsg_len, header + payload);
      setUint(view, base, fields.cmsg_level, level);
      setUint(view, base, fields.cmsg_type, type);
      return base + header;
    },
    // Nothing here is believed: the length may be anything that the kernel, or a hostile buffer, can hold.
    read(view, base, end) {
      if (base + header > end) return undefined;
      const length = getUint(view, base, fields.cmsg_len);
      if (length < header) return undefined;
      const there = Math.min(length - header, end - base - header);
      return {
        level: getInt(view, base, fields.cmsg_level),
        type: getInt(view, base, fields.cmsg_type),
        offset: base + header,
        size: there,
        cut: there < length - header,
      };
    },
    next: ({ offset, size }) => offset + align(size),
  };
}

/** The codec of this OS. */
export const cmsg: CmsgCodec = cmsgCodec(current);
