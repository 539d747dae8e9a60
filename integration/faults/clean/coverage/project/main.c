#include <stdio.h>
int main(void) { return puts("ran") < 0; }
