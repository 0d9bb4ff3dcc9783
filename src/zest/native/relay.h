/* relay — the thread that carries the bytes of a gate's connections. It begins with the first, and ends with the gate. */
#ifndef DBX_RELAY_H
#define DBX_RELAY_H

#include "arguments.h"

napi_value relay_open(napi_env env, napi_callback_info info);
napi_value relay_join(napi_env env, napi_callback_info info);
napi_value relay_cut(napi_env env, napi_callback_info info);

#endif
