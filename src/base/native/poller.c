#include "poller.h"

#include <errno.h>
#include <unistd.h>

#include "arguments.h"

static void let_go(struct poller *poller) {
  if (--poller->holders == 0) poller->release(poller);
}

static void on_closed(uv_handle_t *handle) {
  struct poller *poller = handle->data;
  close(poller->fd);
  napi_remove_async_cleanup_hook(poller->hook);
  let_go(poller);
}

void poller_stop(struct poller *poller) {
  if (poller->closed) return;
  poller->closed = true;
  if (poller->halt != NULL) poller->halt(poller);
  uv_poll_stop(&poller->poll);
  napi_delete_reference(poller->env, poller->callback);
  if (poller->kept != NULL) napi_delete_reference(poller->env, poller->kept);
  napi_async_destroy(poller->env, poller->async);
  uv_close((uv_handle_t *)&poller->poll, on_closed);
}

/* A worker thread that is terminated must leave no handle in its loop, or Node aborts. */
static void on_thread_end(napi_async_cleanup_hook_handle hook, void *data) {
  (void)hook;
  poller_stop(data);
}

static void on_handle_collected(napi_env env, void *data, void *hint) {
  (void)env;
  (void)hint;
  let_go(data);
}

static void on_readable(uv_poll_t *handle, int status, int events) {
  (void)status; /* an error on the socket is met by the read, too */
  (void)events;
  struct poller *poller = handle->data;
  napi_handle_scope scope;
  if (poller->closed || napi_open_handle_scope(poller->env, &scope) != napi_ok) return;
  poller->ready(poller);
  napi_close_handle_scope(poller->env, scope);
}

static bool prepare(napi_env env, struct poller *poller, napi_value callback) {
  uv_loop_t *loop = NULL;
  napi_value name;
  return napi_get_uv_event_loop(env, &loop) == napi_ok && uv_poll_init(loop, &poller->poll, poller->fd) == 0 &&
         napi_create_string_utf8(env, "databox:poller", NAPI_AUTO_LENGTH, &name) == napi_ok &&
         napi_create_reference(env, callback, 1, &poller->callback) == napi_ok &&
         napi_async_init(env, NULL, name, &poller->async) == napi_ok &&
         napi_add_async_cleanup_hook(env, on_thread_end, poller, &poller->hook) == napi_ok;
}

napi_value poller_start(napi_env env, struct poller *poller, napi_value callback) {
  poller->env = env;
  poller->holders = 2;
  /* Only a thread that is out of memory fails here; its handles go with the process. */
  if (!prepare(env, poller, callback)) {
    napi_throw_error(env, NULL, "the event loop does not take the socket");
    return NULL;
  }
  poller->poll.data = poller;
  napi_value handle = NULL;
  if (uv_poll_start(&poller->poll, UV_READABLE, on_readable) != 0 ||
      napi_create_external(env, poller, on_handle_collected, NULL, &handle) != napi_ok) {
    poller->holders = 1;
    poller_stop(poller);
    napi_throw_error(env, NULL, "the event loop does not watch the socket");
    return NULL;
  }
  return handle;
}

struct poller *poller_of(napi_env env, napi_value handle) {
  void *data = NULL;
  return napi_get_value_external(env, handle, &data) == napi_ok ? data : NULL;
}

bool poller_call(struct poller *poller, size_t argc, const napi_value *argv, napi_value *thrown) {
  napi_env env = poller->env;
  napi_value receiver, callback, result;
  *thrown = NULL;
  if (napi_get_global(env, &receiver) != napi_ok) return false;
  if (napi_get_reference_value(env, poller->callback, &callback) != napi_ok) return false;
  napi_status status = napi_make_callback(env, poller->async, receiver, callback, argc, argv, &result);
  if (status == napi_pending_exception) napi_get_and_clear_last_exception(env, thrown);
  return status == napi_ok;
}

/* close(handle): of whatever a poller heads */
napi_value close_handle(napi_env env, napi_callback_info info) {
  napi_value argv[1];
  if (!arguments(env, info, argv, 1)) return NULL;
  struct poller *poller = poller_of(env, argv[0]);
  if (poller == NULL) return refuse(env, -EINVAL, "not a handle");
  poller_stop(poller);
  return NULL;
}
