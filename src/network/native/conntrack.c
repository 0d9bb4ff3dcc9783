/* conntrack — tracked connections that carry our mark: list and delete. */
#include <errno.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "addon.h"
#include "netlink.h"

struct tuple {
  uint32_t src, dst, sport, dport, protocol;
};
/* One flow as JavaScript sees it: 11 words, addresses and ports in host order. native.ts names the same places. */
struct flow {
  uint32_t id;
  uint32_t mark;
  uint32_t protocol;
  uint32_t src, dst, sport, dport;                         /* as the opener sent it */
  uint32_t reply_src, reply_dst, reply_sport, reply_dport; /* as the answers come: after translation */
};
struct flows {
  struct flow *list;
  size_t count, room;
  bool failed;
};

static void read_tuple(const uint8_t *bytes, const uint8_t *end, struct tuple *tuple) {
  struct attribute a;
  while ((bytes = attribute_next(bytes, end, &a)) != NULL) {
    const uint8_t *inner = a.value, *inner_end = a.value + a.length;
    struct attribute b;
    while ((inner = attribute_next(inner, inner_end, &b)) != NULL) {
      if (a.type == CTA_TUPLE_IP && b.type == CTA_IP_V4_SRC && b.length == 4) tuple->src = be32_at(b.value);
      if (a.type == CTA_TUPLE_IP && b.type == CTA_IP_V4_DST && b.length == 4) tuple->dst = be32_at(b.value);
      if (a.type == CTA_TUPLE_PROTO && b.type == CTA_PROTO_NUM && b.length == 1) tuple->protocol = *b.value;
      if (a.type == CTA_TUPLE_PROTO && b.type == CTA_PROTO_SRC_PORT && b.length == 2) tuple->sport = be16_at(b.value);
      if (a.type == CTA_TUPLE_PROTO && b.type == CTA_PROTO_DST_PORT && b.length == 2) tuple->dport = be16_at(b.value);
    }
  }
}

static void visit(const uint8_t *bytes, size_t length, void *context) {
  struct flows *flows = context;
  struct tuple original = {0}, reply = {0};
  struct flow flow = {0};
  const uint8_t *end = bytes + length;
  struct attribute a;
  while ((bytes = attribute_next(bytes, end, &a)) != NULL) {
    if (a.type == CTA_TUPLE_ORIG) read_tuple(a.value, a.value + a.length, &original);
    if (a.type == CTA_TUPLE_REPLY) read_tuple(a.value, a.value + a.length, &reply);
    if (a.type == CTA_MARK && a.length == 4) flow.mark = be32_at(a.value);
    if (a.type == CTA_ID && a.length == 4) flow.id = be32_at(a.value);
  }
  if (flows->count == flows->room) {
    size_t room = flows->room == 0 ? 64 : flows->room * 2;
    struct flow *more = realloc(flows->list, room * sizeof *more);
    if (more == NULL) {
      flows->failed = true;
      return;
    }
    flows->list = more;
    flows->room = room;
  }
  flow.protocol = original.protocol;
  flow.src = original.src;
  flow.dst = original.dst;
  flow.sport = original.sport;
  flow.dport = original.dport;
  flow.reply_src = reply.src;
  flow.reply_dst = reply.dst;
  flow.reply_sport = reply.sport;
  flow.reply_dport = reply.dport;
  flows->list[flows->count++] = flow;
}

/* flowsDump(mark, mask) → Uint32Array of 11 words per flow whose mark is `mark` under `mask` */
napi_value flows_dump(napi_env env, napi_callback_info info) {
  napi_value argv[2];
  uint32_t words[2];
  if (!arguments(env, info, argv, 2) || !numbers(env, argv, words, 2)) return NULL;
  int fd = netlink_open(1 << 20);
  if (fd < 0) return refuse(env, fd, "no netlink socket");
  struct message message = {0};
  message_begin(&message, (NFNL_SUBSYS_CTNETLINK << 8) | IPCTNL_MSG_CT_GET, NLM_F_DUMP, AF_INET, 0);
  message_put_be32(&message, CTA_MARK, words[0]);
  message_put_be32(&message, CTA_MARK_MASK, words[1]);
  message_end(&message);
  struct flows flows = {0};
  int failed = message_dump(fd, &message, visit, &flows);
  close(fd);
  napi_value result = NULL;
  if (failed == 0 && flows.failed) failed = -ENOMEM;
  if (failed != 0) refuse(env, failed, "tracked connections cannot be listed");
  else result = array_of(env, (const uint32_t *)flows.list, flows.count * (sizeof(struct flow) / 4));
  free(flows.list);
  return result;
}

static void put_original(struct message *message, const struct flow *flow) {
  size_t tuple = message_begin_nest(message, CTA_TUPLE_ORIG);
  size_t ip = message_begin_nest(message, CTA_TUPLE_IP);
  message_put_be32(message, CTA_IP_V4_SRC, flow->src);
  message_put_be32(message, CTA_IP_V4_DST, flow->dst);
  message_end_nest(message, ip);
  size_t protocol = message_begin_nest(message, CTA_TUPLE_PROTO);
  message_put_u8(message, CTA_PROTO_NUM, (uint8_t)flow->protocol);
  message_put_be16(message, CTA_PROTO_SRC_PORT, (uint16_t)flow->sport);
  message_put_be16(message, CTA_PROTO_DST_PORT, (uint16_t)flow->dport);
  message_end_nest(message, protocol);
  message_end_nest(message, tuple);
}

/* flowDelete(flow: Uint32Array of 11 words) → false when it was gone already */
napi_value flow_delete(napi_env env, napi_callback_info info) {
  napi_value argv[1];
  void *data;
  size_t size;
  if (!arguments(env, info, argv, 1) || !words_of(env, argv[0], &data, &size)) return NULL;
  if (size != sizeof(struct flow)) return refuse(env, -EINVAL, "not a flow");
  const struct flow *flow = data;
  int fd = netlink_open(0);
  if (fd < 0) return refuse(env, fd, "no netlink socket");
  struct message message = {0};
  message_begin(&message, (NFNL_SUBSYS_CTNETLINK << 8) | IPCTNL_MSG_CT_DELETE, NLM_F_ACK, AF_INET, 0);
  put_original(&message, flow);
  message_put_be32(&message, CTA_ID, flow->id); /* not a newer connection of the same addresses and ports */
  message_end(&message);
  int failed = message_talk(fd, &message, 1);
  close(fd);
  if (failed != 0 && failed != -ENOENT) return refuse(env, failed, "a tracked connection cannot be deleted");
  return boolean_of(env, failed == 0);
}
