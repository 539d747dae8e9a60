#include "private.h"
int other(void) { return VALUE; }
