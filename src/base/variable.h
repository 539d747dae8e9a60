// Environment variables. Not while another thread may set one (getenv(3)).
#ifndef GLOVEBOX_BASE_VARIABLE_H_
#define GLOVEBOX_BASE_VARIABLE_H_

#include <cstdlib>
#include <string>

namespace glovebox {

// What it is set to; `otherwise` where it is not set, or to nothing.
inline std::string Variable(const char* name, const char* otherwise = "") {
  const char* value = getenv(name);
  return value != nullptr && value[0] != '\0' ? value : otherwise;
}

}  // namespace glovebox

#endif  // GLOVEBOX_BASE_VARIABLE_H_
