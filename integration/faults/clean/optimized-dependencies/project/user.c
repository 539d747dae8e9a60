#include "made.h"
int user(void) { return MADE; }
