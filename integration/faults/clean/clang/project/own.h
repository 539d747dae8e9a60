#include <stddef.h>
#define X ((int)sizeof(size_t) - (int)sizeof(size_t))
