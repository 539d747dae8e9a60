#include "verify/fix.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/paths.h"
#include "graph/cmake_lexer.h"

namespace glovebox::verify {
namespace {

constexpr size_t kContext = 3;

struct Repair {
  std::string file;  // absolute
  int line = 0;
  bool inside = false;
  std::string text;
};

bool IsInside(absl::string_view repair) {
  return absl::StartsWith(repair, "DEPENDS ") || absl::StartsWith(repair, "BYPRODUCTS ");
}

bool IsCall(absl::string_view repair) {
  return absl::EndsWith(repair, ")") &&
         (absl::StartsWith(repair, "add_dependencies(") || absl::StartsWith(repair, "target_sources(") ||
          absl::StartsWith(repair, "set_property("));
}

}  // namespace

bool IsInCMakesWords(absl::string_view repair) { return IsInside(repair) || IsCall(repair); }

namespace {

// `where`: "sub/CMakeLists.txt:14 add_custom_command".
bool RepairAt(absl::string_view where, absl::string_view text, const std::string& source_dir,
              Repair* repair) {
  const size_t blank = where.rfind(' ');
  const size_t colon = where.rfind(':', blank);
  if (colon == absl::string_view::npos || blank == absl::string_view::npos) return false;
  repair->inside = IsInside(text);
  if (!IsInCMakesWords(text)) return false;
  // A custom command's words belong into its own call, not into one that makes it.
  if (repair->inside && where.substr(blank + 1) != "add_custom_command") return false;
  repair->file = CleanPath(JoinPath(source_dir, where.substr(0, colon)));
  repair->text = std::string(text);
  return absl::SimpleAtoi(where.substr(colon + 1, blank - colon - 1), &repair->line) &&
         IsUnder(repair->file, source_dir);
}

// The finding's own and those that come with it; none where one of them cannot be written.
std::vector<Repair> RepairsOf(const Finding& finding, const std::string& source_dir) {
  std::vector<Repair> repairs;
  const std::vector<absl::string_view> parts = absl::StrSplit(finding.repair, kAndAt);
  for (size_t i = 0; i < parts.size(); ++i) {
    const size_t words = i == 0 ? absl::string_view::npos : parts[i].find(": ");
    const bool own = words == absl::string_view::npos;
    Repair repair;
    if (!RepairAt(own ? absl::string_view(finding.where) : parts[i].substr(0, words),
                  own ? parts[i] : parts[i].substr(words + 2), source_dir, &repair))
      return {};
    repairs.push_back(std::move(repair));
  }
  return repairs;
}

struct Edit {
  size_t line = 0;                // from 0
  std::vector<std::string> text;  // in the place of that line
};

std::string Indent(absl::string_view line) {
  return std::string(line.substr(0, std::min(line.find_first_not_of(" \t"), line.size())));
}

size_t LineOf(absl::string_view text, size_t offset) {
  return static_cast<size_t>(std::count(text.begin(), text.begin() + static_cast<ptrdiff_t>(offset), '\n'));
}

// All repairs of one call. False where there is none at that line.
bool EditFor(const std::string& text, const std::vector<std::string>& lines, int line,
             const std::vector<Repair>& repairs, std::map<size_t, Edit>* edits) {
  const size_t end = graph::FindCMakeCallEnd(text, line);
  if (end == std::string::npos) return false;
  const size_t at = LineOf(text, end);
  Edit& edit = (*edits)[at];
  if (edit.text.empty()) edit = {at, {lines[at]}};
  const size_t column = end - (text.rfind('\n', end) == std::string::npos ? 0 : text.rfind('\n', end) + 1);
  // Another call's repair may have gone in front of it on the same line: then a person has to look.
  if (edit.text.front() != lines[at]) return false;
  const std::string indent = Indent(lines[static_cast<size_t>(line) - 1]);
  std::vector<std::string> behind;
  std::string first = edit.text.front();
  std::string inside;
  for (const Repair& repair : repairs) {
    if (repair.inside) {
      absl::StrAppend(&inside, " ", repair.text);
    } else {
      behind.push_back(indent + repair.text);
    }
  }
  const bool alone = first.find_first_not_of(" \t") == column && at > 0;
  edit.text.clear();
  if (!inside.empty() && alone) {
    edit.text.push_back(absl::StrCat(Indent(lines[at - 1]), inside.substr(1)));
    edit.text.push_back(first);
  } else {
    edit.text.push_back(first.insert(column, inside));
  }
  edit.text.insert(edit.text.end(), behind.begin(), behind.end());
  return true;
}

// Unified: each edit with three lines around it, those that touch in one hunk.
std::string Diff(const std::string& name, const std::vector<std::string>& lines,
                 const std::map<size_t, Edit>& edits) {
  std::string out = absl::StrCat("--- a/", name, "\n+++ b/", name, "\n");
  size_t grown = 0;  // lines that the hunks before have added
  for (auto edit = edits.begin(); edit != edits.end();) {
    const size_t begin = edit->first - std::min(edit->first, kContext);
    std::string body;
    size_t at = begin, added = 0, end = 0;
    for (; edit != edits.end() && edit->first <= (end == 0 ? edit->first : end + kContext); ++edit) {
      for (; at < edit->first; ++at) absl::StrAppend(&body, " ", lines[at], "\n");
      absl::StrAppend(&body, "-", lines[at], "\n");
      for (const std::string& line : edit->second.text) absl::StrAppend(&body, "+", line, "\n");
      added += edit->second.text.size() - 1;
      ++at;
      end = std::min(at + kContext, lines.size());
    }
    for (; at < end; ++at) absl::StrAppend(&body, " ", lines[at], "\n");
    absl::StrAppend(&out, "@@ -", begin + 1, ",", end - begin, " +", begin + 1 + grown, ",",
                    end - begin + added, " @@\n", body);
    grown += added;
  }
  return out;
}

std::string Edited(const std::vector<std::string>& lines, const std::map<size_t, Edit>& edits) {
  std::string out;
  for (size_t i = 0; i < lines.size(); ++i) {
    const auto edit = edits.find(i);
    if (edit == edits.end()) {
      absl::StrAppend(&out, lines[i], "\n");
    } else {
      for (const std::string& line : edit->second.text) absl::StrAppend(&out, line, "\n");
    }
  }
  return out;
}

}  // namespace

FixPatch PatchFor(absl::Span<const Finding* const> findings, const std::string& source_dir,
                  const std::function<absl::StatusOr<std::string>(const std::string& path)>& read) {
  FixPatch result;
  std::map<std::string, std::map<int, std::vector<Repair>>> files;
  std::map<std::pair<std::string, int>, std::vector<const Finding*>> wanted;
  std::set<const Finding*> failed;
  for (const Finding* finding : findings) {
    if (finding->severity < Severity::kWarning) continue;
    std::vector<Repair> repairs = RepairsOf(*finding, source_dir);
    if (repairs.empty()) {
      ++result.left;
      continue;
    }
    result.ids.push_back(finding->id);
    for (Repair& repair : repairs) {
      std::vector<Repair>& at = files[repair.file][repair.line];
      wanted[{repair.file, repair.line}].push_back(finding);
      const bool known = std::any_of(at.begin(), at.end(),
                                     [&repair](const Repair& other) { return other.text == repair.text; });
      if (!known) at.push_back(std::move(repair));
    }
  }
  for (const auto& [file, calls] : files) {
    const auto text = read(file);
    std::map<size_t, Edit> edits;
    const std::vector<std::string> lines =
        text.ok() ? std::vector<std::string>(absl::StrSplit(absl::StripSuffix(*text, "\n"), '\n'))
                  : std::vector<std::string>();
    for (const auto& [line, repairs] : calls) {
      const std::vector<const Finding*>& by = wanted[{file, line}];
      if (!text.ok() || !EditFor(*text, lines, line, repairs, &edits)) failed.insert(by.begin(), by.end());
    }
    if (edits.empty()) continue;
    absl::StrAppend(&result.patch, Diff(file.substr(source_dir.size() + 1), lines, edits));
    result.texts[file] = Edited(lines, edits);
  }
  if (failed.empty()) return result;
  // A finding of which one repair cannot be written has none: anew, without it.
  std::vector<const Finding*> others(findings.begin(), findings.end());
  std::erase_if(others, [&failed](const Finding* finding) { return failed.contains(finding); });
  result = PatchFor(others, source_dir, read);
  result.left += failed.size();
  return result;
}

}  // namespace glovebox::verify
