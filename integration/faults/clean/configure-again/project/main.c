#include "config.h"
const char* version = VERSION;
int main(void) { return 0; }
