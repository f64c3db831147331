// Multicast: joining groups on an interface, for all senders or for one, and choosing where to send. ip(7), ipv6(7).

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import {
  AF_INET,
  AF_INET6,
  AF_UNIX,
  IPPROTO_IPV6,
  IPV6_V6ONLY,
  SO_BINDTOIFINDEX,
  SOCK_DGRAM,
  SOCK_STREAM,
  SOL_SOCKET,
} from "./support/constants.ts";
import { InetAddress, type InetSocketAddress, interfaceIndex, Socket, SocketRef } from "../src/index.ts";
import { Namespace } from "./abi/namespace.ts";
import { addressOf, haveIPv6, loopbackName, SOON } from "./support/sockets.ts";
import { throwsKind, throwsNaming, wrong } from "./support/throws.ts";

const soon = { timeout: SOON };

/** Where multicast can be tried out without anybody else hearing of it. */
interface Lab {
  readonly name: string;
  readonly available: boolean;
  /** Why it is not, for names of tests. */
  readonly note: string;
  readonly family: number;
  /** The interface on which all happens, and two of its addresses. */
  readonly interface: string;
  readonly addresses: readonly [string, string];
  readonly groups: readonly [string, string];
  /** An address of the other family, one that no interface here has, and one that is no group. */
  readonly foreign: string;
  readonly nowhere: string;
  /** Commands that make a namespace of it; none for the host itself. */
  readonly links?: readonly string[];
  /** A second interface, and its address. */
  readonly second?: { readonly interface: string; readonly address: string };
}

const links = [
  ...(haveIPv6 ? ["sysctl net.ipv6.conf.default.accept_dad 0"] : []),
  "link add first type veth peer name first-end",
  "link add second type veth peer name second-end",
  "address add 10.11.0.1/24 dev first",
  "address add 10.11.0.2/24 dev first",
  "address add 10.22.0.1/24 dev second",
  ...(haveIPv6
    ? ["fd11::1/64 dev first", "fd11::2/64 dev first", "fd22::1/64 dev second"].map(
        (what) => `-6 address add ${what} nodad`,
      )
    : []),
  ...["first", "first-end", "second", "second-end"].map((name) => `link set ${name} up`),
  "route add 224.0.0.0/4 dev first",
];

const ipv4 = {
  family: AF_INET,
  groups: ["239.11.22.33", "239.44.55.66"],
  foreign: "fd00::1",
  nowhere: "192.0.2.77",
} as const;
const ipv6 = {
  family: AF_INET6,
  groups: ["ff15::b1", "ff15::b2"],
  foreign: "192.0.2.1",
  nowhere: "2001:db8::77",
} as const;

const needsLinks = Namespace.available && haveIPv6 ? "" : " (needs root, ip(8) and IPv6)";
const labs: readonly Lab[] = [
  {
    ...ipv4,
    name: "IPv4 on the loopback interface",
    available: true,
    note: "",
    interface: loopbackName,
    addresses: ["127.0.0.1", "127.0.0.2"],
  },
  {
    ...ipv4,
    name: "IPv4 in a namespace with two links",
    available: Namespace.available,
    note: needsLinks,
    interface: "first",
    addresses: ["10.11.0.1", "10.11.0.2"],
    links,
    second: { interface: "second", address: "10.22.0.1" },
  },
  {
    ...ipv6,
    name: "IPv6 in a namespace with two links",
    available: Namespace.available && haveIPv6,
    note: needsLinks,
    interface: "first",
    addresses: ["fd11::1", "fd11::2"],
    links,
    second: { interface: "second", address: "fd22::1" },
  },
];

function endpoint(address: string, port: number): string {
  return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
}

function portOf(socket: Socket): number {
  return (addressOf(socket) as InetSocketAddress).port;
}

/** Enters the namespace before the tests of a block, and leaves it after them. */
function inNamespace(commands: readonly string[] | undefined): void {
  let namespace: Namespace | undefined;
  beforeAll(() => {
    if (commands !== undefined) namespace = new Namespace(commands);
  });
  afterAll(() => namespace?.[Symbol.dispose]());
}

for (const lab of labs) {
  const [group, otherGroup] = lab.groups;
  const [address, otherAddress] = lab.addresses;
  const on = { interface: lab.interface };

  /** A socket that is bound to all addresses, at a port of its own or at one that several share. */
  function receiver(port = 0): Socket {
    const socket = new Socket(lab.family, SOCK_DGRAM);
    socket.bind(endpoint(lab.family === AF_INET ? "0.0.0.0" : "::", port), { allowReuse: true });
    return socket;
  }

  /** A socket that sends from an address, out of the interface. */
  function sender(from: string = address, out = lab.interface): Socket {
    const socket = new Socket(lab.family, SOCK_DGRAM);
    socket.bind(endpoint(from, 0));
    socket.multicastInterface = out;
    return socket;
  }

  /** Everything that the receiver has heard up to now: what is sent to it alone comes last. */
  function heard(socket: Socket): string[] {
    using last = new Socket(lab.family, SOCK_DGRAM);
    last.sendTo("the end", endpoint(address, portOf(socket)));
    const all: string[] = [];
    for (;;) {
      const text = new TextDecoder().decode(socket.receiveBytes(100, soon));
      if (text === "the end") return all;
      all.push(text);
    }
  }

  describe.skipIf(!lab.available)(`${lab.name}: joinMulticastGroup${lab.note}`, () => {
    inNamespace(lab.links);

    test("hears what is sent to the group, from the moment of joining to that of leaving", () => {
      using ear = receiver();
      using mouth = sender();
      const there = endpoint(group, portOf(ear));
      mouth.sendTo("before", there);
      ear.joinMulticastGroup(group, on);
      mouth.sendTo("while", there);
      const { address: from, data } = ear.receiveBytesFrom(100, soon);
      expect(new TextDecoder().decode(data)).toBe("while");
      expect(from?.equals(addressOf(mouth))).toBe(true);
      ear.leaveMulticastGroup(group, on);
      mouth.sendTo("after", there);
      expect(heard(ear)).toEqual([]);
    });

    test("takes the interface by name, index or address, and the group as text or InetAddress", () => {
      using ear = receiver();
      using mouth = sender();
      const there = endpoint(group, portOf(ear));
      const ways = [lab.interface, interfaceIndex(lab.interface), address, InetAddress.parse(address), otherAddress];
      if (lab.interface === loopbackName) ways.pop(); // 127.0.0.2 works there, and is no address of it
      for (const [index, way] of ways.entries()) {
        ear.joinMulticastGroup(InetAddress.parse(group), { interface: way });
        mouth.sendTo(`${way}`, there);
        expect(heard(ear)).toEqual([`${way}`]);
        // the same interface by another name
        ear.leaveMulticastGroup(group, { interface: ways[(index + 1) % ways.length] });
        mouth.sendTo("after", there);
        expect(heard(ear)).toEqual([]);
      }
    });

    test("twice on one interface is address-in-use; different groups are not", () => {
      using ear = receiver();
      ear.joinMulticastGroup(group, on);
      const error = throwsKind(() => ear.joinMulticastGroup(group, on), "address-in-use");
      expect(error).toMatchObject({ code: "EADDRINUSE", syscall: "setsockopt" });
      ear.joinMulticastGroup(otherGroup, on);
      ear.leaveMulticastGroup(group, on);
      ear.joinMulticastGroup(group, on);
    });

    test("a group that was left, or never joined, cannot be left: address-not-available, and it says so", () => {
      using ear = receiver();
      const error = throwsKind(() => ear.leaveMulticastGroup(group, on), "address-not-available");
      expect(error.code).toBe("EADDRNOTAVAIL");
      expect(error.message).toContain("not joined");
      ear.joinMulticastGroup(group, on);
      ear.leaveMulticastGroup(group, on);
      throwsKind(() => ear.leaveMulticastGroup(group, on), "address-not-available");
      // with a source the kernel's word is EINVAL: ip_mc_source of net/ipv4/igmp.c
      throwsKind(() => ear.leaveMulticastGroup(group, { ...on, source: address }), "invalid-argument");
    });

    test("on an interface that is not there is no-such-device, and joins nothing", () => {
      using ear = receiver();
      for (const nowhere of [
        "nowhere0",
        "a-name-that-is-too-long",
        99_999,
        lab.nowhere,
        InetAddress.parse(lab.nowhere),
      ]) {
        const error = throwsKind(() => ear.joinMulticastGroup(group, { interface: nowhere }), "no-such-device");
        expect(error.message).toContain(String(nowhere));
        throwsKind(() => ear.leaveMulticastGroup(group, { interface: nowhere }), "no-such-device");
      }
      throwsKind(() => ear.leaveMulticastGroup(group, on), "address-not-available");
      for (const interfaceLike of [null, {}, true]) {
        throwsNaming(() => ear.joinMulticastGroup(group, { interface: wrong(interfaceLike) }), TypeError, "interface");
      }
      throwsNaming(() => ear.joinMulticastGroup(group, { interface: -1 }), RangeError, "interface");
    });

    test("of an address that is no group is a RangeError, of none at all a TypeError", () => {
      using ear = receiver();
      for (const no of [address, lab.nowhere]) {
        throwsNaming(() => ear.joinMulticastGroup(no, on), RangeError, "group");
        throwsNaming(() => ear.leaveMulticastGroup(no, on), RangeError, "group");
      }
      for (const no of ["group", "", `[${group}]:80`, "localhost"]) {
        throwsNaming(() => ear.joinMulticastGroup(no, on), TypeError, "");
      }
      for (const no of [undefined, null, 5, {}]) {
        throwsNaming(() => ear.joinMulticastGroup(wrong(no), on), TypeError, "group");
        throwsNaming(() => ear.leaveMulticastGroup(wrong(no), on), TypeError, "group");
      }
      for (const no of [null, 5, "lo"]) {
        throwsNaming(() => ear.joinMulticastGroup(group, wrong(no)), TypeError, "options");
        throwsNaming(() => ear.leaveMulticastGroup(group, wrong(no)), TypeError, "options");
      }
    });

    test("with a source of another family, or one that is no sender, is a TypeError or RangeError", () => {
      using ear = receiver();
      throwsNaming(() => ear.joinMulticastGroup(group, { ...on, source: lab.foreign }), TypeError, "source");
      throwsNaming(() => ear.joinMulticastGroup(group, { ...on, source: wrong(5) }), TypeError, "source");
      throwsNaming(() => ear.joinMulticastGroup(group, { ...on, source: "sender" }), TypeError, "source");
      throwsNaming(() => ear.joinMulticastGroup(group, { ...on, source: otherGroup }), RangeError, "source");
      const unspecified = lab.family === AF_INET ? "0.0.0.0" : "::";
      throwsNaming(() => ear.joinMulticastGroup(group, { ...on, source: unspecified }), RangeError, "source");
      throwsKind(() => ear.leaveMulticastGroup(group, on), "address-not-available");
    });

    test("with a source hears that one sender only", () => {
      using ear = receiver();
      using wanted = sender(address);
      using unwanted = sender(otherAddress);
      const there = endpoint(group, portOf(ear));
      ear.joinMulticastGroup(group, { ...on, source: address });
      unwanted.sendTo("unwanted", there);
      wanted.sendTo("wanted", there);
      unwanted.sendTo("unwanted", there);
      expect(heard(ear)).toEqual(["wanted"]);
      ear.leaveMulticastGroup(group, { ...on, source: InetAddress.parse(address) });
      wanted.sendTo("wanted", there);
      expect(heard(ear)).toEqual([]);
    });

    test("with several sources hears them all, each until it is left", () => {
      using ear = receiver();
      using one = sender(address);
      using two = sender(otherAddress);
      const there = endpoint(group, portOf(ear));
      const all = (): string[] => {
        one.sendTo("one", there);
        two.sendTo("two", there);
        return heard(ear);
      };
      ear.joinMulticastGroup(group, { ...on, source: address });
      expect(all()).toEqual(["one"]);
      ear.joinMulticastGroup(group, { ...on, source: otherAddress });
      expect(all()).toEqual(["one", "two"]);
      throwsKind(() => ear.joinMulticastGroup(group, { ...on, source: address }), "address-not-available");
      ear.leaveMulticastGroup(group, { ...on, source: address });
      expect(all()).toEqual(["two"]);
    });

    test("hears the groups of this very socket: what others have joined is not its business", () => {
      using ear = receiver();
      using other = receiver(portOf(ear));
      using plain = receiver(portOf(ear)); // what the kernel does by itself: it hears all that anybody here has joined
      using mouth = sender();
      ear.joinMulticastGroup(group, on);
      other.joinMulticastGroup(otherGroup, on);
      mouth.sendTo("for one", endpoint(group, portOf(ear)));
      mouth.sendTo("for the other", endpoint(otherGroup, portOf(ear)));
      const texts = [ear, other, plain].map((socket) => {
        const all: string[] = [];
        for (let time = socket === plain ? 2 : 1; time > 0; time--) {
          all.push(new TextDecoder().decode(socket.receiveBytes(100, soon)));
        }
        throwsKind(() => socket.receiveBytes(100, { timeout: 0 }), "would-block");
        return all;
      });
      expect(texts).toEqual([["for one"], ["for the other"], ["for one", "for the other"]]);
    });

    test("can be done for somebody else's socket", () => {
      using ear = receiver();
      using mouth = sender();
      const borrowed = SocketRef.borrow(ear.fd);
      borrowed.joinMulticastGroup(group, on);
      mouth.sendTo("x", endpoint(group, portOf(ear)));
      expect(heard(ear)).toEqual(["x"]);
      borrowed.leaveMulticastGroup(group, on);
    });

    test("is closed after close", () => {
      const ear = receiver();
      ear.close();
      throwsKind(() => ear.joinMulticastGroup(group, on), "closed");
      throwsKind(() => ear.leaveMulticastGroup(group, on), "closed");
    });
  });

  describe.skipIf(!lab.available)(`${lab.name}: what the sender decides${lab.note}`, () => {
    inNamespace(lab.links);

    // the loopback interface is a loop by itself, whatever the socket says
    test.skipIf(lab.interface === loopbackName)(
      "multicastLoopback false keeps it from this host (needs another interface than the loopback)",
      () => {
        using ear = receiver();
        using mouth = sender();
        ear.joinMulticastGroup(group, on);
        expect(mouth.multicastLoopback).toBe(true);
        mouth.multicastLoopback = false;
        expect(mouth.multicastLoopback).toBe(false);
        mouth.sendTo("unheard", endpoint(group, portOf(ear)));
        mouth.multicastLoopback = true;
        mouth.sendTo("heard", endpoint(group, portOf(ear)));
        expect(heard(ear)).toEqual(["heard"]);
      },
    );

    test("multicastTtl is 1 by default; with 0 it stays on this host, which hears it", () => {
      using ear = receiver();
      using mouth = sender();
      ear.joinMulticastGroup(group, on);
      expect(mouth.multicastTtl).toBe(1);
      for (const ttl of [0, 1, 255]) {
        mouth.multicastTtl = ttl;
        expect(mouth.multicastTtl).toBe(ttl);
        mouth.sendTo(`ttl ${ttl}`, endpoint(group, portOf(ear)));
      }
      expect(heard(ear)).toEqual(["ttl 0", "ttl 1", "ttl 255"]);
      throwsNaming(() => (mouth.multicastTtl = 256), RangeError, "multicastTtl");
    });

    test("multicastInterface is read as an index, whatever it was set by", () => {
      using mouth = sender();
      const index = interfaceIndex(lab.interface);
      for (const way of [lab.interface, index, address, InetAddress.parse(address)]) {
        mouth.multicastInterface = 0;
        expect(mouth.multicastInterface).toBe(0);
        mouth.multicastInterface = way;
        expect(mouth.multicastInterface).toBe(index);
      }
      throwsKind(() => (mouth.multicastInterface = "nowhere0"), "no-such-device");
      expect(mouth.multicastInterface).toBe(index);
    });

    const { second } = lab;
    test.skipIf(second === undefined)(
      "multicastInterface says out of which of several interfaces it goes (needs a second interface)",
      () => {
        if (second === undefined) return;
        using one = receiver();
        using two = receiver(portOf(one));
        one.joinMulticastGroup(group, on);
        two.joinMulticastGroup(group, { interface: second.interface });
        // over IPv6 Linux gives a group that was joined on one interface to the socket from all others as well
        for (const ear of lab.family === AF_INET6 ? [one, two] : []) {
          ear.setOption(SOL_SOCKET, SO_BINDTOIFINDEX, interfaceIndex(ear === one ? lab.interface : second.interface));
        }
        using mouth = new Socket(lab.family, SOCK_DGRAM);
        const there = endpoint(group, portOf(one));
        const ways = [
          [lab.interface, one],
          [second.interface, two],
          [interfaceIndex(lab.interface), one],
          [interfaceIndex(second.interface), two],
          [address, one],
          [second.address, two],
        ] as const;
        for (const [out, ear] of ways) {
          mouth.multicastInterface = out;
          mouth.sendTo(String(out), there);
          expect(new TextDecoder().decode(ear.receiveBytes(100, soon))).toBe(String(out));
        }
        for (const ear of [one, two]) throwsKind(() => ear.receiveBytes(100, { timeout: 0 }), "would-block");
      },
    );

    test.skipIf(second === undefined)(
      "one group may be joined on two interfaces, and is heard on both (needs a second interface)",
      () => {
        if (second === undefined) return;
        using ear = receiver();
        ear.joinMulticastGroup(group, on);
        ear.joinMulticastGroup(group, { interface: second.interface });
        using mouth = new Socket(lab.family, SOCK_DGRAM);
        for (const out of [lab.interface, second.interface]) {
          mouth.multicastInterface = out;
          mouth.sendTo(out, endpoint(group, portOf(ear)));
          expect(new TextDecoder().decode(ear.receiveBytes(100, soon))).toBe(out);
        }
        ear.leaveMulticastGroup(group, on);
        ear.leaveMulticastGroup(group, { interface: second.interface });
      },
    );

    test.skipIf(second === undefined)(
      "without an interface the kernel's routes choose, for joining and for sending (needs a second interface)",
      () => {
        using ear = receiver();
        using mouth = new Socket(lab.family, SOCK_DGRAM);
        ear.joinMulticastGroup(group);
        mouth.sendTo("by the routes", endpoint(group, portOf(ear)));
        expect(heard(ear)).toEqual(["by the routes"]);
        ear.leaveMulticastGroup(group);
        throwsKind(() => ear.leaveMulticastGroup(group), "address-not-available");
        ear.joinMulticastGroup(group, { source: address });
        ear.leaveMulticastGroup(group, { source: address });
      },
    );
  });
}

describe.skipIf(!Namespace.available || !haveIPv6)("both families (skipped without root, ip and IPv6)", () => {
  inNamespace(links);
  const on = { interface: "first" };

  test("an IPv4 group can be joined on a dual-stack AF_INET6 socket, which hears its own groups only", () => {
    using ear = new Socket(AF_INET6, SOCK_DGRAM);
    ear.setOption(IPPROTO_IPV6, IPV6_V6ONLY, 0);
    ear.bind("[::]:0");
    using other = new Socket(AF_INET, SOCK_DGRAM);
    other.joinMulticastGroup("239.44.55.66", on);
    using mouth = new Socket(AF_INET, SOCK_DGRAM);
    mouth.multicastInterface = "first";
    ear.joinMulticastGroup("239.11.22.33", on);
    throwsKind(() => ear.joinMulticastGroup("239.11.22.33", on), "address-in-use");
    mouth.sendTo("for the other", `239.44.55.66:${portOf(ear)}`);
    mouth.sendTo("for us", `239.11.22.33:${portOf(ear)}`);
    const { data, address } = ear.receiveBytesFrom(100, soon);
    expect(new TextDecoder().decode(data)).toBe("for us");
    expect((address as InetSocketAddress).address.isV4Mapped).toBe(true);
    ear.joinMulticastGroup("ff15::b1", on);
    using other6 = new Socket(AF_INET6, SOCK_DGRAM);
    other6.joinMulticastGroup("ff15::b2", on);
    using mouth6 = new Socket(AF_INET6, SOCK_DGRAM);
    mouth6.multicastInterface = "first";
    mouth6.sendTo("for the other", `[ff15::b2]:${portOf(ear)}`);
    mouth6.sendTo("for us, too", `[ff15::b1]:${portOf(ear)}`);
    expect(new TextDecoder().decode(ear.receiveBytes(100, soon))).toBe("for us, too");
    ear.leaveMulticastGroup("239.11.22.33", on);
    ear.leaveMulticastGroup("ff15::b1", on);
    throwsKind(() => ear.receiveBytes(100, { timeout: 0 }), "would-block");
  });

  test("an AF_INET6 socket sends to an IPv4 group, out of the interface that was chosen", () => {
    using one = new Socket(AF_INET, SOCK_DGRAM);
    one.bind("0.0.0.0:0");
    one.joinMulticastGroup("239.11.22.33", { interface: "second" });
    using mouth = new Socket(AF_INET6, SOCK_DGRAM);
    mouth.multicastInterface = "second";
    mouth.sendTo("mapped", `239.11.22.33:${portOf(one)}`);
    const { data, address } = one.receiveBytesFrom(100, soon);
    expect(new TextDecoder().decode(data)).toBe("mapped");
    expect(String((address as InetSocketAddress).address)).toBe("10.22.0.1");
  });

  test("an IPv6 group on an AF_INET socket is not-supported", () => {
    using ear = new Socket(AF_INET, SOCK_DGRAM);
    throwsKind(() => ear.joinMulticastGroup("ff15::b1", on), "not-supported");
  });

  test("the zone of an IPv6 group is its interface, and another one beside it is a contradiction", () => {
    using ear = new Socket(AF_INET6, SOCK_DGRAM);
    ear.bind("[::]:0");
    ear.joinMulticastGroup("ff12::b1%first");
    throwsKind(() => ear.joinMulticastGroup("ff12::b1", on), "address-in-use");
    throwsKind(() => ear.joinMulticastGroup(`ff12::b1%${interfaceIndex("first")}`, on), "address-in-use");
    throwsNaming(() => ear.joinMulticastGroup("ff12::b1%second", on), RangeError, "interface");
    throwsKind(() => ear.joinMulticastGroup("ff12::b1%nowhere0"), "no-such-device");
    using mouth = new Socket(AF_INET6, SOCK_DGRAM);
    mouth.sendTo("by its zone", `[ff12::b1%first]:${portOf(ear)}`);
    expect(new TextDecoder().decode(ear.receiveBytes(100, soon))).toBe("by its zone");
    ear.leaveMulticastGroup("ff12::b1", on);
  });

  test("more groups than the kernel allows are no-buffers", () => {
    using ear = new Socket(AF_INET, SOCK_DGRAM);
    const error = throwsKind(() => {
      for (let index = 0; index < 200; index++) ear.joinMulticastGroup(`239.0.0.${index}`, on); // igmp_max_memberships: 20
    }, "no-buffers");
    expect(error.code).toBe("ENOBUFS");
  });

  test("a socket that knows no groups says so", () => {
    using unix = new Socket(AF_UNIX, SOCK_DGRAM);
    throwsKind(() => unix.joinMulticastGroup("239.11.22.33", on), "not-supported");
    throwsKind(() => (unix.multicastTtl = 1), "not-supported");
    using tcp = new Socket(AF_INET, SOCK_STREAM);
    expect(throwsKind(() => tcp.joinMulticastGroup("239.11.22.33", on), "failed").code).toBe("EPROTO");
  });
});
