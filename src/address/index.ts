// Every kind of address. Importing this module teaches `SocketAddress.fromBytes` all families.

export { InetAddress } from "./inet-address.ts";
export { InetAddressMask } from "./inet-address-mask.ts";
export { InetSocketAddress, type InetSocketAddressOptions, mappedBytes } from "./inet-socket-address.ts";
export { interfaceIndex, type InterfaceLike, interfaceName, resolveInterface } from "./interface.ts";
export { NativeSocketAddress } from "./native-socket-address.ts";
export { type SocketAddressLike, toSocketAddress } from "./parse.ts";
export { decodeSocketAddress, nativeBytes, SocketAddress } from "./socket-address.ts";
export { UnixSocketAddress } from "./unix-socket-address.ts";
