/* Becomes `cat FILE` by an exec of its second thread, which then has the number of the first. */
#include <pthread.h>
#include <unistd.h>

static void* become_cat(void* file) {
  char* argv[] = {"cat", file, 0};
  execv("/bin/cat", argv);
  return 0;
}

int main(int argc, char** argv) {
  pthread_t thread;
  if (argc != 2 || pthread_create(&thread, 0, become_cat, argv[1]) != 0) return 2;
  pthread_join(thread, 0);
  return 3; /* the exec failed */
}
