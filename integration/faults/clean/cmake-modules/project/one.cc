export module one;
export int one() { return 1; }
