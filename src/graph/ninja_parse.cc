// The answers of `ninja -t`, read.
#include <algorithm>
#include <optional>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "base/status.h"
#include "graph/ninja_graph.h"

namespace glovebox::graph {
namespace {

absl::Status Bad(absl::string_view tool, absl::string_view line) {
  return absl::InvalidArgumentError(
      absl::StrCat("ninja -t ", tool, ": cannot read \"", line.substr(0, 200), "\""));
}

std::vector<absl::string_view> Lines(absl::string_view text) {
  absl::ConsumeSuffix(&text, "\n");
  if (text.empty()) return {};
  return absl::StrSplit(text, '\n');
}

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// One escape after its backslash; Ninja writes \uXXXX for control characters alone.
bool Unescape(absl::string_view text, size_t& i, std::string& out) {
  switch (text[i]) {
    case 'b':
      out.push_back('\b');
      return true;
    case 'f':
      out.push_back('\f');
      return true;
    case 'n':
      out.push_back('\n');
      return true;
    case 'r':
      out.push_back('\r');
      return true;
    case 't':
      out.push_back('\t');
      return true;
    case '"':
    case '\\':
    case '/':
      out.push_back(text[i]);
      return true;
    case 'u':
      break;
    default:
      return false;
  }
  int value = 0;
  for (int digit = 0; digit < 4; ++digit) {
    if (++i >= text.size() || HexDigit(text[i]) < 0) return false;
    value = value * 16 + HexDigit(text[i]);
  }
  if (value > 0xff) return false;
  out.push_back(static_cast<char>(value));
  return true;
}

// A string literal that fills `text`, but for one comma after it.
std::optional<std::string> JsonString(absl::string_view text) {
  absl::ConsumeSuffix(&text, ",");
  if (text.size() < 2 || text.front() != '"' || text.back() != '"') return std::nullopt;
  text = text.substr(1, text.size() - 2);
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '"') return std::nullopt;
    if (text[i] != '\\') {
      out.push_back(text[i]);
    } else if (++i == text.size() || !Unescape(text, i, out)) {
      return std::nullopt;
    }
  }
  return out;
}

}  // namespace

absl::StatusOr<std::vector<TargetRule>> ParseTargetsAll(absl::string_view text) {
  std::vector<TargetRule> targets;
  for (const absl::string_view line : Lines(text)) {
    const size_t colon = line.rfind(": ");  // a rule's name has no colon, a path may
    if (colon == absl::string_view::npos || colon == 0 || colon + 2 == line.size()) {
      return Bad("targets", line);
    }
    targets.push_back({std::string(line.substr(0, colon)), std::string(line.substr(colon + 2))});
  }
  return targets;
}

absl::StatusOr<std::vector<CompdbEntry>> ParseCompdb(absl::string_view text) {
  std::vector<CompdbEntry> entries;
  const std::vector<absl::string_view> lines = Lines(text);
  if (lines.size() < 2 || lines.front() != "[" || lines.back() != "]") {
    return Bad("compdb", lines.empty() ? "" : lines.back());
  }
  CompdbEntry entry;
  for (size_t i = 1; i + 1 < lines.size(); ++i) {
    absl::string_view line = absl::StripLeadingAsciiWhitespace(lines[i]);
    if (line.empty() || line == "{") {
      entry = {};
    } else if (line == "}" || line == "},") {
      if (entry.output.empty()) return Bad("compdb", line);
      if (!entry.command.empty()) entries.push_back(std::move(entry));
      entry = {};
    } else {
      std::string ignored;
      std::string* field = absl::ConsumePrefix(&line, "\"command\": ")     ? &entry.command
                           : absl::ConsumePrefix(&line, "\"file\": ")      ? &entry.file
                           : absl::ConsumePrefix(&line, "\"output\": ")    ? &entry.output
                           : absl::ConsumePrefix(&line, "\"directory\": ") ? &ignored
                                                                           : nullptr;
      std::optional<std::string> value = field == nullptr ? std::nullopt : JsonString(line);
      if (!value) return Bad("compdb", lines[i]);
      *field = *std::move(value);
    }
  }
  return entries;
}

absl::StatusOr<std::vector<QueryEntry>> ParseQuery(absl::string_view text,
                                                   absl::Span<const std::string> outputs) {
  std::vector<QueryEntry> entries;
  bool in_inputs = false;
  for (absl::string_view line : Lines(text)) {
    const size_t next = entries.size();
    if (next < outputs.size() && absl::StrCat(outputs[next], ":") == line) {
      entries.push_back({outputs[next], "", {}, {}});
      in_inputs = false;
    } else if (entries.empty()) {
      return Bad("query", line);
    } else if (absl::ConsumePrefix(&line, "    ")) {
      if (!in_inputs) continue;  // consumers and validations
      if (absl::ConsumePrefix(&line, "|| ")) {
        entries.back().order_only.emplace_back(line);
      } else {
        absl::ConsumePrefix(&line, "| ");
        entries.back().inputs.emplace_back(line);
      }
    } else if (absl::ConsumePrefix(&line, "  input: ")) {
      entries.back().rule = std::string(line);
      in_inputs = true;
    } else if (absl::StartsWith(line, "  ")) {
      in_inputs = false;  // "  outputs:", "  validations:" and what newer ones may say
    } else {
      return Bad("query", line);
    }
  }
  if (entries.size() != outputs.size()) return Bad("query", "fewer answers than questions");
  return entries;
}

}  // namespace glovebox::graph
