#include "config.h"
#define X(n) + n
int table(void) {
  return 0
#include "table.h"
      ;
}
