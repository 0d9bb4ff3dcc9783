/* addon — what every part of the addon needs of Node-API, and the functions that it offers to native.ts. */
#ifndef DBX_ADDON_H
#define DBX_ADDON_H

#define NAPI_VERSION 9
#include <node_api.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Each of these throws a TypeError and returns false when JavaScript passed something else. */
bool arguments(napi_env env, napi_callback_info info, napi_value *argv, size_t count);
bool numbers(napi_env env, const napi_value *argv, uint32_t *words, size_t count);
bool words_of(napi_env env, napi_value array, void **data, size_t *bytes);
bool text_of(napi_env env, napi_value value, char *text, size_t size);

/* Throws an Error with code `E…` of a negative errno; returns NULL, for `return refuse(…)`. */
napi_value refuse(napi_env env, int failed, const char *sentence);
/* A new Uint32Array. */
napi_value array_of(napi_env env, const uint32_t *words, size_t count);
napi_value boolean_of(napi_env env, bool value);

napi_value queue_open(napi_env env, napi_callback_info info);
napi_value queue_counts(napi_env env, napi_callback_info info);
napi_value parse(napi_env env, napi_callback_info info);
napi_value close_handle(napi_env env, napi_callback_info info);
napi_value flows_dump(napi_env env, napi_callback_info info);
napi_value flow_delete(napi_env env, napi_callback_info info);
napi_value set_create(napi_env env, napi_callback_info info);
napi_value set_add(napi_env env, napi_callback_info info);
napi_value set_destroy(napi_env env, napi_callback_info info);
napi_value tcp_open(napi_env env, napi_callback_info info);
napi_value tcp_send(napi_env env, napi_callback_info info);
napi_value tcp_close(napi_env env, napi_callback_info info);
napi_value watch_open(napi_env env, napi_callback_info info);
napi_value table_shape(napi_env env, napi_callback_info info);

#endif
