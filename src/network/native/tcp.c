/* tcp — single TCP segments without a connection: resets, and the segment that makes a silent end speak. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "addon.h"

struct segment {
  uint32_t src, sport, dst, dport, seq, ack, flags;
};
struct packet {
  struct iphdr ip;
  struct tcphdr tcp;
};
struct pseudo {
  uint32_t src, dst;
  uint8_t zero, protocol;
  uint16_t length;
  struct tcphdr tcp;
};

static uint16_t checksum(const void *bytes, size_t length) {
  uint32_t sum = 0;
  for (size_t i = 0; i + 1 < length; i += 2) {
    uint16_t word;
    memcpy(&word, (const uint8_t *)bytes + i, sizeof word);
    sum += word;
  }
  while (sum >> 16) sum = (sum & 0xffff) + (sum >> 16);
  return (uint16_t)~sum;
}

static struct packet packet_of(const struct segment *segment) {
  struct packet packet;
  memset(&packet, 0, sizeof packet);
  packet.ip.version = 4;
  packet.ip.ihl = 5;
  packet.ip.ttl = 64;
  packet.ip.protocol = IPPROTO_TCP;
  packet.ip.saddr = htonl(segment->src);
  packet.ip.daddr = htonl(segment->dst); /* the kernel fills in length, id and header checksum */
  packet.tcp.source = htons((uint16_t)segment->sport);
  packet.tcp.dest = htons((uint16_t)segment->dport);
  packet.tcp.seq = htonl(segment->seq);
  packet.tcp.ack_seq = htonl(segment->ack);
  packet.tcp.doff = 5;
  packet.tcp.th_flags = (uint8_t)segment->flags;
  struct pseudo pseudo = {.src = packet.ip.saddr,
                          .dst = packet.ip.daddr,
                          .protocol = IPPROTO_TCP,
                          .length = htons(sizeof packet.tcp),
                          .tcp = packet.tcp};
  packet.tcp.check = checksum(&pseudo, sizeof pseudo);
  return packet;
}

/* tcpOpen(mark) → socket; what it sends carries this mark, by which the rules know it */
napi_value tcp_open(napi_env env, napi_callback_info info) {
  napi_value argv[1], result = NULL;
  uint32_t mark;
  if (!arguments(env, info, argv, 1) || !numbers(env, argv, &mark, 1)) return NULL;
  int fd = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_RAW);
  if (fd < 0) return refuse(env, -errno, "no raw socket");
  if (setsockopt(fd, SOL_SOCKET, SO_MARK, &mark, sizeof mark) < 0) {
    int failed = -errno;
    close(fd);
    return refuse(env, failed, "the raw socket takes no mark");
  }
  napi_create_int32(env, fd, &result);
  return result;
}

/* tcpSend(socket, segment: Uint32Array of src, sport, dst, dport, seq, ack, flags) → whether the kernel took it */
napi_value tcp_send(napi_env env, napi_callback_info info) {
  napi_value argv[2];
  uint32_t fd;
  void *data;
  size_t size;
  if (!arguments(env, info, argv, 2) || !numbers(env, argv, &fd, 1)) return NULL;
  if (!words_of(env, argv[1], &data, &size)) return NULL;
  if (size != sizeof(struct segment)) return refuse(env, -EINVAL, "not a segment");
  struct packet packet = packet_of(data);
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = packet.ip.daddr};
  ssize_t sent = sendto((int)fd, &packet, sizeof packet, MSG_DONTWAIT, (struct sockaddr *)&to, sizeof to);
  return boolean_of(env, sent == (ssize_t)sizeof packet);
}

/* tcpClose(socket) */
napi_value tcp_close(napi_env env, napi_callback_info info) {
  napi_value argv[1];
  uint32_t fd;
  if (!arguments(env, info, argv, 1) || !numbers(env, argv, &fd, 1)) return NULL;
  close((int)fd);
  return NULL;
}
