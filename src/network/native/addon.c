#include "addon.h"

#include <errno.h>

#include "packet.h"
#include "poller.h"

/* parse(bytes: Uint8Array, record: Uint32Array) → readable; what the queue does with a packet, for tests */
napi_value parse(napi_env env, napi_callback_info info) {
  napi_value argv[2];
  void *bytes, *words;
  size_t length, size;
  if (!arguments(env, info, argv, 2) || !words_of(env, argv[0], &bytes, &length)) return NULL;
  if (!words_of(env, argv[1], &words, &size)) return NULL;
  if (size < sizeof(struct record)) return refuse(env, -EINVAL, "the record is too small");
  return boolean_of(env, packet_parse(bytes, length, words));
}

NAPI_MODULE_INIT() {
  static const struct offer offers[] = {
      {"queueOpen", queue_open},    {"queueCounts", queue_counts}, {"parse", parse},
      {"close", close_handle},      {"flowsDump", flows_dump},     {"flowDelete", flow_delete},
      {"setCreate", set_create},    {"setAdd", set_add},           {"setDestroy", set_destroy},
      {"tcpOpen", tcp_open},        {"tcpSend", tcp_send},         {"tcpClose", tcp_close},
      {"watchOpen", watch_open},    {"tableShape", table_shape},
  };
  return offer_all(env, exports, offers, sizeof offers / sizeof *offers);
}
