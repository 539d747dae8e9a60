// What shim_test.cc runs, with and without the library: prints what realpath() and its kin say of each name.
//
// usage: shim_probe MODE NAME...
//   plain    in this process
//   fork     in a child that has not called exec
//   vfork    in a child that shares our memory
//   signal   in the handler of SIGUSR1 while the first name is being asked about; the tester sends it
//   short    __realpath_chk with a buffer that the C library finds too small: it ends the program
//   thread   in two threads at once, each many times; prints how many answers differed from the first
#undef _FORTIFY_SOURCE
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

char* __realpath_chk(const char* name, char* resolved, size_t size);

static char** names;

static void Print(const char* function, const char* result, int error, const char* buffer) {
  printf("%s: %s %d %s\n", function, result != NULL ? result : "(null)", error, buffer);
}

static void Ask(const char* name) {
  char buffer[PATH_MAX] = "untouched";
  errno = 0;
  const char* found = realpath(name, buffer);
  Print("realpath", found, errno, buffer);
  memcpy(buffer, "untouched", sizeof "untouched");
  errno = 0;
  found = __realpath_chk(name, buffer, sizeof buffer);
  Print("__realpath_chk", found, errno, buffer);
  errno = 0;
  char* result = realpath(name, NULL);
  Print("realpath of null", result, errno, "");
  free(result);
  errno = 0;
  result = canonicalize_file_name(name);
  Print("canonicalize_file_name", result, errno, "");
  free(result);
}

static void AskAll(void) {
  for (char** name = names; *name != NULL; ++name) Ask(*name);
  // A null name is an error of its own, and its attribute a promise to the compiler that is broken here.
  char* (*volatile function)(const char*, char*) = realpath;
  errno = 0;
  const char* none = function(NULL, NULL);
  Print("null", none, errno, "");
  fflush(stdout);
}

static void OnSignal(int number) {
  (void)number;
  char buffer[PATH_MAX] = "untouched";
  const char* result = realpath(names[1], buffer);
  Print("in the handler", result, errno, buffer);
}

static void* AskOften(void* first) {
  long differ = 0;
  for (int i = 0; i < 2000; ++i) {
    char buffer[PATH_MAX];
    if (realpath(names[0], buffer) == NULL || strcmp(buffer, first) != 0) ++differ;
  }
  return (void*)differ;
}

static int Threads(void) {
  char first[PATH_MAX];
  if (realpath(names[0], first) == NULL) return 1;
  pthread_t threads[2];
  for (int i = 0; i < 2; ++i) {
    if (pthread_create(&threads[i], NULL, AskOften, first) != 0) return 1;
  }
  for (int i = 0; i < 2; ++i) {
    void* differ = NULL;
    pthread_join(threads[i], &differ);
    printf("%ld differ\n", (long)differ);
  }
  return 0;
}

static int Signal(void) {
  struct sigaction action = {.sa_handler = OnSignal, .sa_flags = SA_RESTART};
  sigaction(SIGUSR1, &action, NULL);
  char buffer[PATH_MAX] = "untouched";
  const char* result = realpath(names[0], buffer);
  Print("around the handler", result, 0, buffer);
  return 0;
}

int main(int argc, char** argv) {
  if (argc < 3) return 2;
  names = argv + 2;
  const char* mode = argv[1];
  if (strcmp(mode, "thread") == 0) return Threads();
  if (strcmp(mode, "signal") == 0) return Signal();
  if (strcmp(mode, "short") == 0) {
    char buffer[PATH_MAX];
    return __realpath_chk(names[0], buffer, PATH_MAX - 1) != NULL ? 0 : 1;
  }
  if (strcmp(mode, "plain") == 0) {
    AskAll();
    return 0;
  }
  const pid_t child = strcmp(mode, "vfork") == 0 ? vfork() : fork();
  if (child == 0) {
    AskAll();
    _exit(0);
  }
  int status = 1;
  waitpid(child, &status, 0);
  return status;
}
