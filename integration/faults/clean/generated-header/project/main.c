#include <stdio.h>
#include "config.h"
#if __has_include("absent.h")
#include "absent.h"
#endif
int table(void);
int main(void) { return printf("%s %d\n", NAME, table()) < 0; }
