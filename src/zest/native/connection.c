#include "connection.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

struct connection *connection_open(uint32_t id, int outer, int inner, struct account *account) {
  struct connection *connection = calloc(1, sizeof *connection);
  if (connection == NULL) return NULL;
  connection->id = id;
  connection->outer = (struct end){.connection = connection, .fd = outer};
  connection->inner = (struct end){.connection = connection, .fd = inner};
  connection->account = account;
  handshake_begin(&connection->handshake);
  atomic_init(&connection->holders, 1);
  account_join(account);
  return connection;
}

void connection_release(struct connection *connection) {
  if (atomic_fetch_sub(&connection->holders, 1) == 1) free(connection);
}

static bool is_outer(const struct end *end) { return end == &end->connection->outer; }

static struct end *other_of(struct end *end) {
  return is_outer(end) ? &end->connection->inner : &end->connection->outer;
}

static bool has_due(const struct end *end) { return end->due != NULL; }

bool connection_is_blocked(const struct connection *connection) { return has_due(&connection->outer); }

static void forget_due(struct end *end) {
  if (!has_due(end)) return;
  free(end->due);
  end->due = NULL;
  if (is_outer(end)) atomic_fetch_sub(&end->connection->account->blocked, 1);
}

/*
 * Out of epoll before it is closed: while another thread starts a program, that one has the socket too, and epoll would go on
 * telling of what is no more.
 */
static void close_end(struct end *end, int epoll) {
  if (end->watched != 0) (void)epoll_ctl(epoll, EPOLL_CTL_DEL, end->fd, NULL);
  end->watched = 0;
  close(end->fd);
  forget_due(end);
}

void connection_finish(struct connection *connection, enum outcome outcome) {
  if (connection->outcome != running) return;
  connection->outcome = outcome;
  const struct linger at_once = {.l_onoff = 1, .l_linger = 0};
  if (outcome != ended) setsockopt(connection->outer.fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  close_end(&connection->outer, connection->epoll);
  close_end(&connection->inner, connection->epoll);
  account_leave(connection->account);
}

/* An end that is neither to be read nor to be written is not watched at all: epoll would tell of its hanging up without end. */
static void watch(struct end *end) {
  struct connection *connection = end->connection;
  if (connection->outcome != running) return;
  uint32_t wanted = 0;
  if (!end->said_all && !has_due(other_of(end))) wanted |= EPOLLIN;
  if (has_due(end)) wanted |= EPOLLOUT;
  if (wanted == end->watched) return;
  struct epoll_event event = {.events = wanted, .data.ptr = end};
  int change = wanted == 0 ? EPOLL_CTL_DEL : end->watched == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;
  if (epoll_ctl(connection->epoll, change, end->fd, &event) < 0) return connection_finish(connection, refused);
  end->watched = wanted;
}

static void watch_both(struct connection *connection) {
  watch(&connection->outer);
  watch(&connection->inner);
}

void connection_watch(struct connection *connection, int epoll) {
  connection->epoll = epoll;
  watch_both(connection);
}

/* One side has said all, and the other has been given it. */
static void settle(struct connection *connection) {
  const struct end *outer = &connection->outer, *inner = &connection->inner;
  if (inner->said_all && !has_due(outer)) return connection_finish(connection, ended);
  /* What a client sent before it left is still asked. */
  if (outer->said_all && !has_due(inner)) shutdown(inner->fd, SHUT_WR);
  watch_both(connection);
}

/* How much of it was taken now; -1 when the connection has ended. */
static ssize_t send_some(struct end *end, const uint8_t *bytes, size_t count) {
  ssize_t taken = send(end->fd, bytes, count, MSG_DONTWAIT | MSG_NOSIGNAL);
  if (taken < 0 && errno != EAGAIN && errno != EINTR) {
    connection_finish(end->connection, ended);
    return -1;
  }
  return taken < 0 ? 0 : taken;
}

static void give(struct end *end, const uint8_t *bytes, size_t count) {
  /* The library has closed its end, the caller does not know yet. */
  if (end->said_all && !is_outer(end)) return;
  ssize_t taken = send_some(end, bytes, count);
  if (taken < 0 || (size_t)taken == count) return;
  size_t left = count - (size_t)taken;
  end->due = malloc(left);
  if (end->due == NULL) return connection_finish(end->connection, refused);
  memcpy(end->due, bytes + taken, left);
  end->due_from = 0;
  end->due_to = left;
  if (is_outer(end)) {
    atomic_fetch_add(&end->connection->account->blocked, 1);
    end->connection->taken_at = now_ms();
  }
  watch_both(end->connection);
}

static void give_due(struct end *end) {
  ssize_t taken = send_some(end, end->due + end->due_from, end->due_to - end->due_from);
  if (taken <= 0) return;
  end->connection->taken_at = now_ms();
  end->due_from += (size_t)taken;
  if (end->due_from < end->due_to) return;
  forget_due(end);
  settle(end->connection);
}

/* False when more came than may. */
static bool count(struct end *end, const uint8_t *bytes, size_t length) {
  struct connection *connection = end->connection;
  if (!is_outer(end)) {
    account_went(connection->account, (int64_t)length);
    return true;
  }
  ssize_t beyond = handshake_beyond(&connection->handshake, bytes, length);
  if (beyond >= 0 && !account_came(connection->account, beyond)) return true;
  connection_finish(connection, beyond < 0 ? refused : unread);
  return false;
}

static void take(struct end *end, struct landing *landing) {
  ssize_t came = recv(end->fd, landing->bytes, sizeof landing->bytes, MSG_DONTWAIT);
  if (came < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (came < 0) return connection_finish(end->connection, ended);
  if (came > 0) {
    if (count(end, landing->bytes, (size_t)came)) give(other_of(end), landing->bytes, (size_t)came);
    return;
  }
  end->said_all = true;
  settle(end->connection);
}

/* A broken end is ready for both, and tells why when it is tried. */
void connection_serve(struct end *end, uint32_t events, struct landing *landing) {
  const uint32_t broken = EPOLLERR | EPOLLHUP;
  if ((events & (EPOLLOUT | broken)) != 0 && (end->watched & EPOLLOUT) != 0) give_due(end);
  if ((events & (EPOLLIN | broken)) != 0 && (end->watched & EPOLLIN) != 0) take(end, landing);
}
