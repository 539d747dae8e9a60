#include "policy/allowance_table.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "policy/date.h"
#include "policy/nearest.h"

namespace glovebox::policy {
namespace {

constexpr char kDateExample[] = "2026-12-31";

const std::vector<std::string>& Keys() {
  static const std::vector<std::string> keys = {"rule", "path",  "address", "target", "edge",
                                                "test", "owner", "reason",  "expires"};
  return keys;
}

// "missing-input": how the rules of findings are spelled.
bool LooksLikeRule(absl::string_view name) {
  if (name.empty() || !absl::ascii_islower(static_cast<unsigned char>(name[0]))) return false;
  return std::all_of(name.begin(), name.end(), [](unsigned char c) {
    return absl::ascii_islower(c) != 0 || absl::ascii_isdigit(c) != 0 || c == '-';
  });
}

void CheckRule(const std::string& rule, const Origin& origin, const std::vector<std::string>& rules,
               TomlReader* reader) {
  if (!LooksLikeRule(rule)) {
    reader->Error(origin,
                  absl::StrCat("\"", rule, "\" is no rule of findings: they are spelled like missing-input"));
  } else if (!rules.empty() && std::find(rules.begin(), rules.end(), rule) == rules.end()) {
    reader->Error(origin, absl::StrCat("no finding has the rule \"", rule, "\"", Suggestion(rule, rules)));
  }
}

// A date of TOML's own, or the same in quotes.
std::optional<Date> ReadDate(const TomlItem& item, TomlReader* reader) {
  std::optional<Date> date;
  if (const toml::value<toml::date>* value = item.node->as_date()) {
    date = Date{value->get().year, value->get().month, value->get().day};
  } else if (const toml::value<std::string>* text = item.node->as_string()) {
    date = ParseDate(text->get());
  }
  if (!date.has_value() || !IsDay(*date)) {
    reader->Error(item.origin,
                  absl::StrCat("\"", item.path, "\" is no day: ", item.name, " = ", kDateExample));
    return std::nullopt;
  }
  return date;
}

class AllowanceReader {
 public:
  AllowanceReader(const PolicyFileOptions& options, TomlReader* reader, std::vector<SelectorWord>* words)
      : options_(options), reader_(reader), words_(words) {}

  // One for each path that its own stands for: several with ${toolchain}, none with a variable that is not
  // known.
  std::vector<Allowance> Read(const toml::table& table) {
    Allowance allowance;
    allowance.origin = reader_->At(table.source());
    bool expires = false;
    std::vector<std::string> found;
    for (const TomlItem& item : reader_->Items(table, "allow")) {
      found.push_back(item.name);
      if (item.name == "expires") {
        const std::optional<Date> date = ReadDate(item, reader_);
        expires = date.has_value();
        if (expires) allowance.expires = *date;
      } else if (std::string* text = FieldOf(item.name, &allowance)) {
        ReadText(item, text);
      } else {
        reader_->UnknownKey(item, Keys());
      }
    }
    DemandFields(allowance.origin, found);
    if (expires && options_.today != Date() && allowance.expires < options_.today) {
      allowance.expired = true;
      reader_->Note(allowance.origin, absl::StrCat("this allowance of ", allowance.rule, " has expired on ",
                                                   DateText(allowance.expires), " and counts no more: ask ",
                                                   allowance.owner, ", and mend it, remove it or renew it"));
    }
    const std::vector<std::string> narrowing = {"path", "address", "target", "edge", "test"};
    if (!allowance.expired &&
        std::find_first_of(found.begin(), found.end(), narrowing.begin(), narrowing.end()) == found.end()) {
      reader_->Note(allowance.origin,
                    absl::StrCat("this allowance lets every finding of ", allowance.rule,
                                 " pass: say which by path, address, target, edge or test"));
    }
    if (!has_path_) return {allowance};
    std::vector<Allowance> several;
    for (const std::string& path : paths_) {
      several.push_back(allowance);
      several.back().path = path;
    }
    return several;
  }

 private:
  static std::string* FieldOf(const std::string& name, Allowance* allowance) {
    const std::pair<const char*, std::string*> fields[] = {
        {"rule", &allowance->rule},     {"path", &allowance->path},    {"address", &allowance->address},
        {"target", &allowance->target}, {"edge", &allowance->edge},    {"test", &allowance->test},
        {"owner", &allowance->owner},   {"reason", &allowance->reason}};
    for (const auto& [key, field] : fields) {
      if (name == key) return field;
    }
    return nullptr;
  }

  void ReadText(const TomlItem& item, std::string* field) {
    const auto text = reader_->String(item, item.name == "path" ? "\"${home}/.cache/**\"" : "\"...\"");
    if (!text.has_value()) return;
    *field = *text;
    if (absl::StripAsciiWhitespace(*text).empty()) {
      reader_->Error(item.origin, absl::StrCat("\"", item.path, "\" is empty: say it, or leave the key out"));
    } else if (item.name == "rule") {
      CheckRule(*text, item.origin, options_.rules, reader_);
    } else if (item.name == "path") {
      ReadPath(item, *text);
    } else if (item.name == "target" || item.name == "edge" || item.name == "test") {
      words_->push_back({item.name, *text, item.origin});
    }
  }

  void ReadPath(const TomlItem& item, const std::string& text) {
    has_path_ = true;
    absl::StatusOr<ExpandedPath> expanded = ExpandPath(text, PathKind::kPattern, options_.variables);
    if (!expanded.ok()) {
      reader_->Error(item.origin, std::string(expanded.status().message()));
      return;
    }
    if (!expanded->unknown.empty()) {
      reader_->Note(item.origin, absl::StrCat("this allowance is left out: ${", expanded->unknown,
                                              "} of its path \"", text, "\" is not known here"));
    }
    paths_ = std::move(expanded->paths);
  }

  void DemandFields(const Origin& origin, const std::vector<std::string>& found) {
    const std::pair<const char*, const char*> demanded[] = {
        {"rule", "which finding is allowed: rule = \"missing-input\""},
        {"owner", "who answers for it: owner = \"name or address\""},
        {"reason", "why it is allowed: reason = \"...\""},
        {"expires", "until when: expires = 2026-12-31"}};
    for (const auto& [key, mend] : demanded) {
      if (std::find(found.begin(), found.end(), key) != found.end()) continue;
      reader_->Error(origin, absl::StrCat("this allowance has no ", key, ": say ", mend));
    }
  }

  const PolicyFileOptions& options_;
  TomlReader* const reader_;
  std::vector<SelectorWord>* const words_;
  bool has_path_ = false;
  std::vector<std::string> paths_;
};

}  // namespace

std::map<std::string, std::pair<Severity, Origin>> ReadSeverities(const TomlItem& item,
                                                                  const std::vector<std::string>& rules,
                                                                  TomlReader* reader) {
  std::map<std::string, std::pair<Severity, Origin>> severities;
  const toml::table* table = reader->Table(item, "{ missing-input = \"warning\" }");
  if (table == nullptr) return severities;
  for (const TomlItem& one : reader->Items(*table, item.path)) {
    CheckRule(one.name, one.key_origin, rules, reader);
    const auto severity = reader->OneOf(one, {"off", "warning", "error"});
    if (severity.has_value()) severities[one.name] = {static_cast<Severity>(*severity), one.origin};
  }
  return severities;
}

std::vector<Allowance> ReadAllowances(const TomlItem& item, const PolicyFileOptions& options,
                                      TomlReader* reader, std::vector<SelectorWord>* words) {
  std::vector<Allowance> allowances;
  const toml::array* array = item.node->as_array();
  if (array == nullptr) {
    reader->Error(item.origin, "\"allow\" is a list of tables: say [[allow]], with two brackets");
    return allowances;
  }
  for (const toml::node& node : *array) {
    if (const toml::table* table = node.as_table()) {
      for (Allowance& one : AllowanceReader(options, reader, words).Read(*table))
        allowances.push_back(std::move(one));
    } else {
      reader->Error(reader->At(node.source()),
                    "\"allow\" holds something that is no table: say [[allow]] and its keys below");
    }
  }
  return allowances;
}

}  // namespace glovebox::policy
