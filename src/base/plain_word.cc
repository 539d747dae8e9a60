#include "base/plain_word.h"

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"

namespace glovebox {

std::string FromPlainWord(absl::string_view word) {
  std::string path;
  for (size_t i = 0; i < word.size(); ++i) {
    const absl::string_view digits = word.substr(i + 1, 2);
    const auto is_digit = [](char c) { return absl::ascii_isxdigit(static_cast<unsigned char>(c)); };
    if (word[i] == '%' && digits.size() == 2 && digits != "00" && is_digit(digits[0]) &&
        is_digit(digits[1])) {
      path += absl::HexStringToBytes(digits);
      i += 2;
    } else {
      path += word[i];
    }
  }
  return path;
}

}  // namespace glovebox
