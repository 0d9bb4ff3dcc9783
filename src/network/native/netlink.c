#include "netlink.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#define ALIGNED(length) (((length) + 3u) & ~(size_t)3u)

int netlink_open(int receive_bytes) {
  int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);
  if (fd < 0) return -errno;
  struct sockaddr_nl self = {.nl_family = AF_NETLINK};
  /* A kernel that does not answer must not hold the thread that gives verdicts for ever. */
  struct timeval patience = {.tv_sec = 5};
  if (bind(fd, (struct sockaddr *)&self, sizeof self) < 0 ||
      setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) < 0) {
    int failed = -errno;
    close(fd);
    return failed;
  }
  /* FORCE goes beyond rmem_max, for which we are root; where we may not, the default stays and overruns are counted. */
  if (receive_bytes > 0) (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &receive_bytes, sizeof receive_bytes);
  return fd;
}

static void *take(struct message *message, size_t length) {
  if (message->full || message->length + ALIGNED(length) > sizeof message->bytes) {
    message->full = true;
    return NULL;
  }
  void *place = message->bytes + message->length;
  memset(place, 0, ALIGNED(length));
  message->length += ALIGNED(length);
  return place;
}

void message_begin(struct message *message, uint16_t type, uint16_t flags, uint8_t family, uint16_t resource) {
  message->start = message->length;
  struct nlmsghdr *header = take(message, sizeof *header);
  struct nfgenmsg *generic = take(message, sizeof *generic);
  if (generic == NULL) return;
  header->nlmsg_type = type;
  header->nlmsg_flags = NLM_F_REQUEST | flags;
  generic->nfgen_family = family;
  generic->version = NFNETLINK_V0;
  generic->res_id = htons(resource);
}

void message_put(struct message *message, uint16_t type, const void *value, size_t length) {
  struct nlattr *attribute = take(message, sizeof *attribute + length);
  if (attribute == NULL) return;
  attribute->nla_type = type;
  attribute->nla_len = (uint16_t)(sizeof *attribute + length);
  memcpy(attribute + 1, value, length);
}

void message_put_u8(struct message *message, uint16_t type, uint8_t value) {
  message_put(message, type, &value, sizeof value);
}

void message_put_be16(struct message *message, uint16_t type, uint16_t value) {
  uint16_t wire = htons(value);
  message_put(message, type, &wire, sizeof wire);
}

void message_put_be32(struct message *message, uint16_t type, uint32_t value) {
  uint32_t wire = htonl(value);
  message_put(message, type, &wire, sizeof wire);
}

size_t message_begin_nest(struct message *message, uint16_t type) {
  size_t nest = message->length;
  struct nlattr *attribute = take(message, sizeof *attribute);
  if (attribute != NULL) attribute->nla_type = type | NLA_F_NESTED;
  return nest;
}

void message_end_nest(struct message *message, size_t nest) {
  if (message->full) return;
  struct nlattr *attribute = (struct nlattr *)(void *)(message->bytes + nest);
  attribute->nla_len = (uint16_t)(message->length - nest);
}

void message_end(struct message *message) {
  if (message->full) return;
  struct nlmsghdr *header = (struct nlmsghdr *)(void *)(message->bytes + message->start);
  header->nlmsg_len = (uint32_t)(message->length - message->start);
}

int message_send(int fd, const struct message *message) {
  if (message->full) return -EMSGSIZE;
  struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
  for (;;) {
    ssize_t sent =
        sendto(fd, message->bytes, message->length, 0, (const struct sockaddr *)&kernel, sizeof kernel);
    if (sent == (ssize_t)message->length) return 0;
    if (sent >= 0) return -EIO;
    if (errno != EINTR) return -errno;
  }
}

/* Receives what the kernel itself sent; another process may send to our port, too, and is not listened to. */
static ssize_t receive(int fd, void *buffer, size_t size) {
  for (;;) {
    struct sockaddr_nl from = {0};
    socklen_t length = sizeof from;
    ssize_t got = recvfrom(fd, buffer, size, 0, (struct sockaddr *)&from, &length);
    if (got >= 0 && from.nl_pid == 0) return got;
    if (got < 0 && errno != EINTR) return -errno;
  }
}

int message_talk(int fd, const struct message *message, unsigned acknowledgements) {
  int failed = message_send(fd, message);
  if (failed != 0) return failed;
  _Alignas(struct nlmsghdr) uint8_t buffer[8192];
  while (acknowledgements > 0) {
    ssize_t got = receive(fd, buffer, sizeof buffer);
    if (got < 0) return (int)got;
    size_t left = (size_t)got;
    for (const struct nlmsghdr *header = (const void *)buffer; NLMSG_OK(header, left); header = NLMSG_NEXT(header, left)) {
      if (header->nlmsg_type != NLMSG_ERROR || header->nlmsg_len < NLMSG_LENGTH(sizeof(struct nlmsgerr))) continue;
      const struct nlmsgerr *answer = NLMSG_DATA(header);
      if (failed == 0) failed = answer->error;
      if (acknowledgements > 0) acknowledgements--;
    }
  }
  return failed;
}

int message_dump(int fd, const struct message *message, dump_visitor visit, void *context) {
  int failed = message_send(fd, message);
  if (failed != 0) return failed;
  static _Thread_local _Alignas(struct nlmsghdr) uint8_t buffer[65536];
  for (;;) {
    ssize_t got = receive(fd, buffer, sizeof buffer);
    if (got < 0) return (int)got;
    size_t left = (size_t)got;
    for (const struct nlmsghdr *header = (const void *)buffer; NLMSG_OK(header, left); header = NLMSG_NEXT(header, left)) {
      if (header->nlmsg_type == NLMSG_DONE) return 0;
      if (header->nlmsg_type == NLMSG_ERROR) return ((const struct nlmsgerr *)NLMSG_DATA(header))->error;
      size_t before = NLMSG_LENGTH(sizeof(struct nfgenmsg));
      if (header->nlmsg_len < before) continue;
      visit((const uint8_t *)header + before, header->nlmsg_len - before, context);
    }
  }
}

const uint8_t *attribute_next(const uint8_t *bytes, const uint8_t *end, struct attribute *attribute) {
  struct nlattr header;
  if (bytes == NULL || bytes >= end || (size_t)(end - bytes) < sizeof header) return NULL;
  memcpy(&header, bytes, sizeof header);
  if (header.nla_len < sizeof header || header.nla_len > (size_t)(end - bytes)) return NULL;
  attribute->type = header.nla_type & NLA_TYPE_MASK;
  attribute->value = bytes + sizeof header;
  attribute->length = header.nla_len - sizeof header;
  size_t step = ALIGNED(header.nla_len);
  return step >= (size_t)(end - bytes) ? end : bytes + step;
}

uint16_t be16_at(const uint8_t *bytes) { return (uint16_t)((bytes[0] << 8) | bytes[1]); }
uint32_t be32_at(const uint8_t *bytes) { return ((uint32_t)be16_at(bytes) << 16) | be16_at(bytes + 2); }
