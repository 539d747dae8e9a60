#if __has_include("nowhere.h")
#error "there is no such header"
#endif
#include <iostream>
#include <string>

extern "C" {
#include "part.h"
}

std::string Shared();
int main() {
  std::cout << Shared() << other() << "\n";
  return 0;
}
