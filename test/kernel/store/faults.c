/* Makes calls on files below a folder fail as a broken disk would, or kills the process in them: LD_PRELOAD. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static atomic_int seen;

/* The file that FAULTS names holds `<calls> <errno, or 0 to kill> <how many to spare> <folder>`; without it all is well. */
static int faulty(const char *call, const char *path) {
  const char *control = getenv("FAULTS");
  if (!control) return 0;
  int fd = (int)syscall(SYS_openat, AT_FDCWD, control, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return 0;
  char text[PATH_MAX + 256], calls[128], folder[PATH_MAX];
  ssize_t length = (ssize_t)syscall(SYS_read, fd, text, sizeof text - 1);
  syscall(SYS_close, fd);
  if (length <= 0) return 0;
  text[length] = 0;
  int code, spare;
  if (sscanf(text, "%127s %d %d %4095s", calls, &code, &spare, folder) != 4) return 0;
  if (!strstr(calls, call) || strncmp(path, folder, strlen(folder)) != 0) return 0;
  if (atomic_fetch_add(&seen, 1) < spare) return 0;
  if (code == 0) kill(getpid(), SIGKILL);
  errno = code;
  return 1;
}

static int faulty_fd(const char *call, int fd) {
  char link[64], path[PATH_MAX];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = (ssize_t)syscall(SYS_readlinkat, AT_FDCWD, link, path, sizeof path - 1);
  if (length < 0) return 0;
  path[length] = 0;
  return faulty(call, path);
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

ssize_t write(int fd, const void *bytes, size_t count) {
  return faulty_fd("write", fd) ? -1 : REAL(write)(fd, bytes, count);
}
ssize_t pwrite(int fd, const void *bytes, size_t count, off_t at) {
  return faulty_fd("write", fd) ? -1 : REAL(pwrite)(fd, bytes, count, at);
}
ssize_t pwrite64(int fd, const void *bytes, size_t count, off64_t at) {
  return faulty_fd("write", fd) ? -1 : REAL(pwrite64)(fd, bytes, count, at);
}
int fsync(int fd) { return faulty_fd("sync", fd) ? -1 : REAL(fsync)(fd); }
int fdatasync(int fd) { return faulty_fd("sync", fd) ? -1 : REAL(fdatasync)(fd); }
int unlink(const char *path) { return faulty("unlink", path) ? -1 : REAL(unlink)(path); }
int rename(const char *from, const char *to) { return faulty("rename", to) ? -1 : REAL(rename)(from, to); }
int open(const char *path, int flags, ...) {
  va_list more;
  va_start(more, flags);
  mode_t mode = va_arg(more, mode_t);
  va_end(more);
  return faulty("open", path) ? -1 : REAL(open)(path, flags, mode);
}
int open64(const char *path, int flags, ...) {
  va_list more;
  va_start(more, flags);
  mode_t mode = va_arg(more, mode_t);
  va_end(more);
  return faulty("open", path) ? -1 : REAL(open64)(path, flags, mode);
}
