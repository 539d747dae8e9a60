#include "gen $ header.h"
int main(void) { return X; }
