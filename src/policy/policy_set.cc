#include "policy/policy_set.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "policy/name_pattern.h"
#include "policy/nearest.h"
#include "policy/policy_file.h"

namespace glovebox::policy {
namespace {

constexpr std::pair<const char*, Role> kRoles[] = {
    {"run", Role::kRun},       {"edge", Role::kEdge}, {"compile", Role::kCompile},    {"link", Role::kLink},
    {"custom", Role::kCustom}, {"test", Role::kTest}, {"configure", Role::kConfigure}};

const Origin& CommandLine() {
  static const Origin origin{"command line", 0, 0};
  return origin;
}

bool AnyMatches(const std::vector<std::string>& patterns, absl::string_view name) {
  return std::any_of(patterns.begin(), patterns.end(),
                     [name](const std::string& pattern) { return MatchesName(pattern, name); });
}

bool AnyMatches(const std::vector<std::string>& patterns, const std::vector<std::string>& names) {
  return std::any_of(names.begin(), names.end(),
                     [&patterns](const std::string& name) { return AnyMatches(patterns, name); });
}

// What must be known before the rest can be applied: what is built in counts or not by it.
struct Outline {
  Mode mode = Mode::kReport;
  bool confine = false;
  bool confine_said = false;  // by a confine-files of its own
  Origin confine_origin;      // what makes it so
};

Outline OutlineOf(const std::vector<const Section*>& sections, const Overrides& overrides) {
  Policy said;
  Outline outline;
  Origin mode_origin;
  Origin paths_origin;
  bool paths = false;
  for (const Section* section : sections) {
    for (const Assignment& one : section->assignments) {
      if (one.key == "mode" || one.key == "confine-files") one.apply(&said);
      if (one.key == "mode") mode_origin = one.settings.front().origin;
      outline.confine_said = outline.confine_said || one.key == "confine-files";
      if (section->built_in || one.kind != Assignment::Kind::kFiles || paths) continue;
      paths = true;
      paths_origin = section->origin;
      if (!one.settings.empty()) paths_origin = one.settings.front().origin;
    }
  }
  outline.mode = overrides.mode.value_or(said.mode);
  outline.confine = outline.confine_said ? said.confine_files : paths || outline.mode == Mode::kEnforce;
  outline.confine_origin = paths ? paths_origin : overrides.mode.has_value() ? CommandLine() : mode_origin;
  return outline;
}

// Where a line would have to stand that gives the subject more: the last section that says anything of it,
// since what stands before that may be replaced there; its role's where the file says nothing, or only at the
// top.
std::string SectionOf(const std::vector<const Section*>& sections, Assignment::Kind kind, Role role) {
  std::string title = absl::StrCat("[", RoleName(role), "]");
  for (const Section* section : sections) {
    const bool says = std::any_of(section->assignments.begin(), section->assignments.end(),
                                  [kind](const Assignment& one) { return one.kind == kind; });
    if (says && !section->built_in && !section->title.empty()) title = section->title;
  }
  return title;
}

// The settings of an effective policy as they come about.
class Settings {
 public:
  void Add(const Assignment& assignment) {
    if (assignment.replaces) {
      rows_.erase(std::remove_if(rows_.begin(), rows_.end(),
                                 [&assignment](const Row& row) { return row.key == assignment.key; }),
                  rows_.end());
    }
    for (const Setting& setting : assignment.settings)
      rows_.push_back({assignment.order, assignment.key, setting});
  }
  void Set(const std::string& key, const std::string& value) { Replace(key, value, CommandLine()); }
  void Replace(const std::string& key, const std::string& value, const Origin& origin) {
    int order = 0;
    for (const Row& row : rows_) order = row.key == key ? row.order : order;
    Assignment one;
    one.key = key;
    one.settings = {{key, value, origin}};
    one.order = order;
    Add(one);
  }
  std::vector<Setting> Take() {
    std::stable_sort(rows_.begin(), rows_.end(),
                     [](const Row& a, const Row& b) { return a.order < b.order; });
    std::vector<Setting> settings;
    for (Row& row : rows_) settings.push_back(std::move(row.setting));
    return settings;
  }

 private:
  struct Row {
    int order;
    std::string key;  // of the assignment
    Setting setting;
  };
  std::vector<Row> rows_;
};

void ApplyOverrides(const Overrides& overrides, Policy* policy, Settings* settings) {
  if (overrides.mode.has_value()) {
    policy->mode = *overrides.mode;
    settings->Set("mode", ModeName(policy->mode));
  }
  if (overrides.best_effort.has_value()) {
    policy->best_effort = *overrides.best_effort;
    settings->Set("best-effort", policy->best_effort ? "true" : "false");
  }
  if (overrides.level.has_value()) {
    policy->level = *overrides.level;
    settings->Set("level", policy->level == kernel::Level::kFull  ? "full"
                           : policy->level == kernel::Level::kOff ? "off"
                                                                  : "open");
  }
}

}  // namespace

const char* RoleName(Role role) {
  for (const auto& [name, one] : kRoles) {
    if (one == role) return name;
  }
  return "run";
}

std::optional<Role> RoleOf(absl::string_view name) {
  for (const auto& [known, role] : kRoles) {
    if (name == known) return role;
  }
  return std::nullopt;
}

const char* SeverityName(Severity severity) {
  switch (severity) {
    case Severity::kOff:
      return "off";
    case Severity::kWarning:
      return "warning";
    case Severity::kError:
      break;
  }
  return "error";
}

std::string DateText(const Date& date) {
  return absl::StrFormat("%04d-%02d-%02d", date.year, date.month, date.day);
}

bool Selector::Selects(const Subject& subject) const {
  if (!roles.empty() && std::find(roles.begin(), roles.end(), subject.role) == roles.end()) return false;
  if (!targets.empty() && !AnyMatches(targets, subject.target)) return false;
  if (!edges.empty() && !AnyMatches(edges, subject.outputs)) return false;
  if (!tests.empty() && !AnyMatches(tests, subject.test)) return false;
  return named.empty() || named == subject.named;
}

bool ConcernsSubject(const Allowance& allowance, const Subject& subject) {
  if (!allowance.target.empty() && !MatchesName(allowance.target, subject.target)) return false;
  if (!allowance.test.empty() && !MatchesName(allowance.test, subject.test)) return false;
  return allowance.edge.empty() || AnyMatches({allowance.edge}, subject.outputs);
}

Effective PolicySet::For(const Subject& subject, const Overrides& overrides) const {
  std::vector<const Section*> sections;
  for (const Section& section : *sections_) {
    if (section.selector.Selects(subject)) sections.push_back(&section);
  }
  const Outline outline = OutlineOf(sections, overrides);
  Effective effective;
  Policy& policy = effective.policy = DefaultPolicy(subject.role);
  Settings settings;
  for (const Section* section : sections) {
    for (const Assignment& one : section->assignments) {
      if (one.kind == Assignment::Kind::kFiles && !outline.confine) continue;
      if (section->built_in && one.kind == Assignment::Kind::kNetwork && outline.mode != Mode::kEnforce)
        continue;
      one.apply(&policy);
      settings.Add(one);
    }
  }
  ApplyOverrides(overrides, &policy, &settings);
  policy.confine_files = outline.confine;
  if (outline.confine) policy.files_section = SectionOf(sections, Assignment::Kind::kFiles, subject.role);
  if (policy.network.mode != NetworkMode::kAny)
    policy.network.section = SectionOf(sections, Assignment::Kind::kNetwork, subject.role);
  if (outline.confine && !outline.confine_said)
    settings.Replace("confine-files", "true", outline.confine_origin);
  // Row 7 refuses the write that goes around O_APPEND: without it a path that can be added to and nothing
  // else would not be one.
  policy.append_only = policy.append_only ||
                       std::any_of(policy.paths.begin(), policy.paths.end(),
                                   [](const PathRule& rule) { return rule.access == PathAccess::kAppend; });
  effective.settings = settings.Take();
  effective.named_missing = !subject.named.empty() && !HasNamed(subject.named);
  return effective;
}

std::optional<Severity> PolicySet::SeverityOf(absl::string_view rule) const {
  const auto found = severities_.find(std::string(rule));
  if (found == severities_.end()) return std::nullopt;
  return found->second.first;
}

size_t PolicySet::SectionCount() const {
  return static_cast<size_t>(std::count_if(sections_->begin(), sections_->end(), [](const Section& section) {
    return !section.built_in && !section.assignments.empty();
  }));
}

bool PolicySet::HasNamed(absl::string_view name) const {
  return std::any_of(sections_->begin(), sections_->end(),
                     [name](const Section& section) { return section.selector.named == name; });
}

std::vector<std::string> PolicySet::Names() const {
  std::vector<std::string> names;
  for (const Section& section : *sections_) {
    if (!section.selector.named.empty()) names.push_back(section.selector.named);
  }
  return names;
}

std::vector<Setting> PolicySet::FilePaths() const {
  std::vector<Setting> paths;
  for (const Section& section : *sections_) {
    for (const Assignment& one : section.assignments) {
      if (section.built_in || one.kind != Assignment::Kind::kFiles) continue;
      paths.insert(paths.end(), one.settings.begin(), one.settings.end());
    }
  }
  return paths;
}

absl::Status CheckNamed(const PolicySet& set, const Subject& subject) {
  if (subject.named.empty() || set.HasNamed(subject.named)) return absl::OkStatus();
  const std::string who = !subject.test.empty() ? absl::StrCat("test ", subject.test)
                          : !subject.outputs.empty()
                              ? absl::StrCat("the step that makes ", subject.outputs[0])
                          : !subject.target.empty() ? absl::StrCat("a step of ", subject.target)
                                                    : "this action";
  const std::string what = absl::StrCat(who, " asks for the policy \"", subject.named, "\"");
  const std::string mend = absl::StrCat("write the section [policy.", subject.named, "], or ",
                                        subject.test.empty() ? "do not ask for it (--policy of its launcher)"
                                                             : "change the test's property GLOVEBOX_POLICY");
  if (set.file().empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat(what, ", and there is no policy file that could have it: make one (", kPolicyFileName,
                     " at the top of the source tree) and ", mend));
  }
  const std::vector<std::string> names = set.Names();
  const std::string near = names.empty() ? "" : Suggestion(subject.named, names);
  return absl::InvalidArgumentError(absl::StrCat(what, ", and ", set.path(), " has no [policy.",
                                                 subject.named, "]",
                                                 near.empty() ? absl::StrCat(": ", mend) : near));
}

bool PolicySet::MayRecordFull() const {
  for (const Section& section : *sections_) {
    for (const Assignment& one : section.assignments) {
      if (one.key == "level" && one.settings.front().value == "full") return true;
    }
  }
  return false;
}

bool PolicySet::SelectsEdges() const {
  return std::any_of(sections_->begin(), sections_->end(), [](const Section& section) {
    const Selector& selector = section.selector;
    const bool edges =
        selector.roles.empty() || std::count(selector.roles.begin(), selector.roles.end(), Role::kEdge) > 0;
    return edges && !(selector.targets.empty() && selector.edges.empty());
  });
}

bool PolicySet::TellsNetworks() const {
  return std::any_of(sections_->begin(), sections_->end(), [](const Section& section) {
    return !section.built_in &&
           std::any_of(section.assignments.begin(), section.assignments.end(),
                       [](const Assignment& one) { return one.kind == Assignment::Kind::kNetwork; });
  });
}

bool PolicySet::MayBeStrict() const {
  for (const Section& section : *sections_) {
    for (const Assignment& one : section.assignments) {
      if (one.key == "strict-inputs" && one.settings.front().value == "true") return true;
    }
  }
  return false;
}

}  // namespace glovebox::policy
