"""The Python column: the same work as datagrams.c with the socket module, which has no sendmmsg and no recvmmsg.

Reads "datagrams rounds sender receiver size batch" lines on stdin, and answers each with the nanoseconds that the rounds took.
"""

import socket
import struct
import sys
import time

UDP_SEGMENT, UDP_GRO = 103, 104
SO_RCVBUFFORCE = getattr(socket, "SO_RCVBUFFORCE", 33)
RECEIVE_BUFFER = 8 << 20
LARGEST_JOINED, MOST_SEGMENTS = 65507, 64
LOST_SECONDS = 5


def make_sender(kind, sock, to, size, payloads):
    """A function that sends a batch."""
    if kind == "send":
        sock.connect(to)

    def send():
        for data in payloads:
            sock.send(data)

    def send_to():
        for data in payloads:
            sock.sendto(data, to)

    def send_message():
        for data in payloads:
            sock.sendmsg([data], [], 0, to)

    most = min(MOST_SEGMENTS, LARGEST_JOINED // size)
    control = [(socket.IPPROTO_UDP, UDP_SEGMENT, struct.pack("=H", size))]

    # sendmsg(2) gathers the parts, so that nothing need be joined here.
    def send_joined():
        for start in range(0, len(payloads), most):
            parts = payloads[start : start + most]
            sock.sendmsg(parts, control if len(parts) > 1 else [], 0, to)

    return {
        "send": send,
        "sendTo": send_to,
        "sendMessage": send_message,
        "sendMessages": send_to,
        "sendMessages+GSO": send_joined,
    }[kind]


class Receiver:
    """Receives, and looks at the length, the sender, the first and the last byte of each datagram."""

    def __init__(self, kind, sock, sender, size):
        self.sock, self.sender, self.size = sock, sender, size
        self.sum = 0
        self.expected = None
        self.buffer = bytearray(65536)
        self.view = memoryview(self.buffer)
        self.take = {
            "receive": self.receive,
            "receiveFrom": self.receive_from,
            "receiveMessages": self.receive_from,
            "receiveMessages+GRO": self.receive_joined,
        }[kind]
        if kind == "receiveMessages+GRO":
            sock.setsockopt(socket.IPPROTO_UDP, UDP_GRO, 1)

    def see(self, data):
        if len(data) != self.size:
            raise ValueError(f"received {len(data)} bytes, not {self.size}")
        self.sum += data[0] + data[-1]
        if self.expected is not None and data != self.expected.pop(0):
            raise ValueError("received other bytes than were sent")

    def see_sender(self, sender):
        if sender != self.sender:
            raise ValueError(f"the datagram came from {sender}, not {self.sender}")

    def receive(self):
        size = self.sock.recv_into(self.buffer)
        self.see(self.view[:size])
        return 1

    def receive_from(self):
        size, sender = self.sock.recvfrom_into(self.buffer)
        self.see_sender(sender)
        self.see(self.view[:size])
        return 1

    def receive_joined(self):
        total, control, _, sender = self.sock.recvmsg_into([self.buffer], socket.CMSG_SPACE(4))
        size = total
        for level, kind, data in control:
            if level == socket.IPPROTO_UDP and kind == UDP_GRO:
                (size,) = struct.unpack("=i", data)
        for start in range(0, total, size):
            self.see_sender(sender)
            self.see(self.view[start : min(start + size, total)])
        return -(-total // size)


def one_round(send, receiver, batch):
    send()
    while batch > 0:
        batch -= receiver.take()


def move(rounds, sender_kind, receiver_kind, size, batch):
    """The nanoseconds that so many rounds take."""
    payloads = [bytes((at * 7 + 1 + index) % 256 for at in range(size)) for index in range(batch)]
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as inn,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out,
    ):
        try:
            inn.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, RECEIVE_BUFFER)
        except OSError:
            inn.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
        # settimeout() would make a poll(2) before each call.
        inn.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("@ll", LOST_SECONDS, 0))
        inn.bind(("127.0.0.1", 0))
        out.bind(("127.0.0.1", 0))
        send = make_sender(sender_kind, out, inn.getsockname(), size, payloads)
        receiver = Receiver(receiver_kind, inn, out.getsockname(), size)
        receiver.expected = list(payloads)
        one_round(send, receiver, batch)
        wanted = receiver.sum * rounds
        receiver.expected, receiver.sum = None, 0
        start = time.monotonic_ns()
        for _ in range(rounds):
            one_round(send, receiver, batch)
        taken = time.monotonic_ns() - start
        if receiver.sum != wanted:
            raise ValueError("received other bytes than were sent")
        return taken


def main():
    for line in sys.stdin:
        _, rounds, sender, receiver, size, batch = line.split()
        try:
            print(move(int(rounds), sender, receiver, int(size), int(batch)), flush=True)
        except (OSError, ValueError) as error:
            print(f"error: {error}", flush=True)
            return


main()
