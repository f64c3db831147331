// The public face: every name that `import ... from "berkeley"` knows. Constants beyond these are in "berkeley/constants",
// option descriptors in "berkeley/options".

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
  type AlgSocketAddressFields,
  type HciSocketAddressFields,
  type L2capSocketAddressFields,
  type RfcommSocketAddressFields,
  type ScoSocketAddressFields,
  type CanIsotpFields,
  type CanJ1939Fields,
  type CanRawFields,
  type HypervSocketAddressFields,
  type MctpSocketAddressFields,
  type NetlinkSocketAddressFields,
  type PacketSocketAddressFields,
  type QipcrtrSocketAddressFields,
  type SystemSocketAddressFields,
  type TipcScope,
  type TipcService,
  type TipcServiceRange,
  type TipcSocketId,
  type VsockSocketAddressFields,
  type XdpSocketAddressFields,
  InetAddress,
  InetAddressMask,
  InetSocketAddress,
  type InetSocketAddressOptions,
  interfaceIndex,
  type InterfaceLike,
  interfaceName,
  NativeSocketAddress,
  SocketAddress,
  type SocketAddressLike,
  UnixSocketAddress,
} from "./address/index.ts";
export type { Data, Descriptor } from "./arguments.ts";
export * from "./common-constants.ts";
export {
  type BunHandlers,
  type CloseOptions,
  connectionFor,
  createConnection,
  type CreateConnectionOptions,
  createServer,
  type CreateServerOptions,
  Listener,
  SocketConnection,
  TcpConnection,
  UnixConnection,
} from "./connection/index.ts";
export { SocketError, type SocketErrorFields, type SocketErrorKind } from "./errors.ts";
export {
  CMSG_LEN,
  CMSG_SPACE,
  ControlMessage,
  type ControlMessageClass,
  type ControlMessages,
  UnknownControl,
} from "./message/control.ts";
export { Credentials, type CredentialsFields } from "./message/credentials.ts";
export { DropCount } from "./message/drop-count.ts";
export { HopLimit } from "./message/hop-limit.ts";
export { OriginalDestination } from "./message/original-destination.ts";
export { PacketInfo, type PacketInfoFields } from "./message/packet-info.ts";
export { type ErrorOrigin, QueuedError, ZeroCopyDone } from "./message/queued-error.ts";
export { ReceiveBatch, type ReceiveBatchOptions } from "./message/receive-batch.ts";
export { ReceivedMessage } from "./message/received.ts";
export { ProcessFd, Rights } from "./message/rights.ts";
export { SegmentSize } from "./message/segment-size.ts";
export { type PushOptions, SendBatch, type SendBatchOptions } from "./message/send-batch.ts";
export { Timestamp } from "./message/timestamp.ts";
export { TrafficClass, type TrafficClassFields } from "./message/traffic-class.ts";
export { TransmitTime } from "./message/transmit-time.ts";
export type { Option, ReadableOption, WritableOption } from "./option/option.ts";
export { reactor } from "./reactor/index.ts";
export type { WakeKind } from "./reactor/wake.ts";
export type { BatchesOptions } from "./socket/async-socket.ts";
export type { Capabilities, Feature } from "./socket/capabilities.ts";
export type { ReceiveMessagesOptions } from "./socket/batch.ts";
export type { BindOptions, ShutdownDirections } from "./socket/connect.ts";
export type { Watch } from "./socket/loop.ts";
export type { AsyncOptions } from "./socket/loop-operation.ts";
export type { IncomingMessage, OutgoingMessage } from "./socket/message.ts";
export type { MembershipOptions } from "./socket/multicast.ts";
export { type OperationOptions, WOULD_BLOCK } from "./socket/operation.ts";
export { poll, type PollEntry, type PollOptions } from "./socket/poll.ts";
export type { ReceivedBytes, ReceivedFrom } from "./socket/receive.ts";
export { SocketRef } from "./socket/ref.ts";
export {
  type AddressInfo,
  type AddressInfoAsyncOptions,
  type AddressInfoOptions,
  bindHost,
  type BindHostOptions,
  connectHost,
  type ConnectHostOptions,
  type EndOptions,
  getAddressInfo,
  getAddressInfoAsync,
  getFullyQualifiedName,
  getFullyQualifiedNameAsync,
  getHostByAddress,
  getHostByAddressAsync,
  getHostByName,
  getHostByNameAsync,
  getNameInfo,
  getNameInfoAsync,
  getProtocolByName,
  getProtocolByNumber,
  getServiceByName,
  getServiceByPort,
  hasDualStackIPv6,
  hasIPv6,
  type HostEntry,
  hostname,
  htonl,
  htons,
  inetAton,
  inetNtoa,
  inetNtop,
  inetPton,
  type Interface,
  type InterfaceAddress,
  type InterfaceCounters,
  interfaceNameIndex,
  interfaces,
  type NameInfo,
  ntohl,
  ntohs,
  type Protocol,
  type Service,
  setHostname,
} from "./resolver/index.ts";
export type { SendFileOptions } from "./socket/send-file.ts";
export { Socket } from "./socket/socket.ts";
export type { SendFileAsyncOptions } from "./socket/send-file-async.ts";
export type { ReceiveMessagesAsyncOptions } from "./socket/twins.ts";
export {
  type ActivatedSocket,
  bindPath,
  type BindPathOptions,
  listenFds,
  type ListenFdsOptions,
  notify,
  type NotifyOptions,
  receiveCredentials,
  receiveFd,
  type ReceivedFds,
  receiveFds,
  sendCredentials,
  sendFd,
  sendFds,
  watchdogInterval,
} from "./unix/index.ts";
export { Cancellable, type CancellableHandle } from "./wait/cancellable.ts";
