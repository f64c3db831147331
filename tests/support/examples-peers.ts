// Peers of the examples, in Python: what they say is made by hand there, so that no mistake of ours is in it twice.

/** Reads the blocks of a pcapng file (argument), and tells each packet: [interface, length, EtherType, protocol, source, destination]. */
export const pcapngReader: string = String.raw`
data = open(sys.argv[1], "rb").read()
at, packets, names, statistics = 0, [], [], None
def options(raw):
    at, found = 0, {}
    while at + 4 <= len(raw):
        code, size = struct.unpack_from("<HH", raw, at)
        if code == 0: break
        found[code] = raw[at + 4 : at + 4 + size]
        at += 4 + (size + 3) // 4 * 4
    return found
while at < len(data):
    kind, size = struct.unpack_from("<II", data, at)
    assert size % 4 == 0 and struct.unpack_from("<I", data, at + size - 4) == (size,), "sizes of a block"
    body = data[at + 8 : at + size - 4]
    if at == 0: assert kind == 0x0A0D0D0A and struct.unpack_from("<I", body) == (0x1A2B3C4D,), "section header"
    if kind == 1: names.append([struct.unpack_from("<H", body)[0], options(body[8:])[2].decode()])
    if kind == 5: statistics = [struct.unpack("<Q", options(body[12:])[code])[0] for code in (4, 5)]
    if kind == 6:
        number, high, low, captured, length = struct.unpack_from("<IIIII", body)
        frame = body[20 : 20 + captured]
        assert abs((high << 32 | low) / 1e9 - __import__("time").time()) < 60, "the time"
        packets.append([number, length, struct.unpack_from("!H", frame, 12)[0], frame[23], inet_ntoa(frame[26:30]), inet_ntoa(frame[30:34])])
    at += size
say(json.dumps({"names": names, "statistics": statistics, "packets": packets}))
`;

/** A responder of mDNS on an interface (first argument) over IPv4 or IPv6 (second), which first says what is no answer at all. */
export const mdnsResponder: string = String.raw`
device, version = sys.argv[1:3]
index = if_nametoindex(device)
s = socket(AF_INET if version == "4" else AF_INET6, SOCK_DGRAM)
s.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1)
s.setsockopt(SOL_SOCKET, SO_BINDTODEVICE, device.encode() + b"\0")
if version == "4":
    group = ("224.0.0.251", 5353)
    s.bind(("", 5353))
    s.setsockopt(IPPROTO_IP, IP_ADD_MEMBERSHIP, struct.pack("=4s4si", inet_aton(group[0]), b"\0" * 4, index))
    s.setsockopt(IPPROTO_IP, IP_MULTICAST_IF, struct.pack("=4s4si", b"\0" * 4, b"\0" * 4, index))
else:
    group = ("ff02::fb", 5353, 0, index)
    s.setsockopt(IPPROTO_IPV6, IPV6_V6ONLY, 1)
    s.bind(("::", 5353))
    s.setsockopt(IPPROTO_IPV6, IPV6_JOIN_GROUP, inet_pton(AF_INET6, group[0]) + struct.pack("=i", index))
    s.setsockopt(IPPROTO_IPV6, IPV6_MULTICAST_IF, index)
def name(text): return b"".join(bytes([len(x)]) + x for x in text) + b"\0"
def record(owner, kind, data, cls=1): return owner + struct.pack("!HHIH", kind, cls, 120, len(data)) + data
types = [b"_services", b"_dns-sd", b"_udp", b"local"]
service = [b"_http" if version == "4" else b"_ipp", b"_tcp", b"local"]
instance = [b"Evil \x1b[31m. name", *service]
host = [b"peer" + version.encode(), b"local"]
address = inet_aton("10.77.1.1") if version == "4" else inet_pton(AF_INET6, "fd77:1::1")
known = {
    (name(types), 12): name(service),
    (name(service), 12): name(instance),
    (name(instance), 33): struct.pack("!HHH", 0, 0, 8080) + name(host),
    (name(instance), 16): b"\x06path=/\x07a=\xff\x00\x1b[m",
    (name(host), 1 if version == "4" else 28): address,
}
say("ready")
while True:
    query, sender = s.recvfrom(9000)
    if len(query) < 12: continue # our own
    ident, flags, count = struct.unpack_from("!HHH", query)
    if flags & 0x8000: continue
    end = query.index(b"\0", 12) + 1
    question, kind = query[12:end], struct.unpack_from("!H", query, end)[0]
    if (question, kind) not in known: continue
    say("asked", sender[1], kind)
    head = struct.pack("!HHHHHH", 0, 0x8400, 0, 1, 0, 0)
    for bad in (b"", head[:5], head, head + b"\xc0\x0c" * 300, head + b"\x3f" * 400, head + b"\xff" * 8900,
                head + record(question, kind, b"\xc0\x0c\xc0"), head + record(question, kind, b"\x01"),
                struct.pack("!HHHHHH", 0, 0x8400, 65535, 65535, 65535, 65535) + b"\0" * 500):
        s.sendto(bad, group)
    # the owner's name by a pointer into the question that is repeated, as many answer
    again = struct.pack("!HHHHHH", 0, 0x8400, 1, 1, 0, 0) + question + struct.pack("!HH", kind, 1)
    s.sendto(again + record(b"\xc0\x0c", kind, known[question, kind], 0x8001 if kind != 12 else 1), group)
`;

/** Asks a DNS server (arguments: address, port) all sorts of things, and tells what it got as JSON. */
export const dnsClient: string = String.raw`
import random
host, port = sys.argv[1], int(sys.argv[2])
random.seed(7)
family = AF_INET6 if ":" in host else AF_INET
def name(text): return b"".join(bytes([len(x)]) + x.encode() for x in text.split(".") if x) + b"\0"
def query(text, kind, ident=0x1234, flags=0x100, extra=b"", counts=(1, 0, 0, 0), cls=1):
    return struct.pack("!HHHHHH", ident, flags, *counts) + name(text) + struct.pack("!HH", kind, cls) + extra
def edns(size, version=0): return b"\0" + struct.pack("!HHBBHH", 41, size, 0, version, 0, 0)
def udp(message):
    s = socket(family, SOCK_DGRAM); s.settimeout(0.3); s.connect((host, port))
    for _ in range(10): # a flood may drown one
        s.send(message)
        try: return s.recv(65536)
        except TimeoutError: pass
    raise TimeoutError(message)
def records(answer):
    ident, flags, qd, an, ns, ar = struct.unpack_from("!HHHHHH", answer)
    at, found = 12, []
    def skip(at):
        while answer[at] != 0:
            if answer[at] >= 0xC0: return at + 2
            at += answer[at] + 1
        return at + 1
    for _ in range(qd): at = skip(at) + 4
    for _ in range(an + ns + ar):
        at = skip(at)
        kind, cls, ttl, size = struct.unpack_from("!HHIH", answer, at)
        found.append((kind, answer[at + 10 : at + 10 + size])); at += 10 + size
    assert at == len(answer), "bytes behind the message"
    return ident, flags, found
def tell(answer):
    ident, flags, found = records(answer)
    shown = [inet_ntop(AF_INET if k == 1 else AF_INET6, d) if k in (1, 28) else k for k, d in found]
    return [hex(ident), hex(flags), shown if len(shown) < 5 else len(shown), len(answer) if len(answer) > 400 else 0]
def exactly(s, size):
    data = b""
    while len(data) < size:
        part = s.recv(size - len(data))
        if not part: return data
        data += part
    return data
def framed(message): return struct.pack("!H", len(message)) + message
def tcp(*pieces):
    s = socket(family, SOCK_STREAM); s.settimeout(2); s.connect((host, port))
    s.setsockopt(IPPROTO_TCP, TCP_NODELAY, 1)
    for piece in pieces: s.sendall(piece)
    return s
def answer_of(s): return exactly(s, struct.unpack("!H", exactly(s, 2))[0])

result = {}
result["a"] = tell(udp(query("Router.TEST", 1)))
result["case"] = b"\x06Router\x04TEST\0" in udp(query("Router.TEST", 1))
result["aaaa"] = tell(udp(query("router.test", 28)))
result["ptr"] = name("router.test") in [d for k, d in records(udp(query("1.2.0.192.in-addr.arpa", 12)))[2]] or udp(query("1.2.0.192.in-addr.arpa", 12)).hex()
result["nothing"] = tell(udp(query("router.test", 15)))
result["nobody"] = tell(udp(query("nobody.test", 1)))
result["cut"] = tell(udp(query("many.test", 1)))
result["edns"] = tell(udp(query("many.test", 1, extra=edns(4096), counts=(1, 0, 0, 1))))
result["badvers"] = records(udp(query("router.test", 1, extra=edns(4096, 1), counts=(1, 0, 0, 1))))[2][-1][0]
result["chaos"] = tell(udp(query("router.test", 16, cls=3)))
result["opcode"] = tell(udp(query("router.test", 1, flags=0x2800)))
result["two"] = tell(udp(query("router.test", 1, counts=(2, 0, 0, 0))))
result["loop"] = tell(udp(struct.pack("!HHHHHH", 1, 0, 1, 0, 0, 0) + b"\xc0\x0c\0\1\0\1"))
result["tcp"] = tell(answer_of(tcp(framed(query("many.test", 1)))))
slow = tcp(*[bytes([x]) for x in framed(query("router.test", 1, 1)) + framed(query("router.test", 28, 2))])
result["pieces"] = [tell(answer_of(slow)), tell(answer_of(slow))]
half = [tcp(b"\xff\xff" + b"x" * 1000), tcp(b"\0"), tcp(b"\0\0"), tcp(framed(b"short"))] # left open, or closed by the server

if family == AF_INET: # from port 0, which cannot be answered
    raw = socket(AF_INET, SOCK_RAW, IPPROTO_UDP)
    plain = query("router.test", 1)
    for _ in range(10):
        for _ in range(3): raw.sendto(struct.pack("!HHHH", 0, port, 8 + len(plain), 0) + plain, (host, 0))
        udp(plain)

# what nobody answers, and what must not keep others from their answers
s = socket(family, SOCK_DGRAM); s.settimeout(2); s.connect((host, port))
s.send(b""); s.send(b"x" * 11); s.send(query("router.test", 1, 99, flags=0x8180)) # a response
good = query("many.test", 1, extra=edns(1232), counts=(1, 0, 0, 1))
for turn in range(1500):
    bad = bytearray(random.choice([good, os.urandom(random.randrange(0, 3000)), b"\0\0\1\0\0\1" + b"\0" * 6 + b"\xc0\x0c" * 50]))
    for _ in range(random.randrange(0, 6)):
        if bad: bad[random.randrange(len(bad))] = random.choice([0, 0xC0, 0x3F, 0xFF, random.randrange(256)])
    if len(bad) > 3: bad[2] |= 0x80 if random.random() < 0.2 else 0
    s.send(bytes(bad))
result["after"] = tell(udp(query("router.test", 1, 0x77)))
result["alive"] = tell(answer_of(tcp(framed(query("router.test", 1, 0x78)))))
say(json.dumps(result))
`;

/** An SNTP server at an address and port (arguments): so many seconds ahead, or in a mood ("deny", "unsynchronised"). */
export const sntpServer: string = String.raw`
import time
address, port, mood = sys.argv[1], int(sys.argv[2]), sys.argv[3]
s = socket(AF_INET6 if ":" in address else AF_INET, SOCK_DGRAM)
s.bind((address, port))
say("ready")
def stamp(t): return struct.pack("!II", (int(t) + 2208988800) & 0xFFFFFFFF, int(t % 1 * 2**32))
while True:
    query, sender = s.recvfrom(100)
    ahead = float(mood) if mood[0].isdigit() or mood[0] == "-" else 0
    head = bytes([0xE4 if mood == "unsynchronised" else 0x24, 0 if mood == "deny" else 2, 6, 0xEC]) + b"\0" * 8 + (b"RATE" if mood == "deny" else inet_aton("192.0.2.1"))
    now = time.time() + ahead
    s.sendto(head + b"\0" * 8 + os.urandom(8) + stamp(now) * 2, sender) # not an answer to what was asked
    s.sendto(b"\x24", sender)
    s.sendto(query, sender)
    s.sendto(head + stamp(now - 7) + query[40:48] + stamp(now) + stamp(time.time() + ahead), sender)
`;

/** Waits for a magic packet on an interface (argument), on port 9, and tells it. */
export const sleeper: string = String.raw`
s = socket(AF_INET, SOCK_DGRAM)
s.setsockopt(SOL_SOCKET, SO_BINDTODEVICE, sys.argv[1].encode() + b"\0")
s.bind(("", 9))
say("asleep")
for _ in range(int(sys.argv[2])):
    data, sender = s.recvfrom(200)
    say(data.hex(), sender[0])
`;

/** Two DHCP servers on one interface (argument), and a lot of noise; it tells what it gets, for ever. */
export const dhcpServers: string = String.raw`
s = socket(AF_INET, SOCK_DGRAM)
s.setsockopt(SOL_SOCKET, SO_BINDTODEVICE, sys.argv[1].encode() + b"\0")
s.setsockopt(SOL_SOCKET, SO_BROADCAST, 1)
s.bind(("", 67))
say("ready")
while True:
    q, sender = s.recvfrom(1500)
    xid, flags, chaddr = q[4:8], q[10:12], q[28:34]
    say(json.dumps([sender[0], sender[1], q[0], flags.hex(), chaddr.hex(), q[236:240].hex(), q[240:243].hex(), len(q)]))
    def message(options, xid=xid, op=2, chaddr=chaddr, cookie=b"\x63\x82\x53\x63", yours="10.77.9.100"):
        return bytes([op, 1, 6, 0]) + xid + b"\0\0" + flags + b"\0" * 4 + inet_aton(yours) + b"\0" * 8 + chaddr + b"\0" * 202 + cookie + options
    def offer(server, kind=2): return bytes([53, 1, kind, 54, 4]) + inet_aton(server) + b"\x33\4\0\0\x0e\x10\1\4\xff\xff\xff\0\3\4" + inet_aton("10.77.9.1") + b"\6\4" + inet_aton("10.77.9.53") + b"\x0f\x05a\x1b[mb\0\6\4" + inet_aton("10.77.9.54") + b"\xff"
    good = offer("10.77.9.1")
    for bad in (b"", b"x" * 239, message(good, xid=b"abcd"), message(good, op=1), message(good, chaddr=b"\2" * 6), message(good, cookie=b"1234"),
                message(offer("10.77.9.66", 5)), message(b"\x35\xff\2"), message(b"\x35"), message(b""), message(b"\x35\0\xff"), message(b"\0" * 900)):
        s.sendto(bad, ("255.255.255.255", 68))
    s.sendto(message(good), ("255.255.255.255", 68))
    s.sendto(message(offer("10.77.9.2"), yours="10.77.9.200"), ("255.255.255.255", 68))
`;
