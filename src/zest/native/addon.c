/* addon — the functions that relay.ts uses. */
#include <errno.h>

#include "account.h"
#include "handshake.h"
#include "poller.h"
#include "relay.h"
#include "sockets.h"

static void on_collected(napi_env env, void *data, void *hint) {
  (void)env;
  (void)hint;
  account_release(data);
}

/* accountOpen(unread, unsent, stalledMs) → account; bytes, bytes, ms */
static napi_value open_account(napi_env env, napi_callback_info info) {
  napi_value argv[3], handle = NULL;
  uint32_t words[3];
  if (!arguments(env, info, argv, 3) || !numbers(env, argv, words, 3)) return NULL;
  struct account *account = account_open(words[0], words[1], words[2]);
  if (account == NULL) return refuse(env, -ENOMEM, "no account");
  if (napi_create_external(env, account, on_collected, NULL, &handle) != napi_ok) account_release(account);
  return handle;
}

static struct account *account_of(napi_env env, napi_value handle) {
  void *data = NULL;
  if (napi_get_value_external(env, handle, &data) == napi_ok) return data;
  refuse(env, -EINVAL, "not an account");
  return NULL;
}

static napi_value change(napi_env env, napi_callback_info info, void (*by)(struct account *, int64_t)) {
  napi_value argv[2];
  uint32_t bytes;
  if (!arguments(env, info, argv, 2) || !numbers(env, argv + 1, &bytes, 1)) return NULL;
  struct account *account = account_of(env, argv[0]);
  if (account != NULL) by(account, bytes);
  return NULL;
}

/* accountTook(account, bytes): a whole message of so many was read */
static napi_value took(napi_env env, napi_callback_info info) { return change(env, info, account_took); }
/* accountGave(account, bytes): a message of so many was given */
static napi_value gave(napi_env env, napi_callback_info info) { return change(env, info, account_gave); }

/* accountIsFull(account) → boolean */
static napi_value is_full(napi_env env, napi_callback_info info) {
  napi_value argv[1];
  if (!arguments(env, info, argv, 1)) return NULL;
  struct account *account = account_of(env, argv[0]);
  return account == NULL ? NULL : boolean_of(env, account_is_full(account));
}

/*
 * handshakeBeyond(bytes: Uint8Array, step) → how many of them, read in pieces of `step`, come after the handshake; -1 when that
 * is too long. What is done with what comes, for tests.
 */
static napi_value beyond(napi_env env, napi_callback_info info) {
  napi_value argv[2], result = NULL;
  uint32_t step;
  void *data;
  size_t count;
  int64_t sum = 0;
  struct handshake handshake;
  if (!arguments(env, info, argv, 2) || !words_of(env, argv[0], &data, &count) || !numbers(env, argv + 1, &step, 1)) {
    return NULL;
  }
  if (step == 0) return refuse(env, -EINVAL, "not a step");
  handshake_begin(&handshake);
  for (size_t at = 0; at < count && sum >= 0; at += step) {
    ssize_t more = handshake_beyond(&handshake, (const uint8_t *)data + at, count - at < step ? count - at : step);
    sum = more < 0 ? -1 : sum + more;
  }
  napi_create_int64(env, sum, &result);
  return result;
}

NAPI_MODULE_INIT() {
  static const struct offer offers[] = {
      {"entranceOpen", entrance_open}, {"entrancePort", entrance_port}, {"socketReset", socket_reset},
      {"relayOpen", relay_open},       {"relayJoin", relay_join},       {"relayCut", relay_cut},
      {"accountOpen", open_account},   {"accountTook", took},           {"accountGave", gave},
      {"accountIsFull", is_full},      {"handshakeBeyond", beyond},     {"close", close_handle},
  };
  return offer_all(env, exports, offers, sizeof offers / sizeof *offers);
}
