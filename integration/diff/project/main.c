#include <stdio.h>
const char *stamp(void);
const char *place(void);
int main(void) { return printf("%s %s\n", stamp(), place()) < 0; }
