#include <stdio.h>
static const char version[] =
#include "version.h"
;
int main(void) { puts(version); return 0; }
