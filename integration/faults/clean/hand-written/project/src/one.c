#include <one.h>
int one(void) { return 0; }
