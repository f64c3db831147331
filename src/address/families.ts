// The classes of the rarer families, each loaded when it is first used: the kernel reports such an address, or somebody makes
// one. What is exported here stands in for the class (a Proxy), so that importing berkeley costs none of them.

import { platform } from "../../ffi/platform/index.ts";
import { later } from "../later.ts";
import { registerFamily, type SocketAddress } from "./socket-address.ts";
import type * as Alg from "./alg-socket-address.ts";
import type * as Bluetooth from "./bluetooth-socket-address.ts";
import type * as Can from "./can-socket-address.ts";
import type * as Hyperv from "./hyperv-socket-address.ts";
import type * as Mctp from "./mctp-socket-address.ts";
import type * as Netlink from "./netlink-socket-address.ts";
import type * as Packet from "./packet-socket-address.ts";
import type * as Qipcrtr from "./qipcrtr-socket-address.ts";
import type * as System from "./system-socket-address.ts";
import type * as Tipc from "./tipc-socket-address.ts";
import type * as Vsock from "./vsock-socket-address.ts";
import type * as Xdp from "./xdp-socket-address.ts";

type Class = abstract new (...parameters: never[]) => SocketAddress;

interface FamilyModule {
  decode(bytes: Uint8Array<ArrayBuffer>): SocketAddress | undefined;
}

function family<Module extends FamilyModule>(
  numbers: readonly (number | undefined)[],
  load: () => Module,
): () => Module {
  const module = later(load);
  for (const number of numbers) if (number !== undefined) registerFamily(number, (bytes) => module().decode(bytes));
  return module;
}

/** Stands in for a class: what is done to it is done to the class, `new`, `instanceof` and `extends` too. */
function standIn<Real extends Class>(load: () => Real): Real {
  const real = later(() => {
    const found = load();
    // so that `address.constructor` is what the user has imported
    Object.defineProperty(found.prototype, "constructor", { value: proxy, writable: true, configurable: true });
    return found;
  });
  const proxy: Real = new Proxy(function () {} as unknown as Real, {
    construct: (_, parameters, target) =>
      Reflect.construct(real() as unknown as NewableFunction, parameters, target) as object,
    get: (_, key, receiver) => Reflect.get(real(), key, receiver) as unknown,
    has: (_, key) => Reflect.has(real(), key),
    getPrototypeOf: () => Reflect.getPrototypeOf(real()),
  });
  return proxy;
}

const { core } = platform;
const alg = family([core.AF_ALG], () => require("./alg-socket-address.ts") as typeof Alg);
const bluetooth = family(
  [core.AF_BLUETOOTH, core.AF_BTH],
  () => require("./bluetooth-socket-address.ts") as typeof Bluetooth,
);
const can = family([core.AF_CAN], () => require("./can-socket-address.ts") as typeof Can);
const hyperv = family([core.AF_HYPERV], () => require("./hyperv-socket-address.ts") as typeof Hyperv);
const mctp = family([core.AF_MCTP], () => require("./mctp-socket-address.ts") as typeof Mctp);
const netlink = family([core.AF_NETLINK], () => require("./netlink-socket-address.ts") as typeof Netlink);
const packet = family([core.AF_PACKET], () => require("./packet-socket-address.ts") as typeof Packet);
const qipcrtr = family([core.AF_QIPCRTR], () => require("./qipcrtr-socket-address.ts") as typeof Qipcrtr);
const system = family([core.AF_SYSTEM], () => require("./system-socket-address.ts") as typeof System);
const tipc = family([core.AF_TIPC], () => require("./tipc-socket-address.ts") as typeof Tipc);
const vsock = family([core.AF_VSOCK], () => require("./vsock-socket-address.ts") as typeof Vsock);
const xdp = family([core.AF_XDP], () => require("./xdp-socket-address.ts") as typeof Xdp);

/** The address of a socket to the kernel's cryptography: `struct sockaddr_alg`. Linux. */
export const AlgSocketAddress: typeof Alg.AlgSocketAddress = standIn(() => alg().AlgSocketAddress);
/** The address of a socket to the kernel's cryptography: `struct sockaddr_alg`. Linux. */
export type AlgSocketAddress = Alg.AlgSocketAddress;

/** An address of any Bluetooth protocol. Linux, FreeBSD, Windows. */
export const BluetoothSocketAddress: typeof Bluetooth.BluetoothSocketAddress = standIn(
  () => bluetooth().BluetoothSocketAddress,
);
/** An address of any Bluetooth protocol. Linux, FreeBSD, Windows. */
export type BluetoothSocketAddress = Bluetooth.BluetoothSocketAddress;

/** An address of BTPROTO_L2CAP: `struct sockaddr_l2`. Linux, FreeBSD. */
export const BluetoothL2capSocketAddress: typeof Bluetooth.BluetoothL2capSocketAddress = standIn(
  () => bluetooth().BluetoothL2capSocketAddress,
);
/** An address of BTPROTO_L2CAP: `struct sockaddr_l2`. Linux, FreeBSD. */
export type BluetoothL2capSocketAddress = Bluetooth.BluetoothL2capSocketAddress;

/** An address of BTPROTO_RFCOMM: `struct sockaddr_rc`, SOCKADDR_BTH on Windows. Linux, FreeBSD, Windows. */
export const BluetoothRfcommSocketAddress: typeof Bluetooth.BluetoothRfcommSocketAddress = standIn(
  () => bluetooth().BluetoothRfcommSocketAddress,
);
/** An address of BTPROTO_RFCOMM: `struct sockaddr_rc`, SOCKADDR_BTH on Windows. Linux, FreeBSD, Windows. */
export type BluetoothRfcommSocketAddress = Bluetooth.BluetoothRfcommSocketAddress;

/** An address of BTPROTO_HCI: `struct sockaddr_hci`. Linux. */
export const BluetoothHciSocketAddress: typeof Bluetooth.BluetoothHciSocketAddress = standIn(
  () => bluetooth().BluetoothHciSocketAddress,
);
/** An address of BTPROTO_HCI: `struct sockaddr_hci`. Linux. */
export type BluetoothHciSocketAddress = Bluetooth.BluetoothHciSocketAddress;

/** An address of BTPROTO_SCO: `struct sockaddr_sco`. Linux, FreeBSD. */
export const BluetoothScoSocketAddress: typeof Bluetooth.BluetoothScoSocketAddress = standIn(
  () => bluetooth().BluetoothScoSocketAddress,
);
/** An address of BTPROTO_SCO: `struct sockaddr_sco`. Linux, FreeBSD. */
export type BluetoothScoSocketAddress = Bluetooth.BluetoothScoSocketAddress;

/** The address of a CAN socket: `struct sockaddr_can` of the kernel's can.rst. Linux. */
export const CanSocketAddress: typeof Can.CanSocketAddress = standIn(() => can().CanSocketAddress);
/** The address of a CAN socket: `struct sockaddr_can` of the kernel's can.rst. Linux. */
export type CanSocketAddress = Can.CanSocketAddress;

/** The address of a socket between a Hyper-V machine and its host: SOCKADDR_HV. Windows. */
export const HypervSocketAddress: typeof Hyperv.HypervSocketAddress = standIn(() => hyperv().HypervSocketAddress);
/** The address of a socket between a Hyper-V machine and its host: SOCKADDR_HV. Windows. */
export type HypervSocketAddress = Hyperv.HypervSocketAddress;

/** The address of an MCTP socket: `struct sockaddr_mctp`. Linux 5.15. */
export const MctpSocketAddress: typeof Mctp.MctpSocketAddress = standIn(() => mctp().MctpSocketAddress);
/** The address of an MCTP socket: `struct sockaddr_mctp`. Linux 5.15. */
export type MctpSocketAddress = Mctp.MctpSocketAddress;

/** The address of a netlink socket: `struct sockaddr_nl` of netlink(7). Linux, FreeBSD. */
export const NetlinkSocketAddress: typeof Netlink.NetlinkSocketAddress = standIn(() => netlink().NetlinkSocketAddress);
/** The address of a netlink socket: `struct sockaddr_nl` of netlink(7). Linux, FreeBSD. */
export type NetlinkSocketAddress = Netlink.NetlinkSocketAddress;

/** The address of a packet socket: `struct sockaddr_ll` of packet(7). Linux. */
export const PacketSocketAddress: typeof Packet.PacketSocketAddress = standIn(() => packet().PacketSocketAddress);
/** The address of a packet socket: `struct sockaddr_ll` of packet(7). Linux. */
export type PacketSocketAddress = Packet.PacketSocketAddress;

/** The address of a socket to Qualcomm's IPC router: `struct sockaddr_qrtr`. Linux. */
export const QipcrtrSocketAddress: typeof Qipcrtr.QipcrtrSocketAddress = standIn(() => qipcrtr().QipcrtrSocketAddress);
/** The address of a socket to Qualcomm's IPC router: `struct sockaddr_qrtr`. Linux. */
export type QipcrtrSocketAddress = Qipcrtr.QipcrtrSocketAddress;

/** The address of a kernel control: `struct sockaddr_ctl`. macOS. */
export const SystemSocketAddress: typeof System.SystemSocketAddress = standIn(() => system().SystemSocketAddress);
/** The address of a kernel control: `struct sockaddr_ctl`. macOS. */
export type SystemSocketAddress = System.SystemSocketAddress;

/** The address of a TIPC socket: `struct sockaddr_tipc` of <linux/tipc.h>. Linux. */
export const TipcSocketAddress: typeof Tipc.TipcSocketAddress = standIn(() => tipc().TipcSocketAddress);
/** The address of a TIPC socket: `struct sockaddr_tipc` of <linux/tipc.h>. Linux. */
export type TipcSocketAddress = Tipc.TipcSocketAddress;

/** The address of a socket between a virtual machine and its host: `struct sockaddr_vm` of vsock(7). Linux, macOS. */
export const VsockSocketAddress: typeof Vsock.VsockSocketAddress = standIn(() => vsock().VsockSocketAddress);
/** The address of a socket between a virtual machine and its host: `struct sockaddr_vm` of vsock(7). Linux, macOS. */
export type VsockSocketAddress = Vsock.VsockSocketAddress;

/** The address of an XDP socket: `struct sockaddr_xdp`. Linux. */
export const XdpSocketAddress: typeof Xdp.XdpSocketAddress = standIn(() => xdp().XdpSocketAddress);
/** The address of an XDP socket: `struct sockaddr_xdp`. Linux. */
export type XdpSocketAddress = Xdp.XdpSocketAddress;
