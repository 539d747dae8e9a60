// `glovebox policy`: is the file right, and what holds for one action.
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/bytes.h"
#include "base/files.h"
#include "base/paths.h"
#include "base/status.h"
#include "cli/commands.h"
#include "cli/print.h"
#include "graph/ninja_graph.h"
#include "kernel/host.h"
#include "policy/compile.h"
#include "policy/nearest.h"
#include "project/build_names.h"
#include "project/edge_subject.h"
#include "project/policy_source.h"

namespace glovebox::cli {
namespace {

using Json = nlohmann::ordered_json;

std::string Absolute(const std::string& directory) {
  const std::unique_ptr<char, decltype(&free)> real(realpath(directory.c_str(), nullptr), free);
  return real != nullptr ? real.get() : directory;
}

void PutPlace(const policy::Origin& origin, Json* json) {
  const bool in_file = origin.line > 0 && !origin.file.empty();
  (*json)["file"] = in_file ? Json(EscapeBytes(origin.file)) : Json(nullptr);
  (*json)["line"] = in_file ? Json(origin.line) : Json(nullptr);
  (*json)["column"] = in_file ? Json(origin.column) : Json(nullptr);
}

// ---- check

struct CheckOptions {
  std::string file;
  std::string build_dir = ".";
  bool json = false;
};

Json NoticesJson(const std::vector<policy::Notice>& notices) {
  Json array = Json::array();
  for (const policy::Notice& notice : notices) {
    Json one;
    PutPlace(notice.origin, &one);
    one["message"] = EscapeBytes(notice.text);
    array.push_back(std::move(one));
  }
  return array;
}

std::string Line(const policy::Notice& notice) {
  return absl::StrCat(policy::OriginText(notice.origin), ": ", notice.text);
}

// "3 allowances, 2 severities": what it holds, in a word.
std::string Holds(const policy::PolicySet& set) {
  std::vector<std::string> parts;
  const auto count = [&parts](size_t number, const char* one, const char* several) {
    if (number > 0) parts.push_back(absl::StrCat(number, " ", number == 1 ? one : several));
  };
  count(set.SectionCount(), "section", "sections");
  count(set.severities().size(), "severity", "severities");
  count(set.allowances().size(), "allowance", "allowances");
  return parts.empty() ? "says nothing" : absl::StrJoin(parts, ", ");
}

// A path that is not there yet is granted to nobody in mode enforce: mostly a misspelt one.
void NotePaths(const policy::PolicySet& set, std::vector<policy::Notice>* notes) {
  for (const policy::Setting& path : set.FilePaths()) {
    if (FileExists(path.value)) continue;
    notes->push_back(
        {path.origin, absl::StrCat("path ", path.value,
                                   " is not there: in mode enforce it is granted once it is, to who "
                                   "begins then")});
  }
}

// What a run would refuse to begin with on this host: each role's policy, and each section that is asked for
// by name, made ready as a run makes it ready. What holds without a file is not the file's fault.
std::vector<policy::Notice> ErrorsHere(const policy::PolicySet& set) {
  const kernel::HostFeatures host = kernel::ProbeHost();
  const auto fault = [&host](const policy::Policy& policy) {
    policy::CompileOptions options;
    options.listener = policy.level != kernel::Level::kOff;
    const auto plan = policy::CompilePlan(policy, host, options);
    return plan.ok() ? "" : std::string(plan.status().message());
  };
  std::vector<std::pair<std::string, policy::Subject>> subjects;
  for (int role = 0; role <= static_cast<int>(policy::Role::kConfigure); ++role) {
    const auto one = static_cast<policy::Role>(role);
    subjects.push_back({absl::StrCat("[", policy::RoleName(one), "]"), {one}});
  }
  for (const std::string& name : set.Names())
    subjects.push_back({absl::StrCat("[policy.", name, "]"), {policy::Role::kTest, "", {}, "", name}});
  std::map<std::string, std::vector<std::string>> faults;
  for (const auto& [title, subject] : subjects) {
    const std::string text = fault(set.For(subject).policy);
    if (!text.empty() && fault(policy::DefaultPolicy(subject.role)).empty()) faults[text].push_back(title);
  }
  std::vector<policy::Notice> errors;
  errors.reserve(faults.size());
  for (const auto& [text, titles] : faults) {
    errors.push_back({{set.path(), 0, 0},
                      absl::StrCat(text, ": a run of ", absl::StrJoin(titles, ", "),
                                   " cannot begin here (or say best-effort = true)")});
  }
  return errors;
}

// What the file calls by name, and what is there to be called so.
void HoldAgainst(const std::string& build_dir, const policy::PolicySet& set,
                 std::vector<policy::Notice>* notes, std::vector<policy::Notice>* errors) {
  if (!FileExists(JoinPath(build_dir, "build.ninja"))) return;
  const Progress progress([&build_dir] { return absl::StrCat("asking Ninja and CTest about ", build_dir); });
  const project::BuildNames names = project::LoadBuildNames(build_dir);
  for (policy::Notice& note : project::NotesOnNames(set, names)) notes->push_back(std::move(note));
  for (policy::Notice& error : project::ErrorsOfTests(set, names)) errors->push_back(std::move(error));
}

int Check(const CheckOptions& o) {
  project::PolicyPlace place;
  place.named = o.file;
  place.build_dir = Absolute(o.build_dir);
  if (place.named.empty()) place.named = project::PolicyFromEnvironment();
  auto found = project::FindPolicy(place);
  if (!found.ok()) return Report(found.status());
  if (found->path.empty()) {
    return Report(absl::NotFoundError(absl::StrCat("no ", policy::kPolicyFileName, " in ",
                                                   found->options.variables.source,
                                                   ": name the file, or its build directory with -C")));
  }
  const auto text = ReadFile(found->path);
  if (!text.ok()) return Report(text.status());
  found->options.name = found->path;
  policy::PolicyFile file = policy::ReadPolicyFile(*text, found->options);
  std::vector<policy::Notice> notices, here;
  if (file.set.has_value()) {
    notices = file.set->notices();
    NotePaths(*file.set, &notices);
    HoldAgainst(place.build_dir, *file.set, &notices, &file.errors);
    std::stable_sort(notices.begin(), notices.end(), [](const policy::Notice& a, const policy::Notice& b) {
      return a.origin.line < b.origin.line;
    });
    here = ErrorsHere(*file.set);
    file.errors.insert(file.errors.end(), here.begin(), here.end());
  }
  const bool good = file.errors.empty();
  const int status = good ? kOk : file.errors.size() == here.size() ? kHostCannot : kUsage;
  if (o.json) {
    Json json;
    json["file"] = EscapeBytes(found->path);
    json["ok"] = good;
    json["errors"] = NoticesJson(file.errors);
    json["notices"] = NoticesJson(notices);
    std::cout << json.dump(2) << "\n";
    return status;
  }
  for (const policy::Notice& error : file.errors) PrintError(Line(error));
  for (const policy::Notice& notice : notices) PrintError(absl::StrCat("note: ", Line(notice)));
  if (!good) return status;
  std::cout << EscapeBytes(found->path) << ": fine: " << Holds(*file.set) << "\n";
  return kOk;
}

// ---- show

struct ShowOptions {
  std::string what, role, target, test, named, file, mode;
  std::string build_dir = ".";
  bool json = false;
};

struct Shown {
  policy::Subject subject;
  bool edge_too = false;  // its shell, under glovebox-ninja, is an action of role edge around it
};

// An edge whose command has a launcher is what the launcher says it is; another is what glovebox-ninja sees.
Shown OfEdge(const graph::NinjaEdge& edge) {
  Shown shown;
  shown.subject = project::SubjectOfEdge(edge);
  shown.edge_too = absl::StrContains(edge.command, "glovebox-launch");
  if (!shown.edge_too) shown.subject = {policy::Role::kEdge, "", {}, "", ""};
  return shown;
}

// What CTest says of a test, where it can be asked.
absl::StatusOr<Shown> OfTest(const std::string& name, const std::string& build_dir,
                             const project::BuildNames& names) {
  Shown shown;
  shown.subject.role = policy::Role::kTest;
  shown.subject.test = name;
  if (!names.tests.has_value()) {
    PrintError(absl::StrCat("note: CTest cannot be asked about ", build_dir, ": ", name,
                            " is taken for a test's name, and what it asks for is not known"));
    return shown;
  }
  const graph::CTestTest* test = project::FindTest(*names.tests, name);
  if (test == nullptr) {
    std::vector<std::string> all;
    for (const graph::CTestTest& one : *names.tests) all.push_back(one.name);
    const std::string near = policy::Nearest(name, all);
    return absl::NotFoundError(
        absl::StrCat("policy show: ", build_dir, " has no test ", name,
                     near.empty() ? ": `ctest -N` lists them" : absl::StrCat(": did you mean ", near, "?")));
  }
  const project::TestSubject found = project::SubjectOfTest(*test);
  shown.subject = found.subject;
  if (!found.launched) {
    PrintError(
        absl::StrCat("note: CTest would run ", name,
                     " without Glovebox now: its program is not built, or the build has no hook. A section "
                     "that it asks for is not known"));
  }
  return shown;
}

absl::StatusOr<Shown> SubjectFor(const ShowOptions& o, const std::string& build_dir) {
  const bool as_test = !o.test.empty() || o.role == policy::RoleName(policy::Role::kTest);
  const std::string test = !o.test.empty() ? o.test : as_test ? o.what : "";
  Shown shown;
  if (o.what.empty() && o.test.empty()) {
    if (o.role.empty())
      return absl::InvalidArgumentError("policy show: whose? Name an output, a test, or --role ROLE");
  } else {
    const project::BuildNames names = [&build_dir] {
      const Progress progress(
          [&build_dir] { return absl::StrCat("asking Ninja and CTest about ", build_dir); });
      return project::LoadBuildNames(build_dir);
    }();
    const graph::NinjaEdge* edge =
        names.graph.has_value() && !as_test ? names.graph->ByOutput(o.what) : nullptr;
    if (edge != nullptr) {
      shown = OfEdge(*edge);
      if (names.tests.has_value() && project::FindTest(*names.tests, o.what) != nullptr)
        PrintError(absl::StrCat("note: a test is called ", o.what, " too: --role test shows it"));
    } else {
      if (names.graph.has_value() && !as_test && !names.tests.has_value()) {
        return absl::NotFoundError(absl::StrCat("policy show: no edge of ", build_dir, " makes ", o.what,
                                                ", and it has no tests of CTest's"));
      }
      ASSIGN_OR_RETURN(shown, OfTest(as_test ? test : o.what, build_dir, names));
    }
  }
  if (!o.role.empty()) shown.subject.role = *policy::RoleOf(o.role);
  if (!o.target.empty()) shown.subject.target = o.target;
  if (!o.named.empty()) shown.subject.named = o.named;
  return shown;
}

std::string Title(const policy::Subject& subject) {
  std::string title = absl::StrCat("role ", policy::RoleName(subject.role));
  if (!subject.target.empty()) absl::StrAppend(&title, ", target ", subject.target);
  if (!subject.outputs.empty()) absl::StrAppend(&title, ", edge ", subject.outputs.front());
  if (!subject.test.empty()) absl::StrAppend(&title, ", test ", subject.test);
  if (!subject.named.empty()) absl::StrAppend(&title, ", policy ", subject.named);
  return EscapeBytes(title);
}

std::string Padded(const std::string& text, size_t width) {
  return text.size() < width ? text + std::string(width - text.size(), ' ') : text;
}

void PrintText(const Shown& shown, const policy::PolicySet& set, const policy::Effective& effective) {
  std::cout << Title(shown.subject) << (set.file().empty() ? " (no policy file)" : "") << "\n";
  size_t keys = 0;
  size_t values = 0;
  for (const policy::Setting& setting : effective.settings) {
    keys = std::max(keys, setting.key.size());
    values = std::max(values, std::min<size_t>(48, EscapeBytes(setting.value).size()));
  }
  std::string before;
  for (const policy::Setting& setting : effective.settings) {
    std::cout << "  " << Padded(setting.key == before ? "" : EscapeBytes(setting.key), keys) << "  "
              << Padded(EscapeBytes(setting.value), values) << "  "
              << EscapeBytes(policy::OriginText(setting.origin)) << "\n";
    before = setting.key;
  }
  if (!effective.policy.confine_files)
    std::cout << "files are not confined: nothing says read or write, and the mode is not enforce\n";
  if (effective.policy.network.mode == policy::NetworkMode::kAny)
    std::cout << "the network is not confined\n";
  if (shown.edge_too) {
    std::cout << "under glovebox-ninja its shell is an action of role edge around this one, which narrows "
                 "it: glovebox "
                 "policy show --role edge\n";
  }
}

void PrintJson(const Shown& shown, const policy::PolicySet& set, const policy::Effective& effective) {
  const policy::Subject& subject = shown.subject;
  Json json;
  json["file"] = set.file().empty() ? Json(nullptr) : Json(EscapeBytes(set.file()));
  json["role"] = policy::RoleName(subject.role);
  json["target"] = EscapeBytes(subject.target);
  json["outputs"] = Json::array();
  for (const std::string& output : subject.outputs) json["outputs"].push_back(EscapeBytes(output));
  json["test"] = EscapeBytes(subject.test);
  json["policy"] = EscapeBytes(subject.named);
  json["inside_edge"] = shown.edge_too;
  json["confines_files"] = effective.policy.confine_files;
  json["settings"] = Json::array();
  for (const policy::Setting& setting : effective.settings) {
    Json one;
    one["key"] = EscapeBytes(setting.key);
    one["value"] = EscapeBytes(setting.value);
    one["from"] = setting.origin.file.empty() ? "built in"
                  : setting.origin.line == 0  ? "command line"
                                              : "file";
    PutPlace(setting.origin, &one);
    json["settings"].push_back(std::move(one));
  }
  std::cout << json.dump(2) << "\n";
}

int Show(const ShowOptions& o) {
  const std::string build_dir = Absolute(o.build_dir);
  project::PolicyPlace place;
  place.named = o.file.empty() ? project::PolicyFromEnvironment() : o.file;
  place.build_dir = build_dir;
  const auto set = project::PolicyOf(place);
  if (!set.ok()) return Report(set.status());
  const auto shown = SubjectFor(o, build_dir);
  if (!shown.ok()) return Report(shown.status());
  if (const absl::Status named = policy::CheckNamed(*set, shown->subject); !named.ok()) return Report(named);
  policy::Overrides overrides;
  for (const policy::Mode mode : {policy::Mode::kObserve, policy::Mode::kReport, policy::Mode::kEnforce}) {
    if (o.mode == policy::ModeName(mode)) overrides.mode = mode;
  }
  const policy::Effective effective = set->For(shown->subject, overrides);
  if (o.json) {
    PrintJson(*shown, *set, effective);
  } else {
    PrintText(*shown, *set, effective);
  }
  return kOk;
}

void AddCheck(CLI::App& policy, Action* action) {
  auto o = std::make_shared<CheckOptions>();
  CLI::App* check =
      policy.add_subcommand("check", "all that is wrong in a policy file, each with its place and the mend");
  check->add_option("FILE", o->file, "default: the build's own, or ./glovebox.toml");
  check
      ->add_option("-C", o->build_dir,
                   "the build directory, for ${build}, ${toolchain} ... (default: this one)")
      ->type_name("BUILD")
      ->check(NotEmpty());
  check->add_flag("--json", o->json, "for programs");
  check->callback([o, action] { *action = [o] { return Check(*o); }; });
}

void AddShow(CLI::App& policy, Action* action) {
  auto o = std::make_shared<ShowOptions>();
  CLI::App* show =
      policy.add_subcommand("show", "what holds for one action, and which line of the file says so");
  show->add_option("WHAT", o->what, "an output of the build, or a test");
  std::vector<std::string> roles;
  for (int role = 0; role <= static_cast<int>(policy::Role::kConfigure); ++role) {
    roles.emplace_back(policy::RoleName(static_cast<policy::Role>(role)));
  }
  show->add_option("--role", o->role, "as if it had this role")->check(CLI::IsMember(roles));
  show->add_option("--target", o->target, "as if it were a step of this target");
  show->add_option("--test", o->test, "a test, also one that is called like an output");
  show->add_option("--policy-name", o->named, "as if it asked for the section [policy.NAME]")
      ->type_name("NAME");
  show->add_option("--policy", o->file, "this policy file instead of the build's own")
      ->type_name("FILE")
      ->check(NotEmpty());
  show->add_option("--mode", o->mode, "as if the command line said so")
      ->check(CLI::IsMember({"observe", "report", "enforce"}));
  show->add_option("-C", o->build_dir, "the build directory (default: this one)")
      ->type_name("BUILD")
      ->check(NotEmpty());
  show->add_flag("--json", o->json, "for programs");
  show->callback([o, action] { *action = [o] { return Show(*o); }; });
}

}  // namespace

void AddPolicy(CLI::App& app, Action* action) {
  CLI::App* policy =
      app.add_subcommand("policy", "the policy file: whether it is right, and what it comes to");
  policy->require_subcommand(1);
  AddCheck(*policy, action);
  AddShow(*policy, action);
}

}  // namespace glovebox::cli
