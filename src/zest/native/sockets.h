/* sockets — the listening ones, by which callers come in, and what is done with a socket before it is carried on. */
#ifndef DBX_SOCKETS_H
#define DBX_SOCKETS_H

#include "arguments.h"

napi_value entrance_open(napi_env env, napi_callback_info info);
napi_value entrance_port(napi_env env, napi_callback_info info);
napi_value socket_reset(napi_env env, napi_callback_info info);

/* Connects a new socket to the file that `path` names. 0, or a negative errno. */
int connect_to(napi_env env, napi_value path, int *fd);

#endif
