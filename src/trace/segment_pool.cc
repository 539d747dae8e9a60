#include "trace/segment_pool.h"

#include "absl/strings/str_format.h"
#include "base/status.h"

namespace glovebox::trace {

absl::StatusOr<access::SegmentWriter*> SegmentPool::Borrow() {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (!free_.empty()) {
    access::SegmentWriter* writer = free_.back();
    free_.pop_back();
    return writer;
  }
  ASSIGN_OR_RETURN(auto writer,
                   access::SegmentWriter::Create(run_dir_, absl::StrFormat("actions-%03d", all_.size() + 1)));
  all_.push_back(std::move(writer));
  return all_.back().get();
}

void SegmentPool::GiveBack(access::SegmentWriter* writer) {
  const std::lock_guard<std::mutex> lock(mutex_);
  free_.push_back(writer);
}

uint32_t SegmentPool::count() {
  const std::lock_guard<std::mutex> lock(mutex_);
  return static_cast<uint32_t>(all_.size());
}

absl::Status SegmentPool::SealAll() {
  const std::lock_guard<std::mutex> lock(mutex_);
  absl::Status first;
  for (const auto& writer : all_) {
    first.Update(writer->status());
    first.Update(writer->Seal());
  }
  return first;
}

}  // namespace glovebox::trace
