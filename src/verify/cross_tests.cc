#include "verify/cross_tests.h"

#include <fcntl.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "access/touch.h"
#include "base/paths.h"
#include "verify/tmp_name.h"

namespace glovebox::verify {
namespace {

using access::Access;

// Made to be written by several at once, or worth nothing: coverage counters, Python's compiled modules, the
// caches of compilers and fonts, CTest's own files.
bool IsSharedByDesign(absl::string_view path) {
  for (const absl::string_view end : {".gcda", ".profraw", ".pyc", "/__pycache__"}) {
    if (absl::EndsWith(path, end)) return true;
  }
  for (const absl::string_view part :
       {"/__pycache__/", "/.ccache/", "/.cache/ccache/", "/.cache/fontconfig/", "/Testing/Temporary/"}) {
    if (absl::StrContains(path, part)) return true;
  }
  return absl::EndsWith(path, "/.ccache") || absl::EndsWith(path, "/.cache/ccache") ||
         absl::EndsWith(path, "/.cache/fontconfig") || absl::EndsWith(path, "/.cache") ||
         absl::EndsWith(path, "/Testing/Temporary") || absl::EndsWith(path, "/Testing");
}

// A device, or a file of the kernel's: nobody's to own.
bool IsFile(absl::string_view path) {
  if (!absl::StartsWith(path, "/")) return false;
  if (IsUnder(path, "/proc") || IsUnder(path, "/sys")) return false;
  return !IsUnder(path, "/dev") || IsUnder(path, "/dev/shm");
}

// What CMake, CTest and Ninja keep for themselves in a build directory.
bool IsOfBuild(absl::string_view path) {
  const absl::string_view name = path.substr(path.rfind('/') + 1);
  for (const absl::string_view own : {"CMakeCache.txt", "build.ninja", ".ninja_log", ".ninja_deps",
                                      ".ninja_lock", "cmake_install.cmake", "CTestTestfile.cmake"}) {
    if (name == own) return true;
  }
  return absl::StrContains(path, "/CMakeFiles/");
}

// ":8080" of "inet:127.0.0.1:8080"; empty where there is none, or the kernel chooses.
absl::string_view PortOf(absl::string_view address) {
  const size_t colon = address.rfind(':');
  if (!access::IsInternet(address) || colon == absl::string_view::npos) return "";
  const absl::string_view port = address.substr(colon + 1);
  return port.empty() || port == "0" || port.find(']') != absl::string_view::npos ? "" : port;
}

class Judge {
 public:
  Judge(const Input& input, const Actions& actions) : input_(input), actions_(actions), order_(input.tests) {}

  std::vector<Finding> Run() {
    if (!HasTests()) return {};
    for (size_t i = 0; i < input_.log.records.size(); ++i) {
      const auto* access = std::get_if<Access>(&input_.log.records[i]);
      if (access != nullptr && actions_.Of(i) != kNoAction) NoteOwner(actions_.Of(i), *access);
    }
    for (size_t i = 0; i < input_.log.records.size(); ++i) {
      const auto* access = std::get_if<Access>(&input_.log.records[i]);
      const size_t test =
          access == nullptr || actions_.Of(i) == kNoAction ? kNoAction : actions_.TestOf(actions_.Of(i));
      if (test != kNoAction) Take(test, *access);
    }
    TellEarly();
    std::vector<Finding> findings;
    findings.reserve(findings_.size());
    for (Finding& finding : findings_) findings.push_back(std::move(finding));
    return findings;
  }

 private:
  // Who wrote a path, who last, in tests.
  struct Writers {
    std::vector<size_t> tests;  // in the order of their first write
    size_t last = kNoAction;    // of what is there now; kNoAction: nobody's, or removed
  };

  // A test that has looked at a path, first, and those that made or changed it afterwards.
  struct EarlyRead {
    const Access* access = nullptr;
    bool absent = false;
    std::vector<size_t> writers;
  };

  bool HasTests() const {
    for (size_t i = 0; i < input_.table.actions.size(); ++i) {
      if (actions_.TestOf(i) != kNoAction) return true;
    }
    return false;
  }

  // Whose process it is: a test's, or the file that it writes is the build's.
  void NoteOwner(size_t action, const Access& access) {
    const size_t test = actions_.TestOf(action);
    if (test == kNoAction) {
      const access::Touches touches = access::TouchesOf(access);
      for (const access::Touch& touch : touches.span()) {
        if ((touch.what & access::kWrites) != 0) built_.emplace(touch.path);
      }
      return;
    }
    pids_[test].insert(access.pid);
    pids_[test].insert(access.tid);
  }

  void Take(size_t test, const Access& access) {
    if (access.op == Op::kBind) TakeBind(test, access);
    const access::Touches touches = access::TouchesOf(access);
    for (const access::Touch& touch : touches.span()) {
      if (!IsFile(touch.path) || IsSharedByDesign(touch.path)) continue;
      if ((touch.what & access::kWrites) != 0) {
        TakeWrite(test, access, touch);
      } else if ((touch.what & (access::kReads | access::kProbed)) != 0) {
        if ((touch.what & access::kReads) != 0) TakeRead(test, access, std::string(touch.path));
        NoteEarly(test, access, touch);
      }
    }
  }

  void TakeWrite(size_t test, const Access& access, const access::Touch& touch) {
    const std::string path(touch.path);
    Writers& writers = writers_[path];
    if (std::find(writers.tests.begin(), writers.tests.end(), test) == writers.tests.end()) {
      for (const size_t other : writers.tests) TwoWrite(test, other, access, path);
      writers.tests.push_back(test);
    }
    const bool gone = (touch.what & (access::kRemoved | access::kRenamedFrom)) != 0;
    if (!gone) NoteLate(test, path);
    writers.last = gone ? kNoAction : test;
    // What the policy itself is against is told by its own rule.
    if (!access.rule.empty()) return;
    const Place place = input_.places.Of(path);
    if (place == Place::kSource && !input_.places.one_tree()) {
      One("test-writes-source", test, access, path, absl::StrCat(path, " is written by ", Name(test)));
    } else if (place == Place::kHome) {
      One("test-writes-home", test, access, path, absl::StrCat(path, " is written by ", Name(test)));
    } else if (place == Place::kTmp && !gone) {
      if (!IsOwnName(test, access, path)) {
        One("test-fixed-tmp", test, access, path, absl::StrCat(path, " is made by ", Name(test)));
      }
      judged_.insert({test, path});
    }
  }

  void TwoWrite(size_t test, size_t other, const Access& access, const std::string& path) {
    if (Name(test) == Name(other) || !order_.MayOverlap(Name(test), Name(other))) return;
    Finding& finding =
        One("test-collision", test, access, path,
            absl::StrCat(path, " is written by two tests: ", Name(test), " and ", Name(other)));
    AddOther(&finding, other);
    if (finding.others.size() > 1) {
      finding.what = absl::StrCat(path, " is written by ", finding.others.size() + 1, " tests: ", Name(test),
                                  ", ", Name(finding.others[0]), " and others");
    }
  }

  void TakeRead(size_t test, const Access& access, const std::string& path) {
    const auto found = writers_.find(path);
    if (found == writers_.end() || found->second.last == kNoAction || found->second.last == test) return;
    const Writers& writers = found->second;
    const size_t from = writers.last;
    // One that writes it itself shares it, and that is told.
    if (std::find(writers.tests.begin(), writers.tests.end(), test) != writers.tests.end()) return;
    if (Name(test) == Name(from) || order_.IsBefore(Name(from), Name(test))) return;
    Finding& finding =
        One("test-order", test, access, path,
            absl::StrCat(path, " is read by ", Name(test), " and was written by ", Name(from)));
    AddOther(&finding, from);
    finding.repair = Ordered(test, from);
  }

  std::string Ordered(size_t test, size_t from) const {
    return absl::StrCat("set_tests_properties(", Name(test), " PROPERTIES DEPENDS ", Name(from),
                        "), or a fixture: FIXTURES_SETUP there, FIXTURES_REQUIRED here");
  }

  // What the system has, what was built, and sources (a test that writes those has a finding of its own) is
  // there before any test.
  void NoteEarly(size_t test, const Access& access, const access::Touch& touch) {
    if (IsSystem(touch.path) || IsOfBuild(touch.path) || built_.contains(touch.path)) return;
    const Place place = input_.places.Of(touch.path);
    if (place == Place::kSource && !input_.places.one_tree()) return;
    EarlyRead& early = early_[std::string(touch.path)][test];
    if (early.access != nullptr) return;
    early.access = &access;
    early.absent = (touch.what & access::kProbed) != 0;
  }

  void NoteLate(size_t test, const std::string& path) {
    const auto found = early_.find(path);
    if (found == early_.end()) return;
    for (auto& [reader, early] : found->second) {
      if (std::find(early.writers.begin(), early.writers.end(), test) == early.writers.end())
        early.writers.push_back(test);
    }
  }

  // At the end: who writes the path itself, also later, shares it, and that is told.
  void TellEarly() {
    const graph::NinjaGraph* const ninja = input_.facts != nullptr ? input_.facts->ninja.get() : nullptr;
    for (const auto& [path, readers] : early_) {
      const auto writers = writers_.find(path);
      if (writers == writers_.end() || (ninja != nullptr && ninja->ByOutput(path) != nullptr)) continue;
      for (const auto& [reader, early] : readers) {
        const std::vector<size_t>& own = writers->second.tests;
        if (std::find(own.begin(), own.end(), reader) != own.end()) continue;
        for (const size_t writer : early.writers) TellLate(path, reader, early, writer);
      }
    }
  }

  void TellLate(const std::string& path, size_t reader, const EarlyRead& early, size_t writer) {
    const std::string &name = Name(reader), &other = Name(writer);
    if (name == other || order_.IsBefore(name, other) || order_.IsBefore(other, name)) return;
    if (order_.ShareLock(name, other)) return;
    const std::string what = early.absent
                                 ? absl::StrCat(path, " was looked for by ", name,
                                                " and not there: it was made by ", other, " afterwards")
                                 : absl::StrCat(path, " was read by ", name, " before it was written by ",
                                                other, ": what was read is older than that test");
    Finding& finding = One("test-order", reader, *early.access, path, what);
    if (finding.others.empty()) {
      finding.repair = Ordered(reader, writer);
      // Who is content without it may only have looked; who failed needs it.
      if (early.absent && EndedWell(reader)) finding.severity = Severity::kWarning;
    }
    AddOther(&finding, writer);
  }

  bool EndedWell(size_t test) const {
    const access::ActionRecord& action = input_.table.actions[test];
    return action.end.has_value() && action.end->kind == access::ActionEnd::Kind::kExited &&
           action.end->status == 0;
  }

  void TakeBind(size_t test, const Access& access) {
    const absl::string_view port = PortOf(access.path);
    if (port.empty() || !access.rule.empty()) return;
    Finding& finding = One("test-fixed-port", test, access, access.path,
                           absl::StrCat(access.path, " is bound by ", Name(test)));
    std::vector<size_t>& binders = binders_[std::string(port)];
    for (const size_t other : binders) {
      if (other == test || Name(other) == Name(test) || !order_.MayOverlap(Name(test), Name(other))) continue;
      finding.severity = Severity::kError;
      AddOther(&finding, other);
      finding.what =
          absl::StrCat("port ", port, " is bound by two tests: ", Name(test), " and ", Name(other));
    }
    if (std::find(binders.begin(), binders.end(), test) == binders.end()) binders.push_back(test);
  }

  // Whether the path, or a directory above it, is this run's own.
  bool IsOwnName(size_t test, const Access& access, const std::string& path) const {
    const std::string below = input_.places.BelowRoot(path);
    const std::vector<absl::string_view> parts = absl::StrSplit(below, '/', absl::SkipEmpty());
    if (parts.empty()) return true;  // the temporary directory itself
    const auto pids = pids_.find(test);
    static const absl::flat_hash_set<int32_t> kNone;
    for (const absl::string_view part : parts) {
      if (IsUniquePart(part, pids == pids_.end() ? kNone : pids->second)) return true;
    }
    // What this test made before was judged then, and what lies in such a directory is not told again.
    for (absl::string_view up = path; up.size() > 1; up = Dirname(up)) {
      if (judged_.contains(std::pair(test, std::string(up)))) return true;
    }
    // What a rename puts in place was made under another name: a fixed one counts as it is.
    constexpr uint64_t kMkstemp = O_RDWR | O_CREAT | O_EXCL;
    return access.op == Op::kOpen && (access.flags & (O_ACCMODE | O_CREAT | O_EXCL)) == kMkstemp &&
           MayBeTemplate(parts.back());
  }

  const std::string& Name(size_t test) const { return actions_.TestName(test); }

  static void AddOther(Finding* finding, size_t other) {
    if (std::find(finding->others.begin(), finding->others.end(), other) == finding->others.end())
      finding->others.push_back(other);
  }

  // The finding of this rule, test and object, made where there is none yet.
  Finding& One(const char* rule, size_t test, const Access& access, const std::string& object,
               const std::string& what) {
    const auto [found, fresh] =
        index_.try_emplace(std::tuple(std::string(rule), test, object), findings_.size());
    if (fresh) {
      Finding finding = actions_.Make(rule, test, object);
      finding.what = what;
      finding.evidence = EvidenceOf(access);
      findings_.push_back(std::move(finding));
    }
    Finding& finding = findings_[found->second];
    ++finding.calls;
    return finding;
  }

  const Input& input_;
  const Actions& actions_;
  const graph::TestOrder order_;
  absl::flat_hash_map<size_t, absl::flat_hash_set<int32_t>> pids_;
  absl::flat_hash_map<std::string, Writers> writers_;
  absl::flat_hash_set<std::string> built_;                      // what others than tests write
  std::map<std::string, std::map<size_t, EarlyRead>> early_;    // by path, then test
  absl::flat_hash_set<std::pair<size_t, std::string>> judged_;  // below a temporary directory
  std::map<std::string, std::vector<size_t>> binders_;          // by port
  absl::flat_hash_map<std::tuple<std::string, size_t, std::string>, size_t> index_;
  std::vector<Finding> findings_;
};

}  // namespace

std::vector<Finding> CrossTestFindings(const Input& input, const Actions& actions) {
  return Judge(input, actions).Run();
}

}  // namespace glovebox::verify
