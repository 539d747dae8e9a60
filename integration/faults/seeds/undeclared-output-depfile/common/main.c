#include "private.h"
int other(void);
int main(void) { return other() + VALUE; }
