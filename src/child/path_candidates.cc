#include "child/path_candidates.h"

#include <climits>
#include <cstring>

namespace glovebox::child {
namespace {

constexpr char kDefaultPath[] = "/bin:/usr/bin";

}  // namespace

CandidateRoom PathCandidateRoom(const char* program, const char* path) {
  if (path == nullptr) path = kDefaultPath;
  size_t elements = 1;
  for (const char* at = path; *at != '\0'; ++at) elements += *at == ':' ? 1 : 0;
  return {elements + 1, strlen(path) + elements * (strlen(program) + 2)};
}

bool PathCandidates(const char* program, const char* path, const char** out, size_t entries, char* text,
                    size_t bytes) {
  if (entries < 2) return false;
  out[0] = nullptr;
  if (*program == '\0') return true;
  if (strchr(program, '/') != nullptr) {
    out[0] = program;
    out[1] = nullptr;
    return true;
  }
  if (path == nullptr) path = kDefaultPath;
  const size_t length = strlen(program);
  size_t count = 0;
  for (const char* at = path;; ++at) {
    const char* end = strchr(at, ':');
    const size_t directory = end != nullptr ? static_cast<size_t>(end - at) : strlen(at);
    const size_t needed = directory + 1 + length + 1;
    if (directory >= PATH_MAX) {
      if (end == nullptr) break;
      at = end;
      continue;
    }
    if (count + 1 >= entries || needed > bytes) return false;
    char* to = text;
    // NOLINTNEXTLINE(bugprone-not-null-terminated-result): a slash and the program follow
    memcpy(to, at, directory);
    to += directory;
    if (directory > 0) *to++ = '/';
    memcpy(to, program, length + 1);
    out[count++] = text;
    text += needed;
    bytes -= needed;
    if (end == nullptr) break;
    at = end;
  }
  out[count] = nullptr;
  return true;
}

}  // namespace glovebox::child
