// What a build touched, in one value: made from the records one by one, so that a log of millions of accesses
// costs memory by distinct files and actions, not by accesses.
#ifndef GLOVEBOX_REPORT_SUMMARY_H_
#define GLOVEBOX_REPORT_SUMMARY_H_

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/string_view.h"
#include "access/log.h"
#include "access/record.h"
#include "access/touch.h"
#include "report/build_info.h"
#include "report/classify.h"
#include "report/implied_exec.h"
#include "report/input.h"
#include "verify/edge_verdict.h"
#include "verify/finding.h"

namespace glovebox::report {

// Finds an edge by its command. Made once a build; `build` must outlive it.
class EdgeIndex {
 public:
  explicit EdgeIndex(const BuildInfo& build);
  // The edge of an action that Ninja's shell began ("/bin/sh -c COMMAND"). Null: none has that command, or
  // several do (`true`) and nobody can tell which of them this was.
  const EdgeInfo* EdgeOf(const access::ActionBegin& begin) const;
  // As its launcher was told them, else as Ninja declares them; empty: not known.
  const std::vector<std::string>& OutputsOf(const access::ActionBegin& begin) const;

 private:
  absl::flat_hash_map<std::string, const EdgeInfo*> by_command_;
};

// What became of a file over the whole run, seen from its first and its last change.
enum class Fate : uint8_t {
  kUntouched,    // nothing wrote to it
  kCreated,      // not there before, there at the end
  kChanged,      // there before, written or its attributes set
  kRemoved,      // there before, gone at the end
  kRenamedOnto,  // what is there now came by a rename
  kTemporary,    // made and removed again
};
absl::string_view FateName(Fate fate);  // "created", "renamed-onto" ...: stable, used in JSON

struct FileFacts {
  std::string path;
  PathClass path_class = PathClass::kOutside;
  uint32_t what = 0;  // What bits of all accesses
  Fate fate = Fate::kUntouched;
  uint64_t accesses = 0;
  access::ActionId first_action = 0;  // of any access
  access::ActionId first_writer = 0;  // 0: none
  bool several_actions = false;
};

// Action numbers below are what people are shown and type. They are the log's own where these are unique; in
// a run that several launchers wrote on their own they are not, and all are numbered anew, in the order of
// the log.
struct ActionFacts {
  access::ActionId id = 0;
  access::ActionId parent = 0;  // the action it runs inside of, 0: none
  uint32_t segment = 0;
  access::ActionBegin begin;  // as logged, with the log's own numbers; empty when the log has none
  bool has_begin = false;
  bool has_end = false;
  access::ActionEnd end;
  std::string name;  // what a person calls it: its test, else its outputs, else its target, else its command,
                     // shortened
  uint64_t last_ns = 0;
  uint64_t accesses = 0;
  uint64_t reads = 0;
  uint64_t writes = 0;
  uint64_t probes = 0;
  uint64_t holes = 0;
  std::vector<std::string> why_incomplete;  // empty: seen in full
  uint64_t wall_ns() const {
    return has_end && has_begin && end.time_ns > begin.time_ns ? end.time_ns - begin.time_ns : 0;
  }
  bool complete() const { return why_incomplete.empty(); }
};

struct EndpointFacts {
  std::string address;
  std::array<uint64_t, 3> calls = {};  // connect, bind, send
  uint64_t refused = 0;
  std::map<std::string, uint64_t> programs;  // executable -> calls
  access::ActionId first_action = 0;
  bool internet = false;
};

struct DeniedFacts {
  std::string syscall;
  std::string path;
  int32_t error = 0;
  uint64_t calls = 0;
  std::string exe;  // of the first
  access::ActionId first_action = 0;
};

struct HoleFacts {
  std::string kind;
  uint64_t count = 0;
  std::string detail;  // of the first
  access::ActionId first_action = 0;
};

struct LeftOver {
  access::ActionId action = 0;
  std::string process;  // "pid exe"
};

struct FindingFacts {
  verify::Finding finding;
  std::vector<std::string> edges;  // first outputs of finding.edges
  access::ActionId action = 0;     // 0: of no action
  std::vector<access::ActionId> others;
};

struct Summary {
  access::RunInfo run;
  bool has_run = false;
  bool ended = false;
  bool being_written = false;  // the run went on when its log was read
  int32_t exit_status = 0;
  uint64_t first_ns = 0;
  uint64_t last_ns = 0;
  uint64_t records = 0;
  uint64_t accesses = 0;
  uint64_t log_bytes = 0;
  std::string run_dir;
  // Source and build directory are one: a plain directory in which a command ran, or an in-source build. What
  // is written there is not outside of it.
  bool one_tree = false;
  // Commands and redirections of the build that nobody saw: those that no launcher wraps, where launchers
  // alone recorded.
  size_t unwrapped = 0;
  bool loose = false;  // several launchers wrote it, each on its own: it has no end of its own
  std::array<uint64_t, kOpCount> by_op = {};

  std::vector<ActionFacts> actions;      // by number
  std::vector<FileFacts> files;          // by path
  std::vector<EndpointFacts> endpoints;  // internet first, then by address
  std::vector<DeniedFacts> denied;       // most calls first
  std::vector<HoleFacts> holes;          // most first
  std::vector<access::Tear> tears;
  std::vector<LeftOver> left_over;
  bool judged = false;                 // by AddFindings() (findings.h): without it nobody has looked
  std::vector<FindingFacts> findings;  // errors first
  bool verified = false;               // ... with the graph as declared beside it: then `edges` are told
  std::vector<verify::EdgeVerdict> edges;
  size_t allowed = 0;  // findings that the policy file lets pass
  // Steps of the set-up that this host could not do, and what else stands beside them (kNoNewPrivileges),
  // each once.
  std::vector<std::string> skipped;

  std::vector<access::ActionId> begun;  // number of the k-th action that began: of ActionTable::actions[k]
  // (segment, the log's number) -> number.
  absl::flat_hash_map<std::pair<uint32_t, access::ActionId>, access::ActionId> numbers;
  access::ActionId NumberOf(uint32_t segment, access::ActionId logged) const;

  uint64_t complete_actions() const;
  uint64_t wall_ns() const { return last_ns > first_ns ? last_ns - first_ns : 0; }
  // Numbers of the actions that took longest, longest first. An action that holds an inner one is left out:
  // the inner one says who it was.
  std::vector<size_t> Slowest(size_t limit) const;
  const ActionFacts* Find(access::ActionId id) const;
  const FileFacts* FindFile(absl::string_view path) const;
  // Of `skipped`: the steps alone; the programs that ran without the privileges of their files, each with
  // what was lost.
  std::vector<std::string> SkippedSteps() const;
  std::vector<std::string> LostPrivileges() const;
};

// Feed records in the order of time, then Finish once. Not thread-safe.
// How much of a run is summed up: its actions, holes and numbers of accesses alone, or also what was touched,
// file by file, which takes most of the time.
enum class Depth : uint8_t { kActions, kFiles };

class SummaryBuilder {
 public:
  // `build` must live as long as the builder.
  explicit SummaryBuilder(const BuildInfo& build, Depth depth = Depth::kFiles);
  void Add(const access::Record& record, uint32_t segment);
  // `why_incomplete`: of each ActionBegin, in the order in which they were added; empty: seen in full.
  Summary Finish(const std::vector<std::string>& why_incomplete);

 private:
  struct FileState {
    FileFacts facts;
    bool written = false;
    bool there_before = false;  // at the first write
    bool there_now = false;
    bool by_rename = false;
  };
  using Key = std::pair<uint32_t, access::ActionId>;
  // Until Finish() an action is its index + 1 in summary_.actions; 0 is none.
  access::ActionId ActionOf(uint32_t segment, access::ActionId logged);
  ActionFacts* At(access::ActionId index) { return index == 0 ? nullptr : &summary_.actions[index - 1]; }
  void AddBegin(const access::ActionBegin& begin, uint32_t segment);
  void AddEnd(const access::ActionEnd& end, uint32_t segment);
  void AddAccess(const access::Access& access, access::ActionId action);
  void AddEndpoint(const access::Access& access, access::ActionId action);
  void AddDenied(const access::Access& access, access::ActionId action);
  void AddTouch(const access::Touch& touch, const access::Access& access, access::ActionId action);
  // What a touch makes of its file, without the counts of its action.
  void Mark(const access::Touch& touch, access::Result result, access::ActionId action);
  // A directory was renamed: what is known below it has another name now.
  void MoveBelow(const access::Touches& touches, access::ActionId action);
  std::vector<std::string> ThereBelow(absl::string_view directory) const;
  void AddHole(const access::Hole& hole, access::ActionId action);
  std::string TakeSkipped(absl::string_view text);
  void Judge(const std::vector<std::string>& why_incomplete);
  void Renumber();

  const BuildInfo& build_;
  const Depth depth_;
  Classifier classifier_;
  Summary summary_;
  absl::flat_hash_map<Key, access::ActionId> places_;
  std::vector<access::ActionId> begun_;  // in order of their begin
  absl::flat_hash_map<std::string, FileState> files_;
  absl::flat_hash_set<std::string> directories_;  // of all files_, up to the root
  ImpliedExecs implied_;
  absl::flat_hash_map<std::string, EndpointFacts> endpoints_;
  absl::flat_hash_map<std::string, DeniedFacts> denied_;
  absl::flat_hash_map<std::string, HoleFacts> holes_;
  absl::flat_hash_map<access::ActionId, std::vector<std::string>> hole_kinds_;
};

Summary Summarize(const Input& input, Depth depth = Depth::kFiles);

// "a.o", "a.o (+2)", the name of a test: what to call an action. Escaped, at most 60 columns.
std::string ActionName(const access::ActionBegin& begin, const EdgeIndex& edges);

}  // namespace glovebox::report

#endif  // GLOVEBOX_REPORT_SUMMARY_H_
