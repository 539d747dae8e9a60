// libglovebox-ninja.so: preloaded into Ninja alone, it spawns each edge's shell through the launcher.
//
// Ninja starts an edge with posix_spawn("/bin/sh", {"/bin/sh", "-c", COMMAND}) (1.9 and later; before, and in
// samurai's forks, with fork and execl). Here that becomes
//     $GLOVEBOX_LAUNCH --role=edge -- /bin/sh -c COMMAND
// with the same attributes and file actions. COMMAND is what Ninja hashes into .ninja_log, and it never sees
// another one: nothing is rebuilt, and its output and log are those of a plain run. So the shell itself, the
// files that it opens for `> f`, and b in `a | b` and `a && b` are under a listener from their first
// instruction, which RULE_LAUNCH_* cannot do.
//
// The library takes itself out of the LD_PRELOAD that children get, and keeps the entries of the user. It is
// done here, per spawn, not in a constructor: a `ninja` that is a script or a Python wrapper has to hand the
// library on to the real one.
//
// Where GLOVEBOX_LAUNCH is not set nothing is changed but LD_PRELOAD. Where the launcher cannot be started
// the spawn fails as it would for a missing /bin/sh: no edge runs on unseen.
//
// libc only; no memory is allocated, since exec* may be called in a forked child.
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <alloca.h>
#include <dlfcn.h>
#include <errno.h>
#include <spawn.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char kOurName[] = "libglovebox-ninja.so";
static const char kVariable[] = "LD_PRELOAD=";

extern char** environ;

// "/bin/sh -c COMMAND" and nothing more.
static int IsEdge(const char* path, char* const argv[]) {
  return path != NULL && strcmp(path, "/bin/sh") == 0 && argv != NULL && argv[0] != NULL && argv[1] != NULL &&
         strcmp(argv[1], "-c") == 0 && argv[2] != NULL && argv[3] == NULL;
}

static const char* FindVariable(char* const envp[], const char* name_and_equals) {
  const size_t size = strlen(name_and_equals);
  if (envp == NULL) return NULL;
  for (size_t i = 0; envp[i] != NULL; ++i) {
    if (strncmp(envp[i], name_and_equals, size) == 0) return envp[i] + size;
  }
  return NULL;
}

static int IsOurs(const char* entry, size_t size) {
  const size_t name = sizeof kOurName - 1;
  return size >= name && memcmp(entry + size - name, kOurName, name) == 0 &&
         (size == name || entry[size - name - 1] == '/');
}

// Copies "LD_PRELOAD=<entries but ours>" to `out`, which holds at least strlen(value) + sizeof kVariable
// bytes. Returns 0 when nothing is left. Entries end at a colon or a space (ld.so(8)).
static int WithoutUs(const char* value, char* out) {
  char* end = out;
  memcpy(end, kVariable, sizeof kVariable - 1);
  end += sizeof kVariable - 1;
  int entries = 0;
  while (*value != '\0') {
    const size_t size = strcspn(value, ": ");
    if (size > 0 && !IsOurs(value, size)) {
      if (entries++ > 0) *end++ = ':';
      memcpy(end, value, size);
      end += size;
    }
    value += size;
    if (*value != '\0') ++value;
  }
  *end = '\0';
  return entries > 0;
}

static size_t Count(char* const list[]) {
  size_t count = 0;
  while (list != NULL && list[count] != NULL) ++count;
  return count;
}

// Fills `out` (Count(envp) + 1 places) with envp, its LD_PRELOAD replaced by `preload`, or left out where
// that is NULL.
static void CopyEnvironment(char* const envp[], char* preload, char** out) {
  size_t kept = 0;
  for (size_t i = 0; envp != NULL && envp[i] != NULL; ++i) {
    if (strncmp(envp[i], kVariable, sizeof kVariable - 1) != 0) {
      out[kept++] = envp[i];
    } else if (preload != NULL) {
      out[kept++] = preload;
      preload = NULL;
    }
  }
  out[kept] = NULL;
}

// The memory lives on the caller's stack: a macro, since alloca's block ends with its function.
#define REWRITE(path, argv, envp)                               \
  const char* launch = FindVariable(envp, "GLOVEBOX_LAUNCH=");  \
  char* edge_argv[] = {(char*)(size_t)launch,                   \
                       (char*)(size_t) "--role=edge",           \
                       (char*)(size_t) "--",                    \
                       (char*)(size_t) "/bin/sh",               \
                       (char*)(size_t) "-c",                    \
                       argv[2],                                 \
                       NULL};                                   \
  const char* preload = FindVariable(envp, kVariable);          \
  char* edge_preload = NULL;                                    \
  if (preload != NULL) {                                        \
    char* buffer = alloca(strlen(preload) + sizeof kVariable);  \
    if (WithoutUs(preload, buffer)) edge_preload = buffer;      \
  }                                                             \
  char** edge_envp = alloca((Count(envp) + 1) * sizeof(char*)); \
  CopyEnvironment(envp, edge_preload, edge_envp);               \
  if (launch != NULL && launch[0] != '\0') {                    \
    path = launch;                                              \
    argv = edge_argv;                                           \
  }

typedef int (*SpawnFunction)(pid_t*, const char*, const posix_spawn_file_actions_t*, const posix_spawnattr_t*,
                             char* const[], char* const[]);
typedef int (*ExecFunction)(const char*, char* const[], char* const[]);

__attribute__((visibility("default"))) int posix_spawn(pid_t* pid, const char* path,
                                                       const posix_spawn_file_actions_t* actions,
                                                       const posix_spawnattr_t* attributes,
                                                       char* const argv[], char* const envp[]) {
  static SpawnFunction next;
  if (next == NULL) {
    void* symbol = dlsym(RTLD_NEXT, "posix_spawn");
    memcpy(&next, &symbol, sizeof next);  // ISO C knows no cast from void* to a function
  }
  if (next == NULL) return ENOSYS;
  if (!IsEdge(path, argv)) return next(pid, path, actions, attributes, argv, envp);
  REWRITE(path, argv, envp)
  return next(pid, path, actions, attributes, argv, edge_envp);
}

__attribute__((visibility("default"))) int execve(const char* path, char* const argv[], char* const envp[]) {
  static ExecFunction next;
  if (next == NULL) {
    void* symbol = dlsym(RTLD_NEXT, "execve");
    memcpy(&next, &symbol, sizeof next);
  }
  if (next == NULL) {
    errno = ENOSYS;
    return -1;
  }
  if (!IsEdge(path, argv)) return next(path, argv, envp);
  REWRITE(path, argv, envp)
  return next(path, argv, edge_envp);
}

__attribute__((visibility("default"))) int execv(const char* path, char* const argv[]) {
  return execve(path, argv, environ);
}

// glibc's own execl calls its internal execve, which cannot be interposed.
__attribute__((visibility("default"))) int execl(const char* path, const char* arg, ...) {
  va_list list;
  size_t count = 1;
  va_start(list, arg);
  while (va_arg(list, char*) != NULL) ++count;
  va_end(list);
  char** argv = alloca((count + 1) * sizeof(char*));
  argv[0] = (char*)(size_t)arg;
  va_start(list, arg);
  for (size_t i = 1; i <= count; ++i) argv[i] = va_arg(list, char*);
  va_end(list);
  return execve(path, argv, environ);
}
