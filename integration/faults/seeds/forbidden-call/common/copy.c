#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
int main(int argc, char** argv) {
  char line[100] = "";
  char params[512];
  memset(params, 0, sizeof params);
#ifdef RING
  syscall(SYS_io_uring_setup, 4, params);
#endif
  FILE* in = fopen(argv[1], "r");
  FILE* out = fopen(argv[argc - 1], "w");
  return !in || !out || !fgets(line, sizeof line, in) || fputs(line, out) < 0;
}
