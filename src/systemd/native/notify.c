/* notify — one datagram to a Unix socket, which Node cannot send: the protocol of sd_notify(3). */
#include <errno.h>
#include <node_api.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { longest_message = 4096 };

static napi_value refuse(napi_env env, int failed, const char *sentence) {
  char code[16], reason[200];
  snprintf(code, sizeof code, "E%d", failed);
  snprintf(reason, sizeof reason, "%s: %s", sentence, strerror(failed));
  napi_throw_error(env, code, reason);
  return NULL;
}

/* Text of a known size at most, which must fit whole: half an address is another address. */
static bool text_of(napi_env env, napi_value value, char *text, size_t size, size_t *length) {
  if (napi_get_value_string_utf8(env, value, NULL, 0, length) == napi_ok && *length > 0 && *length < size &&
      napi_get_value_string_utf8(env, value, text, size, length) == napi_ok) {
    return true;
  }
  napi_throw_type_error(env, NULL, "not a text, empty, or too long");
  return false;
}

/* send(address: string, message: string): address is a path, or `@` and an abstract name */
static napi_value send_datagram(napi_env env, napi_callback_info info) {
  napi_value argv[2];
  size_t count = 2, named = 0, length = 0;
  char message[longest_message];
  struct sockaddr_un to = {.sun_family = AF_UNIX};
  if (napi_get_cb_info(env, info, &count, argv, NULL, NULL) != napi_ok || count != 2) {
    napi_throw_type_error(env, NULL, "wrong number of arguments");
    return NULL;
  }
  if (!text_of(env, argv[0], to.sun_path, sizeof to.sun_path, &named)) return NULL;
  if (!text_of(env, argv[1], message, sizeof message, &length)) return NULL;
  if (to.sun_path[0] != '/' && to.sun_path[0] != '@') return refuse(env, EAFNOSUPPORT, "not the address of a Unix socket");
  /* An abstract name has no end mark: its length says where it ends. */
  if (to.sun_path[0] == '@') to.sun_path[0] = '\0';
  socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + named + (to.sun_path[0] == '/' ? 1 : 0));
  int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return refuse(env, errno, "no socket");
  ssize_t sent;
  do sent = sendto(fd, message, length, MSG_NOSIGNAL, (struct sockaddr *)&to, size);
  while (sent < 0 && errno == EINTR);
  int failed = sent < 0 ? errno : 0;
  close(fd);
  return failed == 0 ? NULL : refuse(env, failed, "nobody takes notice");
}

NAPI_MODULE_INIT() {
  napi_value function;
  if (napi_create_function(env, NULL, 0, send_datagram, NULL, &function) != napi_ok) return NULL;
  if (napi_set_named_property(env, exports, "send", function) != napi_ok) return NULL;
  return exports;
}
