#include "arguments.h"

#include <stdio.h>
#include <string.h>

bool arguments(napi_env env, napi_callback_info info, napi_value *argv, size_t count) {
  size_t given = count;
  if (napi_get_cb_info(env, info, &given, argv, NULL, NULL) == napi_ok && given == count) return true;
  napi_throw_type_error(env, NULL, "wrong number of arguments");
  return false;
}

bool numbers(napi_env env, const napi_value *argv, uint32_t *words, size_t count) {
  for (size_t i = 0; i < count; i++) {
    if (napi_get_value_uint32(env, argv[i], &words[i]) == napi_ok) continue;
    napi_throw_type_error(env, NULL, "not a number");
    return false;
  }
  return true;
}

bool words_of(napi_env env, napi_value array, void **data, size_t *bytes) {
  napi_typedarray_type type;
  size_t count;
  bool is = false;
  if (napi_is_typedarray(env, array, &is) == napi_ok && is &&
      napi_get_typedarray_info(env, array, &type, &count, data, NULL, NULL) == napi_ok &&
      (type == napi_uint32_array || type == napi_uint8_array)) {
    *bytes = type == napi_uint32_array ? count * 4 : count;
    return true;
  }
  napi_throw_type_error(env, NULL, "not a Uint32Array or Uint8Array");
  return false;
}

bool text_of(napi_env env, napi_value value, char *text, size_t size) {
  size_t length = 0;
  if (napi_get_value_string_utf8(env, value, NULL, 0, &length) == napi_ok && length < size &&
      napi_get_value_string_utf8(env, value, text, size, &length) == napi_ok) {
    return true;
  }
  napi_throw_type_error(env, NULL, "not a text, or too long");
  return false;
}

napi_value refuse(napi_env env, int failed, const char *sentence) {
  char code[16], reason[200];
  snprintf(code, sizeof code, "E%d", -failed);
  snprintf(reason, sizeof reason, "%s: %s", sentence, strerror(-failed));
  napi_throw_error(env, code, reason);
  return NULL;
}

napi_value array_of(napi_env env, const uint32_t *words, size_t count) {
  void *data = NULL;
  napi_value buffer, array = NULL;
  if (napi_create_arraybuffer(env, count * 4, &data, &buffer) != napi_ok) return NULL;
  if (count > 0) memcpy(data, words, count * 4);
  napi_create_typedarray(env, napi_uint32_array, count, buffer, 0, &array);
  return array;
}

napi_value boolean_of(napi_env env, bool value) {
  napi_value result = NULL;
  napi_get_boolean(env, value, &result);
  return result;
}

napi_value offer_all(napi_env env, napi_value exports, const struct offer *offers, size_t count) {
  for (size_t i = 0; i < count; i++) {
    napi_value function;
    if (napi_create_function(env, NULL, 0, offers[i].call, NULL, &function) != napi_ok) return NULL;
    if (napi_set_named_property(env, exports, offers[i].name, function) != napi_ok) return NULL;
  }
  return exports;
}
