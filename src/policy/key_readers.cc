#include "policy/key_readers.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "policy/budget_text.h"
#include "policy/capabilities.h"
#include "policy/limits.h"
#include "policy/measures.h"

namespace glovebox::policy {
namespace {

// The items of a table whose keys are `known`; others are complained about.
std::vector<TomlItem> KnownItems(const KeyInput& in, const std::vector<std::string>& known,
                                 absl::string_view example) {
  std::vector<TomlItem> items;
  const toml::table* table = in.reader->Table(in.item, example);
  if (table == nullptr) return items;
  for (TomlItem& item : in.reader->Items(*table, in.item.path)) {
    if (std::find(known.begin(), known.end(), item.name) == known.end()) {
      in.reader->UnknownKey(item, known);
    } else {
      items.push_back(std::move(item));
    }
  }
  return items;
}

void Complain(const KeyInput& in, const Origin& origin, const absl::Status& status) {
  in.reader->Error(origin, std::string(status.message()));
}

// ---- variables

void RemoveRules(Policy* policy, char sign) {
  auto& rules = policy->environment;
  rules.erase(
      std::remove_if(rules.begin(), rules.end(), [sign](const std::string& rule) { return rule[0] == sign; }),
      rules.end());
}

// Empty: it is fine.
std::string WrongName(absl::string_view name, bool pattern) {
  if (name.empty()) return "is empty";
  if (name.find('\0') != absl::string_view::npos) return "holds a NUL";
  if (absl::StrContains(name, "="))
    return "holds a =: write the value apart, as in set = { NAME = \"value\" }";
  if (absl::StartsWith(name, "GLOVEBOX_") && !absl::StartsWith(name, "GLOVEBOX_TEST_")) {
    return "is one of Glovebox's own, which no command sees";
  }
  const size_t star = name.find('*');
  if (star == absl::string_view::npos) return "";
  if (!pattern) return "holds a *: a variable that is set has one name";
  return star + 1 == name.size() ? "" : "holds a * that does not end it: \"LC_*\" is all that begins like it";
}

void ReadNames(const KeyInput& in, const TomlItem& item, char sign) {
  const auto words = in.reader->Strings(item, "[\"PATH\", \"LC_*\"]");
  if (!words.has_value()) return;
  Assignment one;
  one.key = absl::StrCat("variables.", item.name);
  std::vector<std::string> rules;
  for (const TomlWord& word : *words) {
    const std::string wrong = WrongName(word.text, /*pattern=*/true);
    if (!wrong.empty()) {
      in.reader->Error(word.origin, absl::StrCat("variable \"", word.text, "\" ", wrong));
      continue;
    }
    one.settings.push_back({one.key, word.text, word.origin});
    rules.push_back(absl::StrCat(absl::string_view(&sign, 1), word.text));
  }
  one.apply = [rules, sign](Policy* policy) {
    RemoveRules(policy, sign);
    policy->environment.insert(policy->environment.end(), rules.begin(), rules.end());
  };
  in.out->push_back(std::move(one));
}

void ReadSet(const KeyInput& in, const TomlItem& item) {
  const toml::table* table = in.reader->Table(item, "{ NAME = \"value\" }");
  if (table == nullptr) return;
  for (const TomlItem& variable : in.reader->Items(*table, item.path)) {
    std::string wrong = WrongName(variable.name, /*pattern=*/false);
    const auto value = in.reader->String(variable, "\"value\"");
    if (wrong.empty() && value.has_value() && value->find('\0') != std::string::npos)
      wrong = "is set to a NUL";
    if (!wrong.empty()) {
      in.reader->Error(variable.key_origin, absl::StrCat("variable \"", variable.name, "\" ", wrong));
    }
    if (!wrong.empty() || !value.has_value()) continue;
    const std::string start = absl::StrCat("+", variable.name, "=");
    in.Add(absl::StrCat("variables.set.", variable.name), *value, variable.origin,
           [start, text = *value](Policy* policy) {
             auto& rules = policy->environment;
             rules.erase(
                 std::remove_if(rules.begin(), rules.end(),
                                [&start](const std::string& rule) { return absl::StartsWith(rule, start); }),
                 rules.end());
             rules.push_back(start + text);
           });
  }
}

// ---- bounds of a whole action

using Measure = absl::StatusOr<uint64_t> (*)(absl::string_view);

// A whole number alone is one of seconds.
absl::StatusOr<uint64_t> ParseTime(absl::string_view text) {
  const bool bare = !text.empty() && std::all_of(text.begin(), text.end(),
                                                 [](unsigned char c) { return absl::ascii_isdigit(c) != 0; });
  return ParseDuration(bare ? absl::StrCat(text, "s") : text);
}

std::string CountText(uint64_t count) { return absl::StrCat(count); }

void ReadBound(const KeyInput& in, Measure parse, std::string (*format)(uint64_t), const char* example,
               std::optional<uint64_t> Budget::*value, Origin Budget::*origin) {
  const auto text = in.reader->StringOrNumber(in.item, example);
  if (!text.has_value()) return;
  std::optional<uint64_t> bound;
  if (*text != "unlimited") {
    const absl::StatusOr<uint64_t> parsed = parse(*text);
    if (!parsed.ok()) {
      Complain(
          in, in.item.origin,
          absl::InvalidArgumentError(absl::StrCat("\"", in.item.path, "\": ", parsed.status().message())));
      return;
    }
    bound = *parsed;
  }
  in.Add(in.key, bound.has_value() ? format(*bound) : "unlimited", in.item.origin,
         [bound, value, origin, place = in.item.origin](Policy* policy) {
           policy->budget.*value = bound;
           policy->budget.*origin = bound.has_value() ? place : Origin();
         });
}

// ---- capabilities

bool IsCapability(const KeyInput& in, const TomlWord& word) {
  Policy asked;
  asked.drop_capabilities = {word.text};
  child::CapabilityMasks masks;
  const absl::StatusOr<bool> known = CapabilityMasksFor(asked, &masks);
  if (!known.ok()) Complain(in, word.origin, known.status());
  return known.ok();
}

}  // namespace

void KeyInput::Add(const std::string& key_name, const std::string& value, const Origin& origin,
                   std::function<void(Policy*)> apply) const {
  Assignment one;
  one.key = key_name;
  one.settings = {{key_name, value, origin}};
  one.apply = std::move(apply);
  out->push_back(std::move(one));
}

void ReadPathList(const KeyInput& in, PathAccess access) {
  const auto words = in.reader->Strings(in.item, "[\"${source}/data\"]");
  if (!words.has_value()) return;
  const bool root = access == PathAccess::kRead || access == PathAccess::kWrite;
  Assignment one;
  one.key = in.key;
  one.replaces = !in.adds;
  std::vector<PathRule> rules;
  for (const TomlWord& word : *words) {
    const auto expanded = ExpandPath(word.text, root ? PathKind::kRoot : PathKind::kPattern, in.variables);
    if (!expanded.ok()) {
      Complain(in, word.origin, expanded.status());
      continue;
    }
    // Every compiler that is not CMake's has no toolchain directories: no news.
    if (!expanded->unknown.empty() && expanded->unknown != "toolchain") {
      in.reader->Note(word.origin, absl::StrCat("path \"", word.text, "\" is left out: ${", expanded->unknown,
                                                "} is not known here"));
    }
    for (const std::string& path : expanded->paths) {
      one.settings.push_back({in.key, path, word.origin});
      rules.push_back({access, path, word.origin});
    }
  }
  one.apply = [rules, access, adds = in.adds](Policy* policy) {
    auto& paths = policy->paths;
    if (!adds) {
      paths.erase(std::remove_if(paths.begin(), paths.end(),
                                 [access](const PathRule& rule) { return rule.access == access; }),
                  paths.end());
    }
    paths.insert(paths.end(), rules.begin(), rules.end());
  };
  in.out->push_back(std::move(one));
}

void ReadVariables(const KeyInput& in) {
  const std::vector<TomlItem> items =
      KnownItems(in, {"only", "unset", "set"}, "{ unset = [\"LC_*\"], set = { TZ = \"UTC\" } }");
  // In the order in which the child applies them to a command: what is set is not taken away beside it.
  for (const char* name : {"only", "unset", "set"}) {
    for (const TomlItem& item : items) {
      if (item.name != name) continue;
      if (item.name == "set") {
        ReadSet(in, item);
      } else {
        ReadNames(in, item, item.name == "only" ? '=' : '-');
      }
    }
  }
}

void ReadWallClock(const KeyInput& in) {
  ReadBound(in, ParseTime, FormatDuration, "\"10m\"", &Budget::wall_ns, &Budget::wall_origin);
}

void ReadTotalMemory(const KeyInput& in) {
  ReadBound(in, ParseSize, FormatSize, "\"2G\"", &Budget::memory_bytes, &Budget::memory_origin);
}

void ReadTotalProcesses(const KeyInput& in) {
  ReadBound(in, ParseCount, CountText, "64", &Budget::processes, &Budget::processes_origin);
}

void ReadLimits(const KeyInput& in) {
  const toml::table* table = in.reader->Table(in.item, "{ nofile = 1024, as = \"4G\" }");
  if (table == nullptr) return;
  for (const TomlItem& item : in.reader->Items(*table, in.item.path)) {
    const auto text = in.reader->StringOrNumber(item, "1024");
    if (!text.has_value()) continue;
    const bool inherit = *text == "inherit";
    // A value that each limit takes stands in, so that the name is looked at.
    const absl::StatusOr<ParsedLimit> limit = ParseLimit(absl::StrCat(item.name, "=", inherit ? "1" : *text));
    if (!limit.ok()) {
      Complain(in, item.origin, limit.status());
      continue;
    }
    const auto place = static_cast<size_t>(limit->limit);
    const std::string formatted = FormatLimit(*limit);
    in.Add(absl::StrCat("limits.", absl::AsciiStrToLower(LimitText(limit->limit))),
           inherit ? "inherit" : formatted.substr(formatted.find('=') + 1), item.origin,
           [place, inherit, value = limit->value](Policy* policy) {
             policy->limits[place] = inherit ? std::nullopt : std::optional<uint64_t>(value);
           });
  }
}

void ReadCapabilities(const KeyInput& in) {
  for (const TomlItem& item : KnownItems(in, {"keep", "drop"}, "{ drop = [\"all\"], keep = [\"chown\"] }")) {
    const auto words = in.reader->Strings(item, "[\"chown\"]");
    if (!words.has_value()) continue;
    Assignment one;
    one.key = absl::StrCat("capabilities.", item.name);
    std::vector<std::string> names;
    bool all = false;
    const bool drop = item.name == "drop";
    for (const TomlWord& word : *words) {
      if (!IsCapability(in, word)) continue;
      one.settings.push_back({one.key, word.text, word.origin});
      if (drop && absl::EqualsIgnoreCase(word.text, "all")) {
        all = true;  // "all that is not kept"
      } else {
        names.push_back(word.text);
      }
    }
    one.apply = [names, all, drop](Policy* policy) {
      (drop ? policy->drop_capabilities : policy->keep_capabilities) = names;
      if (drop) policy->drop_all_capabilities = all;
    };
    in.out->push_back(std::move(one));
  }
}

}  // namespace glovebox::policy
