/*
 * Many datagrams: each way of sending with each way of receiving, as datagrams/berkeley.ts does it.
 *
 * Copies where berkeley copies: a batch takes its payloads into memory of its own. Of every datagram that was received
 * the length, the sender, the first and the last byte are looked at.
 */
#define _GNU_SOURCE
#include "baseline.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#ifdef __linux__

enum {
  MOST = 256,             /* datagrams of a batch */
  LARGEST = 2048,         /* bytes of a datagram */
  SLOT = 65536,           /* room for joined datagrams */
  LARGEST_JOINED = 65507, /* 65,535 less the headers of IPv4 and UDP */
  MOST_SEGMENTS = 128,    /* UDP_MAX_SEGMENTS since Linux 6.9 */
  OLD_SEGMENTS = 64,      /* and before */
  RECEIVE_BUFFER = 8 << 20,
  LOST_MILLISECONDS = 5000,
  IDLE_MILLISECONDS = 100, /* after so much silence nothing more comes */
  UDP_LEVEL = IPPROTO_UDP,
  SEGMENT = 103, /* UDP_SEGMENT */
  GRO = 104,     /* UDP_GRO */
  CONTROL = CMSG_SPACE(sizeof(int)),
};

struct way {
  char sender[32], receiver[32];
  size_t size;
  int batch;
};

/* What a message is made of: one vector, one name, some control data. */
struct parts {
  struct iovec vector;
  struct sockaddr_in name;
  union {
    char bytes[CONTROL];
    struct cmsghdr align;
  } control;
};

static char payloads[MOST][LARGEST], arena[MOST * LARGEST], slots[(size_t)MOST * SLOT];
static struct mmsghdr outgoing[MOST], incoming[MOST];
static struct parts outgoing_parts[MOST], incoming_parts[MOST];

static struct way way;
static int sender = -1, receiver = -1;
static struct sockaddr_in to, from;
static int segments = MOST_SEGMENTS;
static int unprepared; /* messages whose lengths recvmmsg(2) has overwritten */
static int strict;     /* every byte is compared */
static long seen;
static uint64_t sum;
static void (*send_batch)(void);
static int (*receive_call)(void);

static inline void see(const char *data, size_t size) {
  if (size != way.size) fail("received %zu bytes, not %zu", size, way.size);
  if (strict && memcmp(data, payloads[seen % way.batch], size) != 0) fail("received other bytes than were sent");
  sum += (unsigned char)data[0] + (unsigned char)data[size - 1];
  seen++;
}

static inline void see_sender(const struct sockaddr_in *name) {
  if (from.sin_port == 0) from = *name; /* in two processes the first one tells */
  if (name->sin_port != from.sin_port || name->sin_addr.s_addr != from.sin_addr.s_addr) {
    fail("the datagram came from another address");
  }
}

/* Each sends one batch. */

static void send_connected(void) {
  for (int i = 0; i < way.batch; i++) {
    check_size("send", send(sender, payloads[i], way.size, MSG_NOSIGNAL), (ssize_t)way.size);
  }
}

static void send_to(void) {
  for (int i = 0; i < way.batch; i++) {
    ssize_t size = sendto(sender, payloads[i], way.size, MSG_NOSIGNAL, (struct sockaddr *)&to, sizeof to);
    check_size("sendto", size, (ssize_t)way.size);
  }
}

static void send_message(void) {
  for (int i = 0; i < way.batch; i++) {
    struct iovec vector = {payloads[i], way.size};
    struct msghdr message = {.msg_name = &to, .msg_namelen = sizeof to, .msg_iov = &vector, .msg_iovlen = 1};
    check_size("sendmsg", sendmsg(sender, &message, MSG_NOSIGNAL), (ssize_t)way.size);
  }
}

/* Whether all went: a kernel before 6.9 joins fewer datagrams, and is asked again. */
static int send_all(int count) {
  for (int done = 0; done < count;) {
    int sent = sendmmsg(sender, outgoing + done, (unsigned)(count - done), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINVAL && done == 0 && segments > OLD_SEGMENTS) return 0;
    if (sent < 0) fail("sendmmsg");
    done += sent;
  }
  return 1;
}

static struct msghdr *set_message(int index, char *data, size_t size) {
  struct parts *parts = &outgoing_parts[index];
  struct msghdr *header = &outgoing[index].msg_hdr;
  parts->vector = (struct iovec){data, size};
  header->msg_name = &to;
  header->msg_namelen = sizeof to;
  header->msg_iov = &parts->vector;
  header->msg_iovlen = 1;
  header->msg_control = NULL;
  header->msg_controllen = 0;
  return header;
}

static void send_messages(void) {
  for (int i = 0; i < way.batch; i++) {
    char *data = arena + (size_t)i * way.size;
    memcpy(data, payloads[i], way.size);
    set_message(i, data, way.size);
  }
  send_all(way.batch);
}

static int join_messages(void) {
  int count = 0, most = LARGEST_JOINED / (int)way.size;
  if (most > segments) most = segments;
  for (int i = 0; i < way.batch; count++) {
    int joined = way.batch - i < most ? way.batch - i : most;
    struct msghdr *header = set_message(count, arena + (size_t)i * way.size, (size_t)joined * way.size);
    if (joined > 1) {
      struct cmsghdr *control = &outgoing_parts[count].control.align;
      uint16_t size = (uint16_t)way.size;
      *control = (struct cmsghdr){.cmsg_level = UDP_LEVEL, .cmsg_type = SEGMENT, .cmsg_len = CMSG_LEN(sizeof size)};
      memcpy(CMSG_DATA(control), &size, sizeof size);
      header->msg_control = control;
      header->msg_controllen = CMSG_SPACE(sizeof size);
    }
    i += joined;
  }
  return count;
}

static void send_joined(void) {
  for (int i = 0; i < way.batch; i++) memcpy(arena + (size_t)i * way.size, payloads[i], way.size);
  while (!send_all(join_messages())) segments = OLD_SEGMENTS;
}

/* Each makes one call, and gives how many datagrams it brought; none when the time was up. */

static int expired(const char *what) {
  if (errno != EAGAIN) fail("%s", what);
  return 0;
}

static int receive_plain(void) {
  ssize_t size = recv(receiver, slots, LARGEST, 0);
  if (size < 0) return expired("recv");
  see(slots, (size_t)size);
  return 1;
}

static int receive_from(void) {
  struct sockaddr_in name;
  socklen_t length = sizeof name;
  ssize_t size = recvfrom(receiver, slots, LARGEST, 0, (struct sockaddr *)&name, &length);
  if (size < 0) return expired("recvfrom");
  see_sender(&name);
  see(slots, (size_t)size);
  return 1;
}

static void prepare_messages(size_t stride, size_t capacity, size_t control) {
  for (int i = 0; i < way.batch; i++) {
    struct parts *parts = &incoming_parts[i];
    parts->vector = (struct iovec){slots + (size_t)i * stride, capacity};
    incoming[i].msg_hdr = (struct msghdr){.msg_name = &parts->name, .msg_iov = &parts->vector, .msg_iovlen = 1};
    if (control > 0) incoming[i].msg_hdr.msg_control = parts->control.bytes;
  }
  unprepared = way.batch;
}

/* As many as are there, and one at least. What the call before has overwritten is set again. */
static int receive_some(size_t control) {
  for (int i = 0; i < unprepared; i++) {
    incoming[i].msg_hdr.msg_namelen = sizeof incoming_parts[i].name;
    incoming[i].msg_hdr.msg_controllen = control;
  }
  int count = recvmmsg(receiver, incoming, (unsigned)way.batch, MSG_WAITFORONE, NULL);
  unprepared = count < 0 ? 0 : count;
  return count;
}

static int receive_messages(void) {
  int count = receive_some(0);
  if (count < 0) return expired("recvmmsg");
  for (int i = 0; i < count; i++) {
    see_sender(&incoming_parts[i].name);
    see(slots + (size_t)i * way.size, incoming[i].msg_len);
  }
  return count;
}

static size_t segment_size(struct msghdr *header) {
  for (struct cmsghdr *control = CMSG_FIRSTHDR(header); control != NULL; control = CMSG_NXTHDR(header, control)) {
    if (control->cmsg_level != UDP_LEVEL || control->cmsg_type != GRO) continue;
    int size;
    memcpy(&size, CMSG_DATA(control), sizeof size);
    return (size_t)size;
  }
  return 0;
}

static int receive_joined(void) {
  int count = receive_some(CONTROL);
  if (count < 0) return expired("recvmmsg");
  long before = seen;
  for (int i = 0; i < count; i++) {
    size_t total = incoming[i].msg_len, size = segment_size(&incoming[i].msg_hdr);
    const char *slot = slots + (size_t)i * SLOT;
    if (size == 0) size = total;
    for (size_t offset = 0; offset < total; offset += size) {
      see_sender(&incoming_parts[i].name);
      see(slot + offset, total - offset < size ? total - offset : size);
    }
  }
  return (int)(seen - before);
}

static const struct {
  const char *name;
  void (*send)(void);
} senders[] = {
    {"send", send_connected},
    {"sendTo", send_to},
    {"sendMessage", send_message},
    {"sendMessages", send_messages},
    {"sendMessages+GSO", send_joined},
};

static const struct {
  const char *name;
  int (*receive)(void);
} receivers[] = {
    {"receive", receive_plain},
    {"receiveFrom", receive_from},
    {"receiveMessages", receive_messages},
    {"receiveMessages+GRO", receive_joined},
};

static void find_ends(void) {
  send_batch = NULL, receive_call = NULL;
  for (size_t i = 0; i < sizeof senders / sizeof *senders; i++) {
    if (strcmp(senders[i].name, way.sender) == 0) send_batch = senders[i].send;
  }
  for (size_t i = 0; i < sizeof receivers / sizeof *receivers; i++) {
    if (strcmp(receivers[i].name, way.receiver) == 0) receive_call = receivers[i].receive;
  }
  if (send_batch == NULL || receive_call == NULL) fail("no way from %s to %s", way.sender, way.receiver);
}

static void wait_at_most(int milliseconds) {
  struct timeval limit = {milliseconds / 1000, milliseconds % 1000 * 1000};
  if (setsockopt(receiver, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) < 0) fail("SO_RCVTIMEO");
}

/* Without the privilege for SO_RCVBUFFORCE the limit of the system holds; what does not fit then is lost, and shows. */
static void make_receiver(void) {
  int bytes = RECEIVE_BUFFER, on = 1, joined = strcmp(way.receiver, "receiveMessages+GRO") == 0;
  receiver = make_socket(SOCK_DGRAM);
  if (setsockopt(receiver, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof bytes) < 0 &&
      setsockopt(receiver, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes) < 0) {
    fail("SO_RCVBUF");
  }
  wait_at_most(LOST_MILLISECONDS);
  if (joined && setsockopt(receiver, UDP_LEVEL, GRO, &on, sizeof on) < 0) fail("UDP_GRO");
  if (joined) prepare_messages(SLOT, SLOT - 1, CONTROL);
  else prepare_messages(way.size, way.size, 0);
  to = bind_loopback(receiver);
}

static void make_sender(void) {
  sender = make_socket(SOCK_DGRAM);
  from = bind_loopback(sender);
  if (strcmp(way.sender, "send") == 0 && connect(sender, (struct sockaddr *)&to, sizeof to) < 0) fail("connect");
}

/* "sender receiver size batch", and what follows. */
static const char *read_way(const char *arguments) {
  int used = 0;
  if (sscanf(arguments, "%31s %31s %zu %d%n", way.sender, way.receiver, &way.size, &way.batch, &used) != 4 ||
      way.size < 1 || way.size > LARGEST || way.batch < 1 || way.batch > MOST) {
    fail("not a way to move datagrams: %s", arguments);
  }
  for (int i = 0; i < way.batch; i++) {
    for (size_t at = 0; at < way.size; at++) payloads[i][at] = (char)(at * 7 + (size_t)i + 1);
  }
  find_ends();
  return arguments + used;
}

static void one_round(void) {
  send_batch();
  for (int left = way.batch; left > 0;) {
    int count = receive_call();
    if (count == 0) fail("%d datagrams were lost", left);
    left -= count;
  }
}

/* In one process: the nanoseconds that so many rounds take. */
void move_datagrams(long rounds, const char *arguments) {
  read_way(arguments);
  make_receiver();
  make_sender();
  sum = 0, strict = 1, seen = 0;
  one_round();
  uint64_t wanted = sum * (uint64_t)rounds;
  sum = 0, strict = 0;
  uint64_t start = now();
  for (long i = 0; i < rounds; i++) one_round();
  uint64_t taken = now() - start;
  if (sum != wanted) fail("received other bytes than were sent");
  close(sender);
  close(receiver);
  printf("%llu", (unsigned long long)taken);
}

/* In two processes, the receiver: the port at which it receives from now on. */
void listen_for_datagrams(long unused, const char *arguments) {
  (void)unused;
  read_way(arguments);
  make_receiver();
  printf("%d", ntohs(to.sin_port));
}

/* How many datagrams of so many rounds came, and the nanoseconds from the first to the last. */
void receive_datagrams(long rounds, const char *unused) {
  (void)unused;
  long wanted = rounds * way.batch, received = 0;
  uint64_t first = 0, last = 0;
  wait_at_most(LOST_MILLISECONDS);
  while (received < wanted) {
    int count = receive_call();
    if (count == 0) break;
    last = now();
    if (received == 0) {
      first = last;
      wait_at_most(IDLE_MILLISECONDS);
    }
    received += count;
  }
  printf("%ld %llu", received, (unsigned long long)(last - first));
}

/* In two processes, the sender: the port from which it sends to the receiver's. */
void aim_datagrams(long unused, const char *arguments) {
  (void)unused;
  in_port_t port = (in_port_t)strtol(read_way(arguments), NULL, 10);
  to = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  make_sender();
  printf("%d", ntohs(from.sin_port));
}

/* How many datagrams it sent in so many rounds, and the nanoseconds that it took. */
void send_datagrams(long rounds, const char *unused) {
  (void)unused;
  uint64_t start = now();
  for (long i = 0; i < rounds; i++) send_batch();
  printf("%ld %llu", rounds * way.batch, (unsigned long long)(now() - start));
}

#else

/* Elsewhere there is no sendmmsg(2). */
void move_datagrams(long rounds, const char *arguments) { fail("the datagram programs are for Linux"); }
void listen_for_datagrams(long unused, const char *arguments) { fail("the datagram programs are for Linux"); }
void receive_datagrams(long rounds, const char *unused) { fail("the datagram programs are for Linux"); }
void aim_datagrams(long unused, const char *arguments) { fail("the datagram programs are for Linux"); }
void send_datagrams(long rounds, const char *unused) { fail("the datagram programs are for Linux"); }

#endif
