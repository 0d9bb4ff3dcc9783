/*
 * Many clients of a Zest door, each of which sends its next request when the last is answered: what wrk is for HTTPS.
 * ZMTP 3.0 with CURVE (RFC 23 and 26 of ZeroMQ) as a REQ socket speaks it, in one thread without ZeroMQ's own, which takes as
 * much of the machine for a request as the server does.
 *
 *   load PORT SERVER_KEY CLIENTS MILLISECONDS CODE HEAD BODY
 *
 * SERVER_KEY in Z85, HEAD in hex: the frame up to its payload. BODY is the payload, in which %d becomes a number below 1,000,
 * another one each time. CODE is the first byte of every answer. Says how many were answered in a second; fails when one is not.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <sodium.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#define MOST_CLIENTS 256
#define MOST_BYTES 4096
#define KEY crypto_box_PUBLICKEYBYTES
#define MAC crypto_box_MACBYTES
#define GREETING 64

typedef struct {
  int fd;
  /* Of the connection, and what box and client have in common by them. */
  uint8_t public_key[KEY], secret_key[KEY], shared[crypto_box_BEFORENMBYTES];
  uint64_t nonce;
  uint8_t in[MOST_BYTES];
  size_t have;
} Client;

static struct {
  uint8_t server_key[KEY], head[MOST_BYTES];
  size_t head_bytes;
  const char *body;
  int code;
} wanted;

static void fail(const char *why) {
  fprintf(stderr, "load: %s\n", why);
  exit(1);
}

static void put_uint64(uint8_t *to, uint64_t value) {
  for (int at = 7; at >= 0; at--, value >>= 8) to[at] = (uint8_t)value;
}

static double now_seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void write_all(int fd, const uint8_t *from, size_t bytes) {
  while (bytes > 0) {
    ssize_t wrote = write(fd, from, bytes);
    if (wrote <= 0) fail("the server takes no more");
    from += wrote;
    bytes -= (size_t)wrote;
  }
}

static void read_all(int fd, uint8_t *to, size_t bytes) {
  while (bytes > 0) {
    ssize_t got = read(fd, to, bytes);
    if (got <= 0) fail("the server hung up");
    to += got;
    bytes -= (size_t)got;
  }
}

/* The nonce of everything that a client sends: 16 letters that say what it is, and a number that it uses once. */
static const uint8_t *next_nonce(Client *client, const char *purpose, uint8_t nonce[crypto_box_NONCEBYTES]) {
  memcpy(nonce, purpose, 16);
  put_uint64(nonce + 16, ++client->nonce);
  return nonce;
}

static void send_command(Client *client, const uint8_t *body, size_t bytes) {
  uint8_t frame[MOST_BYTES] = {0x04, (uint8_t)bytes};
  /* One of more than 255 bytes says its length in eight. */
  size_t begins = 2;
  if (bytes > 255) {
    frame[0] = 0x06;
    put_uint64(frame + 1, bytes);
    begins = 9;
  }
  memcpy(frame + begins, body, bytes);
  write_all(client->fd, frame, begins + bytes);
}

static void read_command(Client *client, const char *name, uint8_t *body, size_t bytes) {
  uint8_t head[2];
  read_all(client->fd, head, 2);
  if (head[0] != 0x04 || (bytes > 0 && head[1] != bytes)) fail("not the handshake of CURVE");
  read_all(client->fd, body, head[1]);
  if (body[0] != strlen(name) || memcmp(body + 1, name, strlen(name)) != 0) fail("not the handshake of CURVE");
}

static void greet(Client *client) {
  uint8_t greeting[GREETING] = {0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0x7f, 3, 0, 'C', 'U', 'R', 'V', 'E'};
  write_all(client->fd, greeting, GREETING);
  read_all(client->fd, greeting, GREETING);
  if (memcmp(greeting + 12, "CURVE", 6) != 0) fail("the server speaks no CURVE");
}

static void say_hello(Client *client) {
  uint8_t hello[200] = "\x05HELLO\x01", nonce[crypto_box_NONCEBYTES], zeros[64] = {0};
  memcpy(hello + 80, client->public_key, KEY);
  next_nonce(client, "CurveZMQHELLO---", nonce);
  memcpy(hello + 112, nonce + 16, 8);
  if (crypto_box_easy(hello + 120, zeros, sizeof zeros, nonce, wanted.server_key, client->secret_key)) fail("hello");
  send_command(client, hello, sizeof hello);
}

/* The server's key of this connection, and its cookie behind it. */
static void read_welcome(Client *client, uint8_t opened[KEY + 96]) {
  uint8_t welcome[MOST_BYTES], nonce[crypto_box_NONCEBYTES] = "WELCOME-";
  read_command(client, "WELCOME", welcome, 168);
  memcpy(nonce + 8, welcome + 8, 16);
  if (crypto_box_open_easy(opened, welcome + 24, 144, nonce, wanted.server_key, client->secret_key)) fail("not its key");
}

/* Who the client is for good, a box that shows that it is, and what kind of socket it has. */
static void initiate(Client *client, const uint8_t welcome[KEY + 96]) {
  static const uint8_t metadata[] = "\x0bSocket-Type\0\0\0\x03REQ\x08Identity\0\0\0";
  uint8_t own_public[KEY], own_secret[KEY], nonce[crypto_box_NONCEBYTES] = "VOUCH---", vouch[2 * KEY];
  uint8_t plain[KEY + 16 + 2 * KEY + MAC + sizeof metadata], sent[9 + 96 + 8 + sizeof plain + MAC] = "\x08INITIATE";
  crypto_box_keypair(own_public, own_secret);
  randombytes_buf(nonce + 8, 16);
  memcpy(vouch, client->public_key, KEY);
  memcpy(vouch + KEY, wanted.server_key, KEY);
  memcpy(plain, own_public, KEY);
  memcpy(plain + KEY, nonce + 8, 16);
  if (crypto_box_easy(plain + KEY + 16, vouch, sizeof vouch, nonce, welcome, own_secret)) fail("vouch");
  /* Its last zero, which ends the text, is the fourth byte of the length of no identity. */
  memcpy(plain + sizeof plain - sizeof metadata, metadata, sizeof metadata);
  memcpy(sent + 9, welcome + KEY, 96);
  next_nonce(client, "CurveZMQINITIATE", nonce);
  memcpy(sent + 105, nonce + 16, 8);
  if (crypto_box_easy(sent + 113, plain, sizeof plain, nonce, welcome, client->secret_key)) fail("initiate");
  send_command(client, sent, sizeof sent);
}

static void open_client(Client *client, int port) {
  struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
  uint8_t welcome[KEY + 96], ready[MOST_BYTES];
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  client->fd = socket(AF_INET, SOCK_STREAM, 0);
  if (connect(client->fd, (struct sockaddr *)&at, sizeof at)) fail("nobody listens");
  setsockopt(client->fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
  crypto_box_keypair(client->public_key, client->secret_key);
  greet(client);
  say_hello(client);
  read_welcome(client, welcome);
  initiate(client, welcome);
  read_command(client, "READY", ready, 0);
  if (crypto_box_beforenm(client->shared, welcome, client->secret_key)) fail("shared key");
}

/* A part of a message in its box. @returns where the next one begins */
static uint8_t *add_part(Client *client, uint8_t *to, const uint8_t *flagged, size_t bytes) {
  size_t boxed = 16 + bytes + MAC;
  uint8_t nonce[crypto_box_NONCEBYTES];
  if (boxed > 255) {
    *to++ = 0x02;
    put_uint64(to, boxed);
    to += 8;
  } else {
    *to++ = 0x00;
    *to++ = (uint8_t)boxed;
  }
  memcpy(to, "\x07MESSAGE", 8);
  next_nonce(client, "CurveZMQMESSAGEC", nonce);
  memcpy(to + 8, nonce + 16, 8);
  if (crypto_box_easy_afternm(to + 16, flagged, bytes, nonce, client->shared)) fail("message");
  return to + boxed;
}

/* A REQ puts an empty part before its message. The first byte of what is boxed says whether another part follows. */
static void ask(Client *client) {
  static unsigned turn;
  uint8_t frame[MOST_BYTES] = {0}, sent[2 * MOST_BYTES];
  static const uint8_t empty[] = {0x01};
  memcpy(frame + 1, wanted.head, wanted.head_bytes);
  char *body = (char *)frame + 1 + wanted.head_bytes;
  int bytes = snprintf(body, sizeof frame - 1 - wanted.head_bytes, wanted.body, turn++ % 1000);
  uint8_t *end = add_part(client, sent, empty, sizeof empty);
  end = add_part(client, end, frame, 1 + wanted.head_bytes + (size_t)bytes);
  write_all(client->fd, sent, (size_t)(end - sent));
}

/* @returns bytes of the part at the start, its length before it; 0 while it is not there whole */
static size_t part_bytes(const Client *client, size_t *begins) {
  uint64_t bytes = 0;
  *begins = client->in[0] & 0x02 ? 9 : 2;
  if (client->have < *begins) return 0;
  for (size_t at = 1; at < *begins; at++) bytes = bytes << 8 | client->in[at];
  if (bytes < 17 + MAC || bytes > MOST_BYTES - 9) fail("an answer of no length that is one");
  return client->have < *begins + bytes ? 0 : (size_t)bytes;
}

/* @returns whether the answer is there, of which the last part says the code */
static int read_answer(Client *client) {
  size_t begins, bytes;
  int is_there = 0;
  ssize_t got = read(client->fd, client->in + client->have, MOST_BYTES - client->have);
  if (got <= 0) fail("the server hung up");
  client->have += (size_t)got;
  while ((bytes = part_bytes(client, &begins)) > 0) {
    uint8_t opened[MOST_BYTES], nonce[crypto_box_NONCEBYTES] = "CurveZMQMESSAGES";
    const uint8_t *part = client->in + begins;
    memcpy(nonce + 16, part + 8, 8);
    if (crypto_box_open_easy_afternm(opened, part + 16, bytes - 16, nonce, client->shared)) fail("not its box");
    if ((opened[0] & 0x01) == 0) {
      is_there = 1;
      if (bytes < 18 + MAC || opened[1] != wanted.code) fail("an answer of another code");
    }
    client->have -= begins + bytes;
    memmove(client->in, client->in + begins + bytes, client->have);
  }
  return is_there;
}

static void read_z85(uint8_t key[KEY], const char *text) {
  static const char digits[] =
      "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#";
  if (strlen(text) != 40) fail("SERVER_KEY has 40 characters of Z85");
  for (int at = 0; at < 40; at += 5) {
    uint32_t value = 0;
    for (int digit = at; digit < at + 5; digit++) {
      const char *found = strchr(digits, text[digit]);
      if (!found) fail("SERVER_KEY has 40 characters of Z85");
      value = value * 85 + (uint32_t)(found - digits);
    }
    for (int byte = 3; byte >= 0; byte--, value >>= 8) key[at / 5 * 4 + byte] = (uint8_t)value;
  }
}

int main(int count, char **words) {
  static Client clients[MOST_CLIENTS];
  if (count != 8 || sodium_init() < 0) fail("PORT SERVER_KEY CLIENTS MILLISECONDS CODE HEAD BODY");
  int many = atoi(words[3]), poll = epoll_create1(0);
  if (many < 1 || many > MOST_CLIENTS) fail("CLIENTS is from 1 to 256");
  read_z85(wanted.server_key, words[2]);
  wanted.code = atoi(words[5]);
  if (sodium_hex2bin(wanted.head, MOST_BYTES / 2, words[6], strlen(words[6]), NULL, &wanted.head_bytes, NULL)) fail("HEAD");
  wanted.body = words[7];
  double begun = now_seconds(), until = begun + atoi(words[4]) / 1e3;
  for (int at = 0; at < many; at++) {
    open_client(&clients[at], atoi(words[1]));
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = &clients[at]};
    epoll_ctl(poll, EPOLL_CTL_ADD, clients[at].fd, &event);
    ask(&clients[at]);
  }
  long answered = 0;
  for (int asking = many; asking > 0;) {
    struct epoll_event events[MOST_CLIENTS];
    int ready = epoll_wait(poll, events, MOST_CLIENTS, 10000);
    if (ready == 0 || (ready < 0 && errno != EINTR)) fail("no answer in 10 s");
    for (int at = 0; at < ready; at++) {
      Client *client = events[at].data.ptr;
      if (!read_answer(client)) continue;
      answered++;
      if (now_seconds() < until) ask(client);
      else asking--;
    }
  }
  printf("{\"perSecond\":%.0f}\n", (double)answered / (now_seconds() - begun));
}
