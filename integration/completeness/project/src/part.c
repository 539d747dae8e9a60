#include "generated.h"
#include <stdio.h>
#include <linked.h>
#include "sources/part.h"

int part(void) {
  printf("%d\n", REAL);
  return REAL;
}
