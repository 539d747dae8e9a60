#include <one.h>
int main(void) { return one(); }
