/* getpid through int 0x80: it ends well where the kernel, and what it runs on, answer calls of that ABI. */
int main(void) {
  int pid;
  __asm__ volatile("int $0x80" : "=a"(pid) : "a"(20) : "memory");
  return pid > 0 ? 0 : 1;
}
