// Uses what its words say, one after the other, and ends as the last ones do.
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void Memory(size_t mebibytes) {
  const size_t size = mebibytes << 20;
  char* bytes = malloc(size);
  for (size_t i = 0; i < size; i += 4096) ((volatile char*)bytes)[i] = 1;
}

// Milliseconds of the processor's time, whatever else runs on it.
static void Spin(long milliseconds) {
  struct timespec now;
  do {
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  } while (now.tv_sec * 1000 + now.tv_nsec / 1000000 < milliseconds);
}

static void Files(int count) {
  for (int i = 1; i <= count; ++i) {
    char name[40];
    snprintf(name, sizeof name, "many/%d", i);
    const int fd = open(name, O_RDONLY);
    if (fd < 0) exit(9);
    close(fd);
  }
}

int main(int argc, char** argv) {
  puts("begun");
  fflush(stdout);
  for (int i = 1; i < argc; ++i) {
    const char* word = argv[i];
    const long number = i + 1 < argc ? atol(argv[i + 1]) : 0;
    if (strcmp(word, "memory") == 0) Memory((size_t)number);
    if (strcmp(word, "spin") == 0) Spin(number);
    if (strcmp(word, "sleep") == 0) usleep((useconds_t)number * 1000);
    if (strcmp(word, "files") == 0) Files((int)number);
    if (strcmp(word, "own") == 0)
      puts("<CTestMeasurement type=\"numeric/double\" name=\"own\">42</CTestMeasurement>");
    if (strcmp(word, "child") == 0 && fork() > 0) {
      int status = 0;
      wait(&status);
      return WIFEXITED(status) ? WEXITSTATUS(status) : 9;
    }
    if (strcmp(word, "signal") == 0) {
      const struct rlimit none = {0, 0};
      setrlimit(RLIMIT_CORE, &none);
      fflush(stdout);
      raise((int)number);
    }
    if (strcmp(word, "exit") == 0) {
      puts("ends");
      return (int)number;
    }
  }
  return 9;
}
