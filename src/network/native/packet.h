/* packet — reads the head of an IPv4 packet. Pure: no I/O, no allocation, never past the given length. */
#ifndef DBX_PACKET_H
#define DBX_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One queued packet, as JavaScript sees it: 16 words, addresses and ports in host order. native.ts names the same places. */
struct record {
  uint32_t id;
  uint32_t mark;
  uint32_t interface; /* index of the one it came in by */
  uint32_t src;
  uint32_t dst;
  uint32_t protocol; /* IPPROTO_… */
  uint32_t sport;    /* ports are 0 for protocols without */
  uint32_t dport;
  uint32_t flags; /* of TCP, 0 otherwise */
  uint32_t seq;
  uint32_t ack;
  uint32_t payload; /* bytes behind the TCP header */
  uint32_t verdict; /* JavaScript writes NF_ACCEPT (1); anything else, and nothing, drops */
  uint32_t reserved[3];
};

/* How much of a packet we ask the kernel for: the longest IPv4 and TCP headers. */
#define PACKET_HEAD_BYTES 120

/*
 * Fills the fields from `src` to `payload`. False for what must not be judged: not IPv4, cut or lying lengths, IP
 * options (source routing), fragments (the kernel reassembles before us, so a fragment here is an oddity).
 */
bool packet_parse(const uint8_t *bytes, size_t length, struct record *record);

#endif
