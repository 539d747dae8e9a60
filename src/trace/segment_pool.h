// Log segments for threads: one writer each, as many as serve at once, not as many as there are actions.
#ifndef GLOVEBOX_TRACE_SEGMENT_POOL_H_
#define GLOVEBOX_TRACE_SEGMENT_POOL_H_

#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "access/log.h"

namespace glovebox::trace {

// Thread-safe. A writer that is lent belongs to its borrower's thread alone until it is given back.
class SegmentPool {
 public:
  explicit SegmentPool(std::string run_dir) : run_dir_(std::move(run_dir)) {}

  // Never null. Where no segment can be made (a full disk, a run directory that was removed) it is one that
  // takes nothing and whose status says why: the build goes on without a record.
  access::SegmentWriter* Borrow();
  // `writer` itself; another in its place where it broke (somebody tampered with its segment) and another can
  // be had: the actions to come are not lost with it.
  access::SegmentWriter* Working(access::SegmentWriter* writer);
  void GiveBack(access::SegmentWriter* writer);
  // Seals every segment; all must have been given back. The first error of any of them.
  absl::Status SealAll();
  // How many segments it has made.
  uint32_t count();

 private:
  const std::string run_dir_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<access::SegmentWriter>> all_;
  std::vector<std::unique_ptr<access::SegmentWriter>> none_;  // in the place of those that could not be made
  std::vector<access::SegmentWriter*> free_;
};

}  // namespace glovebox::trace

#endif  // GLOVEBOX_TRACE_SEGMENT_POOL_H_
