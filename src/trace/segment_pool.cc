#include "trace/segment_pool.h"

#include "absl/strings/str_format.h"
#include "base/status.h"

namespace glovebox::trace {

absl::StatusOr<access::SegmentWriter*> SegmentPool::Borrow() {
  const std::lock_guard<std::mutex> lock(mutex_);
  while (!free_.empty()) {
    access::SegmentWriter* writer = free_.back();
    free_.pop_back();
    if (writer->status().ok()) return writer;  // a broken one takes nothing more, and is only sealed
  }
  ASSIGN_OR_RETURN(auto writer,
                   access::SegmentWriter::Create(run_dir_, absl::StrFormat("actions-%03d", all_.size() + 1)));
  all_.push_back(std::move(writer));
  return all_.back().get();
}

access::SegmentWriter* SegmentPool::Working(access::SegmentWriter* writer) {
  if (writer->status().ok()) return writer;
  const auto another = Borrow();
  return another.ok() ? *another : writer;
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
