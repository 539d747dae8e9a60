// Everything that the pipeline may not use: check_symbols.cmake must refuse this object. Never linked.
#include <pthread.h>

#include <cstdio>
#include <cstdlib>

void* Forbidden(pthread_mutex_t* lock, int number) {
  pthread_mutex_lock(lock);
  printf("%d\n", number);
  if (number == 1) throw number;
  return number == 2 ? malloc(17) : ::operator new(18);
}
