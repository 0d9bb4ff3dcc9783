/* addon — the functions that the addon offers to native.ts. */
#ifndef DBX_ADDON_H
#define DBX_ADDON_H

#include "arguments.h"

napi_value queue_open(napi_env env, napi_callback_info info);
napi_value queue_counts(napi_env env, napi_callback_info info);
napi_value parse(napi_env env, napi_callback_info info);
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
