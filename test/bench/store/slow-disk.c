/* Every fsync takes SLOW_DISK_MS longer, as on an SD card: LD_PRELOAD. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <unistd.h>

static void wait_for_card(void) {
  const char *ms = getenv("SLOW_DISK_MS");
  if (ms) usleep((useconds_t)atoi(ms) * 1000);
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

int fsync(int fd) {
  wait_for_card();
  return REAL(fsync)(fd);
}
int fdatasync(int fd) {
  wait_for_card();
  return REAL(fdatasync)(fd);
}
