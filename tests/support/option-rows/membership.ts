// Rows of joining and leaving groups: the same for both families.

import type { WritableOption } from "../../../src/options.ts";
import type { Socket, SocketErrorKind } from "../../../src/index.ts";
import type { Place } from "../option-places.ts";
import { throwsKind } from "../throws.ts";
import { does, type Row } from "./builders.ts";

/** What joining and leaving twice are for one sender: leaving the last leaves the group. */
export const SENDERS = ["address-not-available", "invalid-argument"] as const;

/** Joins, joins again in vain, leaves, and leaves again in vain. */
export function membership<Member>(
  join: WritableOption<Member>,
  leave: WritableOption<Member>,
  member: Member,
  on: readonly Place[],
  joinedTwice: SocketErrorKind = "address-in-use",
  leftTwice: SocketErrorKind = "address-not-available",
): readonly Row[] {
  const run = (socket: Socket): void => {
    socket.setOption(join, member);
    throwsKind(() => socket.setOption(join, member), joinedTwice);
    socket.setOption(leave, member);
    throwsKind(() => socket.setOption(leave, member), leftTwice);
  };
  return [does(join, on, {}, run), does(leave, on, {}, run)];
}

/** Joins a group, blocks a sender, and hears it again. */
export function blocking<Member, Sender extends Member>(
  join: WritableOption<Member>,
  block: WritableOption<Sender>,
  unblock: WritableOption<Sender>,
  sender: Sender,
  on: readonly Place[],
): readonly Row[] {
  const run = (socket: Socket): void => {
    socket.setOption(join, sender);
    socket.setOption(block, sender);
    socket.setOption(unblock, sender);
    throwsKind(() => socket.setOption(unblock, sender), "address-not-available");
  };
  return [does(block, on, {}, run), does(unblock, on, {}, run)];
}
