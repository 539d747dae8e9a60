#include "access/tail.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "access/file_size_signal.h"
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
  const FileSizeSignal blocked;
  if (const int error = posix_fallocate(fd.get(), 0, kSize); error != 0) {
    unlink(path.c_str());
    return ErrnoStatus("posix_fallocate", path, error);
  }
  void* memory = mmap(nullptr, kSize, PROT_READ | PROT_WRITE, MAP_SHARED, fd.get(), 0);
  if (memory == MAP_FAILED) {
    const int error = errno;
    unlink(path.c_str());
    return ErrnoStatus("mmap", path, error);
  }
  struct stat made = {};
  fstat(fd.get(), &made);
  return Tail(path, static_cast<char*>(memory), made.st_ino);
}

Tail::Tail(std::string path, char* memory, uint64_t inode)
    : path_(std::move(path)), memory_(memory), inode_(inode), guard_(memory, kSize) {
  bytes_.reserve(kTailCapacity);
}

Tail::Tail(Tail&& other) noexcept
    : path_(std::move(other.path_)),
      memory_(std::exchange(other.memory_, nullptr)),
      inode_(other.inode_),
      bytes_(std::move(other.bytes_)),
      start_(other.start_),
      guard_(std::move(other.guard_)) {}

Tail::~Tail() {
  if (memory_ == nullptr) return;
  { const TailGuard unguarded = std::move(guard_); }
  munmap(memory_, kSize);
}

bool Tail::Add(absl::string_view bytes) {
  if (bytes_.size() + bytes.size() > kTailCapacity) return false;
  std::memcpy(memory_ + sizeof(uint64_t) + bytes_.size(), bytes.data(), bytes.size());
  bytes_.append(bytes.data(), bytes.size());
  // The bytes are there before the word says so, for whoever reads after a kill between the two.
  std::atomic_ref<uint64_t>(word()).store(Pack(start_, bytes_.size()), std::memory_order_release);
  return true;
}

void Tail::Flushed() {
  start_ += bytes_.size();
  bytes_.clear();
  std::atomic_ref<uint64_t>(word()).store(Pack(start_, 0), std::memory_order_release);
}

void Tail::Written(uint64_t size) {
  start_ += size;
  Flushed();
}

std::string Tail::Damage() const {
  struct stat named = {};
  if (lstat(path_.c_str(), &named) != 0) return "its tail was removed";
  if (named.st_ino != inode_) return "its tail was replaced";
  if (Lost() || named.st_size != static_cast<off_t>(kSize)) return "its tail was cut";
  return "";
}

void Tail::Remove() { unlink(path_.c_str()); }

TailBytes ReadTail(const std::string& path) {
  TailBytes tail;
  const absl::StatusOr<UniqueFd> fd = OpenRegular(path);
  if (absl::IsNotFound(fd.status())) return tail;
  if (!fd.ok()) {
    tail.damage = absl::StrCat("its tail cannot be read: ", fd.status().message());
    return tail;
  }
  // Read up to a size that is known to be enough: a file of any length may have been put there.
  std::string file(kSize + 1, '\0');
  size_t size = 0;
  while (size < file.size()) {
    const ssize_t count = pread(fd->get(), file.data() + size, file.size() - size, static_cast<off_t>(size));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) break;
    size += static_cast<size_t>(count);
  }
  if (size != kSize) tail.damage = size < kSize ? "its tail is cut" : "its tail is too long";
  if (size < sizeof(uint64_t)) return tail;
  uint64_t word;
  std::memcpy(&word, file.data(), sizeof word);
  tail.there = true;
  tail.start = word >> kLengthBits;
  const uint64_t length = word & ((uint64_t{1} << kLengthBits) - 1);
  if (length > kTailCapacity) tail.damage = "its tail has an impossible length";
  tail.bytes = file.substr(sizeof word, std::min<uint64_t>(length, size - sizeof word));
  return tail;
}

}  // namespace glovebox::access
