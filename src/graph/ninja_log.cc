#include "graph/ninja_log.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <tuple>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "base/status.h"

namespace glovebox::graph {
namespace {

constexpr int kOldest = 5;
constexpr int kNewest = 7;

// Takes the text up to `end` off the front; false (nothing taken) where there is no `end`.
bool TakeUntil(absl::string_view& text, char end, absl::string_view& taken) {
  const size_t at = text.find(end);
  if (at == absl::string_view::npos) return false;
  taken = text.substr(0, at);
  text.remove_prefix(at + 1);
  return true;
}

template <typename T>
bool ParseNumber(absl::string_view text, T& value, int base = 10) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  return error == std::errc() && end == text.data() + text.size() && !text.empty();
}

std::optional<NinjaLogEntry> ParseLine(absl::string_view line) {
  absl::string_view start, end, mtime, output;
  NinjaLogEntry entry;
  if (!TakeUntil(line, '\t', start) || !TakeUntil(line, '\t', end) || !TakeUntil(line, '\t', mtime) ||
      !TakeUntil(line, '\t', output)) {
    return std::nullopt;
  }
  if (!ParseNumber(start, entry.start_ms) || !ParseNumber(end, entry.end_ms) ||
      !ParseNumber(mtime, entry.mtime) || !ParseNumber(line, entry.command_hash, 16) || output.empty()) {
    return std::nullopt;
  }
  entry.output = std::string(output);
  return entry;
}

void ParseEntries(absl::string_view text, NinjaLog& log) {
  absl::string_view line;
  while (TakeUntil(text, '\n', line)) {
    if (std::optional<NinjaLogEntry> entry = ParseLine(line)) {
      log.entries.push_back(*std::move(entry));
    } else {
      ++log.bad_lines;
    }
  }
  if (!text.empty()) ++log.bad_lines;  // no newline: Ninja was stopped while it wrote
}

std::vector<RanEdge> Group(const std::vector<NinjaLogEntry>& entries) {
  std::vector<RanEdge> edges;
  absl::flat_hash_map<std::tuple<int64_t, int64_t, uint64_t>, size_t> seen;
  for (const NinjaLogEntry& entry : entries) {
    const auto [at, added] =
        seen.try_emplace({entry.start_ms, entry.end_ms, entry.command_hash}, edges.size());
    if (added) edges.push_back({entry.start_ms, entry.end_ms, {}});
    std::vector<std::string>& outputs = edges[at->second].outputs;
    if (std::find(outputs.begin(), outputs.end(), entry.output) == outputs.end()) {
      outputs.push_back(entry.output);
    }
  }
  return edges;
}

absl::flat_hash_map<std::string, NinjaLogEntry> LastOfEach(const NinjaLog& log) {
  absl::flat_hash_map<std::string, NinjaLogEntry> last;
  for (const NinjaLogEntry& entry : log.entries) last[entry.output] = entry;
  return last;
}

}  // namespace

absl::StatusOr<NinjaLog> ParseNinjaLog(absl::string_view text) {
  NinjaLog log;
  if (text.empty()) return log;
  absl::string_view header;
  if (!TakeUntil(text, '\n', header) || !absl::ConsumePrefix(&header, "# ninja log v") ||
      !ParseNumber(header, log.version)) {
    return absl::InvalidArgumentError(".ninja_log: the first line is not \"# ninja log vN\"");
  }
  if (log.version < kOldest || log.version > kNewest) {
    return absl::UnimplementedError(absl::StrCat(".ninja_log: version ", log.version, " is not known (",
                                                 kOldest, " to ", kNewest, " are)"));
  }
  ParseEntries(text, log);
  return log;
}

absl::StatusOr<std::vector<RanEdge>> EdgesRan(absl::string_view before, absl::string_view after) {
  ASSIGN_OR_RETURN(const NinjaLog old_log, ParseNinjaLog(before));
  ASSIGN_OR_RETURN(const NinjaLog new_log, ParseNinjaLog(after));
  NinjaLog fresh;
  if (!before.empty() && before.back() == '\n' && absl::StartsWith(after, before)) {
    ParseEntries(after.substr(before.size()), fresh);
    return Group(fresh.entries);
  }
  const absl::flat_hash_map<std::string, NinjaLogEntry> old_last = LastOfEach(old_log);
  const absl::flat_hash_map<std::string, NinjaLogEntry> new_last = LastOfEach(new_log);
  for (const NinjaLogEntry& entry : new_log.entries) {
    if (!(new_last.at(entry.output) == entry)) continue;
    const auto old = old_last.find(entry.output);
    if (old == old_last.end() || !(old->second == entry)) fresh.entries.push_back(entry);
  }
  std::stable_sort(fresh.entries.begin(), fresh.entries.end(),
                   [](const NinjaLogEntry& a, const NinjaLogEntry& b) { return a.end_ms < b.end_ms; });
  return Group(fresh.entries);
}

namespace {

bool IsNameCharacter(char c) { return absl::ascii_isalnum(c) || c == '_' || c == '-' || c == '.'; }

// Ninja's $-language inside a value: $$, "$ ", "$:", $name, ${name}.
bool Expand(absl::string_view text, const absl::flat_hash_map<std::string, std::string>& variables,
            std::string& out) {
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '$') {
      out.push_back(text[i]);
      continue;
    }
    if (++i == text.size()) return false;
    if (text[i] == '$' || text[i] == ' ' || text[i] == ':') {
      out.push_back(text[i]);
      continue;
    }
    const bool braces = text[i] == '{';
    size_t end = braces ? i + 1 : i;
    const size_t begin = end;
    // A name without braces holds no dot (ninja's lexer: simple_varname).
    while (end < text.size() && IsNameCharacter(text[end]) && (braces || text[end] != '.')) ++end;
    if (end == begin || (braces && (end == text.size() || text[end] != '}'))) return false;
    const auto found = variables.find(std::string(text.substr(begin, end - begin)));
    if (found != variables.end()) out += found->second;  // an unknown one is empty, as in Ninja
    i = braces ? end : end - 1;
  }
  return true;
}

}  // namespace

BuildDirVariable FindBuildDirVariable(absl::string_view manifest) {
  BuildDirVariable result;
  // Most manifests have none, and some have 100 MB: do not read what need not be read.
  const bool includes = absl::StrContains(manifest, "\ninclude ") || absl::StartsWith(manifest, "include ");
  if (!absl::StrContains(manifest, "builddir")) {
    // An included file could set it. CMake's one (rules.ninja) does not.
    if (includes && !absl::StrContains(manifest, "include CMakeFiles/rules.ninja")) result.found = false;
    return result;
  }
  absl::flat_hash_map<std::string, std::string> variables;
  while (!manifest.empty()) {
    const size_t end = std::min(manifest.find('\n'), manifest.size());
    const absl::string_view line = absl::StripSuffix(manifest.substr(0, end), "\r");
    manifest.remove_prefix(std::min(end + 1, manifest.size()));
    size_t name_end = 0;
    while (name_end < line.size() && IsNameCharacter(line[name_end])) ++name_end;
    const absl::string_view rest = absl::StripLeadingAsciiWhitespace(line.substr(name_end));
    if (name_end == 0 || rest.empty() || rest[0] != '=') continue;
    const std::string name(line.substr(0, name_end));
    const absl::string_view value = absl::StripLeadingAsciiWhitespace(rest.substr(1));
    std::string expanded;
    const bool clear = Expand(value, variables, expanded);
    variables[name] = expanded;
    if (name == "builddir") result = {expanded, clear};
  }
  return result;
}

}  // namespace glovebox::graph
