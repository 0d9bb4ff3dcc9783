/* handshake — where a client's part of ZeroMQ's handshake ends (ZMTP 3 with CURVE). Pure. */
#ifndef DBX_HANDSHAKE_H
#define DBX_HANDSHAKE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct handshake {
  uint64_t skip;    /* bytes of the greeting or of a command that are still to come */
  uint64_t size;    /* of the command that has begun, as far as it is read */
  uint32_t spent;   /* bytes of the handshake that are known */
  uint8_t lengths;  /* bytes of that size that are still to come */
  uint8_t commands; /* that are still to come */
};

void handshake_begin(struct handshake *handshake);
/*
 * To be called with each piece in turn. How many of its bytes come after the handshake; -1 when that is too long.
 */
ssize_t handshake_beyond(struct handshake *handshake, const uint8_t *bytes, size_t count);

#endif
