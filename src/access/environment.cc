#include "access/environment.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "access/keyed_hash.h"

namespace glovebox::access {

std::string VariableDigest(absl::string_view name, absl::string_view value) {
  // Runs of different builds are compared: the key is the same always.
  KeyedHash hash({0x676c6f7665626f78, 0x656e7669726f6e00});
  hash.Update(name);
  hash.Update("=");
  hash.Update(value);
  return absl::StrCat(absl::Hex(hash.Digest(), absl::kZeroPad16));
}

std::vector<std::string> EnvironmentOf(const char* const* environment) {
  std::vector<std::string> kept;
  for (; environment != nullptr && *environment != nullptr; ++environment) {
    const absl::string_view entry = *environment;
    const size_t equals = entry.find('=');
    if (equals == absl::string_view::npos || equals == 0) continue;
    const absl::string_view name = entry.substr(0, equals);
    if (name == "_" || absl::StartsWith(name, "GLOVEBOX_")) continue;
    kept.push_back(absl::StrCat(name, "=", VariableDigest(name, entry.substr(equals + 1))));
  }
  std::sort(kept.begin(), kept.end());
  return kept;
}

}  // namespace glovebox::access
