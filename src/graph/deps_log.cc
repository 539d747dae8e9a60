#include "graph/deps_log.h"

#include <cstdint>
#include <optional>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "base/status.h"

namespace glovebox::graph {
namespace {

constexpr absl::string_view kCount = ": #deps ";
constexpr absl::string_view kMtime = ", deps mtime ";
constexpr absl::string_view kNotFound = ": deps not found";

absl::Status Bad(absl::string_view line) {
  return absl::InvalidArgumentError(absl::StrCat("ninja -t deps: cannot read \"", line.substr(0, 200), "\""));
}

// False where the text has no whole line any more.
bool TakeLine(absl::string_view& text, absl::string_view& line) {
  const size_t end = text.find('\n');
  if (end == absl::string_view::npos) return false;
  line = text.substr(0, end);
  text.remove_prefix(end + 1);
  return true;
}

struct Head {
  absl::string_view output;
  uint64_t count = 0;
  bool valid = false;
};

// From its end: the name in front may hold anything.
std::optional<Head> ParseHead(absl::string_view line) {
  Head head;
  head.valid = absl::ConsumeSuffix(&line, " (VALID)");
  if (!head.valid && !absl::ConsumeSuffix(&line, " (STALE)")) return std::nullopt;
  const size_t mtime_at = line.rfind(kMtime);
  if (mtime_at == absl::string_view::npos) return std::nullopt;
  const size_t count_at = line.rfind(kCount, mtime_at);
  if (count_at == absl::string_view::npos || count_at == 0) return std::nullopt;
  const size_t number = count_at + kCount.size();
  int64_t mtime = 0;
  if (number > mtime_at || !absl::SimpleAtoi(line.substr(mtime_at + kMtime.size()), &mtime) ||
      !absl::SimpleAtoi(line.substr(number, mtime_at - number), &head.count)) {
    return std::nullopt;
  }
  head.output = line.substr(0, count_at);
  return head;
}

}  // namespace

absl::StatusOr<DepsLog> ParseDepsLog(absl::string_view text) {
  DepsLog log;
  absl::string_view line;
  while (TakeLine(text, line)) {
    const std::optional<Head> head = ParseHead(line);
    if (!head.has_value()) {
      if (absl::ConsumeSuffix(&line, kNotFound)) continue;  // the answer for an output that was asked for
      return Bad(line);
    }
    DepsEntry entry;
    entry.valid = head->valid;
    for (uint64_t i = 0; i < head->count; ++i) {
      if (!TakeLine(text, line)) return Bad("fewer lines than deps");
      if (!absl::ConsumePrefix(&line, "    ")) return Bad(line);
      entry.deps.emplace_back(line);
    }
    if (!TakeLine(text, line)) return Bad("an entry without its end");
    if (!line.empty()) return Bad(line);
    log[std::string(head->output)] = std::move(entry);
  }
  if (!text.empty()) return Bad(text);
  return log;
}

absl::StatusOr<DepsLog> LoadDepsLog(const NinjaCall& call) {
  ASSIGN_OR_RETURN(const std::string text, AskNinja(call, {"deps"}));
  return ParseDepsLog(text);
}

}  // namespace glovebox::graph
