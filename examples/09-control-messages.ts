// Everything that the kernel can tell of a datagram: when it came, where, with which traffic class and hop limit.

import { AF_INET6, HopLimit, PacketInfo, Socket, SOCK_DGRAM, Timestamp, TrafficClass } from "berkeley";

using receiver = new Socket(AF_INET6, SOCK_DGRAM);
receiver.bind("[::1]:0");
receiver.receiveControl(PacketInfo, TrafficClass, HopLimit, Timestamp);

using sender = new Socket(AF_INET6, SOCK_DGRAM);
sender.sendMessage({
  buffers: ["two ", "parts"],
  address: receiver.localAddress,
  control: [new TrafficClass({ dscp: 46, ecn: 1 }), new HopLimit(7)],
});

const buffer = new Uint8Array(1500);
const { size, control } = receiver.receiveMessage({ buffers: [buffer] }, { timeout: 1000 });
console.log(new TextDecoder().decode(buffer.subarray(0, size)));
const { dscp, ecn } = control.get(TrafficClass) ?? {};
console.log(
  `dscp ${dscp}, ecn ${ecn}, hop limit ${control.get(HopLimit)?.value}, to ${control.get(PacketInfo)?.destination}`,
);
const stamp = control.get(Timestamp); // the first datagram after the first request may come without one
if (stamp !== undefined) console.log(new Date(Number(stamp.epochNanoseconds / 1_000_000n)).toISOString());
