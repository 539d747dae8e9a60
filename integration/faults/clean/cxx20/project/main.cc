#include <concepts>
#include "twice.h"
int main() { return twice(0); }
