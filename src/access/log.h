// Access log, the way in and out: a run is a directory, a directory holds segments, a segment has one writer.
// The format is explained in access/log_format.h.
#ifndef GLOVEBOX_ACCESS_LOG_H_
#define GLOVEBOX_ACCESS_LOG_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "access/builder.h"
#include "access/record.h"
#include "access/record_list.h"

namespace glovebox::access {

// Where the runs of a build directory are kept: $GLOVEBOX_STATE_DIR, else $XDG_STATE_HOME/glovebox, else
// ~/.local/state/glovebox; below it one folder a build directory (basename and a hash of its real path),
// below that one folder a run. `build_dir` must exist. InvalidArgument where the state directory would lie
// inside the build directory: what is recorded must not be reached by what it records; and where
// $GLOVEBOX_STATE_DIR is no absolute path.
absl::StatusOr<std::string> StateDirFor(const std::string& build_dir);

// Makes a new run directory below StateDirFor(build_dir) ("2026-11-24T08.30.12.345678-4711": UTC and pid, so
// that names sort by time; mode 0700) and points the link "latest" there. Removes what is older than the
// newest $GLOVEBOX_KEEP_RUNS (20) runs, never one that is being written, whose builder lives, or that (for an
// hour) has no segment yet. InvalidArgument where $GLOVEBOX_KEEP_RUNS is no number from 1 on. Makes an
// ordinary run ("TIME-loose-4711") of the loose one, unless a launcher still writes to it. May be called by
// several processes at once.
absl::StatusOr<std::string> CreateRun(const std::string& build_dir);

// A run of the configure step of `build_dir`, which need not be there yet: CMake makes it. It is named
// "configure-TIME-PID", is never what "latest" points to, and is neither counted nor removed with the runs of
// builds; of its own kind the newest five are kept.
absl::StatusOr<std::string> CreateConfigureRun(const std::string& build_dir);

// Those that are kept, the oldest first; empty where there are none.
std::vector<std::string> ConfigureRuns(const std::string& build_dir);

// The run of launchers without a collector; each appends a segment of its own to it. Each builder (see
// access/builder.h) has one of its own ("TIME-loose-PID"), made by the first that asks, as CreateRun makes
// one; its file "builder" says whose it is. Launchers of nobody ("") share the run "loose" until somebody
// makes another run. May be called by several processes at once.
absl::StatusOr<std::string> LooseRun(const std::string& build_dir, const Builder& builder = "");

// Whether a run was written by launchers without a collector: a builder's, the loose one, or what CreateRun
// made of that.
bool IsLooseRun(const std::string& run_dir);

// Whether a directory is a run for certain, though it may hold no segment: by its name, which CreateRun or
// LooseRun gave it, or by the lock that every writer makes before its segment.
bool IsRun(const std::string& run_dir);

// The loose run where something was recorded in it after the last build, else what "latest" points to, also
// where its writer was killed before the first segment; where "latest" leads nowhere the newest run. NotFound
// says what to do ("no run recorded for DIR yet: build it with glovebox-ninja").
absl::StatusOr<std::string> LatestRun(const std::string& build_dir);

// All runs of a build directory that are kept, the oldest first, the loose one as the newest.
absl::StatusOr<std::vector<std::string>> KeptRuns(const std::string& build_dir);

// One segment being written. Not thread-safe: one writer each. While it lives the run is locked against
// removal (a shared flock on "lock" in the run directory, which a kill -9 releases), and a lock on the
// segment itself tells readers that it still grows. Append() puts the frame into shared memory before it
// returns, so a kill -9 of the writer loses nothing that was taken. After an error (a full disk) it takes
// nothing more, and status() says why; the reader will find the segment unsealed.
class SegmentWriter : public RecordSink {
 public:
  // Creates `run_dir`/NAME.gbx, which must not exist yet. InvalidArgument for a name that would lead out of
  // the directory (a slash) or hide in it (a dot in front).
  static absl::StatusOr<std::unique_ptr<SegmentWriter>> Create(const std::string& run_dir,
                                                               const std::string& name);
  bool Append(const Record& record) override = 0;
  virtual const absl::Status& status() const = 0;
  // Writes the seal (number of records, final checksum) and checks that nobody else touched the file: same
  // inode, one link, size and bytes as written. DataLoss when somebody did; the seal is not written then.
  virtual absl::Status Seal() = 0;
};

// How the reason of a tear begins where only the seal is missing.
inline constexpr char kNotSealed[] = "not sealed";

// A place in a segment from where on nothing can be read or believed.
struct Tear {
  std::string segment;  // file name
  uint64_t offset = 0;  // bytes from its start; all before it was read
  std::string reason;   // "not sealed (writer was killed)", "torn frame", "checksum", "sequence", "from a
                        // newer version 2"
  // What else was lost nobody knows: a segment is missing, doubled or another run's. It taints every action.
  bool whole_run = false;
  // Its writer lived when reading it began: that it ends without a seal ("not sealed: still being written")
  // is no damage then. What else is wrong with the segment may stand behind that, with `whole_run`.
  bool being_written = false;
  bool is_damage() const { return !being_written || whole_run; }
};

struct Log {
  std::string run_dir;
  RecordList records;                 // of all segments, in order of time, then of segment and place
  std::vector<uint32_t> segment_of;   // beside `records`: index into `segments`
  std::vector<std::string> segments;  // file names, sorted
  std::vector<Tear> tears;
  uint64_t bytes = 0;
  bool being_written = false;  // one of the tears is
};

// Reads what can be read. Damage is no error: it is in `tears`, with a segment "(none)" where a run (IsRun)
// has no segment at all. Errors: no such directory, no segment in one that is no run, a segment of a newer
// version, no permission.
absl::StatusOr<Log> ReadLog(const std::string& run_dir);

// What the run's first record says of it, without reading the others. NotFound: no segment begins so
// (launchers alone wrote it, or the beginning is damaged).
absl::StatusOr<RunInfo> ReadRunInfo(const std::string& run_dir);

// One segment, record by record, without keeping them: for logs larger than memory. `take` returns false to
// stop. The tear, when there is one, is appended to *tears.
absl::Status ReadSegment(const std::string& path, const std::function<bool(Record)>& take,
                         std::vector<Tear>* tears);

// One line for people, escaped, without a newline.
std::string DumpRecord(const Record& record);

}  // namespace glovebox::access

#endif  // GLOVEBOX_ACCESS_LOG_H_
