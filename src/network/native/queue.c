/* queue — NFQUEUE: packets in batches to JavaScript, one verdict each back to the kernel, many in one send. */
#include <errno.h>
#include <netinet/in.h> /* before the kernel headers, which then leave its names alone */
#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink_queue.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "addon.h"
#include "netlink.h"
#include "packet.h"
#include "poller.h"

#define BATCH 64
#define MESSAGE_BYTES 1024 /* attributes of a packet and its head: below 400 */
#define BATCHES_PER_TURN 4 /* then the resolver, which shares the thread, has its turn */
#define SOCKET_BYTES (8 * 1024 * 1024)

struct queue {
  struct poller poller; /* first: the poller's place is the queue's */
  uint16_t number;
  uint32_t mark;
  uint32_t mask;
  struct record *records; /* BATCH of them, in memory that JavaScript reads and writes */
  uint32_t overruns;
  uint32_t malformed;
  struct message verdicts;
};

static void put_verdict(struct queue *queue, const struct record *record) {
  struct message *out = &queue->verdicts;
  bool accept = record->verdict == NF_ACCEPT;
  struct nfqnl_msg_verdict_hdr verdict = {.verdict = htonl(accept ? NF_ACCEPT : NF_DROP), .id = htonl(record->id)};
  message_begin(out, (NFNL_SUBSYS_QUEUE << 8) | NFQNL_MSG_VERDICT, 0, AF_UNSPEC, queue->number);
  message_put(out, NFQA_VERDICT_HDR, &verdict, sizeof verdict);
  if (accept) message_put_be32(out, NFQA_MARK, (record->mark & ~queue->mask) | queue->mark);
  message_end(out);
}

/* Fills the record of one packet. False: there is no packet in the message. */
static bool read_packet(struct queue *queue, const struct nlmsghdr *header, struct record *record) {
  if (header->nlmsg_type != ((NFNL_SUBSYS_QUEUE << 8) | NFQNL_MSG_PACKET)) return false;
  if (header->nlmsg_len < NLMSG_LENGTH(sizeof(struct nfgenmsg))) return false;
  memset(record, 0, sizeof *record);
  bool found = false, readable = false;
  const uint8_t *end = (const uint8_t *)header + header->nlmsg_len;
  const uint8_t *next = (const uint8_t *)header + NLMSG_LENGTH(sizeof(struct nfgenmsg));
  struct attribute attribute;
  while ((next = attribute_next(next, end, &attribute)) != NULL) {
    if (attribute.type == NFQA_PACKET_HDR && attribute.length >= sizeof(struct nfqnl_msg_packet_hdr)) {
      record->id = be32_at(attribute.value);
      found = true;
    } else if (attribute.type == NFQA_MARK && attribute.length == 4) {
      record->mark = be32_at(attribute.value);
    } else if (attribute.type == NFQA_IFINDEX_INDEV && attribute.length == 4) {
      record->interface = be32_at(attribute.value);
    } else if (attribute.type == NFQA_PAYLOAD) {
      readable = packet_parse(attribute.value, attribute.length, record);
    }
  }
  if (!found) return false;
  if (!readable) {
    queue->malformed++;
    put_verdict(queue, record); /* its verdict is 0: drop */
  }
  return readable;
}

/* One batch into the records. Returns its size, or -1 when the socket is empty. */
static int receive_batch(struct queue *queue) {
  static _Thread_local _Alignas(struct nlmsghdr) uint8_t buffers[BATCH][MESSAGE_BYTES];
  struct mmsghdr messages[BATCH];
  struct iovec places[BATCH];
  memset(messages, 0, sizeof messages);
  for (unsigned i = 0; i < BATCH; i++) {
    places[i] = (struct iovec){.iov_base = buffers[i], .iov_len = MESSAGE_BYTES};
    messages[i].msg_hdr.msg_iov = &places[i];
    messages[i].msg_hdr.msg_iovlen = 1;
  }
  int got = recvmmsg(queue->poller.fd, messages, BATCH, MSG_DONTWAIT, NULL);
  if (got < 0) {
    if (errno != ENOBUFS) return -1;
    queue->overruns++; /* the kernel dropped packets for us: closed, and counted */
    return 0;
  }
  int count = 0;
  for (int i = 0; i < got; i++) {
    const struct nlmsghdr *header = (const void *)buffers[i];
    if (NLMSG_OK(header, messages[i].msg_len) && read_packet(queue, header, &queue->records[count])) count++;
  }
  return count;
}

static void on_ready(struct poller *poller) {
  struct queue *queue = (struct queue *)(void *)poller;
  for (int turn = 0; turn < BATCHES_PER_TURN && !poller->closed; turn++) {
    queue->verdicts.length = 0;
    queue->verdicts.full = false;
    int count = receive_batch(queue);
    if (count < 0) return;
    napi_value argument, thrown = NULL;
    bool judged = true;
    if (count > 0) {
      judged = napi_create_int32(poller->env, count, &argument) == napi_ok && poller_call(poller, 1, &argument, &thrown);
    }
    for (int i = 0; i < count; i++) {
      if (!judged) queue->records[i].verdict = NF_DROP;
      put_verdict(queue, &queue->records[i]);
    }
    if (queue->verdicts.length > 0) (void)message_send(poller->fd, &queue->verdicts);
    if (thrown != NULL) napi_fatal_exception(poller->env, thrown);
  }
}

static int command(int fd, uint16_t number, uint8_t what) {
  struct message message = {0};
  struct nfqnl_msg_config_cmd bind = {.command = what, .pf = htons(AF_INET)};
  message_begin(&message, (NFNL_SUBSYS_QUEUE << 8) | NFQNL_MSG_CONFIG, NLM_F_ACK, AF_UNSPEC, number);
  message_put(&message, NFQA_CFG_CMD, &bind, sizeof bind);
  message_end(&message);
  return message_talk(fd, &message, 1);
}

static int configure(int fd, uint16_t number, uint32_t length) {
  int failed = command(fd, number, NFQNL_CFG_CMD_BIND);
  if (failed != 0) return failed;
  struct message message = {0};
  struct nfqnl_msg_config_params params = {.copy_range = htonl(PACKET_HEAD_BYTES), .copy_mode = NFQNL_COPY_PACKET};
  message_begin(&message, (NFNL_SUBSYS_QUEUE << 8) | NFQNL_MSG_CONFIG, NLM_F_ACK, AF_UNSPEC, number);
  message_put(&message, NFQA_CFG_PARAMS, &params, sizeof params);
  message_put_be32(&message, NFQA_CFG_QUEUE_MAXLEN, length);
  /* Offloaded segments come whole. FAIL_OPEN is named in the mask and not in the flags: it is off, and stays off. */
  message_put_be32(&message, NFQA_CFG_FLAGS, NFQA_CFG_F_GSO);
  message_put_be32(&message, NFQA_CFG_MASK, NFQA_CFG_F_GSO | NFQA_CFG_F_FAIL_OPEN);
  message_end(&message);
  return message_talk(fd, &message, 1);
}

static void release(struct poller *poller) { free(poller); }

/* queueOpen(number, length, mark, mask, records: Uint32Array, onBatch: (count) => void) → handle */
napi_value queue_open(napi_env env, napi_callback_info info) {
  napi_value argv[6];
  uint32_t words[4];
  void *records;
  size_t bytes;
  if (!arguments(env, info, argv, 6) || !numbers(env, argv, words, 4)) return NULL;
  if (!words_of(env, argv[4], &records, &bytes) || bytes < BATCH * sizeof(struct record)) {
    return refuse(env, -EINVAL, "records are too small");
  }
  int fd = netlink_open(SOCKET_BYTES);
  if (fd < 0) return refuse(env, fd, "no netlink socket");
  int failed = configure(fd, (uint16_t)words[0], words[1]);
  struct queue *queue = failed == 0 ? calloc(1, sizeof *queue) : NULL;
  if (queue == NULL) {
    close(fd);
    return refuse(env, failed != 0 ? failed : -ENOMEM, "the packet queue is not free");
  }
  queue->number = (uint16_t)words[0];
  queue->mark = words[2];
  queue->mask = words[3];
  queue->records = records;
  queue->poller.fd = fd;
  queue->poller.ready = on_ready;
  queue->poller.release = release;
  napi_create_reference(env, argv[4], 1, &queue->poller.kept);
  return poller_start(env, &queue->poller, argv[5]);
}

/* queueCounts(handle) → [overruns, malformed] */
napi_value queue_counts(napi_env env, napi_callback_info info) {
  napi_value argv[1];
  if (!arguments(env, info, argv, 1)) return NULL;
  const struct queue *queue = (const struct queue *)(const void *)poller_of(env, argv[0]);
  if (queue == NULL) return refuse(env, -EINVAL, "not a queue");
  const uint32_t words[] = {queue->overruns, queue->malformed};
  return array_of(env, words, 2);
}
