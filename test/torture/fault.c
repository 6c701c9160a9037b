/* fault.c - a library for LD_PRELOAD: counts the changes that Node.js makes below a folder, and lets one of them go wrong.
 *
 * TORTURE_ROOT    the folder; only calls that change something in it count, of all processes that run Node.js
 * TORTURE_COUNT   a file of 16 bytes, in which all these processes count together
 * TORTURE_LOG     a file: each change is told there, by its number
 * TORTURE_AT      number of the change that goes wrong
 * TORTURE_WHERE   if set, an extended regular expression: only changes are numbered for that whose "CALL PATH" fits
 * TORTURE_DO      what happens then:
 *   kill:N        instead of the change the process gets signal N
 *   group:N       all processes of its group get it
 *   tear:N        half of what is to be written is written, then as group:N; other calls: done first
 *   stop          the process stops (SIGSTOP), and makes the change when it is continued
 *   error:E       the change fails with errno E
 *   errors:E      it and all that come after fail with errno E
 *   eintr         as error:EINTR, of write and open only
 *   short         half of what is to be written is written, and no error told
 *   shorts        so also all that comes after
 *
 * A close is no change. Of what the kernel holds back until fsync() nothing is lost here.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <regex.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

static const char *root;
static size_t root_length;
static volatile uint64_t *counter;
static int log_fd = -1;
static uint64_t at;
static regex_t where;
static int has_where;
static char act[16];
static int number;

static ssize_t (*real_write)(int, const void *, size_t);
static int (*real_open)(const char *, int, ...);

__attribute__((constructor)) static void begin(void) {
  real_write = (ssize_t(*)(int, const void *, size_t))dlsym(RTLD_NEXT, "write");
  real_open = (int (*)(const char *, int, ...))dlsym(RTLD_NEXT, "open64");
  const char *at_text = getenv("TORTURE_AT"), *todo = getenv("TORTURE_DO");
  const char *count_name = getenv("TORTURE_COUNT"), *log_name = getenv("TORTURE_LOG");
  char program[4096];
  ssize_t length = readlink("/proc/self/exe", program, sizeof program - 1);
  if (length < 5 || memcmp(program + length - 5, "/node", 5) != 0 || count_name == NULL) return;
  int fd = real_open(count_name, O_RDWR | O_CLOEXEC);
  if (fd < 0) return;
  void *shared = mmap(NULL, 16, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  close(fd);
  if (shared == MAP_FAILED) return;
  counter = shared;
  if (log_name != NULL) {
    fd = real_open(log_name, O_WRONLY | O_APPEND | O_CLOEXEC);
    /* High up, so that the numbers of descriptors are what they would be. */
    if (fd >= 0) { log_fd = fcntl(fd, F_DUPFD_CLOEXEC, 900); close(fd); }
  }
  if (at_text != NULL) at = strtoull(at_text, NULL, 10);
  const char *where_text = getenv("TORTURE_WHERE");
  has_where = where_text != NULL && regcomp(&where, where_text, REG_EXTENDED | REG_NOSUB) == 0;
  if (todo != NULL) {
    const char *colon = strchr(todo, ':');
    size_t end = colon == NULL ? strlen(todo) : (size_t)(colon - todo);
    if (end < sizeof act) memcpy(act, todo, end);
    if (colon != NULL) number = atoi(colon + 1);
  }
  root = getenv("TORTURE_ROOT");
  root_length = root == NULL ? 0 : strlen(root);
}

static int is_below(const char *path) {
  char whole[8192];
  if (path[0] != '/') {
    if (getcwd(whole, 4096) == NULL) return 0;
    size_t length = strlen(whole);
    if (length + strlen(path) + 2 > sizeof whole) return 0;
    whole[length] = '/';
    strcpy(whole + length + 1, path);
    path = whole;
  }
  return strncmp(path, root, root_length) == 0 && (path[root_length] == '/' || path[root_length] == 0);
}

static int is_fd_below(int fd, char *name, size_t size) {
  char link[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, name, size - 1);
  if (length < 0) return 0;
  name[length] = 0;
  return name[0] == '/' && is_below(name); /* not pipe:[123] */
}

enum { GO_ON, FAIL, HALF, HALF_AND_DIE };

static void die(int group) { if (group) kill(0, number); else kill(getpid(), number); }

/* One change: counts it, and says what is to become of it. kind: 'w' write, 'o' open, '-' other. */
static int change(const char *call, const char *path, char kind) {
  char line[9000];
  uint64_t number_of_all = __atomic_add_fetch(counter, 1, __ATOMIC_SEQ_CST), n = number_of_all;
  if (has_where) {
    snprintf(line, sizeof line, "%s %s", call, path);
    n = regexec(&where, line, 0, NULL, 0) == 0 ? __atomic_add_fetch(counter + 1, 1, __ATOMIC_SEQ_CST) : 0;
  }
  int isNow = at != 0 && n == at, result = GO_ON;
  if (log_fd >= 0) {
    int length = snprintf(line, sizeof line, "%llu %s %s%s\n", (unsigned long long)number_of_all, call, path, isNow ? " !" : "");
    if (length > 0) { int saved = errno; (void)!real_write(log_fd, line, (size_t)length < sizeof line ? (size_t)length : sizeof line - 1); errno = saved; }
  }
  if (at != 0 && n > at && strcmp(act, "errors") == 0) { errno = number; return FAIL; }
  if (at != 0 && n >= at && strcmp(act, "shorts") == 0 && kind == 'w') return HALF;
  if (!isNow) return GO_ON;
  if (strcmp(act, "kill") == 0) die(0);
  else if (strcmp(act, "group") == 0) die(1);
  else if (strcmp(act, "stop") == 0) raise(SIGSTOP);
  else if (strcmp(act, "error") == 0 || strcmp(act, "errors") == 0) { errno = number; result = FAIL; }
  else if (strcmp(act, "eintr") == 0 && kind != '-') { errno = EINTR; result = FAIL; }
  else if (strcmp(act, "short") == 0 && kind == 'w') result = HALF;
  else if (strcmp(act, "tear") == 0) result = HALF_AND_DIE;
  return result;
}

static int on_path(const char *call, const char *path, char kind) {
  return root == NULL || !is_below(path) ? GO_ON : change(call, path, kind);
}

static int on_fd(const char *call, int fd, char kind) {
  char name[4200];
  return root == NULL || !is_fd_below(fd, name, sizeof name) ? GO_ON : change(call, name, kind);
}

#define REAL(name) static __typeof__(&name) real; if (real == NULL) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)
#define PASS(what, call) { int todo = what; if (todo == FAIL) return -1; long done = call; if (todo == HALF_AND_DIE) die(1); return done; }

static size_t half(size_t count) { return count > 1 ? count / 2 : count; }

ssize_t write(int fd, const void *data, size_t count) {
  int todo = on_fd("write", fd, 'w');
  if (todo == FAIL) return -1;
  ssize_t done = real_write(fd, data, todo == GO_ON ? count : half(count));
  if (todo == HALF_AND_DIE) die(1);
  return done;
}

ssize_t pwrite64(int fd, const void *data, size_t count, off64_t position) {
  REAL(pwrite64);
  int todo = on_fd("pwrite", fd, 'w');
  if (todo == FAIL) return -1;
  ssize_t done = real(fd, data, todo == GO_ON ? count : half(count), position);
  if (todo == HALF_AND_DIE) die(1);
  return done;
}

ssize_t writev(int fd, const struct iovec *parts, int count) {
  REAL(writev);
  PASS(on_fd("writev", fd, 'w'), real(fd, parts, todo == GO_ON ? count : (count + 1) / 2))
}

ssize_t pwritev64(int fd, const struct iovec *parts, int count, off64_t position) {
  REAL(pwritev64);
  PASS(on_fd("pwritev", fd, 'w'), real(fd, parts, todo == GO_ON ? count : (count + 1) / 2, position))
}

int open64(const char *path, int flags, ...) {
  va_list more;
  va_start(more, flags);
  int mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(more, int) : 0;
  va_end(more);
  REAL(open64);
  if (!(flags & (O_CREAT | O_WRONLY | O_RDWR))) return real(path, flags, mode);
  PASS(on_path("open", path, 'o'), real(path, flags, mode))
}

int rename(const char *from, const char *to) { REAL(rename); PASS(on_path("rename", to, '-'), real(from, to)) }
int link(const char *from, const char *to) { REAL(link); PASS(on_path("link", to, '-'), real(from, to)) }
int symlink(const char *text, const char *name) { REAL(symlink); PASS(on_path("symlink", name, '-'), real(text, name)) }
int unlink(const char *path) { REAL(unlink); PASS(on_path("unlink", path, '-'), real(path)) }
int rmdir(const char *path) { REAL(rmdir); PASS(on_path("rmdir", path, '-'), real(path)) }
int mkdir(const char *path, mode_t mode) { REAL(mkdir); PASS(on_path("mkdir", path, '-'), real(path, mode)) }
int chmod(const char *path, mode_t mode) { REAL(chmod); PASS(on_path("chmod", path, '-'), real(path, mode)) }
int fchmod(int fd, mode_t mode) { REAL(fchmod); PASS(on_fd("fchmod", fd, '-'), real(fd, mode)) }
int fsync(int fd) { REAL(fsync); PASS(on_fd("fsync", fd, '-'), real(fd)) }
int fdatasync(int fd) { REAL(fdatasync); PASS(on_fd("fdatasync", fd, '-'), real(fd)) }
int ftruncate64(int fd, off64_t length) { REAL(ftruncate64); PASS(on_fd("ftruncate", fd, '-'), real(fd, length)) }
int futimens(int fd, const struct timespec times[2]) { REAL(futimens); PASS(on_fd("futimens", fd, '-'), real(fd, times)) }
int utimensat(int dir, const char *path, const struct timespec times[2], int flags) {
  REAL(utimensat);
  PASS(dir == AT_FDCWD ? on_path("utimensat", path, '-') : GO_ON, real(dir, path, times, flags))
}
ssize_t sendfile64(int out, int in, off64_t *offset, size_t count) {
  REAL(sendfile64);
  PASS(on_fd("sendfile", out, 'w'), real(out, in, offset, todo == GO_ON ? count : half(count)))
}
