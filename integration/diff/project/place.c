#include "config.h"
const char *place(void) { return PLACE; }
