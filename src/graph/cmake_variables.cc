#include "graph/cmake_variables.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace glovebox::graph {
namespace {

constexpr size_t kMaxValue = size_t{64} << 10;
constexpr size_t kMaxWords = 20000;
constexpr int kMaxDepth = 30;

void AddAny(std::string& out) {
  if (out.empty() || out.back() != kAnyText) out.push_back(kAnyText);
}

// The place of the `close` that belongs to the `open` which was just read.
size_t FindClose(absl::string_view text, size_t at, absl::string_view open, char close) {
  int depth = 1;
  for (; at < text.size(); ++at) {
    if (absl::StartsWith(text.substr(at), open)) {
      ++depth;
      at += open.size() - 1;
    } else if (text[at] == close && --depth == 0) {
      return at;
    }
  }
  return absl::string_view::npos;
}

void Expand(absl::string_view text, const CMakeLookup& lookup, int depth, std::string& out) {
  for (size_t i = 0; i < text.size(); ++i) {
    const absl::string_view rest = text.substr(i);
    size_t end = absl::string_view::npos;
    if (rest[0] == '\\') {
      // "\;" keeps two list items together: what becomes of it then depends on where it is used.
      const char c = rest.size() > 1 ? rest[1] : '\\';
      if (c == ';') {
        AddAny(out);
      } else if (c != '\n') {
        out.push_back(c == 'n' ? '\n' : c == 't' ? '\t' : c == 'r' ? '\r' : c);
      }
      ++i;
    } else if (rest[0] != '$') {
      out.push_back(rest[0]);
    } else if (absl::StartsWith(rest, "${")) {
      end = FindClose(text, i + 2, "{", '}');
      std::string name;
      if (end != absl::string_view::npos && depth < kMaxDepth) {
        Expand(text.substr(i + 2, end - i - 2), lookup, depth + 1, name);
      }
      if (!name.empty() && IsKnown(name)) {
        const std::string value = lookup(name);
        const bool any_twice =
            !out.empty() && out.back() == kAnyText && absl::StartsWith(value, std::string(1, kAnyText));
        out.append(value, any_twice ? 1 : 0);
      } else {
        AddAny(out);
      }
      i = end;
    } else if (absl::StartsWith(rest, "$<") || absl::StartsWith(rest, "$ENV{") ||
               absl::StartsWith(rest, "$CACHE{")) {
      const bool expression = rest[1] == '<';
      end = FindClose(text, text.find(expression ? '<' : '{', i) + 1, expression ? "$<" : "{",
                      expression ? '>' : '}');
      AddAny(out);
      i = end;
    } else {
      out.push_back('$');
    }
    if (out.size() > kMaxValue) {
      out = std::string(1, kAnyText);
      return;
    }
    if (i == absl::string_view::npos) return;  // an expression that other arguments go on with
  }
}

}  // namespace

bool IsKnown(absl::string_view value) { return !absl::StrContains(value, kAnyText); }

bool MatchesAnyText(absl::string_view pattern, absl::string_view text) {
  // The usual walk with one way back: to the last kAnyText.
  size_t p = 0, t = 0, star = absl::string_view::npos, resume = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == kAnyText) {
      star = p++;
      resume = t;
    } else if (p < pattern.size() && pattern[p] == text[t]) {
      ++p;
      ++t;
    } else if (star != absl::string_view::npos) {
      p = star + 1;
      t = ++resume;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == kAnyText) ++p;
  return p == pattern.size();
}

const std::string* CMakeScope::Find(const std::string& name) const {
  for (const CMakeScope* scope = this; scope != nullptr; scope = scope->parent_) {
    const auto found = scope->values_.find(name);
    if (found != scope->values_.end()) return &found->second;
  }
  return nullptr;
}

void CMakeScope::Set(const std::string& name, std::string value) {
  if (!undo_.empty()) undo_.back().emplace_back(name, Own(name));
  if (value.size() > kMaxValue) value = std::string(1, kAnyText);
  values_[name] = std::move(value);
}

std::vector<std::string> CMakeScope::LeaveMaybe() {
  auto changes = std::move(undo_.back());
  undo_.pop_back();
  std::vector<std::string> names;
  for (auto change = changes.rbegin(); change != changes.rend(); ++change) {
    names.push_back(change->first);
    Restore(change->first, change->second);
  }
  return names;
}

void CMakeScope::Restore(const std::string& name, const std::optional<std::string>& value) {
  if (value.has_value()) {
    values_[name] = *value;
  } else {
    values_.erase(name);
  }
}

std::optional<std::string> CMakeScope::Own(const std::string& name) const {
  const auto found = values_.find(name);
  if (found == values_.end()) return std::nullopt;
  return found->second;
}

std::string ExpandCMake(absl::string_view text, const CMakeLookup& lookup) {
  std::string out;
  Expand(text, lookup, 0, out);
  return out;
}

std::vector<std::string> SplitCMakeList(absl::string_view list) {
  return absl::StrSplit(list, ';', absl::SkipEmpty());
}

const std::string& AnyText() {
  static const std::string* const any = new std::string(1, kAnyText);
  return *any;
}

CMakeVariableValues ValueBehind(absl::string_view written, absl::string_view path) {
  const absl::string_view pattern = written.substr(written.rfind('/') + 1);
  absl::string_view name = path.substr(path.rfind('/') + 1);
  const size_t begin = pattern.find("${");
  const size_t end = begin == absl::string_view::npos ? begin : pattern.find_first_of("${}", begin + 2);
  if (end == absl::string_view::npos || pattern[end] != '}') return {};
  const absl::string_view behind = pattern.substr(end + 1);
  if (absl::StrContains(behind, "$")) return {};
  if (!absl::ConsumePrefix(&name, pattern.substr(0, begin)) || !absl::ConsumeSuffix(&name, behind)) return {};
  if (name.empty()) return {};
  return {{std::string(pattern.substr(begin + 2, end - begin - 2)), std::string(name)}};
}

CMakeWords ExpandCMakeArguments(const std::vector<CMakeArgument>& arguments, const CMakeLookup& lookup) {
  CMakeWords result;
  bool sure = true;
  for (const CMakeArgument& argument : arguments) {
    if (argument.kind == CMakeArgument::Kind::kBracket) {
      result.words.push_back(argument.text);
    } else if (argument.kind == CMakeArgument::Kind::kQuoted) {
      result.words.push_back(ExpandCMake(argument.text, lookup));
    } else {
      for (std::string& word : SplitCMakeList(ExpandCMake(argument.text, lookup))) {
        if (sure && word == std::string(1, kAnyText)) {
          sure = false;
          result.sure = result.words.size();
        }
        result.words.push_back(std::move(word));
      }
    }
    if (result.words.size() > kMaxWords) break;
  }
  if (sure) result.sure = result.words.size();
  return result;
}

}  // namespace glovebox::graph
