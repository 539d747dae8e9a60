int two(void) { return AAA; }
