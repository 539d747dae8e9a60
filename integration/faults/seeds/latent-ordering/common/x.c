#include "gen.h"
int x = X;
