#include <stdio.h>
int main(int argc, char** argv) {
  static char name[] = "in.txt";
  int fd;
  __asm__ volatile("int $0x80" : "=a"(fd) : "a"(5), "b"(name), "c"(0), "d"(0) : "memory");
  FILE* out = fopen(argv[argc - 1], "w");
  return !out || fputs(fd < 0 ? "absent\n" : "there\n", out) < 0;
}
