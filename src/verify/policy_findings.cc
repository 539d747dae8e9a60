#include "verify/policy_findings.h"

#include <fcntl.h>

#include <algorithm>
#include <map>
#include <set>
#include <tuple>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"
#include "access/touch.h"
#include "base/paths.h"
#include "policy/policy.h"
#include "verify/rules.h"

namespace glovebox::verify {
namespace {

using access::Access;
using access::Decision;

constexpr absl::string_view kForbiddenCall = "forbidden-call";
constexpr absl::string_view kNetworkSocket = "network-socket";
constexpr char kLet[] = "let the policy say so";  // in the repairs of rule_table.h

bool IsNetworkRule(absl::string_view rule) { return absl::StartsWith(rule, "network-"); }
bool IsFolded(absl::string_view rule) {
  return rule == "outside-read" || rule == "outside-write" || rule == "outside-exec" || rule == "hidden";
}

bool IsRefused(const Access& access) {
  return access.decision == Decision::kDenied || access.decision == Decision::kKernelDenied;
}

const std::string& FirstPath(const Access& access) {
  return access.resolved.empty() ? access.path : access.resolved;
}
const std::string& SecondPath(const Access& access) {
  return access.resolved2.empty() ? access.path2 : access.resolved2;
}

// What was done, as "is ...".
std::string Verb(const Access& access, absl::string_view object) {
  switch (access.op) {
    case Op::kExec:
      return "run";
    case Op::kUnlink:
    case Op::kRmdir:
      return "removed";
    case Op::kRename:
      return object == FirstPath(access) ? "renamed" : "replaced by a rename";
    case Op::kLink:
      return "linked";
    case Op::kConnect:
      return "connected to";
    case Op::kSend:
      return "sent to";
    case Op::kSymlink:
    case Op::kMkdir:
    case Op::kMknod:
      return "made";
    default:
      return "changed";
  }
}

// Whom a call on another process names (trace/process_ruler.h): "process 4711 (/usr/bin/sleep)".
absl::string_view TargetOf(const Access& access) {
  const bool names = access.op == Op::kForbidden && access.decision == access::Decision::kKernelDenied;
  return names ? absl::string_view(access.path2) : absl::string_view();
}

// A number is another one in the next build: "/usr/bin/sleep", "process", "process group".
absl::string_view WithoutNumber(absl::string_view target) {
  const size_t program = target.find(" (");
  if (program != absl::string_view::npos) return absl::StripSuffix(target.substr(program + 2), ")");
  const size_t number = target.find_first_of("0123456789");
  return absl::StripSuffix(target.substr(0, number), " ");
}

std::string What(absl::string_view rule, const Access& access, absl::string_view object) {
  if (rule == kForbiddenCall && !TargetOf(access).empty()) {
    return absl::StrCat(access.syscall, " of ", TargetOf(access),
                        " is tried, which is outside of the action");
  }
  static const std::map<absl::string_view, absl::string_view> kWords = {
      {"outside-read", " is read, which the policy does not allow"},
      {"outside-exec", " is run, which the policy does not allow"},
      {"hidden", " is asked for, which the policy hides"},
      {"undeclared-input", " is read, and nothing says that it is needed here"},
      {"network-socket", " is made, which the policy does not allow"},
      {"network-connect", " is connected to, which the policy does not allow"},
      {"network-bind", " is bound, which the policy does not allow"},
      {"network-send", " is sent to, which the policy does not allow"},
      {kForbiddenCall, " is tried, which no action may do"}};
  if (rule == "outside-write") {
    return absl::StrCat(object, " is ", Verb(access, object), ", which the policy does not allow");
  }
  if (rule == "log-tamper") {
    return absl::StrCat(object, " is an append-only path, and this ", access.syscall, " is no append");
  }
  const auto words = kWords.find(rule);
  return absl::StrCat(object,
                      words == kWords.end() ? absl::string_view(" is against the policy") : words->second);
}

// What `place` says of who judged: behind the rule's own words, as policy/file_rules.cc and network_rules.cc
// write them.
struct RuledBy {
  std::string section;  // "[test]", "the [[rule]] at glovebox.toml:4", "the command line"; empty: not told
  std::string mode;     // of a network
  std::string interpreter;     // what was run is granted, and the program that reads it is not
  bool came_too_late = false;  // it is granted, and was not there when the action began
};

RuledBy RuledByOf(absl::string_view place) {
  RuledBy ruled;
  constexpr absl::string_view kInterpreter = " (its interpreter ";
  const size_t at = place.rfind(kInterpreter);
  if (at != absl::string_view::npos && absl::EndsWith(place, ")")) {
    ruled.interpreter = std::string(absl::StripSuffix(place.substr(at + kInterpreter.size()), ")"));
    place = place.substr(0, at);
  }
  ruled.came_too_late = absl::EndsWith(place, ", which was not there when the action began");
  const size_t whom = place.rfind(" for ");
  if (whom != absl::string_view::npos) {
    const absl::string_view section = place.substr(whom + 5);
    if ((absl::StartsWith(section, "[") && absl::EndsWith(section, "]")) ||
        absl::StartsWith(section, "the [[rule]] at ") || section == policy::kCommandLineSection) {
      ruled.section = std::string(section);
      place = place.substr(0, whom);
    }
  }
  const size_t network = place.rfind(" network ");
  if (network != absl::string_view::npos) ruled.mode = std::string(place.substr(network + 9));
  return ruled;
}

// The repairs of rule_table.h for who was given options: those outrank each section of the file.
const std::vector<std::pair<absl::string_view, absl::string_view>>& CommandLineWords() {
  static const std::vector<std::pair<absl::string_view, absl::string_view>> words = {
      {kLet, "let the command line say so"},
      {"read-add = [\"OBJECT\"]", "--read OBJECT"},
      {"write-add = [\"OBJECT\"]", "--write OBJECT"},
      {"network = { mode = \"MODE\", connect = [\"OBJECT\"] }", "--connect OBJECT"},
      {"network = { mode = \"MODE\", bind = [\"OBJECT\"] }", "--bind OBJECT"},
      {"network = \"unix\", \"loopback\", or the endpoints by name",
       "--network unix, --network loopback, or the endpoints by --connect and --bind"},
      {"network = ", "--network "},
      {", beside the addresses that stand there", ""}};
  return words;
}

// A call that needs a name to come or go: that is granted by the directory of the name.
bool ChangesName(const Access& access) {
  switch (access.op) {
    case Op::kUnlink:
    case Op::kRmdir:
    case Op::kRename:
    case Op::kLink:
    case Op::kSymlink:
    case Op::kMkdir:
    case Op::kMknod:
    case Op::kBind:
      return true;
    case Op::kOpen:
      return (access.flags & O_CREAT) != 0 && access.result != access::Result::kThere;
    default:
      return false;
  }
}

// What is gathered of one rule, action and object before it is told.
struct Group {
  Finding finding;
  bool is_path = false;
  std::string grant;  // what the policy would have to name
};

class Gatherer {
 public:
  Gatherer(const Input& input, const Actions& actions) : input_(input), actions_(actions) {}

  void Take(size_t record, const Access& access) {
    if (access.rule.empty() && !IsRefused(access)) return;
    RuleWords words = ParseRuleWords(access.rule);
    if (words.id.empty()) words.id = std::string(kForbiddenCall);
    const std::string object = ObjectOf(access, words.id, input_.places);
    const size_t action = actions_.Of(record);
    const auto [found, fresh] = index_.try_emplace(std::tuple(words.id, action, object), groups_.size());
    if (fresh) groups_.push_back(Begin(words, action, object, access));
    Finding& finding = groups_[found->second].finding;
    NoteTarget(access, &finding);
    ++finding.calls;
    finding.refused = finding.refused || IsRefused(access);
  }

  std::vector<Finding> Finish() {
    std::set<size_t> folded = FoldIntoSockets();
    std::map<std::tuple<std::string, size_t, std::string>, std::vector<size_t>> directories;
    for (size_t i = 0; i < groups_.size(); ++i) {
      const Finding& finding = groups_[i].finding;
      if (!groups_[i].is_path || !IsFolded(finding.rule)) continue;
      directories[{finding.rule, finding.action, std::string(Dirname(finding.object))}].push_back(i);
    }
    std::vector<Finding> findings;
    for (auto& [key, members] : directories) {
      if (members.size() < kFoldFrom || std::get<2>(key) == "/") continue;
      Fold(std::get<2>(key), members);
      folded.insert(members.begin() + 1, members.end());
    }
    for (size_t i = 0; i < groups_.size(); ++i) {
      if (folded.count(i) == 0) findings.push_back(std::move(groups_[i].finding));
    }
    return findings;
  }

 private:
  Group Begin(const RuleWords& words, size_t action, const std::string& object, const Access& access) const {
    Group group;
    group.is_path = absl::StartsWith(object, "/");
    group.finding = actions_.Make(words.id, action, object);
    group.finding.what = What(words.id, access, object);
    if (words.id == "outside-write" && (access.op == Op::kConnect || access.op == Op::kSend))
      group.finding.so = "what is made here depends on who listens there";
    group.finding.place = words.place;
    group.finding.evidence = EvidenceOf(access);
    group.grant = object;
    const bool by_directory = words.id == "outside-write" && IsRefused(access) && ChangesName(access);
    if (group.is_path && by_directory) group.grant = std::string(Dirname(object));
    Mend(&group.finding, group.grant);
    return group;
  }

  // Each process once, whatever was done to it how often.
  static void NoteTarget(const Access& access, Finding* finding) {
    const std::string target(TargetOf(access));
    std::vector<std::string>& named = finding->objects;
    if (!target.empty() && std::find(named.begin(), named.end(), target) == named.end())
      named.push_back(target);
  }

  // What was done with a socket that the policy does not let be made is no second fault: under enforce it
  // could not have been done. The first address is named.
  std::set<size_t> FoldIntoSockets() {
    std::set<size_t> folded;
    std::set<size_t> named;
    for (size_t i = 0; i < groups_.size(); ++i) {
      const Finding& use = groups_[i].finding;
      if (!IsNetworkRule(use.rule) || use.rule == kNetworkSocket) continue;
      const std::string family = use.object.substr(0, use.object.find(':'));
      const auto socket = index_.find(
          std::tuple(std::string(kNetworkSocket), use.action, absl::StrCat("a socket of ", family)));
      if (socket == index_.end()) continue;
      Finding& made = groups_[socket->second].finding;
      if (made.place != use.place) continue;
      if (named.insert(socket->second).second)
        made.what = absl::StrCat("a socket of ", family, " is made, which the policy does not allow, and ",
                                 absl::StrReplaceAll(use.what, {{", which the policy does not allow", ""}}));
      made.calls += use.calls;
      folded.insert(i);
    }
    return folded;
  }

  void Mend(Finding* finding, absl::string_view grant) const {
    const RuledBy ruled = RuledByOf(finding->place);
    std::string& repair = finding->repair;
    if (const Rule* words = FindRule(finding->rule)) repair = words->repair;
    // A test that goes where the policy does not let it has a better way than to be let.
    if (finding->rule == "outside-write" && actions_.TestOf(finding->action) != kNoAction) {
      const Place place = input_.places.Of(grant);
      const Rule* rule = place == Place::kHome  ? FindRule("test-writes-home")
                         : place == Place::kTmp ? FindRule("test-fixed-tmp")
                                                : nullptr;
      if (rule != nullptr) repair = absl::StrCat(rule->repair, "; or ", kLet, ": write-add = [\"OBJECT\"]");
    }
    if (ruled.came_too_late) {
      repair = absl::StrCat("make it before the action begins, or ", kLet,
                            " of a directory above it that is there");
    }
    const bool options = ruled.section == policy::kCommandLineSection;
    if (options) {
      repair = absl::StrReplaceAll(repair, CommandLineWords());
    } else if (!ruled.section.empty()) {
      repair = absl::StrReplaceAll(repair, {{kLet, absl::StrCat(kLet, ", in ", ruled.section)}});
    }
    // "named" is what a list without a mode means.
    const bool has_mode = !ruled.mode.empty() && ruled.mode != "named";
    repair = absl::StrReplaceAll(
        repair, {{"mode = \"MODE\", ", has_mode ? absl::StrCat("mode = \"", ruled.mode, "\", ") : ""}});
    // An address as a policy spells it, without its family.
    if (IsNetworkRule(finding->rule) && access::IsInternet(grant)) grant.remove_prefix(grant.find(':') + 1);
    if (!ruled.interpreter.empty()) grant = ruled.interpreter;
    // A shell knows no ${source}, and of the temporary directories the policy's ${tmp} is one alone.
    const bool by_letters = options || input_.places.Of(grant) == Place::kTmp;
    const std::string spelled = by_letters ? std::string(grant) : input_.places.Portable(grant);
    repair = absl::StrReplaceAll(repair, {{"OBJECT", spelled}});
  }

  // The first of them speaks for all.
  void Fold(const std::string& directory, const std::vector<size_t>& members) {
    Finding& first = groups_[members[0]].finding;
    const Finding old = first;
    first = actions_.Make(old.rule, old.action, absl::StrCat(directory, "/"));
    first.place = old.place;
    first.evidence = old.evidence;
    first.what = absl::StrReplaceAll(
        old.what, {{old.object, absl::StrCat(members.size(), " files of ", directory)}, {" is ", " are "}});
    Mend(&first, directory);
    for (const size_t member : members) {
      const Finding& finding = member == members[0] ? old : groups_[member].finding;
      first.objects.push_back(finding.object);
      first.calls += finding.calls;
      first.refused = first.refused || finding.refused;
    }
  }

  const Input& input_;
  const Actions& actions_;
  std::vector<Group> groups_;
  absl::flat_hash_map<std::tuple<std::string, size_t, std::string>, size_t> index_;
};

void EndFindings(const Actions& actions, size_t action, const access::ActionEnd& end,
                 std::vector<Finding>* findings) {
  if (!end.limit.empty()) {
    // The kind of limit is what stays the same, not how much was measured.
    Finding finding = actions.Make("limit-hit", action, end.limit);
    const absl::string_view kind =
        absl::string_view(end.limit).substr(0, end.limit.find_first_of("0123456789"));
    finding.id = StableId(finding.rule, actions.Key(action), kind);
    finding.what = absl::StrCat("a limit ended the action: ", end.limit);
    findings->push_back(std::move(finding));
  }
  std::map<std::string, Finding> programs;
  for (const std::string& process : end.left_over) {
    const size_t space = process.find(' ');
    const std::string program = space == std::string::npos ? "a process" : process.substr(space + 1);
    const auto [found, fresh] = programs.try_emplace(program);
    if (fresh) {
      found->second = actions.Make("left-over-process", action, program);
      found->second.what = absl::StrCat(program, " outlived the command that started it");
    }
    found->second.objects.push_back(process);
  }
  for (auto& [program, finding] : programs) findings->push_back(std::move(finding));
  if (end.kind == access::ActionEnd::Kind::kSandboxFailed) {
    const std::string step = end.step.substr(0, end.step.find(access::kSkippedMark));
    Finding finding = actions.Make("sandbox-failed", action, step);
    finding.what = absl::StrCat("the sandbox could not be set up: ", step);
    findings->push_back(std::move(finding));
  }
}

}  // namespace

RuleWords ParseRuleWords(absl::string_view rule) {
  const size_t colon = rule.find(": ");
  if (colon == absl::string_view::npos) return {std::string(absl::StripSuffix(rule, ":")), ""};
  return {std::string(rule.substr(0, colon)), std::string(rule.substr(colon + 2))};
}

std::string ObjectOf(const Access& access, absl::string_view rule, const Places& places) {
  if (rule == "network-socket") {
    return absl::StrCat("a socket", access.path.empty() ? "" : " of ", access.path);
  }
  if (IsNetworkRule(rule)) return access.path.empty() ? "a socket" : access.path;
  if (rule == kForbiddenCall && !TargetOf(access).empty())
    return absl::StrCat(access.syscall, " of ", WithoutNumber(TargetOf(access)));
  if (rule == kForbiddenCall || FirstPath(access).empty()) return access.syscall;
  if (SecondPath(access).empty() || (access.op != Op::kRename && access.op != Op::kLink))
    return FirstPath(access);
  const Place first = places.Of(FirstPath(access));
  if (rule == "outside-write" && (access.op == Op::kLink || first == Place::kBuild || first == Place::kTmp)) {
    return SecondPath(access);
  }
  return FirstPath(access);
}

std::vector<Finding> PolicyFindings(const Input& input, const Actions& actions) {
  Gatherer gatherer(input, actions);
  for (size_t i = 0; i < input.log.records.size(); ++i) {
    if (const auto* access = std::get_if<Access>(&input.log.records[i])) gatherer.Take(i, *access);
  }
  std::vector<Finding> findings = gatherer.Finish();
  for (size_t i = 0; i < input.table.actions.size(); ++i) {
    const auto& end = input.table.actions[i].end;
    if (end.has_value()) EndFindings(actions, i, *end, &findings);
  }
  return findings;
}

}  // namespace glovebox::verify
