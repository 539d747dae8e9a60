static inline int shared(void) { return 1; }
