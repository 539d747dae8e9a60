// What a program sees that was started by the pipeline: prints it, one "key value" a line. Static, so that
// the dynamic loader's own calls do not count.
//   probe                 everything
//   probe call N [A...]   system call N with numbers: "result R errno E"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "child/plan.h"

namespace {

int Call(int argc, char** argv) {
  long words[7] = {};
  for (int i = 2; i < argc && i < 9; ++i) words[i - 2] = static_cast<long>(strtoull(argv[i], nullptr, 0));
  errno = 0;
  const long result = syscall(words[0], words[1], words[2], words[3], words[4], words[5], words[6]);
  printf("result %ld errno %d\n", result, errno);
  return 0;
}

void PrintStatus() {
  FILE* file = fopen("/proc/self/status", "re");
  if (file == nullptr) return;
  char line[512];
  while (fgets(line, sizeof line, file) != nullptr) fputs(line, stdout);
  fclose(file);
}

}  // namespace

int main(int argc, char** argv, char** environment) {
  // The descriptors first, before stdio or this program open one.
  for (int fd = 0; fd < 64; ++fd) {
    if (fcntl(fd, F_GETFD) >= 0) printf("fd %d\n", fd);
  }
  if (argc > 2 && strcmp(argv[1], "call") == 0) return Call(argc, argv);
  PrintStatus();
  for (char** entry = environment; *entry != nullptr; ++entry) printf("env %s\n", *entry);
  for (const auto& limit : glovebox::child::kLimits) {
    rlimit value{};
    getrlimit(static_cast<__rlimit_resource_t>(limit.resource), &value);
    printf("limit %s %llu %llu\n", limit.name, static_cast<unsigned long long>(value.rlim_cur),
           static_cast<unsigned long long>(value.rlim_max));
  }
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
