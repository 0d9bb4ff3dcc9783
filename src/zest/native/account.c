#include "account.h"

#include <stdlib.h>
#include <time.h>

/* For so long nothing moved, and nobody keeps anything from moving: what is still counted went with a connection. */
enum { still_ms = 1000 };

int64_t now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

struct account *account_open(int64_t most_unread, int64_t most_unsent, int64_t stalled_ms) {
  struct account *account = calloc(1, sizeof *account);
  if (account == NULL) return NULL;
  account->most_unread = most_unread;
  account->most_unsent = most_unsent;
  account->stalled_ms = stalled_ms;
  atomic_init(&account->moved_at, now_ms());
  atomic_init(&account->holders, 1);
  return account;
}

void account_release(struct account *account) {
  if (atomic_fetch_sub(&account->holders, 1) == 1) free(account);
}

void account_join(struct account *account) {
  atomic_fetch_add(&account->holders, 1);
  atomic_fetch_add(&account->connections, 1);
}

void account_leave(struct account *account) {
  if (atomic_fetch_sub(&account->connections, 1) == 1) {
    atomic_store(&account->unread, 0);
    atomic_store(&account->unsent, 0);
  }
  account_release(account);
}

/* Never below nothing: a handshake's answers go without having been given. */
static void take_off(atomic_llong *count, int64_t bytes) {
  long long held = atomic_load(count);
  while (!atomic_compare_exchange_weak(count, &held, held > bytes ? held - bytes : 0)) continue;
}

bool account_came(struct account *account, int64_t bytes) {
  return atomic_fetch_add(&account->unread, bytes) + bytes > account->most_unread;
}

void account_took(struct account *account, int64_t bytes) { take_off(&account->unread, bytes); }

void account_gave(struct account *account, int64_t bytes) {
  atomic_fetch_add(&account->unsent, bytes);
  atomic_store(&account->moved_at, now_ms());
}

void account_went(struct account *account, int64_t bytes) {
  take_off(&account->unsent, bytes);
  atomic_store(&account->moved_at, now_ms());
}

bool account_is_full(struct account *account) {
  bool is_still = now_ms() - atomic_load(&account->moved_at) > still_ms;
  if (is_still && atomic_load(&account->blocked) == 0) atomic_store(&account->unsent, 0);
  return atomic_load(&account->unsent) > account->most_unsent;
}
