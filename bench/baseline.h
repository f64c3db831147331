/* What the files of the C baseline share. */
#ifndef BASELINE_H
#define BASELINE_H

#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <stdnoreturn.h>

#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0
#endif

enum { RUN_LIMIT_SECONDS = 30 };

/* Answers "error: ..." and exits. */
noreturn void fail(const char *format, ...);
uint64_t now(void);
int make_socket(int type);
struct sockaddr_in bind_loopback(int fd);
void check_size(const char *what, ssize_t size, ssize_t wanted);

/* datagrams.c: the orders about many datagrams. What is answered goes to stdout, without the end of the line. */
void move_datagrams(long rounds, const char *arguments);
void listen_for_datagrams(long unused, const char *arguments);
void receive_datagrams(long rounds, const char *unused);
void aim_datagrams(long unused, const char *arguments);
void send_datagrams(long rounds, const char *unused);

/* load.c: the load on servers. */
void echo_over_tcp(long rounds, const char *arguments);
void echo_over_udp(long rounds, const char *arguments);
void pace(long rounds, const char *arguments);
void upload(long chunks, const char *arguments);
void download(long chunks, const char *arguments);
void connect_often(long count, const char *arguments);

#endif
