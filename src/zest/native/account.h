/*
 * account — bytes of one caller that lie in ZeroMQ: what came and is no message yet, what was given and is not sent.
 * JavaScript's thread and the relay's count at once, without waiting for one another.
 */
#ifndef DBX_ACCOUNT_H
#define DBX_ACCOUNT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct account {
  atomic_int holders; /* JavaScript, and each connection */
  atomic_llong unread, unsent;
  atomic_llong moved_at; /* when something was given or went last; ms */
  atomic_int connections;
  atomic_int blocked; /* connections whose caller does not take what there is for it */
  int64_t most_unread, most_unsent, stalled_ms;
};

/* Bytes of each over all connections. NULL without memory. */
struct account *account_open(int64_t most_unread, int64_t most_unsent, int64_t stalled_ms);
void account_release(struct account *account);

/* A connection begins, or has ended. Without any, nothing is counted. */
void account_join(struct account *account);
void account_leave(struct account *account);

/* True when more came than a message may have. */
bool account_came(struct account *account, int64_t bytes);
void account_took(struct account *account, int64_t bytes);
void account_gave(struct account *account, int64_t bytes);
void account_went(struct account *account, int64_t bytes);
/* No more is to be given. */
bool account_is_full(struct account *account);

/* Of a clock that only moves on. */
int64_t now_ms(void);

#endif
