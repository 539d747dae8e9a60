#include "shared.h"
int other(void);
int main(void) { return other() - shared(); }
