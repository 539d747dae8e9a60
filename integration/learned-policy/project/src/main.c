#include <stdio.h>

#include "greet.h"

int main(void) {
  puts(Greeting(0));
  return 0;
}
