// What is said to whoever stays beside an action's command when that has ended: what the policy refused,
// which limit it hit, and whether it counts as failed all the same (child/wire.h: Verdict).
#ifndef GLOVEBOX_TRACE_VERDICT_H_
#define GLOVEBOX_TRACE_VERDICT_H_

#include <cstdint>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "access/record.h"

namespace glovebox::trace {

// The refusals of one action, one line for each rule and path, at most kMaxLines of them.
class Refusals {
 public:
  static constexpr size_t kMaxLines = 20;
  // Takes what was refused by a rule of the policy; anything else is passed over. `enforces`: the action's
  // policy does, so that it counts as failed.
  void Add(const access::Access& access, bool enforces);
  // What is no refusal, and does not fail the action: each line once, at most kMaxLines of them. Empty:
  // nothing.
  void Note(const std::string& line);
  // "refused: open /home/u/x for writing: outside-write: glovebox.toml:3:1 write; by cc1", escaped.
  const std::vector<std::string>& lines() const { return lines_; }
  size_t more() const { return seen_.size() - lines_.size(); }      // that were too many
  const std::vector<std::string>& notes() const { return notes_; }  // escaped
  bool fails() const { return fails_; }

 private:
  std::set<std::pair<std::string, std::string>> seen_;  // rule, path
  std::vector<std::string> lines_;
  std::vector<std::string> notes_;
  bool fails_ = false;
};

struct VerdictText {
  std::string text;  // lines for stderr, each begins with "glovebox: "; empty where all is well
  bool fails = false;
};

// A limit that ended the action fails it, whatever the mode.
VerdictText VerdictOf(const Refusals& refusals, const access::ActionEnd& end);

// To the launcher at the other end of `socket`, which may have become the command long ago, or have died.
// Never raises SIGPIPE, and does not wait.
void SendVerdict(int socket, const Refusals& refusals, const access::ActionEnd& end, uint64_t accesses);

}  // namespace glovebox::trace

#endif  // GLOVEBOX_TRACE_VERDICT_H_
