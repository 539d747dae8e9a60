#include "child/launch_words.h"

#include <cstring>

#include "base/shell_words.h"

namespace glovebox::child {
namespace {

constexpr char kHandThrough[] = "GLOVEBOX_CHILD_";
constexpr size_t kHandThroughSize = sizeof kHandThrough - 1;

size_t Count(const char* const* environment) {
  size_t count = 0;
  while (environment[count] != nullptr) ++count;
  return count;
}

}  // namespace

size_t CountAssignments(const LaunchOptions& options) {
  size_t count = 0;
  while (count < options.command_count && IsShellAssignment(options.command[count])) ++count;
  return count;
}

AssignmentRoom RoomForAssignments(const LaunchOptions& options, size_t count,
                                  const char* const* environment) {
  AssignmentRoom room{Count(environment) + count + 1, 0};
  for (size_t i = 0; i < count; ++i) room.bytes += kHandThroughSize + strlen(options.command[i]) + 1;
  return room;
}

void TakeAssignments(LaunchOptions& options, size_t count, char* const* environment, char** entries,
                     char* text) {
  for (; *environment != nullptr; ++environment) *entries++ = *environment;
  for (size_t i = 0; i < count; ++i) {
    const size_t size = strlen(options.command[i]) + 1;
    *entries++ = text;
    memcpy(text, kHandThrough, kHandThroughSize);
    memcpy(text + kHandThroughSize, options.command[i], size);
    text += kHandThroughSize + size;
  }
  *entries = nullptr;
  options.command += count;
  options.command_count -= count;
}

}  // namespace glovebox::child
