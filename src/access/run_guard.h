// That the log of a run is still its own when the run ends: its commands may write to where it lies.
#ifndef GLOVEBOX_ACCESS_RUN_GUARD_H_
#define GLOVEBOX_ACCESS_RUN_GUARD_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "access/log.h"
#include "access/record_codec.h"
#include "base/unique_fd.h"

namespace glovebox::access {

// Holds the run's directory and its first segment, so that neither can be mistaken for another under the same
// name (a number of a file that is held is not given again). What a segment holds its own writer looks after.
// Owns two descriptors. Not thread-safe.
//
//   ASSIGN_OR_RETURN(const RunGuard guard, RunGuard::Open(run_dir, "main.gbx"));  // before a command runs
//   ...
//   if (const std::string loss = guard.Loss(); !loss.empty()) guard.LeaveMark(build_dir, records);
//   else guard.HoldLatest();
class RunGuard {
 public:
  // `segment` is the file name of one that this process has begun in `run_dir`.
  static absl::StatusOr<RunGuard> Open(const std::string& run_dir, const std::string& segment);

  // What became of the log ("was replaced", "was moved to /x"): what stands under its name then is not what
  // was recorded. Empty: it is there.
  std::string Loss() const;

  // Makes "latest" beside the run lead to it again, unless it leads to one that began later, or to one that
  // has recorded nothing yet. What was put right, for people; empty: nothing was wrong.
  absl::StatusOr<std::string> HoldLatest() const;

  // After a loss: makes a run that says so with `records`, which a report then finds in the place of an older
  // run, and returns its directory. Without `build_dir` (a log that somebody named) it takes the lost one's
  // place, and what stands there is moved aside: "DIR.replaced-PID".
  absl::StatusOr<std::string> LeaveMark(const std::string& build_dir,
                                        const std::vector<Record>& records) const;

 private:
  RunGuard(std::string run_dir, std::string segment, UniqueFd dir, UniqueFd file,
           const SegmentHeader& header);

  std::string run_dir_;
  std::string segment_;
  UniqueFd dir_;
  UniqueFd file_;
  SegmentHeader header_;
};

// Makes the link STATE/latest lead to the run of that name below STATE. It is made inside the run, where no
// other process does, and put in place at once.
absl::Status PointLatest(const std::string& state, const std::string& name);

// Takes away a run of CreateRun() in which nothing was recorded, and where "latest" leads to it lets that
// lead to the newest run that has a segment. What cannot be removed stays, and does no harm.
void DropRun(const std::string& run_dir);

}  // namespace glovebox::access

#endif  // GLOVEBOX_ACCESS_RUN_GUARD_H_
