#include "config.h"
int part(void);
int main(void) { return part() + (VERSION[0] == 0); }
