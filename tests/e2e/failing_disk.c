// SPDX-License-Identifier: Apache-2.0
// LD_PRELOAD: calls on files below $FAIL_BELOW fail with EIO while the file $FAIL_WHEN exists; it
// holds the names of the calls that do: sync, write, rename. The first that fails makes $FAIL_WHEN.hit.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

static int asked_for(const char* call) {
  const char* name = getenv("FAIL_WHEN");
  FILE* file = name ? fopen(name, "r") : NULL;
  char words[64] = "";
  if (file == NULL) return 0;
  if (fgets(words, sizeof words, file) == NULL) words[0] = 0;
  fclose(file);
  return strstr(words, call) != NULL;
}

static int hit(void) {
  char name[4096];
  snprintf(name, sizeof name, "%s.hit", getenv("FAIL_WHEN"));
  int file = open(name, O_CREAT | O_WRONLY, 0600);
  if (file >= 0) close(file);
  errno = EIO;
  return -1;
}

static int fails(const char* call, int fd) {
  const char* below = getenv("FAIL_BELOW");
  char link[64], path[4096];
  if (below == NULL || !asked_for(call)) return 0;
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t size = readlink(link, path, sizeof path - 1);
  if (size < 0) return 0;
  path[size] = 0;
  return strstr(path, below) != NULL;
}

#define REAL(name) ((__typeof__(name)*)dlsym(RTLD_NEXT, #name))

int fsync(int fd) { return fails("sync", fd) ? hit() : REAL(fsync)(fd); }
int fdatasync(int fd) { return fails("sync", fd) ? hit() : REAL(fdatasync)(fd); }
ssize_t write(int fd, const void* data, size_t size) {
  return fails("write", fd) ? hit() : REAL(write)(fd, data, size);
}
ssize_t pwrite(int fd, const void* data, size_t size, off_t at) {
  return fails("write", fd) ? hit() : REAL(pwrite)(fd, data, size, at);
}
ssize_t pwrite64(int fd, const void* data, size_t size, off64_t at) {
  return fails("write", fd) ? hit() : REAL(pwrite64)(fd, data, size, at);
}
int renameat(int from_folder, const char* from, int to_folder, const char* to) {
  return fails("rename", from_folder) ? hit() : REAL(renameat)(from_folder, from, to_folder, to);
}
int rename(const char* from, const char* to) {
  const char* below = getenv("FAIL_BELOW");
  if (below != NULL && strstr(to, below) != NULL && asked_for("rename")) return hit();
  return REAL(rename)(from, to);
}
