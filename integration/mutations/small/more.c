#include "small.h"
int more(void) { return 0; }
