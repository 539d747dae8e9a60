#include "word.h"

int main(void) { return WORD; }
