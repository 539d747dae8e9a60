#include "both.h"
int main(void) { return one(); }
