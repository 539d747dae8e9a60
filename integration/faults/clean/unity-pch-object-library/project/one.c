int one(void) { return puts("one"); }
