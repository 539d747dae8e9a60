#define REAL 3
