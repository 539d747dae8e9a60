// A path or name in a form that everybody on the way to a command leaves alone.
#ifndef GLOVEBOX_BASE_PLAIN_WORD_H_
#define GLOVEBOX_BASE_PLAIN_WORD_H_

#include <string>

#include "absl/strings/string_view.h"

namespace glovebox {

// What the CMake module made of a text (_glovebox_plain_word() of cmake-modules/GloveboxPlainWord.cmake): %XX
// is a byte, but for NUL, which no path and no argument has.
//   FromPlainWord("a%20b%2525") == "a b%25"
std::string FromPlainWord(absl::string_view word);

}  // namespace glovebox

#endif  // GLOVEBOX_BASE_PLAIN_WORD_H_
