/* watch — hears that somebody changed the firewall: nftables tells; of the legacy tables the shape can be asked. */
#include <errno.h>
#include <netinet/in.h> /* before the kernel headers, which then leave its names alone */
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter_ipv4/ip_tables.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "addon.h"
#include "netlink.h"
#include "poller.h"

/* Any number of notifications is one call; a lost one (ENOBUFS) is a notification, too. */
static void on_ready(struct poller *poller) {
  uint8_t buffer[8192];
  bool heard = false;
  while (recv(poller->fd, buffer, sizeof buffer, MSG_DONTWAIT) >= 0 || errno == ENOBUFS) heard = true;
  napi_value thrown = NULL;
  if (heard) poller_call(poller, 0, NULL, &thrown);
  if (thrown != NULL) napi_fatal_exception(poller->env, thrown);
}

static void release(struct poller *poller) { free(poller); }

/* watchOpen(onChange: () => void) → handle */
napi_value watch_open(napi_env env, napi_callback_info info) {
  napi_value argv[1];
  if (!arguments(env, info, argv, 1)) return NULL;
  int fd = netlink_open(1 << 20);
  if (fd < 0) return refuse(env, fd, "no netlink socket");
  int group = NFNLGRP_NFTABLES;
  struct poller *poller = NULL;
  int failed = setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof group) < 0 ? -errno : 0;
  if (failed == 0) poller = calloc(1, sizeof *poller);
  if (poller == NULL) {
    close(fd);
    return refuse(env, failed != 0 ? failed : -ENOMEM, "nftables does not notify");
  }
  poller->fd = fd;
  poller->ready = on_ready;
  poller->release = release;
  return poller_start(env, poller, argv[0]);
}

/* tableShape(family: 4 | 6, table) → [entries, bytes, hooks…, underflows…] of a legacy table; null without legacy tables */
napi_value table_shape(napi_env env, napi_callback_info info) {
  napi_value argv[2], none = NULL;
  uint32_t family;
  struct ipt_getinfo shape; /* that of IPv6 has the same form and the same number */
  memset(&shape, 0, sizeof shape);
  if (!arguments(env, info, argv, 2) || !numbers(env, argv, &family, 1)) return NULL;
  if (!text_of(env, argv[1], shape.name, sizeof shape.name)) return NULL;
  bool six = family == 6;
  int fd = socket(six ? AF_INET6 : AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
  socklen_t size = sizeof shape;
  int got = fd < 0 ? fd : getsockopt(fd, six ? IPPROTO_IPV6 : IPPROTO_IP, IPT_SO_GET_INFO, &shape, &size);
  if (fd >= 0) close(fd);
  napi_get_null(env, &none);
  if (got < 0) return none;
  uint32_t words[2 + 2 * NF_INET_NUMHOOKS] = {shape.num_entries, shape.size};
  memcpy(words + 2, shape.hook_entry, sizeof shape.hook_entry);
  memcpy(words + 2 + NF_INET_NUMHOOKS, shape.underflow, sizeof shape.underflow);
  return array_of(env, words, sizeof words / sizeof *words);
}
