#include "small.h"
int again(void) { return 0; }
