/* notify — one datagram to a Unix socket, which Node cannot send: the protocol of sd_notify(3). */
#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "arguments.h"

enum { longest_message = 4096 };

/* send(address: string, message: string): address is a path, or `@` and an abstract name */
static napi_value send_datagram(napi_env env, napi_callback_info info) {
  napi_value argv[2];
  char message[longest_message];
  struct sockaddr_un to = {.sun_family = AF_UNIX};
  if (!arguments(env, info, argv, 2) || !text_of(env, argv[0], to.sun_path, sizeof to.sun_path)) return NULL;
  if (!text_of(env, argv[1], message, sizeof message)) return NULL;
  const size_t named = strlen(to.sun_path);
  if (to.sun_path[0] != '/' && to.sun_path[0] != '@') return refuse(env, -EAFNOSUPPORT, "not the address of a Unix socket");
  /* An abstract name has no end mark: its length says where it ends. */
  if (to.sun_path[0] == '@') to.sun_path[0] = '\0';
  socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + named + (to.sun_path[0] == '/' ? 1 : 0));
  int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return refuse(env, -errno, "no socket");
  ssize_t sent;
  do sent = sendto(fd, message, strlen(message), MSG_NOSIGNAL, (struct sockaddr *)&to, size);
  while (sent < 0 && errno == EINTR);
  int failed = sent < 0 ? -errno : 0;
  close(fd);
  return failed == 0 ? NULL : refuse(env, failed, "nobody takes notice");
}

NAPI_MODULE_INIT() {
  static const struct offer offers[] = {{"send", send_datagram}};
  return offer_all(env, exports, offers, 1);
}
