#include "sockets.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "poller.h"

enum { backlog = 511, batch = 64 };
/* A peer whose machine went away without a word is noticed. */
enum { idle_s = 60, interval_s = 15, probes = 4 };

struct entrance {
  struct poller poller;
  int spare; /* given up for a moment when the process may open no more, to turn away whoever waits */
};

static void set(int fd, int level, int name, int value) {
  /* Without it the connection is slower, or held longer. */
  (void)setsockopt(fd, level, name, &value, sizeof value);
}

static void reset(int fd) {
  const struct linger at_once = {.l_onoff = 1, .l_linger = 0};
  (void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  close(fd);
}

static void turn_away(struct entrance *entrance) {
  close(entrance->spare);
  int fd = accept4(entrance->poller.fd, NULL, NULL, SOCK_CLOEXEC);
  if (fd >= 0) reset(fd);
  entrance->spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static bool hand_over(struct poller *poller, int fd, uint32_t peer, napi_value *thrown) {
  napi_value argv[2];
  return napi_create_int32(poller->env, fd, &argv[0]) == napi_ok &&
         napi_create_uint32(poller->env, peer, &argv[1]) == napi_ok && poller_call(poller, 2, argv, thrown);
}

static void on_ready(struct poller *poller) {
  for (int i = 0; i < batch && !poller->closed; i++) {
    struct sockaddr_in peer = {0};
    socklen_t size = sizeof peer;
    int fd = accept4(poller->fd, (struct sockaddr *)&peer, &size, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0 && (errno == EMFILE || errno == ENFILE)) return turn_away((struct entrance *)(void *)poller);
    if (fd < 0 && (errno == EINTR || errno == ECONNABORTED)) continue;
    if (fd < 0) return;
    set(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    set(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
    set(fd, IPPROTO_TCP, TCP_KEEPIDLE, idle_s);
    set(fd, IPPROTO_TCP, TCP_KEEPINTVL, interval_s);
    set(fd, IPPROTO_TCP, TCP_KEEPCNT, probes);
    napi_value thrown = NULL;
    if (!hand_over(poller, fd, ntohl(peer.sin_addr.s_addr), &thrown)) reset(fd);
    if (thrown != NULL) napi_fatal_exception(poller->env, thrown);
  }
}

static void halt(struct poller *poller) {
  int spare = ((struct entrance *)(void *)poller)->spare;
  if (spare >= 0) close(spare);
}

static void release(struct poller *poller) { free(poller); }

static int listen_at(uint32_t address, uint32_t port) {
  struct sockaddr_in at = {
      .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(address)};
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return -errno;
  set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
  if (bind(fd, (const struct sockaddr *)&at, sizeof at) == 0 && listen(fd, backlog) == 0) return fd;
  int failed = -errno;
  close(fd);
  return failed;
}

/* entranceOpen(address, port, onConnection: (socket, peer) => void) → handle; port 0 takes a free one */
napi_value entrance_open(napi_env env, napi_callback_info info) {
  napi_value argv[3];
  uint32_t words[2];
  if (!arguments(env, info, argv, 3) || !numbers(env, argv, words, 2)) return NULL;
  int fd = listen_at(words[0], words[1]);
  if (fd < 0) return refuse(env, fd, "nobody can be let in there");
  struct entrance *entrance = calloc(1, sizeof *entrance);
  if (entrance == NULL) {
    close(fd);
    return refuse(env, -ENOMEM, "nobody can be let in there");
  }
  entrance->spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
  entrance->poller.fd = fd;
  entrance->poller.ready = on_ready;
  entrance->poller.halt = halt;
  entrance->poller.release = release;
  return poller_start(env, &entrance->poller, argv[2]);
}

/* entrancePort(handle) → port */
napi_value entrance_port(napi_env env, napi_callback_info info) {
  napi_value argv[1], port = NULL;
  struct sockaddr_in at = {0};
  socklen_t size = sizeof at;
  if (!arguments(env, info, argv, 1)) return NULL;
  const struct poller *poller = poller_of(env, argv[0]);
  if (poller == NULL || poller->closed) return refuse(env, -EINVAL, "not an entrance");
  if (getsockname(poller->fd, (struct sockaddr *)&at, &size) < 0) return refuse(env, -errno, "it has no port");
  napi_create_uint32(env, ntohs(at.sin_port), &port);
  return port;
}

/* socketReset(socket): of one that was handed over, and was not carried on */
napi_value socket_reset(napi_env env, napi_callback_info info) {
  napi_value argv[1];
  uint32_t fd;
  if (!arguments(env, info, argv, 1) || !numbers(env, argv, &fd, 1)) return NULL;
  reset((int)fd);
  return NULL;
}

int connect_to(napi_env env, napi_value path, int *fd) {
  struct sockaddr_un to = {.sun_family = AF_UNIX};
  size_t length = 0;
  if (napi_get_value_string_utf8(env, path, to.sun_path, sizeof to.sun_path, &length) != napi_ok) return -EINVAL;
  if (length >= sizeof to.sun_path - 1) return -ENAMETOOLONG;
  *fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (*fd < 0) return -errno;
  if (connect(*fd, (const struct sockaddr *)&to, sizeof to) == 0) return 0;
  int failed = -errno;
  close(*fd);
  *fd = -1;
  return failed;
}
