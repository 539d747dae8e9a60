#include "graph/manifest_scan.h"

#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"

namespace glovebox::graph {
namespace {

constexpr int kDeepestInclude = 32;

// One logical line; "$\n" continues it, and swallows the blanks that follow.
bool TakeLine(absl::string_view* text, std::string* line) {
  if (text->empty()) return false;
  line->clear();
  size_t at = 0;
  while (at < text->size() && (*text)[at] != '\n') {
    if ((*text)[at] == '$' && at + 1 < text->size()) {
      if ((*text)[at + 1] == '\n') {
        at += 2;
        while (at < text->size() && (*text)[at] == ' ') ++at;
        continue;
      }
      line->push_back('$');
      ++at;
    }
    line->push_back((*text)[at++]);
  }
  text->remove_prefix(std::min(at + 1, text->size()));
  return true;
}

// The words up to an unescaped ':'; `$x` escapes are taken away from blanks, colons and dollars.
std::vector<std::string> TakeNames(absl::string_view* line) {
  std::vector<std::string> names;
  std::string name;
  size_t at = 0;
  for (; at < line->size(); ++at) {
    const char c = (*line)[at];
    if (c == '$' && at + 1 < line->size() && absl::StrContains(" :$|", (*line)[at + 1])) {
      name.push_back((*line)[++at]);
    } else if (c == ' ' || c == ':') {
      if (!name.empty()) names.push_back(std::move(name));
      name.clear();
      if (c == ':') break;
    } else {
      name.push_back(c);
    }
  }
  if (!name.empty()) names.push_back(std::move(name));
  line->remove_prefix(std::min(at + 1, line->size()));
  return names;
}

using Variables = absl::flat_hash_map<std::string, std::string>;

class Scanner {
 public:
  explicit Scanner(const ReadManifest& read) : read_(read) {}
  absl::flat_hash_map<std::string, EdgeFlags> Take() { return std::move(flags_); }

  void Scan(absl::string_view text, int depth) {
    Variables* block = nullptr;
    Variables own;
    std::vector<std::string> outputs;
    std::string rule;
    const auto close = [&] {
      if (!outputs.empty()) Edge(outputs, rule, own);
      outputs.clear();
      own.clear();
      block = nullptr;
    };
    std::string line;
    while (TakeLine(&text, &line)) {
      absl::string_view rest = line;
      if (rest.empty() || absl::StripLeadingAsciiWhitespace(rest).substr(0, 1) == "#") continue;
      if (rest[0] == ' ' || rest[0] == '\t') {
        if (block != nullptr) Assign(rest, block);
        continue;
      }
      close();
      if (absl::ConsumePrefix(&rest, "rule ")) {
        block = &rules_[std::string(absl::StripAsciiWhitespace(rest))];
      } else if (absl::ConsumePrefix(&rest, "build ")) {
        outputs = TakeNames(&rest);
        rest = absl::StripLeadingAsciiWhitespace(rest);
        rule = std::string(rest.substr(0, rest.find(' ')));
        block = &own;
      } else if (absl::ConsumePrefix(&rest, "include ") || absl::ConsumePrefix(&rest, "subninja ")) {
        if (depth < kDeepestInclude) {
          const auto included = read_(std::string(absl::StripAsciiWhitespace(rest)));
          if (included.ok()) Scan(*included, depth + 1);
        }
      } else if (absl::StartsWith(rest, "pool ") || absl::StartsWith(rest, "default ")) {
        block = &ignored_;
      } else {
        Assign(rest, &top_);
      }
    }
    close();
  }

 private:
  static void Assign(absl::string_view line, Variables* to) {
    const size_t equal = line.find('=');
    if (equal == absl::string_view::npos) return;
    (*to)[std::string(absl::StripAsciiWhitespace(line.substr(0, equal)))] =
        std::string(absl::StripLeadingAsciiWhitespace(line.substr(equal + 1)));
  }

  // Empty where something in it is not known.
  std::string Evaluate(const std::string& value, const std::vector<std::string>& outputs,
                       const Variables& own) const {
    std::string text;
    for (size_t at = 0; at < value.size(); ++at) {
      if (value[at] != '$' || at + 1 == value.size()) {
        text.push_back(value[at]);
        continue;
      }
      if (absl::StrContains(" :$", value[at + 1])) {
        text.push_back(value[++at]);
        continue;
      }
      size_t end = ++at;
      const bool braces = value[at] == '{';
      if (braces) at = ++end;
      while (end < value.size() && (absl::ascii_isalnum(static_cast<unsigned char>(value[end])) ||
                                    value[end] == '_' || value[end] == '-' || (braces && value[end] == '.')))
        ++end;
      const std::string name = value.substr(at, end - at);
      const auto local = own.find(name);
      const auto global = top_.find(name);
      if (name == "out") {
        text += outputs.front();
      } else if (local != own.end() && !absl::StrContains(local->second, '$')) {
        text += local->second;
      } else if (global != top_.end() && !absl::StrContains(global->second, '$')) {
        text += global->second;
      } else {
        return "";
      }
      at = braces ? end : end - 1;
    }
    return text;
  }

  void Edge(const std::vector<std::string>& outputs, const std::string& rule, const Variables& own) {
    const auto of_rule = rules_.find(rule);
    const auto value = [&](const char* name) {
      auto at = own.find(name);
      if (at == own.end()) {
        if (of_rule == rules_.end()) return std::string();
        at = of_rule->second.find(name);
        if (at == of_rule->second.end()) return std::string();
      }
      return Evaluate(at->second, outputs, own);
    };
    const EdgeFlags flags = {!value("restat").empty(), value("rspfile"), value("depfile"), value("dyndep")};
    if (flags != EdgeFlags()) flags_[outputs.front()] = flags;
  }

  const ReadManifest& read_;
  absl::flat_hash_map<std::string, Variables> rules_;
  Variables top_;
  Variables ignored_;
  absl::flat_hash_map<std::string, EdgeFlags> flags_;
};

}  // namespace

absl::flat_hash_map<std::string, EdgeFlags> ScanManifest(absl::string_view text, const ReadManifest& read) {
  Scanner scanner(read);
  scanner.Scan(text, 0);
  return scanner.Take();
}

absl::StatusOr<std::vector<DyndepEdge>> ParseDyndep(absl::string_view text) {
  std::vector<DyndepEdge> edges;
  std::string line;
  while (TakeLine(&text, &line)) {
    absl::string_view rest = line;
    if (absl::StripAsciiWhitespace(rest).empty() || rest[0] == '#') continue;
    if (absl::StartsWith(rest, "ninja_dyndep_version")) continue;
    if (rest[0] == ' ') {
      rest = absl::StripAsciiWhitespace(rest);
      if (!edges.empty() && absl::StartsWith(rest, "restat")) edges.back().restat = true;
      continue;
    }
    if (!absl::ConsumePrefix(&rest, "build "))
      return absl::InvalidArgumentError(
          absl::StrCat("dyndep file: cannot read \"", line.substr(0, 200), "\""));
    DyndepEdge edge;
    for (std::string& name : TakeNames(&rest)) {
      if (name == "|") continue;
      if (edge.output.empty()) {
        edge.output = std::move(name);
      } else {
        edge.outputs.push_back(std::move(name));
      }
    }
    bool inputs = false;
    for (std::string& name : TakeNames(&rest)) {  // "dyndep | in in"
      if (name == "|") {
        inputs = true;
      } else if (inputs) {
        edge.inputs.push_back(std::move(name));
      }
    }
    if (!edge.output.empty()) edges.push_back(std::move(edge));
  }
  return edges;
}

}  // namespace glovebox::graph
