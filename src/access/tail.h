// The end of a segment that is still in shared memory: appending to it is a copy instead of a system call,
// and the page cache outlives a killed writer as it does a write(2).
//
// NAME.tail beside NAME.gbx: one word, then kTailCapacity bytes. The word is start << 24 | length, stored at
// once: the segment's first `start` bytes, followed by the tail's first `length` bytes, are what was taken. A
// flush appends those bytes to the segment and only then stores {start + length, 0}; killed in between, the
// word still tells the same bytes. Sealing removes the file. The blocks are allocated when it is made, so
// that a full disk is an error of the flush and never SIGBUS; what the tail holds then stays readable.
//
// The writer believes nothing that it reads there: it keeps the unflushed bytes in memory of its own as well,
// and a file that was cut under it is noticed (tail_guard.h) and costs no record.
#ifndef GLOVEBOX_ACCESS_TAIL_H_
#define GLOVEBOX_ACCESS_TAIL_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "access/tail_guard.h"

namespace glovebox::access {

inline constexpr char kTailSuffix[] = ".tail";
inline constexpr size_t kTailCapacity = 64 * 1024 - sizeof(uint64_t);

// Not thread-safe.
class Tail {
 public:
  static absl::StatusOr<Tail> Create(const std::string& path);
  Tail(Tail&& other) noexcept;
  Tail& operator=(Tail&&) = delete;
  ~Tail();

  // False where it does not fit; nothing was taken then.
  bool Add(absl::string_view bytes);
  // What was added and not flushed, whatever became of the file.
  absl::string_view bytes() const { return bytes_; }
  // The file was cut: what is added is in this process alone until it is flushed.
  bool Lost() const { return guard_.Lost(); }
  // What somebody did to the file ("its tail was removed"), as far as lstat(2) tells; empty: nothing.
  std::string Damage() const;
  // What bytes() holds stands in the segment now.
  void Flushed();
  // So many bytes went to the segment directly, behind an empty tail.
  void Written(uint64_t size);
  void Remove();

 private:
  Tail(std::string path, char* memory, uint64_t inode);
  uint64_t& word() const { return *reinterpret_cast<uint64_t*>(memory_); }

  std::string path_;
  char* memory_;
  uint64_t inode_;
  std::string bytes_;
  uint64_t start_ = 0;
  TailGuard guard_;
};

// A tail as it is found. Whatever is wrong is said in `damage`, and what can be read is there nevertheless: a
// reader believes no byte without its frame's checksum.
struct TailBytes {
  bool there = false;  // start and bytes were read
  uint64_t start = 0;
  std::string bytes;
  std::string damage;
};
TailBytes ReadTail(const std::string& path);

}  // namespace glovebox::access

#endif  // GLOVEBOX_ACCESS_TAIL_H_
