// GetAdaptersAddresses of Windows (iphlpapi.h), as the rows that getifaddrs(3) gives elsewhere.

import { bytesAt, pointerAt, uintAt } from "./foreign.ts";
import type { InterfaceRow } from "./interfaces.ts";
import { setUint } from "./layout.ts";
import type { NativeFunction } from "./library.ts";
import { Region } from "./memory.ts";
import { platform } from "./platform/index.ts";
import type { Field } from "./platform/platform.ts";

const { core, structs } = platform;
const ADAPTER = structs["IP_ADAPTER_ADDRESSES"]?.fields ?? {};
const UNICAST = structs["IP_ADAPTER_UNICAST_ADDRESS"]?.fields ?? {};
const ERROR_BUFFER_OVERFLOW = 111;
const GAA_FLAGS = 0x0002 | 0x0004 | 0x0008; // no anycast, no multicast, no DNS servers
const IF_TYPE_PPP = 23;
const IF_TYPE_SOFTWARE_LOOPBACK = 24;
const IF_OPER_STATUS_UP = 1;
const IFF = { up: 1, broadcast: 2, loopback: 4, pointToPoint: 8, multicast: 16 }; // ws2ipdef.h

const place = (fields: Readonly<Record<string, Field>>, name: string): Field => fields[name] ?? [0, 4];

/** Every address of every adapter, and a row without one for its hardware address; or a negative error number. */
export function adapterRows(
  cGetAdaptersAddresses: NativeFunction,
  nameOf: (index: number) => string | undefined,
): InterfaceRow[] | number {
  const size = new Uint32Array(new ArrayBuffer(4));
  let memory = new Region(16_384);
  for (let attempt = 0; ; attempt++) {
    size[0] = memory.bytes.length;
    const result = cGetAdaptersAddresses(core.AF_UNSPEC, GAA_FLAGS, 0, memory.bytes, size);
    if (result === 0) break;
    if (result !== ERROR_BUFFER_OVERFLOW || attempt > 4) return -result;
    memory = new Region((size[0] as number) * 2);
  }
  const found: InterfaceRow[] = [];
  for (let at: number = memory.address; at !== 0; at = pointerAt(at, place(ADAPTER, "Next")))
    found.push(...rowsOf(at, nameOf));
  memory.bytes[0] = 0; // it has not been collected before
  return found;
}

function flagsOf(adapter: number): number {
  const up = uintAt(adapter, place(ADAPTER, "OperStatus")) === IF_OPER_STATUS_UP ? IFF.up : 0;
  const type = uintAt(adapter, place(ADAPTER, "IfType"));
  if (type === IF_TYPE_SOFTWARE_LOOPBACK) return up | IFF.loopback | IFF.multicast;
  return up | IFF.multicast | (type === IF_TYPE_PPP ? IFF.pointToPoint : IFF.broadcast);
}

function rowsOf(adapter: number, nameOf: (index: number) => string | undefined): InterfaceRow[] {
  const index = uintAt(adapter, place(ADAPTER, "IfIndex")) || uintAt(adapter, place(ADAPTER, "Ipv6IfIndex"));
  const name = nameOf(index);
  if (name === undefined) return []; // gone meanwhile
  const common = { name, flags: flagsOf(adapter), netmask: undefined, broadcast: undefined, counters: undefined };
  const [physical] = place(ADAPTER, "PhysicalAddress");
  const hardwareAddress = bytesAt(adapter + physical, uintAt(adapter, place(ADAPTER, "PhysicalAddressLength")));
  const rows: InterfaceRow[] = [{ ...common, family: core.AF_UNSPEC, address: new Uint8Array(0), hardwareAddress }];
  let unicast = pointerAt(adapter, place(ADAPTER, "FirstUnicastAddress"));
  for (; unicast !== 0; unicast = pointerAt(unicast, place(UNICAST, "Next"))) {
    const [address] = place(UNICAST, "Address"); // SOCKET_ADDRESS: a pointer, and how much is there
    const bytes = bytesAt(pointerAt(unicast, [address, 8]), uintAt(unicast, [address + 8, 4]));
    const family = uintAt(pointerAt(unicast, [address, 8]), structs.sockaddr.fields.sa_family);
    const netmask = maskOf(family, uintAt(unicast, place(UNICAST, "OnLinkPrefixLength")));
    rows.push({ ...common, family, address: bytes, netmask, hardwareAddress: undefined });
  }
  return rows;
}

/** A netmask of so many bits, as a struct sockaddr. */
function maskOf(family: number, bits: number): Uint8Array<ArrayBuffer> {
  const six = family === core.AF_INET6;
  const bytes = new Uint8Array(new ArrayBuffer(six ? structs.sockaddr_in6.size : structs.sockaddr_in.size));
  setUint(new DataView(bytes.buffer), 0, structs.sockaddr.fields.sa_family, family);
  const [offset, size] = six ? structs.sockaddr_in6.fields.sin6_addr : structs.sockaddr_in.fields.sin_addr;
  for (let bit = 0; bit < Math.min(bits, size * 8); bit++) {
    bytes[offset + (bit >> 3)] = (bytes[offset + (bit >> 3)] as number) | (0x80 >> (bit & 7));
  }
  return bytes;
}
