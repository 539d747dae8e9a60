#include <string>

std::string Shared() { return "shared"; }
