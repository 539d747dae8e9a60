#include <stdio.h>
#include "small.h"
int main(void) { return printf("%d\n", count() + words() + more() + again()) < 0; }
