/* arguments — between JavaScript and C: what a function was given, and what it gives back. */
#ifndef DBX_ARGUMENTS_H
#define DBX_ARGUMENTS_H

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

/* A function that an addon offers, under its name in JavaScript. */
struct offer {
  const char *name;
  napi_callback call;
};
/* Returns `exports` with all of them, or NULL. */
napi_value offer_all(napi_env env, napi_value exports, const struct offer *offers, size_t count);

#endif
