#include "stamp.h"
const char *stamp(void) { return STAMP; }
