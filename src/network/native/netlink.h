/* netlink — messages to and from the kernel's netfilter subsystems, without a library. */
#ifndef DBX_NETLINK_H
#define DBX_NETLINK_H

#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A message being built. It grows only up to its buffer; what does not fit sets `full`, and a full message is not sent. */
struct message {
  _Alignas(struct nlmsghdr) uint8_t bytes[16384];
  size_t length; /* all messages so far */
  size_t start;  /* of the last one: several may be sent at once */
  bool full;
};

/* Returns a socket, or a negative errno. `receive_bytes` 0 keeps the default buffer. */
int netlink_open(int receive_bytes);

/* Starts a further message; `type` is NFNL_SUBSYS_… << 8 | command, `resource` in host order. */
void message_begin(struct message *message, uint16_t type, uint16_t flags, uint8_t family, uint16_t resource);
void message_put(struct message *message, uint16_t type, const void *value, size_t length);
void message_put_u8(struct message *message, uint16_t type, uint8_t value);
void message_put_be16(struct message *message, uint16_t type, uint16_t value);
void message_put_be32(struct message *message, uint16_t type, uint32_t value);
/* Returns where the nest began, for message_end_nest. */
size_t message_begin_nest(struct message *message, uint16_t type);
void message_end_nest(struct message *message, size_t nest);
/* Writes the last message's length; call after its last attribute. */
void message_end(struct message *message);

/* Sends everything that was built; 0 or a negative errno. */
int message_send(int socket, const struct message *message);
/* Sends and reads one acknowledgement per message: 0, or the first negative errno that the kernel answered. */
int message_talk(int socket, const struct message *message, unsigned acknowledgements);

/* Called for each answer of a dump, past its nfgenmsg. */
typedef void (*dump_visitor)(const uint8_t *attributes, size_t length, void *context);
/* Sends a dump request and visits the answers; 0 or a negative errno. */
int message_dump(int socket, const struct message *message, dump_visitor visit, void *context);

/* Reads one attribute at `bytes` and returns the next one's place, or NULL when there is none that is whole. */
struct attribute {
  uint16_t type; /* without the nested and byte order flags */
  const uint8_t *value;
  size_t length;
};
const uint8_t *attribute_next(const uint8_t *bytes, const uint8_t *end, struct attribute *attribute);
uint16_t be16_at(const uint8_t *bytes);
uint32_t be32_at(const uint8_t *bytes);

#endif
