// What is wrong with a build, one fault a value: what, where, who, why it matters, what mends it.
#ifndef GLOVEBOX_VERIFY_FINDING_H_
#define GLOVEBOX_VERIFY_FINDING_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "access/record.h"

namespace glovebox::verify {

enum class Severity : uint8_t { kOff, kNote, kWarning, kError };

// "error": stable, used in JSON.
absl::string_view SeverityName(Severity severity);

inline constexpr size_t kNoAction = static_cast<size_t>(-1);

// A process that started another, and the program that it ran then (resolved path).
struct Caller {
  int32_t pid = 0;
  std::string program;
  bool operator==(const Caller&) const = default;
};

// The first of the calls that show a fault; `call` is empty where no call does.
struct Evidence {
  std::string call;  // "openat"
  Op op = Op::kNone;
  std::string program;  // resolved path
  int32_t pid = 0;
  uint64_t time_ns = 0;
  access::Result result = access::Result::kUnknown;
  int32_t error = 0;
  access::Decision decision = access::Decision::kContinued;
  std::string spelled = {};          // the path as the program gave it, where that is not how it is resolved
  std::vector<Caller> callers = {};  // who started `pid`, who started that one, and so on
  bool operator==(const Evidence&) const = default;
};
Evidence EvidenceOf(const access::Access& access);

// What a call does with an address of the network, where no policy says who may: the rule that it breaks and
// the words for it, "connects to". Both empty: nothing (it binds one of this machine alone, or is none of
// these calls).
struct NetworkUse {
  absl::string_view rule, does;
};
NetworkUse NetworkUseOf(const access::Access& access);

// Immutable once made. Strings are raw bytes, except `action_name`, which is for people.
struct Finding {
  std::string rule;  // an id of rules.h; of a log of a newer Glovebox perhaps one that is not there
  Severity severity = Severity::kError;
  size_t action = kNoAction;  // index into ActionTable::actions
  std::string action_name;
  std::string object;  // the path, address, process or limit; a directory has a slash at its end
  std::vector<std::string> objects;  // what was folded into that directory
  std::string what;                  // one sentence
  Evidence evidence;
  uint64_t calls = 0;          // alike ones, the evidence among them; 0: shown by no call
  bool refused = false;        // one of them at least; else it went on and is only told
  std::string where;           // what made the action: "/src/CMakeLists.txt:14 add_test"; empty: not known
  std::string place;           // what the policy says: "glovebox.toml:12:3 write"; empty: nothing
  std::string so;              // why it matters
  std::string repair;          // what mends it
  std::vector<size_t> others;  // further actions that have to do with it: the other test
  // Of a finding about the graph: indices into NinjaGraph::edges(), the edge at fault first, then those that
  // it is at odds with, and that may be at fault with it (EdgeVerdicts).
  std::vector<size_t> edges;
  // Twelve hexadecimal digits: the same for the same fault in the next build, and on another machine.
  std::string id;
};

// It is no fault, and tells that something is not known: what it is of is incomplete. A run does not fail for
// it, and no baseline makes it known.
bool IsGap(const Finding& finding);

// Of rule, action and object, spelled so that they are the same everywhere (Places::Portable()).
std::string StableId(absl::string_view rule, absl::string_view action_key, absl::string_view object);

}  // namespace glovebox::verify

#endif  // GLOVEBOX_VERIFY_FINDING_H_
