#include "policy/policy_file.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "base/bytes.h"
#include "policy/allowance_table.h"
#include "policy/nearest.h"
#include "policy/policy_defaults.h"
#include "policy/policy_keys.h"
#include "policy/policy_toml.h"
#include "policy/syntax_mend.h"

namespace glovebox::policy {
namespace {

const std::vector<std::string>& Selectors() {
  static const std::vector<std::string> names = {"role", "target", "edge", "test"};
  return names;
}

std::vector<std::string> RoleNames() {
  std::vector<std::string> names;
  for (int role = 0; role <= static_cast<int>(Role::kConfigure); ++role) {
    names.emplace_back(RoleName(static_cast<Role>(role)));
  }
  return names;
}

bool IsOneOf(absl::string_view name, const std::vector<std::string>& names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

// Reads the tables of the file one after the other; what is wrong is collected by the reader.
class PolicyFileReader {
 public:
  explicit PolicyFileReader(const PolicyFileOptions& options) : options_(options), reader_(options.name) {}

  PolicyFile Read(absl::string_view text) {
    const toml::parse_result parsed = toml::parse(std::string_view(text.data(), text.size()));
    if (!parsed) {
      const toml::parse_error& error = parsed.error();
      const Origin place = reader_.At(error.source());
      const std::string said(error.description());
      reader_.Error(place, absl::StrCat(said, SyntaxMend(text, place.line, said)));
    } else {
      ReadTop(parsed.table());
    }
    PolicyFile file;
    file.errors = reader_.TakeErrors();
    if (!file.errors.empty()) return file;
    file.set = Assemble();
    return file;
  }

 private:
  void ReadTop(const toml::table& table) {
    std::vector<TomlItem> keys;
    std::vector<std::string> sections = RoleNames();
    for (const char* name : {"rule", "policy", "severity", "allow"}) sections.emplace_back(name);
    for (const TomlItem& item : reader_.Items(table, "")) {
      if (const std::optional<Role> role = RoleOf(item.name)) {
        ReadRole(item, *role);
      } else if (item.name == "rule") {
        ReadRules(item);
      } else if (item.name == "policy") {
        ReadNamed(item);
      } else if (item.name == "severity") {
        severities_ = ReadSeverities(item, options_.rules, &reader_);
      } else if (item.name == "allow") {
        allowances_ = ReadAllowances(item, options_, &reader_, &selector_words_);
      } else {
        keys.push_back(item);
      }
    }
    top_.assignments = ReadPolicyKeys(keys, sections, options_.variables, &reader_);
    top_.origin = {options_.name, 1, 1};
  }

  void ReadRole(const TomlItem& item, Role role) {
    const toml::table* table = reader_.Table(item, "{ network = \"none\" }");
    if (table == nullptr) return;
    Section section;
    section.selector.roles = {role};
    section.origin = item.key_origin;
    section.title = absl::StrCat("[", item.name, "]");
    section.assignments = ReadPolicyKeys(reader_.Items(*table, item.path), {}, options_.variables, &reader_);
    roles_.push_back(std::move(section));
  }

  void ReadNamed(const TomlItem& item) {
    const toml::table* table = reader_.Table(item, "{ NAME = { network = \"none\" } }");
    if (table == nullptr) return;
    for (const TomlItem& named : reader_.Items(*table, item.path)) {
      if (!named.node->is_table() && IsOneOf(named.name, PolicyKeys())) {
        reader_.Error(named.key_origin,
                      absl::StrCat("\"", named.path,
                                   "\" stands in no section: say [policy.NAME] "
                                   "above it, or leave [policy] out for what holds for all"));
        continue;
      }
      const toml::table* keys = reader_.Table(named, "{ network = \"none\" }");
      if (keys == nullptr) continue;
      Section section;
      section.selector.named = named.name;
      section.origin = named.key_origin;
      section.title = absl::StrCat("[policy.", named.name, "]");
      if (named.name.empty()) reader_.Error(named.key_origin, "a policy without a name: say [policy.NAME]");
      section.assignments =
          ReadPolicyKeys(reader_.Items(*keys, named.path), {}, options_.variables, &reader_);
      named_.push_back(std::move(section));
    }
  }

  // One word or several: any of them.
  std::vector<TomlWord> Words(const TomlItem& item, absl::string_view example) {
    std::vector<TomlWord> words;
    if (const toml::value<std::string>* one = item.node->as_string()) {
      words.push_back({one->get(), item.origin});
    } else if (auto several = reader_.Strings(item, example)) {
      words = *std::move(several);
      if (words.empty()) {
        reader_.Error(
            item.origin,
            absl::StrCat("\"", item.path, "\" is empty and selects nothing: ", item.name, " = ", example));
      }
    }
    for (const TomlWord& word : words) {
      if (word.text.empty()) {
        reader_.Error(
            word.origin,
            absl::StrCat("\"", item.path, "\" is empty and selects nothing: ", item.name, " = ", example));
      }
    }
    return words;
  }

  void ReadSelector(const TomlItem& item, Selector* selector) {
    if (item.name == "role") {
      for (const TomlWord& word : Words(item, "\"test\"")) {
        const std::optional<Role> role = RoleOf(word.text);
        if (role.has_value()) {
          selector->roles.push_back(*role);
        } else if (!word.text.empty()) {
          reader_.Error(word.origin,
                        absl::StrCat("unknown role \"", word.text, "\"", Suggestion(word.text, RoleNames())));
        }
      }
      return;
    }
    std::vector<std::string>& patterns = item.name == "target" ? selector->targets
                                         : item.name == "edge" ? selector->edges
                                                               : selector->tests;
    for (const TomlWord& word : Words(item, "\"gen_*\"")) {
      patterns.push_back(word.text);
      selector_words_.push_back({item.name, word.text, word.origin});
    }
  }

  void ReadRules(const TomlItem& item) {
    const toml::array* array = item.node->as_array();
    if (array == nullptr) {
      reader_.Error(item.origin, "\"rule\" is a list of tables: say [[rule]], with two brackets");
      return;
    }
    for (const toml::node& node : *array) {
      const Origin origin = reader_.At(node.source());
      const toml::table* table = node.as_table();
      if (table == nullptr) {
        reader_.Error(origin, "\"rule\" holds something that is no table: say [[rule]] and its keys below");
        continue;
      }
      Section section;
      section.origin = origin;
      section.title = absl::StrCat("the [[rule]] at ", options_.name, ":", origin.line);
      std::vector<TomlItem> keys;
      bool selects = false;
      for (const TomlItem& key : reader_.Items(*table, "rule")) {
        const bool selector = IsOneOf(key.name, Selectors());
        selects = selects || selector;
        if (selector) {
          ReadSelector(key, &section.selector);
        } else {
          keys.push_back(key);
        }
      }
      const std::vector<std::string> own = PolicyKeys();
      const bool misspelt = std::any_of(keys.begin(), keys.end(),
                                        [&own](const TomlItem& key) { return !IsOneOf(key.name, own); });
      if (!selects && !misspelt) {
        reader_.Error(origin,
                      "a rule for nobody: say for whom by target, edge, test or role, or write its keys at "
                      "the top of the file, where they hold for all");
      }
      if (keys.empty())
        reader_.Error(origin, "a rule that says nothing: give it a key, as in network = \"none\"");
      section.assignments = ReadPolicyKeys(keys, Selectors(), options_.variables, &reader_);
      rules_.push_back(std::move(section));
    }
  }

  PolicySet Assemble() {
    auto sections = std::make_shared<std::vector<Section>>();
    if (!options_.name.empty()) {
      const PolicySet built_in = PolicySet::BuiltIn(options_.variables);
      *sections = *built_in.sections_;
    }
    sections->push_back(std::move(top_));
    for (auto* some : {&roles_, &rules_, &named_}) {
      for (Section& section : *some) sections->push_back(std::move(section));
    }
    if (options_.name.empty()) {
      for (Section& section : *sections) section.built_in = true;
    }
    PolicySet set;
    set.file_ = options_.name;
    set.path_ = options_.path.empty() ? options_.name : options_.path;
    set.sections_ = std::move(sections);
    set.severities_ = std::move(severities_);
    set.allowances_ = std::move(allowances_);
    set.notices_ = reader_.TakeNotices();
    set.selector_words_ = std::move(selector_words_);
    return set;
  }

  const PolicyFileOptions& options_;
  TomlReader reader_;
  Section top_;
  std::vector<Section> roles_, rules_, named_;
  std::map<std::string, std::pair<Severity, Origin>> severities_;
  std::vector<Allowance> allowances_;
  std::vector<SelectorWord> selector_words_;
};

PolicyFile ReadPolicyFile(absl::string_view text, const PolicyFileOptions& options) {
  return PolicyFileReader(options).Read(text);
}

absl::StatusOr<PolicySet> LoadPolicy(absl::string_view text, const PolicyFileOptions& options) {
  PolicyFile file = ReadPolicyFile(text, options);
  if (file.set.has_value()) return *std::move(file.set);
  std::string message = absl::StrCat(OriginText(file.errors.front().origin), ": ", file.errors.front().text);
  if (file.errors.size() > 1) {
    absl::StrAppend(&message, " (and ", file.errors.size() - 1, " more: glovebox policy check)");
  }
  return absl::InvalidArgumentError(message);
}

PolicySet PolicySet::BuiltIn(const PolicyVariables& variables) {
  PolicyFile file = ReadPolicyFile(kBuiltInPolicy, {"", variables, {}, {}});
  if (file.set.has_value()) return *std::move(file.set);
  PolicySet none;  // not reached: a test reads the text
  none.sections_ = std::make_shared<std::vector<Section>>();
  return none;
}

}  // namespace glovebox::policy
