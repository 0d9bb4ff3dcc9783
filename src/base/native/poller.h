/* poller — calls into JavaScript when a socket is readable, from the event loop of the thread that opened it. */
#ifndef DBX_POLLER_H
#define DBX_POLLER_H

#define NAPI_VERSION 9
#include <node_api.h>
#include <stdbool.h>
#include <uv.h>

struct poller {
  uv_poll_t poll;
  napi_env env;
  napi_ref callback;
  napi_ref kept; /* what else must not be collected while the socket is watched; may be NULL */
  napi_async_context async;
  napi_async_cleanup_hook_handle hook;
  int fd;
  bool closed;
  /* One for the JavaScript handle, one for the event loop: memory goes with the second. */
  int holders;
  void (*ready)(struct poller *poller);
  void (*halt)(struct poller *poller); /* ends what works beside the event loop; may be NULL */
  void (*release)(struct poller *poller);
};

/*
 * Watches `fd` and hands the poller (which heads a bigger struct) to JavaScript as an external value. Takes over `fd`
 * and the memory, also when it fails: then it throws and returns NULL. `release` frees the memory.
 */
napi_value poller_start(napi_env env, struct poller *poller, napi_value callback);
/* The poller behind a JavaScript handle. */
struct poller *poller_of(napi_env env, napi_value handle);
/* Stops and closes the socket; a second call does nothing. */
void poller_stop(struct poller *poller);
/*
 * Calls JavaScript. An exception there is a defect: it ends the process, once the caller has
 * settled what it began and passes `thrown` on. True if it returned.
 */
bool poller_call(struct poller *poller, size_t argc, const napi_value *argv, napi_value *thrown);

napi_value close_handle(napi_env env, napi_callback_info info);

#endif
