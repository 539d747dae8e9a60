#include <stdio.h>
int main(int argc, char** argv) {
  char line[100] = "";
#ifdef FOREIGN
  static char name[] = "in.txt";
  int fd;
  __asm__ volatile("int $0x80" : "=a"(fd) : "a"(5), "b"(name), "c"(0), "d"(0) : "memory");
#endif
  FILE* in = fopen(argv[1], "r");
  FILE* out = fopen(argv[argc - 1], "w");
  return !in || !out || !fgets(line, sizeof line, in) || fputs(line, out) < 0;
}
