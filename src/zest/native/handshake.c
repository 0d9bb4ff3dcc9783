#include "handshake.h"

enum {
  greeting = 64, /* version and mechanism */
  commands = 2,  /* HELLO and INITIATE; what comes after them are messages */
  is_long = 2,   /* of a command's flags: its length has eight bytes */
  longest = 4096 /* those of the libraries have about 600 */
};

void handshake_begin(struct handshake *handshake) {
  *handshake = (struct handshake){.skip = greeting, .spent = greeting, .commands = commands};
}

ssize_t handshake_beyond(struct handshake *handshake, const uint8_t *bytes, size_t count) {
  size_t at = 0;
  while (handshake->skip > 0 || handshake->lengths > 0 || handshake->commands > 0) {
    if (at == count) return 0;
    if (handshake->skip > 0) {
      size_t step = count - at < handshake->skip ? count - at : (size_t)handshake->skip;
      handshake->skip -= step;
      at += step;
    } else if (handshake->lengths > 0) {
      handshake->size = handshake->size << 8 | bytes[at++];
      if (--handshake->lengths > 0) continue;
      if (handshake->size > longest || handshake->spent + handshake->size > longest) return -1;
      handshake->skip = handshake->size;
      handshake->spent += (uint32_t)handshake->size;
    } else {
      handshake->commands--;
      handshake->lengths = (bytes[at++] & is_long) != 0 ? 8 : 1;
      handshake->spent += 1u + handshake->lengths;
      handshake->size = 0;
    }
  }
  return (ssize_t)(count - at);
}
