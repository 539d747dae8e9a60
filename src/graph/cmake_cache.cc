#include "graph/cmake_cache.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace glovebox::graph {
namespace {

// [==[text]==], with as many equals signs as the text does not have: nothing in it is read as CMake's. A
// newline at its beginning would be dropped; no cache entry has one.
std::string Bracketed(absl::string_view text) {
  std::string equals;
  while (absl::StrContains(text, absl::StrCat("]", equals, "]")) ||
         absl::EndsWith(text, absl::StrCat("]", equals)))
    equals += '=';
  return absl::StrCat("[", equals, "[", text, "]", equals, "]");
}

bool IsNamePart(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) || (c & 0x80) != 0 ||
         absl::StrContains("_-.+", c);
}

// Where the directory ends there: "/b/x" holds /b, "/bc" does not.
bool HoldsAt(absl::string_view value, size_t at, absl::string_view directory) {
  if (directory.empty() || !absl::StartsWith(value.substr(at), directory)) return false;
  const size_t end = at + directory.size();
  return end == value.size() || !IsNamePart(value[end]);
}

std::string Moved(const std::string& value, const std::vector<Move>& moves) {
  std::string moved;
  for (size_t at = 0; at < value.size();) {
    const Move* longest = nullptr;
    for (const Move& move : moves) {
      if (HoldsAt(value, at, move.from) && (longest == nullptr || move.from.size() > longest->from.size()))
        longest = &move;
    }
    moved += longest == nullptr ? std::string(1, value[at]) : longest->to;
    at += longest == nullptr ? 1 : longest->from.size();
  }
  return moved;
}

}  // namespace

std::vector<CacheEntry> CacheEntries(absl::string_view text) {
  std::vector<CacheEntry> entries;
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    line = absl::StripSuffix(line, "\r");
    if (line.empty() || line[0] == '#' || absl::StartsWith(line, "//")) continue;
    CacheEntry entry;
    if (line[0] == '"') {  // a name with ':' or '=' is quoted
      const size_t quote = line.find('"', 1);
      if (quote == absl::string_view::npos) continue;
      entry.name = std::string(line.substr(1, quote - 1));
      line = line.substr(quote + 1);
    } else {
      entry.name = std::string(line.substr(0, line.find(':')));
      line = line.substr(entry.name.size());
    }
    const size_t equals = line.find('=');
    if (entry.name.empty() || !absl::StartsWith(line, ":") || equals == absl::string_view::npos) continue;
    entry.type = std::string(line.substr(1, equals - 1));
    absl::string_view value = line.substr(equals + 1);
    // A value that begins or ends with a blank stands in single quotes.
    if (value.size() >= 2 && value.front() == '\'' && value.back() == '\'')
      value = value.substr(1, value.size() - 2);
    entry.value = std::string(value);
    entries.push_back(std::move(entry));
  }
  return entries;
}

std::string InitialCache(const std::vector<CacheEntry>& entries, const std::vector<Move>& moves) {
  std::string script;
  for (const CacheEntry& entry : entries) {
    if (entry.type == "INTERNAL" || entry.type == "STATIC" || absl::EndsWith(entry.value, "-NOTFOUND"))
      continue;
    // set() knows no such type; what the project declares later gives it one, as at the first time.
    const std::string type = entry.type == "UNINITIALIZED" ? "STRING" : entry.type;
    absl::StrAppend(&script, "set(", Bracketed(entry.name), " ", Bracketed(Moved(entry.value, moves)),
                    " CACHE ", type, " [[]])\n");
  }
  return script;
}

}  // namespace glovebox::graph
