// What a program sees that was started by the pipeline: prints it, one "key value" a line. Static, so that
// the dynamic loader's own calls do not count.
//   probe                 everything
//   probe call N [A...]   system call N with numbers: "result R errno E"
//   probe errno N [A...]  the same, and nothing but the exit status says how it went: 0 or the errno
//   probe rdtsc           reads the time-stamp counter (x86)
//   probe rdtsc-denied    the same after it has denied that to itself: it exits with 0 where a host cannot
//   hold that probe connect NAME    connects to the abstract unix stream socket NAME; exits likewise
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#if defined(__x86_64__)
#include <x86intrin.h>
#endif

namespace {

int Call(int argc, char** argv, bool print) {
  long words[7] = {};
  for (int i = 2; i < argc && i < 9; ++i) words[i - 2] = static_cast<long>(strtoull(argv[i], nullptr, 0));
  errno = 0;
  const long result = syscall(words[0], words[1], words[2], words[3], words[4], words[5], words[6]);
  if (!print) return result == -1 ? errno : 0;
  printf("result %ld errno %d\n", result, errno);
  return 0;
}

int Connect(const char* name) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  strncpy(address.sun_path + 1, name, sizeof address.sun_path - 2);
  const auto size =
      static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + strlen(address.sun_path + 1));
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return errno;
  return connect(fd, reinterpret_cast<const sockaddr*>(&address), size) == 0 ? 0 : errno;
}

void PrintStatus() {
  FILE* file = fopen("/proc/self/status", "re");
  if (file == nullptr) return;
  char line[512];
  while (fgets(line, sizeof line, file) != nullptr) fputs(line, stdout);
  fclose(file);
}

// The kernel's own words, columns apart by one blank: "Max open files 64 64 files".
void PrintLimits() {
  FILE* file = fopen("/proc/self/limits", "re");
  if (file == nullptr) return;
  char line[512];
  while (fgets(line, sizeof line, file) != nullptr) {
    const char* gap = "";
    for (const char* word = strtok(line, " \n"); word != nullptr; word = strtok(nullptr, " \n")) {
      printf("%s%s", gap, word);
      gap = " ";
    }
    printf("\n");
  }
  fclose(file);
}

}  // namespace

int main(int argc, char** argv, char** environment) {
  if (argc > 2 && strcmp(argv[1], "errno") == 0) return Call(argc, argv, false);
  if (argc > 2 && strcmp(argv[1], "connect") == 0) return Connect(argv[2]);
#if defined(__x86_64__)
  if (argc > 1 && strcmp(argv[1], "rdtsc-denied") == 0) {
    return prctl(PR_SET_TSC, PR_TSC_SIGSEGV) != 0 || __rdtsc() == 0;
  }
  if (argc > 1 && strcmp(argv[1], "rdtsc") == 0) return __rdtsc() == 0;
#endif
  // The descriptors first, before stdio or this program open one.
  for (int fd = 0; fd < 64; ++fd) {
    if (fcntl(fd, F_GETFD) >= 0) printf("fd %d\n", fd);
  }
  if (argc > 2 && strcmp(argv[1], "call") == 0) return Call(argc, argv, true);
  PrintStatus();
  for (char** entry = environment; *entry != nullptr; ++entry) printf("env %s\n", *entry);
  PrintLimits();
  int number = 0;
  prctl(PR_GET_PDEATHSIG, &number);
  printf("pdeathsig %d\n", number);
  prctl(PR_GET_TSC, &number);
  printf("tsc %d\n", number);
  printf("session %d\n", getsid(0) == getpid() ? 1 : 0);
  printf("foreground %d\n", tcgetpgrp(0) == getpgrp() ? 1 : 0);
  for (int i = 0; i < argc; ++i) printf("arg %s\n", argv[i]);
  return 0;
}
