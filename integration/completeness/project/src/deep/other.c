#include "../../include/real.h"
#include "../part.h"

int other(void) { return part() + REAL; }
