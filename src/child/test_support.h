// Runs the pipeline in a forked process and shows what came out of it.
#ifndef GLOVEBOX_CHILD_TEST_SUPPORT_H_
#define GLOVEBOX_CHILD_TEST_SUPPORT_H_

#include <linux/filter.h>

#include <functional>
#include <string>
#include <vector>

#include "child/context.h"
#include "child/pipeline.h"
#include "child/plan.h"

namespace glovebox::child {

using Filter = std::vector<sock_filter>;

// Answers system call `number` with `action` (SECCOMP_RET_*), where `argument` is not negative only when the
// low half of that argument is `value`; allows all else.
Filter FilterOf(int number, uint32_t action, int argument = -1, uint32_t value = 0);
// Loads one into the calling process; new privileges are given up for it.
void DenyHere(int number, int error, int argument = -1, uint32_t value = 0);
// The same for one operation on the ambient set alone: its number is also a capability's, in other calls of
// prctl.
void DenyAmbientHere(uint32_t operation, int error);

// A plan with its spans, built piece by piece.
class PlanBuffer {
 public:
  PlanBuffer();
  ChildPlan& plan() { return *reinterpret_cast<ChildPlan*>(words_.data()); }
  // `member` as in &ChildPlan::ioctl_filter.
  void SetFilter(Span ChildPlan::*member, const Filter& filter);
  void SetEnvironmentRules(const std::vector<std::string>& rules);
  void SetHiddenPaths(const std::vector<std::string>& paths);
  void SetLimit(Limit limit, uint64_t value);

 private:
  void Append(Span ChildPlan::*member, const void* bytes, size_t size);
  std::vector<uint64_t> words_;
};

// The parent's ends while the child runs.
struct ParentSide {
  pid_t child;
  int ack_write;
  int fd_read;
};

struct Outcome {
  int status = 0;  // as waitpid gives it
  std::string out;
  std::string error;
  std::vector<StepFailure> failures;

  bool Has(const std::string& line) const {
    return ("\n" + out).find("\n" + line + "\n") != std::string::npos;
  }
  std::string Value(const std::string& key) const;  // of "key value" or "key:\tvalue"
};

struct Session {
  PlanBuffer buffer;
  std::vector<std::string> command;  // empty: the probe
  std::vector<std::string> environment;
  std::vector<std::string> candidates;               // empty: command[0]
  std::function<void(ChildContext&)> in_child;       // just before the pipeline
  std::function<void(const ParentSide&)> in_parent;  // meanwhile; the ends are closed after it
  bool socket = false;                               // the fd pipe is a socket pair

  ChildPlan& plan() { return buffer.plan(); }
  Outcome Run();
};

// read(2)s to the end.
std::string Drain(int fd);
// Takes the listener of `child` as the supervisor does: its number from the pipe, then pidfd_getfd; -1 when
// the child died. Does not answer.
int FetchListener(const ParentSide& side);
void Answer(const ParentSide& side, uint8_t byte);
bool CanListen();  // no listener above this test already

}  // namespace glovebox::child

#endif  // GLOVEBOX_CHILD_TEST_SUPPORT_H_
