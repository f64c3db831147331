/*
 * The load on servers of the event loop: closed loops over TCP and UDP, bulk, and connects. Every reply is compared.
 * Connections stay open from order to order, so that only round trips are timed.
 */
#define _GNU_SOURCE
#include "baseline.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#ifdef __linux__
#include <sys/epoll.h>

enum { SIZE = 64, MOST_EVENTS = 512, MOST_CONNECTIONS = 10000, MOST_LATENCIES = 1 << 16, CHUNK = 1 << 18 };

static int connections[MOST_CONNECTIONS];
static int connected, epoll = -1;
static char message[CHUNK];
static uint64_t latencies[MOST_LATENCIES];

static struct sockaddr_in server(int port) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

/* Its end is a reset: 10,000 connections in TIME_WAIT would hold the ports that the next server's load needs. */
static int connect_to(int port, int type) {
  struct sockaddr_in address = server(port);
  struct linger reset = {.l_onoff = 1};
  int fd = make_socket(type), on = 1;
  if (type == SOCK_STREAM) {
    if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) < 0) fail("TCP_NODELAY");
    if (setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset) < 0) fail("SO_LINGER");
  }
  if (connect(fd, (struct sockaddr *)&address, sizeof address) < 0) fail("connect");
  return fd;
}

static void prepare(int port, int count, int type) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
  }
  if (count > MOST_CONNECTIONS) fail("at most %d connections", MOST_CONNECTIONS);
  for (size_t i = 0; i < sizeof message; i++) message[i] = (char)(i * 7 + 1);
  if (epoll < 0 && (epoll = epoll_create1(0)) < 0) fail("epoll_create1");
  for (; connected < count; connected++) {
    int fd = connections[connected] = connect_to(port, type);
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) < 0) fail("epoll_ctl");
  }
}

static void ask(int fd) { check_size("send", send(fd, message, SIZE, MSG_NOSIGNAL), SIZE); }

static void check_reply(int fd) {
  char reply[SIZE];
  size_t got = 0;
  while (got < SIZE) {
    ssize_t size = recv(fd, reply + got, SIZE - got, 0);
    if (size <= 0) fail("recv returned %zd", size);
    got += (size_t)size;
  }
  if (memcmp(reply, message, SIZE) != 0) fail("received other bytes than were sent");
}

/* tcp-echo <round trips> <port> <connections>: each has one message under way. */
void echo_over_tcp(long rounds, const char *arguments) {
  int port, count;
  if (sscanf(arguments, "%d %d", &port, &count) != 2) fail("tcp-echo wants a port and a number of connections");
  prepare(port, count, SOCK_STREAM);
  struct epoll_event events[MOST_EVENTS];
  long asked = 0, answered = 0;
  uint64_t start = now();
  for (; asked < rounds && asked < count; asked++) ask(connections[asked]);
  while (answered < rounds) {
    int ready = epoll_wait(epoll, events, MOST_EVENTS, -1);
    if (ready < 0) fail("epoll_wait");
    for (int i = 0; i < ready; i++) {
      check_reply(events[i].data.fd);
      answered++;
      if (asked == rounds) continue;
      ask(events[i].data.fd);
      asked++;
    }
  }
  printf("%llu", (unsigned long long)(now() - start));
}

/* paced <round trips> <port> <microseconds> <tcp | udp>: one message, a pause, and so on; the time of all, then each latency. */
void pace(long rounds, const char *arguments) {
  int port, pause;
  char kind[8];
  if (sscanf(arguments, "%d %d %7s", &port, &pause, kind) != 3) fail("paced wants a port, microseconds and tcp or udp");
  prepare(port, 1, strcmp(kind, "tcp") == 0 ? SOCK_STREAM : SOCK_DGRAM);
  if (rounds > MOST_LATENCIES) fail("at most %d latencies", MOST_LATENCIES);
  uint64_t begin = now();
  for (long i = 0; i < rounds; i++) {
    if (pause > 0) usleep((useconds_t)pause);
    uint64_t start = now();
    ask(connections[0]);
    check_reply(connections[0]);
    latencies[i] = now() - start;
  }
  printf("%llu", (unsigned long long)(now() - begin));
  for (long i = 0; i < rounds; i++) printf(" %llu", (unsigned long long)latencies[i]);
}

/* udp-echo <round trips> <port> <datagrams under way>: what is lost is sent again after 100 ms; the time, and how many were lost. */
void echo_over_udp(long rounds, const char *arguments) {
  int port, window;
  if (sscanf(arguments, "%d %d", &port, &window) != 2) fail("udp-echo wants a port and a number of datagrams");
  prepare(port, 1, SOCK_DGRAM);
  int fd = connections[0];
  struct timeval patience = {.tv_usec = 100000};
  if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) < 0) fail("SO_RCVTIMEO");
  char reply[SIZE + 1];
  while (recv(fd, reply, sizeof reply, MSG_DONTWAIT) >= 0) continue; /* late ones of the order before */
  long asked = 0, answered = 0, lost = 0;
  uint64_t start = now();
  for (; asked < rounds && asked < window; asked++) ask(fd);
  while (answered < rounds) {
    ssize_t size = recv(fd, reply, sizeof reply, 0);
    if (size < 0 && errno == EAGAIN) { /* lost: as many again as are missing */
      for (long missing = asked - answered; missing > 0; missing--, lost++) ask(fd);
      continue;
    }
    check_size("recv", size, SIZE);
    if (memcmp(reply, message, SIZE) != 0) fail("received other bytes than were sent");
    answered++;
    if (asked == rounds) continue;
    ask(fd);
    asked++;
  }
  printf("%llu %ld", (unsigned long long)(now() - start), lost);
}

/* tcp-upload <quarters of a MiB> <port>: until the server, which reads all, has closed after the end. */
void upload(long chunks, const char *arguments) {
  prepare(0, 0, SOCK_STREAM);
  int fd = connect_to(atoi(arguments), SOCK_STREAM);
  uint64_t start = now();
  for (long i = 0; i < chunks; i++) check_size("send", send(fd, message, CHUNK, MSG_NOSIGNAL), CHUNK);
  if (shutdown(fd, SHUT_WR) < 0) fail("shutdown");
  char end;
  check_size("recv", recv(fd, &end, 1, 0), 0);
  printf("%llu", (unsigned long long)(now() - start));
  close(fd);
}

/* tcp-download <quarters of a MiB> <port>: of one connection, on which the server sends without end. */
void download(long chunks, const char *arguments) {
  static int fd = -1;
  static char received[CHUNK];
  if (fd < 0) {
    prepare(0, 0, SOCK_STREAM);
    fd = connect_to(atoi(arguments), SOCK_STREAM);
  }
  long wanted = chunks * CHUNK;
  ssize_t size = recv(fd, received, CHUNK, 0); /* the clock starts when it flows: it filled the buffers while others were timed */
  for (long skipped = 0; size > 0 && skipped < 16 * CHUNK; skipped += size) size = recv(fd, received, CHUNK, 0);
  uint64_t start = now();
  for (long got = 0; got < wanted; got += size) {
    size = recv(fd, received, CHUNK, 0);
    if (size <= 0) fail("recv returned %zd", size);
  }
  printf("%llu", (unsigned long long)(now() - start));
}

/* tcp-accept <connections> <port>: one after the other, each closed by the server first, so that TIME_WAIT is there. */
void connect_often(long count, const char *arguments) {
  int port = atoi(arguments);
  char end;
  uint64_t start = now();
  for (long i = 0; i < count; i++) {
    int fd = connect_to(port, SOCK_STREAM);
    check_size("recv", recv(fd, &end, 1, 0), 0);
    close(fd);
  }
  printf("%llu", (unsigned long long)(now() - start));
}

#else

static void only_linux(void) { fail("the load is for Linux"); }
void echo_over_tcp(long a, const char *b) { only_linux(); }
void pace(long a, const char *b) { only_linux(); }
void echo_over_udp(long a, const char *b) { only_linux(); }
void upload(long a, const char *b) { only_linux(); }
void download(long a, const char *b) { only_linux(); }
void connect_often(long a, const char *b) { only_linux(); }

#endif
