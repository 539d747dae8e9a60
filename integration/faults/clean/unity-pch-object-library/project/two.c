int two(void) { return puts("two"); }
