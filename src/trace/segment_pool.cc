#include "trace/segment_pool.h"

#include <utility>

#include "absl/strings/str_format.h"

namespace glovebox::trace {

namespace {

class NoSegment final : public access::SegmentWriter {
 public:
  explicit NoSegment(absl::Status why) : why_(std::move(why)) {}
  bool Append(const access::Record&) override { return false; }
  const absl::Status& status() const override { return why_; }
  absl::Status Seal() override { return why_; }

 private:
  const absl::Status why_;
};

}  // namespace

access::SegmentWriter* SegmentPool::Borrow() {
  const std::lock_guard<std::mutex> lock(mutex_);
  while (!free_.empty()) {
    access::SegmentWriter* writer = free_.back();
    free_.pop_back();
    if (writer->status().ok()) return writer;  // a broken one takes nothing more, and is only sealed
  }
  auto writer = access::SegmentWriter::Create(run_dir_, absl::StrFormat("actions-%03d", all_.size() + 1));
  if (!writer.ok()) {
    none_.push_back(std::make_unique<NoSegment>(writer.status()));
    return none_.back().get();
  }
  all_.push_back(*std::move(writer));
  return all_.back().get();
}

access::SegmentWriter* SegmentPool::Working(access::SegmentWriter* writer) {
  return writer->status().ok() ? writer : Borrow();
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
  for (const auto& writer : none_) first.Update(writer->status());
  for (const auto& writer : all_) {
    first.Update(writer->status());
    first.Update(writer->Seal());
  }
  return first;
}

}  // namespace glovebox::trace
