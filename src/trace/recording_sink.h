// A sink that keeps its records in memory. Tests only.
#ifndef GLOVEBOX_TRACE_RECORDING_SINK_H_
#define GLOVEBOX_TRACE_RECORDING_SINK_H_

#include <mutex>
#include <vector>

#include "access/record.h"

namespace glovebox::trace {

// Thread-safe.
class RecordingSink final : public access::RecordSink {
 public:
  bool Append(const access::Record& record) override {
    const std::lock_guard<std::mutex> lock(mutex_);
    records_.push_back(record);
    return !broken_;
  }
  // From now on nothing is taken, as on a full disk.
  void Break() { broken_ = true; }

  template <typename T>
  std::vector<T> All() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    std::vector<T> all;
    for (const access::Record& record : records_) {
      if (const T* one = std::get_if<T>(&record)) all.push_back(*one);
    }
    return all;
  }
  // Accesses of one operation to a resolved path.
  std::vector<access::Access> Of(Op op, const std::string& resolved) const {
    std::vector<access::Access> found;
    for (access::Access& access : All<access::Access>()) {
      if (access.op == op && access.resolved == resolved) found.push_back(std::move(access));
    }
    return found;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<access::Record> records_;
  bool broken_ = false;
};

}  // namespace glovebox::trace

#endif  // GLOVEBOX_TRACE_RECORDING_SINK_H_
