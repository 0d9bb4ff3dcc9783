#include "relay.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "connection.h"
#include "poller.h"
#include "sockets.h"

enum { batch = 64, stack_bytes = 256 * 1024 };
static const int64_t never = INT64_MAX;

struct relay {
  struct poller poller; /* readable when there is something to tell JavaScript */
  pthread_t thread;
  int epoll;
  int wake; /* readable when the thread is to end */
  pthread_mutex_t lock; /* over all that follows, and over every connection */
  bool is_started, is_stopping;
  int64_t look_at; /* when those that are kept waiting are looked at; ms */
  struct connection *running; /* a list in both directions */
  struct connection *dead;    /* ended: the events at hand may still name them */
  struct connection *untold;  /* ended, and no event names them */
  struct landing landing;
};

static struct relay *relay_of(napi_env env, napi_value handle) {
  return (struct relay *)(void *)poller_of(env, handle);
}

static void ring(int fd) {
  const uint64_t one = 1;
  /* It fails only when it has been rung without end. */
  if (write(fd, &one, sizeof one) < 0) return;
}

static void hush(int fd) {
  uint64_t count;
  if (read(fd, &count, sizeof count) < 0) return;
}

static void link_to(struct connection **list, struct connection *connection) {
  connection->before = NULL;
  connection->next = *list;
  if (*list != NULL) (*list)->before = connection;
  *list = connection;
}

static void unlink_from(struct connection **list, struct connection *connection) {
  if (connection->before != NULL) connection->before->next = connection->next;
  else *list = connection->next;
  if (connection->next != NULL) connection->next->before = connection->before;
}

/* To be called after anything that may have ended it. */
static void part(struct relay *relay, struct connection *connection) {
  if (connection->outcome == running) return;
  unlink_from(&relay->running, connection);
  link_to(&relay->dead, connection);
}

/* No event names the dead any more. Those that JavaScript cut it knows of. */
static void bury(struct relay *relay) {
  bool has_news = false;
  while (relay->dead != NULL) {
    struct connection *connection = relay->dead;
    unlink_from(&relay->dead, connection);
    if (connection->outcome == was_cut) {
      connection_release(connection);
      continue;
    }
    link_to(&relay->untold, connection);
    has_news = true;
  }
  if (has_news) ring(relay->poller.fd);
}

/* Ends whoever takes nothing for too long while all that may wait waits. */
static void look(struct relay *relay) {
  const int64_t now = now_ms();
  relay->look_at = never;
  for (struct connection *each = relay->running, *next; each != NULL; each = next) {
    next = each->next;
    if (!connection_is_blocked(each)) continue;
    if (each->taken_at + each->account->stalled_ms <= now) {
      if (account_is_full(each->account)) {
        connection_finish(each, unsent);
        part(relay, each);
        continue;
      }
      each->taken_at = now;
    }
    const int64_t at = each->taken_at + each->account->stalled_ms;
    if (at < relay->look_at) relay->look_at = at;
  }
}

static void serve(struct relay *relay, const struct epoll_event *event) {
  struct end *end = event->data.ptr;
  if (end == NULL) return hush(relay->wake);
  struct connection *connection = end->connection;
  if (connection->outcome != running) return;
  connection_serve(end, event->events, &relay->landing);
  if (connection->outcome == running && connection_is_blocked(connection)) {
    const int64_t at = connection->taken_at + connection->account->stalled_ms;
    if (at < relay->look_at) relay->look_at = at;
  }
  part(relay, connection);
}

/* Ms until those that are kept waiting are to be looked at; -1: there are none. */
static int patience(const struct relay *relay) {
  if (relay->look_at == never) return -1;
  const int64_t left = relay->look_at - now_ms();
  return left <= 0 ? 0 : left > 60000 ? 60000 : (int)left + 1;
}

static void *work(void *data) {
  struct relay *relay = data;
  struct epoll_event events[batch];
  int timeout = -1;
  for (;;) {
    const int count = epoll_wait(relay->epoll, events, batch, timeout);
    pthread_mutex_lock(&relay->lock);
    for (int i = 0; i < count; i++) serve(relay, &events[i]);
    if (relay->look_at != never && now_ms() >= relay->look_at) look(relay);
    bury(relay);
    timeout = patience(relay);
    const bool is_over = relay->is_stopping;
    pthread_mutex_unlock(&relay->lock);
    if (is_over) return NULL;
  }
}

/* Signals are JavaScript's. */
static int start(struct relay *relay) {
  if (relay->is_started) return 0;
  sigset_t all, before;
  pthread_attr_t attributes;
  sigfillset(&all);
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, stack_bytes);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  const int failed = pthread_create(&relay->thread, &attributes, work, relay);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  pthread_attr_destroy(&attributes);
  if (failed != 0) return -failed;
  pthread_setname_np(relay->thread, "relay");
  relay->is_started = true;
  return 0;
}

static void release_all(struct connection *list) {
  while (list != NULL) {
    struct connection *connection = list;
    list = list->next;
    connection_finish(connection, was_cut);
    connection_release(connection);
  }
}

static void halt(struct poller *poller) {
  struct relay *relay = (struct relay *)(void *)poller;
  pthread_mutex_lock(&relay->lock);
  relay->is_stopping = true;
  pthread_mutex_unlock(&relay->lock);
  if (relay->is_started) {
    ring(relay->wake);
    pthread_join(relay->thread, NULL);
  }
  release_all(relay->running);
  release_all(relay->dead);
  release_all(relay->untold);
  close(relay->epoll);
  close(relay->wake);
}

static void release(struct poller *poller) {
  struct relay *relay = (struct relay *)(void *)poller;
  pthread_mutex_destroy(&relay->lock);
  free(relay);
}

static void on_ready(struct poller *poller) {
  struct relay *relay = (struct relay *)(void *)poller;
  napi_value argv[2], thrown = NULL;
  hush(poller->fd);
  pthread_mutex_lock(&relay->lock);
  struct connection *list = relay->untold;
  relay->untold = NULL;
  pthread_mutex_unlock(&relay->lock);
  while (list != NULL) {
    struct connection *connection = list;
    list = list->next;
    if (!poller->closed && thrown == NULL && napi_create_uint32(poller->env, connection->id, &argv[0]) == napi_ok &&
        napi_create_uint32(poller->env, connection->outcome, &argv[1]) == napi_ok) {
      poller_call(poller, 2, argv, &thrown);
    }
    connection_release(connection);
  }
  if (thrown != NULL) napi_fatal_exception(poller->env, thrown);
}

/* relayOpen(onEnd: (id, outcome) => void) → handle */
napi_value relay_open(napi_env env, napi_callback_info info) {
  napi_value argv[1];
  if (!arguments(env, info, argv, 1)) return NULL;
  struct relay *relay = calloc(1, sizeof *relay);
  if (relay == NULL) return refuse(env, -ENOMEM, "no relay");
  relay->poller.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  relay->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  relay->epoll = epoll_create1(EPOLL_CLOEXEC);
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
  if (relay->poller.fd < 0 || relay->wake < 0 || relay->epoll < 0 ||
      epoll_ctl(relay->epoll, EPOLL_CTL_ADD, relay->wake, &event) < 0) {
    const int failed = -errno;
    close(relay->poller.fd);
    close(relay->wake);
    close(relay->epoll);
    free(relay);
    return refuse(env, failed, "no relay");
  }
  relay->look_at = never;
  pthread_mutex_init(&relay->lock, NULL);
  relay->poller.ready = on_ready;
  relay->poller.halt = halt;
  relay->poller.release = release;
  return poller_start(env, &relay->poller, argv[0]);
}

static void on_collected(napi_env env, void *data, void *hint) {
  (void)env;
  (void)hint;
  connection_release(data);
}

/* relayJoin(relay, account, id, socket, file) → connection; takes over the socket, unless it throws */
napi_value relay_join(napi_env env, napi_callback_info info) {
  napi_value argv[5], handle = NULL;
  uint32_t words[2];
  void *account;
  int inner = -1;
  if (!arguments(env, info, argv, 5) || !numbers(env, argv + 2, words, 2)) return NULL;
  struct relay *relay = relay_of(env, argv[0]);
  if (relay == NULL || napi_get_value_external(env, argv[1], &account) != napi_ok) {
    return refuse(env, -EINVAL, "not a relay, or not an account");
  }
  if (relay->poller.closed) return refuse(env, -EPIPE, "the relay has ended");
  int failed = connect_to(env, argv[4], &inner);
  if (failed == 0) failed = start(relay);
  struct connection *connection = failed == 0 ? connection_open(words[0], (int)words[1], inner, account) : NULL;
  if (connection == NULL) {
    if (inner >= 0) close(inner);
    return refuse(env, failed != 0 ? failed : -ENOMEM, "the connection cannot be carried on");
  }
  if (napi_create_external(env, connection, on_collected, NULL, &handle) != napi_ok) {
    connection->outer.fd = -1; /* it stays JavaScript's, which closes it */
    connection_finish(connection, ended);
    connection_release(connection);
    return refuse(env, -ENOMEM, "the connection cannot be carried on");
  }
  atomic_fetch_add(&connection->holders, 1);
  pthread_mutex_lock(&relay->lock);
  link_to(&relay->running, connection);
  connection_watch(connection, relay->epoll);
  part(relay, connection);
  pthread_mutex_unlock(&relay->lock);
  return handle;
}

/* relayCut(relay, connection): with a reset; `onEnd` is not called for it any more, unless it had ended before */
napi_value relay_cut(napi_env env, napi_callback_info info) {
  napi_value argv[2];
  void *data;
  if (!arguments(env, info, argv, 2)) return NULL;
  struct relay *relay = relay_of(env, argv[0]);
  if (relay == NULL || napi_get_value_external(env, argv[1], &data) != napi_ok) {
    return refuse(env, -EINVAL, "not a relay, or not a connection");
  }
  struct connection *connection = data;
  pthread_mutex_lock(&relay->lock);
  if (connection->outcome == running) {
    connection_finish(connection, was_cut);
    part(relay, connection);
  }
  pthread_mutex_unlock(&relay->lock);
  return NULL;
}
