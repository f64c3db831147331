// Addresses of AF_BLUETOOTH (AF_BTH on Windows): lib/bluetooth.h of BlueZ, ng_btsocket(4) of FreeBSD, ws2bth.h.

import { platform } from "../../ffi/platform/index.ts";
import type { FamilyCodec } from "../../ffi/structs/families.ts";
import { show } from "../arguments.ts";
import { notSupported } from "../errors.ts";
import { codecOf, colons, fieldsOf, parseColons, uint16, uint32, uint8 } from "./family.ts";
import { guidBytes, guidText } from "./guid.ts";
import { Encoded, nativeBytes, SocketAddress } from "./socket-address.ts";

const l2cap = codecOf("sockaddr_l2", "AF_BLUETOOTH");
const rfcomm = codecOf("sockaddr_rc", "AF_BLUETOOTH", "AF_BTH");
const hci = codecOf("sockaddr_hci", "AF_BLUETOOTH");
const sco = codecOf("sockaddr_sco", "AF_BLUETOOTH");
const NO_SERVICE = "00000000-0000-0000-0000-000000000000";

/** An address of any Bluetooth protocol. Its class tells which one: L2CAP, RFCOMM, HCI or SCO. Linux, FreeBSD, Windows. */
export abstract class BluetoothSocketAddress extends SocketAddress {}

/** What an L2CAP address is made of. */
export interface L2capSocketAddressFields {
  /** The device: "01:23:45:67:89:AB", BDADDR_ANY "00:00:00:00:00:00". */
  readonly address: string;
  /** The protocol/service multiplexer, 0 to 65535. */
  readonly psm: number;
  /** The channel, 0 to 65535. Default 0. */
  readonly cid?: number | undefined;
  /** BDADDR_BREDR (0), BDADDR_LE_PUBLIC (1), BDADDR_LE_RANDOM (2). Default 0. */
  readonly addressType?: number | undefined;
}

/** An address of BTPROTO_L2CAP: `struct sockaddr_l2`. Linux, FreeBSD. */
export class BluetoothL2capSocketAddress extends BluetoothSocketAddress {
  /** @throws TypeError, RangeError naming the field; SocketError kind "not-supported" elsewhere */
  constructor(fields: L2capSocketAddressFields | Encoded) {
    super(fields instanceof Encoded ? fields : encodeL2cap(fields));
  }

  /** The device: "01:23:45:67:89:AB". */
  get address(): string {
    return device(this, l2cap, "l2_bdaddr");
  }

  /** The protocol/service multiplexer. */
  get psm(): number {
    return littleEndian(l2cap, this, "l2_psm");
  }

  /** The channel; 0 for none. */
  get cid(): number {
    return littleEndian(l2cap, this, "l2_cid");
  }

  /** BDADDR_BREDR (0), BDADDR_LE_PUBLIC (1), BDADDR_LE_RANDOM (2). */
  get addressType(): number {
    return l2cap.get(nativeBytes(this), "l2_bdaddr_type");
  }

  /** `l2cap 01:23:45:67:89:AB psm 25` */
  override toString(): string {
    return `l2cap ${this.address} psm ${this.psm}${this.cid === 0 ? "" : ` cid ${this.cid}`}`;
  }
}

/** What an RFCOMM address is made of. */
export interface RfcommSocketAddressFields {
  /** The device: "01:23:45:67:89:AB", BDADDR_ANY "00:00:00:00:00:00". */
  readonly address: string;
  /** 1 to 30; 0 for bind(2): any. On Windows 32 bits, BT_PORT_ANY (2^32-1) for any. */
  readonly channel: number;
  /** Windows only: the service that is looked up when the channel is 0. Default: none. */
  readonly serviceClassId?: string | undefined;
}

/** An address of BTPROTO_RFCOMM: `struct sockaddr_rc`, SOCKADDR_BTH on Windows. Linux, FreeBSD, Windows. */
export class BluetoothRfcommSocketAddress extends BluetoothSocketAddress {
  /** @throws TypeError, RangeError naming the field; SocketError kind "not-supported" elsewhere */
  constructor(fields: RfcommSocketAddressFields | Encoded) {
    super(fields instanceof Encoded ? fields : encodeRfcomm(fields));
  }

  /** The device: "01:23:45:67:89:AB". */
  get address(): string {
    return device(this, rfcomm, "rc_bdaddr");
  }

  /** The channel. */
  get channel(): number {
    return rfcomm.get(nativeBytes(this), "rc_channel");
  }

  /** The service that is looked up; undefined where the OS has none in it. */
  get serviceClassId(): string | undefined {
    return rfcomm.has("serviceClassId") ? guidText(rfcomm.slice(nativeBytes(this), "serviceClassId")) : undefined;
  }

  /** `rfcomm 01:23:45:67:89:AB channel 3` */
  override toString(): string {
    return `rfcomm ${this.address} channel ${this.channel}`;
  }
}

/** What an HCI address is made of. */
export interface HciSocketAddressFields {
  /** The number of the adapter: hci0 is 0; HCI_DEV_NONE is 65535. */
  readonly device: number;
  /** HCI_CHANNEL_RAW (0), HCI_CHANNEL_USER, ... Default 0. */
  readonly channel?: number | undefined;
}

/** An address of BTPROTO_HCI: `struct sockaddr_hci`. Linux. */
export class BluetoothHciSocketAddress extends BluetoothSocketAddress {
  /** @throws TypeError, RangeError naming the field; SocketError kind "not-supported" elsewhere */
  constructor(fields: HciSocketAddressFields | Encoded) {
    super(fields instanceof Encoded ? fields : encodeHci(fields));
  }

  /** The number of the adapter. */
  get device(): number {
    return hci.get(nativeBytes(this), "hci_dev");
  }

  /** The channel: HCI_CHANNEL_*. */
  get channel(): number {
    return hci.get(nativeBytes(this), "hci_channel");
  }

  /** `hci 0 channel 0` */
  override toString(): string {
    return `hci ${this.device} channel ${this.channel}`;
  }
}

/** What a SCO address is made of. */
export interface ScoSocketAddressFields {
  /** The device: "01:23:45:67:89:AB", BDADDR_ANY "00:00:00:00:00:00". */
  readonly address: string;
}

/** An address of BTPROTO_SCO: `struct sockaddr_sco`. Linux, FreeBSD. */
export class BluetoothScoSocketAddress extends BluetoothSocketAddress {
  /** @throws TypeError naming the field; SocketError kind "not-supported" elsewhere */
  constructor(fields: ScoSocketAddressFields | Encoded) {
    super(fields instanceof Encoded ? fields : encodeSco(fields));
  }

  /** The device: "01:23:45:67:89:AB". */
  get address(): string {
    return device(this, sco, "sco_bdaddr");
  }

  /** `sco 01:23:45:67:89:AB` */
  override toString(): string {
    return `sco ${this.address}`;
  }
}

// Bytes of a device are stored from the last to the first: bdaddr_t is little endian.
function device(address: SocketAddress, codec: FamilyCodec, field: string): string {
  return colons(codec.slice(nativeBytes(address), field).reverse()).toUpperCase();
}

function deviceBytes(value: unknown): Uint8Array {
  const bytes = typeof value === "string" ? parseColons(value) : undefined;
  if (bytes?.length === 6) return bytes.reverse();
  throw new TypeError(`address must be that of a Bluetooth device, "01:23:45:67:89:AB", not ${show(value)}`);
}

function littleEndian(codec: FamilyCodec, address: SocketAddress, field: string): number {
  const [low = 0, high = 0] = codec.slice(nativeBytes(address), field);
  return low | (high << 8);
}

const lowFirst = (value: number): Uint8Array => Uint8Array.of(value & 0xff, value >> 8);

function encodeL2cap(fields: L2capSocketAddressFields): Encoded {
  const { address, psm, cid = 0, addressType = 0 } = fieldsOf(fields, "{ address, psm }");
  return new Encoded(
    l2cap.encode({
      l2_bdaddr: deviceBytes(address),
      l2_psm: lowFirst(uint16(psm, "psm")),
      l2_cid: lowFirst(uint16(cid, "cid")),
      l2_bdaddr_type: uint8(addressType, "addressType"),
    }),
  );
}

function encodeRfcomm(fields: RfcommSocketAddressFields): Encoded {
  const { address, channel, serviceClassId } = fieldsOf(fields, "{ address, channel }");
  const onWindows = rfcomm.has("serviceClassId");
  const values = {
    rc_bdaddr: deviceBytes(address),
    rc_channel: onWindows ? uint32(channel, "channel") : uint8(channel, "channel"),
  };
  if (!onWindows) {
    if (serviceClassId === undefined) return new Encoded(rfcomm.encode(values));
    throw notSupported("BluetoothRfcommSocketAddress", `${platform.name} has no serviceClassId; give the channel`);
  }
  const service = guidBytes(serviceClassId ?? NO_SERVICE, "serviceClassId");
  return new Encoded(rfcomm.encode({ ...values, serviceClassId: service }));
}

function encodeHci(fields: HciSocketAddressFields): Encoded {
  const given = fieldsOf(fields, "{ device: 0 }");
  const values = { hci_dev: uint16(given.device, "device"), hci_channel: uint16(given.channel ?? 0, "channel") };
  return new Encoded(hci.encode(values));
}

function encodeSco(fields: ScoSocketAddressFields): Encoded {
  return new Encoded(sco.encode({ sco_bdaddr: deviceBytes(fieldsOf(fields, "{ address }").address) }));
}

/** The address in these bytes, whose protocol only their number tells: internal. */
export function decode(bytes: Uint8Array<ArrayBuffer>): SocketAddress | undefined {
  const encoded = new Encoded(bytes);
  switch (bytes.length) {
    case l2cap.size:
      return new BluetoothL2capSocketAddress(encoded);
    case rfcomm.size:
      return new BluetoothRfcommSocketAddress(encoded);
    case sco.size:
      return new BluetoothScoSocketAddress(encoded);
    case hci.size:
      return new BluetoothHciSocketAddress(encoded);
    default:
      return undefined;
  }
}
