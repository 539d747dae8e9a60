#include <stdio.h>
#include "own.h"
int main(void) { return X; }
