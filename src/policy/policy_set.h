// What a policy file says of all actions, and what that comes to for one of them. Immutable; made by
// policy_file.h, or from what is built in.
#ifndef GLOVEBOX_POLICY_POLICY_SET_H_
#define GLOVEBOX_POLICY_POLICY_SET_H_

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "policy/allowance.h"
#include "policy/policy.h"
#include "policy/policy_variables.h"

namespace glovebox::policy {

// "compile" of kCompile: the name of its section in the file.
const char* RoleName(Role role);
std::optional<Role> RoleOf(absl::string_view name);

// Whose policy is asked for.
struct Subject {
  Role role = Role::kRun;
  std::string target = {};                // CMake's; empty: not known
  std::vector<std::string> outputs = {};  // of the edge, relative to the build directory
  std::string test = {};
  std::string named = {};  // the [policy.NAME] that it asks for; empty: none
};

// What outranks the file: the command line's.
struct Overrides {
  std::optional<Mode> mode = {};
  std::optional<bool> best_effort = {};
  std::optional<kernel::Level> level = {};
};

// One line of an effective policy: "network.connect", "10.0.0.0/8:443", glovebox.toml:12:3. A list has one a
// word.
struct Setting {
  std::string key;
  std::string value;
  Origin origin;
  bool operator==(const Setting&) const = default;
};

struct Effective {
  Policy policy;
  std::vector<Setting> settings;  // in the order of the keys in docs/policy-file.md
  // The section that the subject asked for by name is not in the file: what else holds for it holds, and
  // whoever starts it must say so or refuse it.
  bool named_missing = false;
};

const char* SeverityName(Severity severity);
std::string DateText(const Date& date);  // "2026-12-31"

// What an allowance's `target`, `edge` and `test` say of who did it; rule, path and address are the judge's.
bool ConcernsSubject(const Allowance& allowance, const Subject& subject);

// Something about the file that people should know and that breaks nothing (an allowance that has expired).
struct Notice {
  Origin origin;
  std::string text;
  bool operator==(const Notice&) const = default;
};

// One key with its value, ready to be applied. The loader makes them (policy_keys.h).
struct Assignment {
  enum class Kind { kPlain, kFiles, kNetwork };  // see PolicySet::BuiltIn()
  std::string key;                               // of `settings`: "read" for read-add as well
  std::vector<Setting> settings;
  bool replaces = true;  // earlier settings of this key are gone
  Kind kind = Kind::kPlain;
  int order = 0;  // of the key, in `settings` of the effective policy
  std::function<void(Policy*)> apply;
};

// Whom a section is for: all that is given must hold.
struct Selector {
  std::vector<Role> roles;                         // empty: all; else one of them
  std::vector<std::string> targets, edges, tests;  // patterns, likewise
  std::string named;                               // [policy.NAME]
  bool Selects(const Subject& subject) const;
};

struct Section {
  Selector selector;
  std::vector<Assignment> assignments;
  Origin origin;
  std::string title = {};  // "[test]", "the [[rule]] at glovebox.toml:4"; empty: the top
  bool built_in = false;
};

// A pattern of the file that says who is meant: of a [[rule]] or an [[allow]].
struct SelectorWord {
  std::string kind;  // "target", "edge" or "test"
  std::string pattern;
  Origin origin;
};

class PolicySet;

// InvalidArgument where the subject asks by name for a section that the file does not have.
absl::Status CheckNamed(const PolicySet& set, const Subject& subject);

class PolicySet {
 public:
  // With no file at all: For() gives DefaultPolicy(role), and in mode enforce what is built in
  // (policy_defaults.h).
  static PolicySet BuiltIn(const PolicyVariables& variables);

  // Later outranks earlier: built in, the file's top level, its [ROLE], each [[rule]] that selects the
  // subject in the file's order, the [policy.NAME] that it asks for, `overrides`.
  //   Effective e = set.For({.role = Role::kTest, .test = "Net.Connects"});
  Effective For(const Subject& subject, const Overrides& overrides = {}) const;

  // What [severity] says of a rule of findings; absent: nothing.
  std::optional<Severity> SeverityOf(absl::string_view rule) const;
  const std::map<std::string, std::pair<Severity, Origin>>& severities() const { return severities_; }
  const std::vector<Allowance>& allowances() const { return allowances_; }
  // What a judge of findings goes by.
  Terms terms() const { return {severities_, allowances_, TellsNetworks()}; }
  const std::vector<Notice>& notices() const { return notices_; }
  size_t SectionCount() const;                       // of the file, that say something
  const std::string& file() const { return file_; }  // empty: none
  const std::string& path() const { return path_; }  // where that is
  bool HasNamed(absl::string_view name) const;
  std::vector<std::string> Names() const;  // of the [policy.NAME]
  const std::vector<SelectorWord>& selector_words() const { return selector_words_; }
  std::vector<Setting> FilePaths() const;  // of each `read`, `write` and -add of the file
  // True where any subject may be recorded at level full.
  bool MayRecordFull() const;
  // True where a [[rule]] may tell Ninja's edges from each other: by target or output.
  bool SelectsEdges() const;
  // True where the file says anything of networks.
  bool TellsNetworks() const;
  // True where any subject may have strict_inputs.
  bool MayBeStrict() const;

 private:
  friend class PolicyFileReader;
  std::string file_, path_;
  // In the order in which they count. Shared: a set is copied into each thread that asks.
  std::shared_ptr<const std::vector<Section>> sections_;
  std::map<std::string, std::pair<Severity, Origin>> severities_;
  std::vector<Allowance> allowances_;
  std::vector<Notice> notices_;
  std::vector<SelectorWord> selector_words_;  // in the order of the file
};

}  // namespace glovebox::policy

#endif  // GLOVEBOX_POLICY_POLICY_SET_H_
