// What the tests of the project do.
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static void Note(const char* file, const char* what, const char* name) {
  char line[200];
  const int size = snprintf(line, sizeof line, "%s %s\n", what, name);
  const int fd = open(file, O_WRONLY | O_APPEND | O_CREAT, 0666);
  if (fd < 0 || write(fd, line, (size_t)size) != size) exit(9);
  close(fd);
}

// Itself, a child, and one that has made itself independent: none closes anything.
static int Hang(const char* file) {
  const int first = fork();
  if (first == 0) {
    const int second = fork();
    if (second == 0) setsid();
  }
  char number[20];
  snprintf(number, sizeof number, "%d", (int)getpid());
  Note(file, "pid", number);
  for (;;) pause();
  return 0;
}

static void NameOf(const char* file, const char* what, char* out, size_t size) {
  snprintf(out, size, "%s.%s", file, what);
}

// A daemon that answers a file by another one; its number stands in `file`.
static int Serve(const char* file) {
  char question[200], answer[200];
  NameOf(file, "question", question, sizeof question);
  NameOf(file, "answer", answer, sizeof answer);
  unlink(question);
  unlink(answer);
  const int pid = fork();
  if (pid > 0) {
    char number[20];
    snprintf(number, sizeof number, "%d", pid);
    FILE* out = fopen(file, "w");
    fputs(number, out);
    return fclose(out);
  }
  setsid();
  const int nowhere = open("/dev/null", O_RDWR);
  for (int i = 0; i < 3; ++i) dup2(nowhere, i);
  for (int i = 0; i < 6000; ++i) {  // a minute, should nobody stop it
    usleep(10000);
    if (access(question, F_OK) == 0) close(open(answer, O_WRONLY | O_CREAT, 0666));
  }
  return 0;
}

static int Ask(const char* file) {
  char question[200], answer[200];
  NameOf(file, "question", question, sizeof question);
  NameOf(file, "answer", answer, sizeof answer);
  close(open(question, O_WRONLY | O_CREAT, 0666));
  for (int i = 0; i < 500; ++i) {
    if (access(answer, F_OK) == 0) return 0;
    usleep(10000);
  }
  return 1;
}

static int Stop(const char* file) {
  char text[20] = "";
  FILE* in = fopen(file, "r");
  if (in == NULL || fgets(text, sizeof text, in) == NULL) return 1;
  return kill(atoi(text), SIGKILL) == 0 ? 0 : 2;
}

int main(int argc, char** argv) {
  const char* what = argc > 1 ? argv[1] : "";
  if (strcmp(what, "exit") == 0) return atoi(argv[2]);
  if (strcmp(what, "signal") == 0) {
    const struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
    kill(getpid(), atoi(argv[2]));
    pause();
  }
  if (strcmp(what, "arguments") == 0) {
    for (int i = 0; i < argc; ++i) printf("<%s>", argv[i]);
    printf("\n");
  }
  if (strcmp(what, "bytes") == 0) {
    for (int i = 1; i < 256; ++i) putchar(i);
  }
  if (strcmp(what, "streams") == 0) {
    for (int i = 0; i < 100; ++i) dprintf(1 + i % 2, "line %d\n", i);
  }
  if (strcmp(what, "environment") == 0) {
    for (int i = 2; i < argc; ++i) printf("%s=%s\n", argv[i], getenv(argv[i]) ? getenv(argv[i]) : "");
  }
  if (strcmp(what, "list") == 0) printf("one\nwith [brackets] and \"quotes\"\nlast one\n");
  if (strcmp(what, "hang") == 0) return Hang(argv[2]);
  if (strcmp(what, "serve") == 0) return Serve(argv[2]);
  if (strcmp(what, "ask") == 0) return Ask(argv[2]);
  if (strcmp(what, "stop") == 0) return Stop(argv[2]);
  if (strcmp(what, "note") == 0) {
    Note(argv[2], "begin", argv[3]);
    usleep(30000);
    Note(argv[2], "end", argv[3]);
  }
  return 0;
}
