/*
 * The C baseline: the same work as each row, with nothing between the loop and libc.
 *
 * Reads "name iterations" lines on stdin and answers each with the nanoseconds that the loop took, or with
 * "error: ..." and exit. Sockets are made before the clock starts and closed after it stops.
 * To add a program: write its loop, then name it in `programs`. Those that take more words are in `orders`.
 */
#include "baseline.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { LARGEST = 65536 };

static char out[LARGEST], in[LARGEST];

noreturn void fail(const char *format, ...) {
  int error = errno;
  va_list arguments;
  printf("error: ");
  va_start(arguments, format);
  vprintf(format, arguments);
  va_end(arguments);
  if (error != 0) printf(" (errno %d, %s)", error, strerror(error));
  printf("\n");
  exit(1);
}

uint64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

int make_socket(int type) {
  int fd = socket(AF_INET, type, 0);
  if (fd < 0) fail("socket");
  return fd;
}

static void no_delay(int fd) {
  int on = 1;
  if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) < 0) fail("TCP_NODELAY");
}

struct sockaddr_in bind_loopback(int fd) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t length = sizeof address;
  if (bind(fd, (struct sockaddr *)&address, sizeof address) < 0) fail("bind");
  if (getsockname(fd, (struct sockaddr *)&address, &length) < 0) fail("getsockname");
  return address;
}

void check_size(const char *what, ssize_t size, ssize_t wanted) {
  if (size >= 0 && size != wanted) errno = 0;
  if (size != wanted) fail("%s returned %zd, not %zd", what, size, wanted);
}

static void check_content(size_t size) {
  if (memcmp(in, out, size) != 0) fail("received other bytes than were sent");
}

static uint64_t receive_nothing(long iterations, size_t size) {
  int fd = make_socket(SOCK_DGRAM);
  if (fcntl(fd, F_SETFL, O_NONBLOCK) < 0) fail("O_NONBLOCK");
  uint64_t start = now();
  for (long i = 0; i < iterations; i++) {
    if (recv(fd, in, size, 0) != -1 || errno != EAGAIN) fail("recv did not refuse");
  }
  uint64_t taken = now() - start;
  close(fd);
  return taken;
}

static uint64_t udp_one_way(long iterations, size_t size) {
  int sender = make_socket(SOCK_DGRAM), receiver = make_socket(SOCK_DGRAM);
  struct sockaddr_in to = bind_loopback(receiver), self = bind_loopback(sender);
  struct sockaddr_storage from;
  uint64_t start = now();
  for (long i = 0; i < iterations; i++) {
    socklen_t length = sizeof from;
    check_size("sendto", sendto(sender, out, size, MSG_NOSIGNAL, (struct sockaddr *)&to, sizeof to), (ssize_t)size);
    check_size("recvfrom", recvfrom(receiver, in, size, 0, (struct sockaddr *)&from, &length), (ssize_t)size);
  }
  uint64_t taken = now() - start;
  check_content(size);
  if (((struct sockaddr_in *)&from)->sin_port != self.sin_port) fail("the datagram came from another port");
  close(sender);
  close(receiver);
  return taken;
}

static int make_listener(struct sockaddr_in *address) {
  int fd = make_socket(SOCK_STREAM);
  no_delay(fd); /* inherited by what it accepts */
  *address = bind_loopback(fd);
  if (listen(fd, 16) < 0) fail("listen");
  return fd;
}

static int connect_to(const struct sockaddr_in *address) {
  int fd = make_socket(SOCK_STREAM);
  no_delay(fd);
  if (connect(fd, (const struct sockaddr *)address, sizeof *address) < 0) fail("connect");
  return fd;
}

static int accept_from(int listener) {
  struct sockaddr_storage peer;
  socklen_t length = sizeof peer;
  int fd = accept(listener, (struct sockaddr *)&peer, &length);
  if (fd < 0) fail("accept");
  return fd;
}

static uint64_t tcp_ping_pong(long iterations, size_t size) {
  struct sockaddr_in address;
  int listener = make_listener(&address), client = connect_to(&address), server = accept_from(listener);
  uint64_t start = now();
  for (long i = 0; i < iterations; i++) {
    check_size("send", send(client, out, size, MSG_NOSIGNAL), (ssize_t)size);
    check_size("recv", recv(server, in, size, 0), (ssize_t)size);
    check_size("send", send(server, in, size, MSG_NOSIGNAL), (ssize_t)size);
    check_size("recv", recv(client, in, size, 0), (ssize_t)size);
  }
  uint64_t taken = now() - start;
  check_content(size);
  close(client);
  close(server);
  close(listener);
  return taken;
}

/* The accepting side closes first: TIME_WAIT then holds no ephemeral port, and connecting never runs out of them. */
static uint64_t tcp_connect(long iterations, size_t size) {
  struct sockaddr_in address;
  int listener = make_listener(&address);
  (void)size;
  uint64_t start = now();
  for (long i = 0; i < iterations; i++) {
    int client = connect_to(&address), server = accept_from(listener);
    close(server);
    close(client);
  }
  uint64_t taken = now() - start;
  close(listener);
  return taken;
}

/* One descriptor there: SCM_RIGHTS with one byte, received close-on-exec, and closed. */
static uint64_t pass_descriptor(long iterations, size_t size) {
  int ends[2], passed = make_socket(SOCK_DGRAM);
  char byte = 0, control[CMSG_SPACE(sizeof(int) * 253)]; /* room for as many as may come */
  (void)size;
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) < 0) fail("socketpair");
  uint64_t start = now();
  for (long i = 0; i < iterations; i++) {
    struct iovec part = {.iov_base = &byte, .iov_len = 1};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control};
    struct cmsghdr *header = (struct cmsghdr *)control;
    int received = -1;
    message.msg_controllen = CMSG_SPACE(sizeof(int));
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(header), &passed, sizeof passed);
    check_size("sendmsg", sendmsg(ends[0], &message, MSG_NOSIGNAL), 1);
    message.msg_controllen = sizeof control;
    check_size("recvmsg", recvmsg(ends[1], &message, MSG_CMSG_CLOEXEC), 1);
    header = CMSG_FIRSTHDR(&message);
    if (header == NULL || header->cmsg_type != SCM_RIGHTS || header->cmsg_len != CMSG_LEN(sizeof(int))) {
      fail("no descriptor came");
    }
    memcpy(&received, CMSG_DATA(header), sizeof received);
    if (close(received) < 0) fail("close");
  }
  uint64_t taken = now() - start;
  close(ends[0]);
  close(ends[1]);
  close(passed);
  return taken;
}

/* RFC 1071 section 4.1 on words of 32 bits, which is as fast as plain C gets. The bytes change, so that no call is saved. */
static uint16_t __attribute__((noinline)) internet_checksum(const char *bytes, size_t size) {
  uint64_t sum = 0;
  uint32_t word;
  for (; size >= sizeof word; bytes += sizeof word, size -= sizeof word) {
    memcpy(&word, bytes, sizeof word);
    sum += word;
  }
  if (size > 0) {
    word = 0;
    memcpy(&word, bytes, size);
    sum += word;
  }
  while (sum >> 16) sum = (sum & 0xffff) + (sum >> 16);
  return (uint16_t)~sum;
}

static uint64_t checksums(long iterations, size_t size) {
  uint16_t last = 0;
  uint64_t start = now();
  for (long i = 0; i < iterations; i++) {
    in[0] = (char)(i + last);
    last = internet_checksum(in, size);
  }
  uint64_t taken = now() - start;
  if (internet_checksum("\x00\x01\xf2\x03\xf4\xf5\xf6\xf7", 8) != htons(0x220d)) fail("not the checksum of RFC 1071");
  return taken;
}

static const struct {
  const char *name;
  uint64_t (*run)(long iterations, size_t size);
  size_t size;
} programs[] = {
    {"receive-nothing", receive_nothing, 64},   {"udp-64", udp_one_way, 64},     {"udp-1400", udp_one_way, 1400},
    {"tcp-ping-pong-64", tcp_ping_pong, 64}, {"tcp-connect", tcp_connect, 0},
    {"pass-descriptor", pass_descriptor, 0}, {"checksum-64", checksums, 64}, {"checksum-1500", checksums, 1500},
};

static const struct {
  const char *name;
  void (*run)(long iterations, const char *arguments);
} orders[] = {
    {"datagrams", move_datagrams},
    {"listen", listen_for_datagrams},
    {"receive", receive_datagrams},
    {"aim", aim_datagrams},
    {"send", send_datagrams},
    {"tcp-echo", echo_over_tcp},
    {"udp-echo", echo_over_udp},
    {"paced", pace},
    {"tcp-upload", upload},
    {"tcp-download", download},
    {"tcp-accept", connect_often},
};

static void run(const char *name, long iterations, const char *arguments) {
  for (size_t i = 0; i < sizeof programs / sizeof *programs; i++) {
    if (strcmp(programs[i].name, name) != 0) continue;
    printf("%llu", (unsigned long long)programs[i].run(iterations, programs[i].size));
    return;
  }
  for (size_t i = 0; i < sizeof orders / sizeof *orders; i++) {
    if (strcmp(orders[i].name, name) == 0) return orders[i].run(iterations, arguments);
  }
  fail("no program is named %s", name);
}

/* A process with threads pays more for each syscall (the descriptor table is shared), and Bun always has threads. */
static void *park(void *unused) {
  for (;;) pause();
  return unused;
}

int main(void) {
  char line[256], name[64];
  long iterations;
  int used;
  pthread_t thread;
  if ((errno = pthread_create(&thread, NULL, park, NULL)) != 0) fail("pthread_create");
  for (size_t i = 0; i < LARGEST; i++) out[i] = (char)(i * 7 + 1);
  while (fgets(line, sizeof line, stdin) != NULL && sscanf(line, "%63s %ld%n", name, &iterations, &used) == 2) {
    alarm(RUN_LIMIT_SECONDS); /* a lost datagram ends the program, and does not hang it */
    errno = 0;
    run(name, iterations, line + used);
    printf("\n");
    fflush(stdout);
    alarm(0);
  }
  return 0;
}
