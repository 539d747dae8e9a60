#include "access/builder.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "base/files.h"

namespace glovebox::access {
namespace {

// By the kernel's short name, which a script has from its own file ("ninja" of Python's package is one).
constexpr absl::string_view kTools[] = {"make",  "gmake", "ninja",  "ninja-build", "samu",
                                        "cmake", "ctest", "cmake3", "ctest3"};
constexpr absl::string_view kShells[] = {"sh", "dash", "bash", "ksh", "mksh", "zsh", "busybox"};

// More ancestors than any build has: a loop in a made-up /proc ends.
constexpr int kMostAncestors = 1024;

template <size_t size>
bool IsOneOf(const absl::string_view (&names)[size], absl::string_view name) {
  return std::find(std::begin(names), std::end(names), name) != std::end(names);
}

struct Stat {
  std::string name;
  pid_t parent = 0;
  std::string start;
};

// "4711 (name) S 1 ...". The name may hold anything, blanks and parentheses too: it ends at the last one.
std::optional<Stat> StatOf(pid_t pid, const std::string& proc) {
  const auto text = ReadFile(absl::StrCat(proc, "/", pid, "/stat"));
  if (!text.ok()) return std::nullopt;
  const size_t open = text->find('(');
  const size_t close = text->rfind(')');
  if (open == std::string::npos || close == std::string::npos || close < open) return std::nullopt;
  const std::vector<absl::string_view> fields =
      absl::StrSplit(absl::string_view(*text).substr(close + 1), ' ', absl::SkipEmpty());
  constexpr size_t kParent = 1;  // counted from the state, which is field 3
  constexpr size_t kStart = 19;
  Stat stat;
  if (fields.size() <= kStart || !absl::SimpleAtoi(fields[kParent], &stat.parent)) return std::nullopt;
  stat.name = text->substr(open + 1, close - open - 1);
  stat.start = std::string(fields[kStart]);
  return stat;
}

Builder Identity(pid_t pid, const Stat& stat, const std::string& proc) {
  // A virtual machine that starts from an image may count pids and ticks the same way each time.
  const auto boot = ReadFile(proc + "/sys/kernel/random/boot_id");
  return absl::StrCat(boot.ok() ? absl::StripSuffix(*boot, "\n") : "-", " ", pid, " ", stat.start);
}

}  // namespace

Builder BuilderAbove(pid_t pid, const std::string& proc) {
  pid_t topmost = 0;
  Stat of_topmost;
  for (int i = 0; i < kMostAncestors && pid > 0; ++i) {
    const std::optional<Stat> stat = StatOf(pid, proc);
    if (!stat.has_value()) break;
    if (IsOneOf(kTools, stat->name)) {
      topmost = pid;
      of_topmost = *stat;
    } else if (!IsOneOf(kShells, stat->name)) {
      break;
    }
    pid = stat->parent;
  }
  return topmost != 0 ? Identity(topmost, of_topmost, proc) : Builder();
}

bool BuilderLives(const Builder& builder, const std::string& proc) {
  const std::vector<absl::string_view> words = absl::StrSplit(builder, ' ');
  pid_t pid = 0;
  if (words.size() != 3 || !absl::SimpleAtoi(words[1], &pid) || pid <= 0) return false;
  const std::optional<Stat> stat = StatOf(pid, proc);
  return stat.has_value() && Identity(pid, *stat, proc) == builder;
}

}  // namespace glovebox::access
