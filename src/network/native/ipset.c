/* ipset — address sets with a time-out, which iptables rules match with `-m set`. */
#include <errno.h>
#include <linux/netfilter/ipset/ip_set.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "addon.h"
#include "netlink.h"

#define PROTOCOL 6 /* spoken by every kernel since 2.6.39 */
#define BATCH 100  /* additions in one send: below the size of struct message */

static void begin(struct message *message, uint8_t command, const char *name) {
  message_begin(message, (NFNL_SUBSYS_IPSET << 8) | command, NLM_F_ACK, AF_INET, 0);
  message_put_u8(message, IPSET_ATTR_PROTOCOL, PROTOCOL);
  message_put(message, IPSET_ATTR_SETNAME, name, strlen(name) + 1);
}

static int talk(const struct message *message, unsigned acknowledgements) {
  int fd = netlink_open(0);
  if (fd < 0) return fd;
  int failed = message_talk(fd, message, acknowledgements);
  close(fd);
  return failed;
}

/* setCreate(name, seconds): a set of addresses whose entries end after `seconds`; one that is there already stays */
napi_value set_create(napi_env env, napi_callback_info info) {
  napi_value argv[2];
  char name[IPSET_MAXNAMELEN];
  uint32_t seconds;
  if (!arguments(env, info, argv, 2) || !text_of(env, argv[0], name, sizeof name)) return NULL;
  if (!numbers(env, argv + 1, &seconds, 1)) return NULL;
  struct message message = {0};
  begin(&message, IPSET_CMD_CREATE, name);
  message_put(&message, IPSET_ATTR_TYPENAME, "hash:ip", sizeof "hash:ip");
  message_put_u8(&message, IPSET_ATTR_REVISION, 0);
  message_put_u8(&message, IPSET_ATTR_FAMILY, AF_INET);
  size_t data = message_begin_nest(&message, IPSET_ATTR_DATA);
  message_put_be32(&message, IPSET_ATTR_TIMEOUT | NLA_F_NET_BYTEORDER, seconds);
  message_end_nest(&message, data);
  message_end(&message);
  int failed = talk(&message, 1);
  return failed == 0 ? NULL : refuse(env, failed, "the address set cannot be created");
}

/* setAdd(name, addresses: Uint32Array in host order): adds them, or renews their time-out */
napi_value set_add(napi_env env, napi_callback_info info) {
  napi_value argv[2];
  char name[IPSET_MAXNAMELEN];
  void *data;
  size_t size;
  if (!arguments(env, info, argv, 2) || !text_of(env, argv[0], name, sizeof name)) return NULL;
  if (!words_of(env, argv[1], &data, &size)) return NULL;
  const uint32_t *addresses = data;
  size_t count = size / 4;
  int failed = 0;
  for (size_t done = 0; done < count && failed == 0; done += BATCH) {
    struct message message = {0};
    unsigned asked = 0;
    for (size_t i = done; i < count && i < done + BATCH; i++, asked++) {
      begin(&message, IPSET_CMD_ADD, name);
      size_t entry = message_begin_nest(&message, IPSET_ATTR_DATA);
      size_t ip = message_begin_nest(&message, IPSET_ATTR_IP);
      message_put_be32(&message, IPSET_ATTR_IPADDR_IPV4 | NLA_F_NET_BYTEORDER, addresses[i]);
      message_end_nest(&message, ip);
      message_end_nest(&message, entry);
      message_end(&message);
    }
    failed = talk(&message, asked);
  }
  return failed == 0 ? NULL : refuse(env, failed, "the address set does not take an entry");
}

/* setDestroy(name) → false when there was none */
napi_value set_destroy(napi_env env, napi_callback_info info) {
  napi_value argv[1];
  char name[IPSET_MAXNAMELEN];
  if (!arguments(env, info, argv, 1) || !text_of(env, argv[0], name, sizeof name)) return NULL;
  struct message message = {0};
  begin(&message, IPSET_CMD_DESTROY, name);
  message_end(&message);
  int failed = talk(&message, 1);
  if (failed != 0 && failed != -ENOENT) return refuse(env, failed, "the address set cannot be destroyed");
  return boolean_of(env, failed == 0);
}
