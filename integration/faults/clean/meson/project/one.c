#include "table.h"
#ifdef ONE
int one(void) { return 0; }
#endif
