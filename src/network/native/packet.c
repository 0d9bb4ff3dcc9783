#include "packet.h"

#include <netinet/in.h>
#include <string.h>

#include "netlink.h"

#define IP_HEADER_BYTES 20
#define TCP_HEADER_BYTES 20
#define UDP_HEADER_BYTES 8
#define MORE_FRAGMENTS_OR_OFFSET 0x3fff

static bool parse_tcp(const uint8_t *bytes, size_t length, struct record *record) {
  if (length < TCP_HEADER_BYTES) return false;
  size_t header = (size_t)(bytes[12] >> 4) * 4;
  if (header < TCP_HEADER_BYTES || header > record->payload) return false;
  record->sport = be16_at(bytes);
  record->dport = be16_at(bytes + 2);
  record->seq = be32_at(bytes + 4);
  record->ack = be32_at(bytes + 8);
  record->flags = bytes[13];
  record->payload -= (uint32_t)header;
  return true;
}

static bool parse_udp(const uint8_t *bytes, size_t length, struct record *record) {
  if (length < UDP_HEADER_BYTES || be16_at(bytes + 4) < UDP_HEADER_BYTES) return false;
  record->sport = be16_at(bytes);
  record->dport = be16_at(bytes + 2);
  record->payload = 0;
  return true;
}

bool packet_parse(const uint8_t *bytes, size_t length, struct record *record) {
  if (length < IP_HEADER_BYTES) return false;
  if (bytes[0] != 0x45) return false;
  uint32_t total = be16_at(bytes + 2);
  if (total < IP_HEADER_BYTES) return false;
  if ((be16_at(bytes + 6) & MORE_FRAGMENTS_OR_OFFSET) != 0) return false;
  record->protocol = bytes[9];
  record->src = be32_at(bytes + 12);
  record->dst = be32_at(bytes + 16);
  record->sport = record->dport = record->flags = record->seq = record->ack = 0;
  record->payload = total - IP_HEADER_BYTES;
  /* What the kernel copied may be longer than the packet says it is; only the shorter of both is the packet. */
  size_t inner = length - IP_HEADER_BYTES;
  if (inner > record->payload) inner = record->payload;
  if (record->protocol == IPPROTO_TCP) return parse_tcp(bytes + IP_HEADER_BYTES, inner, record);
  if (record->protocol == IPPROTO_UDP) return parse_udp(bytes + IP_HEADER_BYTES, inner, record);
  return true;
}
