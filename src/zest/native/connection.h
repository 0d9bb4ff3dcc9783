/*
 * connection — carries bytes between a caller and the socket that is its own, as fast as either side takes them. What one does
 * not take is kept, 64 KiB at most for each side, and nothing more is read for it.
 */
#ifndef DBX_CONNECTION_H
#define DBX_CONNECTION_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "account.h"
#include "handshake.h"

/* How it ended; relay.ts has the same order. */
enum outcome {
  running,
  ended,   /* by itself */
  refused, /* it is no ZeroMQ, or there is no room for it */
  unread,  /* too much came that is no message yet */
  unsent,  /* the caller did not take what there is for it, while all that may wait waited */
  was_cut  /* by JavaScript, which knows */
};

struct connection;
struct end {
  struct connection *connection;
  int fd;
  uint32_t watched; /* what epoll looks for */
  uint8_t *due;     /* what it has not taken yet */
  size_t due_from, due_to;
  bool said_all; /* nothing more comes from it */
};

struct connection {
  atomic_int holders; /* JavaScript and the relay */
  uint32_t id;
  enum outcome outcome;
  struct end outer, inner;
  struct handshake handshake;
  struct account *account;
  int epoll;
  int64_t taken_at; /* when one that is kept waiting began to be, or took something last; ms */
  struct connection *next, *before;
};

/* What comes lands here, to be handed on at once. */
struct landing {
  uint8_t bytes[64 * 1024];
};

/* Takes over both sockets. NULL without memory, and then does not. */
struct connection *connection_open(uint32_t id, int outer, int inner, struct account *account);
void connection_release(struct connection *connection);
/* Begins to read. */
void connection_watch(struct connection *connection, int epoll);
/* Does what epoll says that this end is ready for. The outcome is set when that was the last. */
void connection_serve(struct end *end, uint32_t events, struct landing *landing);
/* Closes both ends, the caller's with a reset unless it ended by itself. A second call does nothing. */
void connection_finish(struct connection *connection, enum outcome outcome);
/* Whether its caller does not take what there is for it. */
bool connection_is_blocked(const struct connection *connection);

#endif
