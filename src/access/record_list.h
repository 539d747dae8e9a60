// The records of a log: hundreds of thousands, of hundreds of bytes each. They stay where they are read, and
// are brought into order by their addresses alone.
#ifndef GLOVEBOX_ACCESS_RECORD_LIST_H_
#define GLOVEBOX_ACCESS_RECORD_LIST_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <utility>
#include <vector>

#include "absl/types/span.h"
#include "access/record.h"

namespace glovebox::access {

// A sequence like std::vector<Record>, as far as it goes.
class RecordList {
 public:
  using value_type = Record;
  class const_iterator {
   public:
    using iterator_category = std::forward_iterator_tag;
    using value_type = Record;
    using difference_type = std::ptrdiff_t;
    using pointer = const Record*;
    using reference = const Record&;
    const_iterator() = default;
    explicit const_iterator(std::vector<Record*>::const_iterator at) : at_(at) {}
    reference operator*() const { return **at_; }
    pointer operator->() const { return *at_; }
    const_iterator& operator++() {
      ++at_;
      return *this;
    }
    const_iterator operator++(int) { return const_iterator(at_++); }
    bool operator==(const const_iterator&) const = default;

   private:
    std::vector<Record*>::const_iterator at_;
  };
  using iterator = const_iterator;

  RecordList() = default;
  RecordList(const RecordList& other) { *this = other; }
  RecordList(RecordList&&) = default;
  RecordList& operator=(RecordList&&) = default;
  RecordList& operator=(const RecordList& other) {
    if (this == &other) return *this;
    chunks_.clear();
    in_order_.clear();
    for (const Record& record : other) push_back(record);
    return *this;
  }
  ~RecordList() = default;

  void push_back(Record record) {
    if (chunks_.empty() || chunks_.back().size() == kChunk) {
      chunks_.emplace_back();
      chunks_.back().reserve(kChunk);  // it never grows beyond: what is in it stays where it is
    }
    chunks_.back().push_back(std::move(record));
    in_order_.push_back(&chunks_.back().back());
  }
  // The record that was order[k] is the k-th now. `order` has each number once.
  void Reorder(absl::Span<const uint32_t> order) {
    std::vector<Record*> sorted;
    sorted.reserve(order.size());
    for (const uint32_t number : order) sorted.push_back(in_order_[number]);
    in_order_ = std::move(sorted);
  }

  const Record& operator[](size_t number) const { return *in_order_[number]; }
  Record& operator[](size_t number) { return *in_order_[number]; }
  size_t size() const { return in_order_.size(); }
  bool empty() const { return in_order_.empty(); }
  const_iterator begin() const { return const_iterator(in_order_.begin()); }
  const_iterator end() const { return const_iterator(in_order_.end()); }
  friend bool operator==(const RecordList& a, const std::vector<Record>& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end());
  }

 private:
  static constexpr size_t kChunk = 512;
  std::vector<std::vector<Record>> chunks_;
  std::vector<Record*> in_order_;
};

}  // namespace glovebox::access

#endif  // GLOVEBOX_ACCESS_RECORD_LIST_H_
