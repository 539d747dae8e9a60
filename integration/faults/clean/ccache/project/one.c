#include "both.h"
int one(void) { return 0; }
