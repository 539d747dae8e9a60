#include "access/tail.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <utility>

#include "access/run_files.h"
#include "base/files.h"
#include "base/status.h"
#include "base/unique_fd.h"

namespace glovebox::access {
namespace {

constexpr size_t kSize = kTailCapacity + sizeof(uint64_t);
constexpr int kLengthBits = 24;

uint64_t Pack(uint64_t start, uint64_t length) { return start << kLengthBits | length; }

}  // namespace

absl::StatusOr<Tail> Tail::Create(const std::string& path) {
  ASSIGN_OR_RETURN(UniqueFd fd, OpenFile(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, 0600));
  if (const int error = posix_fallocate(fd.get(), 0, kSize); error != 0) {
    unlink(path.c_str());
    return ErrnoStatus("posix_fallocate", path, error);
  }
  void* memory = mmap(nullptr, kSize, PROT_READ | PROT_WRITE, MAP_SHARED, fd.get(), 0);
  if (memory == MAP_FAILED) return ErrnoStatus("mmap", path, errno);
  return Tail(path, static_cast<char*>(memory));
}

Tail::Tail(Tail&& other) noexcept
    : path_(std::move(other.path_)),
      memory_(std::exchange(other.memory_, nullptr)),
      start_(other.start_),
      length_(other.length_) {}

Tail::~Tail() {
  if (memory_ != nullptr) munmap(memory_, kSize);
}

bool Tail::Add(absl::string_view bytes) {
  if (length_ + bytes.size() > kTailCapacity) return false;
  std::memcpy(memory_ + sizeof(uint64_t) + length_, bytes.data(), bytes.size());
  length_ += bytes.size();
  // The bytes are there before the word says so, for whoever reads after a kill between the two.
  std::atomic_ref<uint64_t>(word()).store(Pack(start_, length_), std::memory_order_release);
  return true;
}

absl::string_view Tail::bytes() const { return {memory_ + sizeof(uint64_t), length_}; }

void Tail::Flushed() {
  start_ += length_;
  length_ = 0;
  std::atomic_ref<uint64_t>(word()).store(Pack(start_, 0), std::memory_order_release);
}

void Tail::Written(uint64_t size) {
  start_ += size;
  Flushed();
}

void Tail::Remove() { unlink(path_.c_str()); }

absl::StatusOr<std::string> WithTail(std::string segment, const std::string& tail_path) {
  const absl::StatusOr<UniqueFd> fd = OpenRegular(tail_path);
  if (absl::IsNotFound(fd.status())) return segment;
  if (absl::IsDataLoss(fd.status())) return absl::DataLossError("its tail is no regular file");
  if (!fd.ok()) return fd.status();
  struct stat info;
  if (fstat(fd->get(), &info) != 0) return ErrnoStatus("fstat", tail_path, errno);
  if (static_cast<uint64_t>(info.st_size) > kSize) return absl::DataLossError("its tail is too long");
  const absl::StatusOr<std::string> tail = ReadAll(fd->get(), tail_path);
  if (!tail.ok()) return tail.status();
  if (tail->size() < sizeof(uint64_t)) return absl::DataLossError("its tail is cut");
  uint64_t word;
  std::memcpy(&word, tail->data(), sizeof word);
  const uint64_t start = word >> kLengthBits;
  const uint64_t length = word & ((uint64_t{1} << kLengthBits) - 1);
  if (length > tail->size() - sizeof word) return absl::DataLossError("its tail is cut");
  if (segment.size() < start) return absl::DataLossError("cut before its tail");
  if (segment.size() > start + length) return absl::DataLossError("bytes behind its tail");
  segment.resize(start);
  segment.append(*tail, sizeof word, length);
  return segment;
}

}  // namespace glovebox::access
