int ready(void) { return 0; }
