#include "gen.h"
#include "own.h"
int main(void) { return X + Y; }
