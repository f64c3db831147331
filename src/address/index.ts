// Every kind of address. Importing this module teaches `SocketAddress.fromBytes` all families.

export {
  AlgSocketAddress,
  BluetoothHciSocketAddress,
  BluetoothL2capSocketAddress,
  BluetoothRfcommSocketAddress,
  BluetoothScoSocketAddress,
  BluetoothSocketAddress,
  CanSocketAddress,
  HypervSocketAddress,
  MctpSocketAddress,
  NetlinkSocketAddress,
  PacketSocketAddress,
  QipcrtrSocketAddress,
  SystemSocketAddress,
  TipcSocketAddress,
  VsockSocketAddress,
  XdpSocketAddress,
} from "./families.ts";
export { InetAddress } from "./inet-address.ts";
export { InetAddressMask } from "./inet-address-mask.ts";
export { InetSocketAddress, type InetSocketAddressOptions, mappedBytes } from "./inet-socket-address.ts";
export { interfaceIndex, type InterfaceLike, interfaceName, resolveInterface } from "./interface.ts";
export { NativeSocketAddress } from "./native-socket-address.ts";
export { type SocketAddressLike, toSocketAddress } from "./parse.ts";
export { decodeSocketAddress, nativeBytes, SocketAddress } from "./socket-address.ts";
export { UnixSocketAddress } from "./unix-socket-address.ts";
export type { AlgSocketAddressFields } from "./alg-socket-address.ts";
export type {
  HciSocketAddressFields,
  L2capSocketAddressFields,
  RfcommSocketAddressFields,
  ScoSocketAddressFields,
} from "./bluetooth-socket-address.ts";
export type { CanIsotpFields, CanJ1939Fields, CanRawFields } from "./can-socket-address.ts";
export type { HypervSocketAddressFields } from "./hyperv-socket-address.ts";
export type { MctpSocketAddressFields } from "./mctp-socket-address.ts";
export type { NetlinkSocketAddressFields } from "./netlink-socket-address.ts";
export type { PacketSocketAddressFields } from "./packet-socket-address.ts";
export type { QipcrtrSocketAddressFields } from "./qipcrtr-socket-address.ts";
export type { SystemSocketAddressFields } from "./system-socket-address.ts";
export type { TipcScope, TipcService, TipcServiceRange, TipcSocketId } from "./tipc-socket-address.ts";
export type { VsockSocketAddressFields } from "./vsock-socket-address.ts";
export type { XdpSocketAddressFields } from "./xdp-socket-address.ts";
