int one(void) { return AAA; }
