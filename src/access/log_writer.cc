#include <fcntl.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <ctime>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "access/file_size_signal.h"
#include "access/keyed_hash.h"
#include "access/log.h"
#include "access/log_format.h"
#include "access/record_codec.h"
#include "access/run_files.h"
#include "access/segment_list.h"
#include "access/tail.h"
#include "base/files.h"
#include "base/status.h"

namespace glovebox::access {
namespace {

// How often the file's size is compared with what was written: tampering is noticed while it goes on, at no
// cost to speak of.
constexpr uint64_t kCheckEvery = 1024;

int64_t Clock(clockid_t clock) {
  timespec now;
  clock_gettime(clock, &now);
  return int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

// A key that somebody can guess would say "not changed" of what was: no log then, rather than a constant.
absl::Status FillRandom(void* out, size_t size) {
  ssize_t count;
  do {  // up to 256 bytes come whole; a signal interrupts only the wait for the first entropy after boot
    count = getrandom(out, size, 0);
  } while (count < 0 && errno == EINTR);
  if (count == static_cast<ssize_t>(size)) return absl::OkStatus();
  return ErrnoStatus("getrandom", "log segment", count < 0 ? errno : EIO);
}

// The lock that keeps a run from being removed. Who removes one holds it exclusively and takes the name away
// before he lets go: the name can mean another file, or none, when we get it, and then it protects nothing.
absl::StatusOr<UniqueFd> LockRun(const std::string& run_dir) {
  const std::string path = absl::StrCat(run_dir, "/lock");
  for (;;) {
    ASSIGN_OR_RETURN(UniqueFd lock, OpenFile(path, O_RDWR | O_CREAT | O_NOFOLLOW, 0600));
    while (flock(lock.get(), LOCK_SH) != 0) {
      if (errno != EINTR) return ErrnoStatus("flock", path, errno);
    }
    if (IsStill(lock, path)) return lock;
  }
}

// "xxxxxxxx-xxxx-..." to 16 bytes; zeros where /proc does not tell.
void FillBootId(std::array<unsigned char, 16>* out) {
  const auto text = ReadFile("/proc/sys/kernel/random/boot_id");
  if (!text.ok()) return;
  size_t nibble = 0;
  for (char c : *text) {
    const char* digits = "0123456789abcdef";
    const char* at = std::strchr(digits, c);
    if (c == '\0' || at == nullptr || nibble == 32) continue;
    unsigned char& byte = (*out)[nibble / 2];
    byte = static_cast<unsigned char>(byte << 4 | (at - digits));
    ++nibble;
  }
}

class Writer final : public SegmentWriter {
 public:
  Writer(UniqueFd fd, UniqueFd lock, Tail tail, std::string path, const KeyedHash::Key& key,
         uint64_t start_ns)
      : fd_(std::move(fd)),
        lock_(std::move(lock)),
        tail_(std::move(tail)),
        path_(std::move(path)),
        key_(key),
        hash_(key),
        encoder_(start_ns) {}

  absl::Status Begin(SegmentHeader header) {
    const std::string bytes = EncodeHeader(header);
    crc_ = header.crc;
    Write(bytes);
    return status_;
  }

  bool Append(const Record& record) override {
    if (!status_.ok()) return false;
    if (sealed_) return Break(absl::FailedPreconditionError(absl::StrCat(path_, ": sealed already")));
    if (RecordCost(record) > kMaxRecordCost) {
      return Break(absl::ResourceExhaustedError(absl::StrCat(path_, ": a record of more than 32 MiB")));
    }
    frame_.assign(kFrameHeaderSize, '\0');
    const uint8_t type = encoder_.Encode(record, frame_);
    WriteFrame(type);
    if (status_.ok() && ++records_ % kCheckEvery == 0) CheckFile();
    return status_.ok();
  }

  const absl::Status& status() const override { return status_; }

  absl::Status Seal() override {
    if (sealed_ || !status_.ok()) return status_;
    Flush();
    CheckFile();
    if (status_.ok()) CheckBytes();
    if (!status_.ok()) return status_;
    frame_.assign(kFrameHeaderSize, '\0');
    EncodeSeal({records_, bytes_, crc_}, frame_);
    WriteFrame(static_cast<uint8_t>(FrameType::kSeal));
    Flush();
    if (status_.ok()) tail_.Remove();
    sealed_ = true;
    return status_;
  }

 private:
  bool Break(absl::Status why) {
    status_.Update(std::move(why));
    UnlockAsWriter(fd_);  // nothing more comes: for a reader that is as if we were dead
    return false;
  }

  void WriteFrame(uint8_t type) {
    const size_t payload = frame_.size() - kFrameHeaderSize;
    if (payload > kMaxPayload) {
      Break(absl::ResourceExhaustedError(absl::StrCat(path_, ": a record of more than 16 MiB")));
      return;
    }
    StoreLittle32(static_cast<uint32_t>(type) << 24 | static_cast<uint32_t>(payload), frame_.data());
    crc_ = FrameChecksum(crc_, frame_);
    StoreLittle32(crc_, frame_.data() + 4);
    Write(frame_);
  }

  // Into the tail, which a kill of this process leaves as it is; into the segment when the tail is full.
  void Write(const std::string& bytes) {
    if (!tail_.Add(bytes)) {
      Flush();
      if (!status_.ok()) return;
      if (!tail_.Add(bytes)) {  // larger than a whole tail
        WriteToSegment(bytes);
        if (!status_.ok()) return;
        tail_.Written(bytes.size());
        flushed_ += bytes.size();
      }
    }
    hash_.Update(bytes);
    bytes_ += bytes.size();
    if (tail_.Lost()) CheckTail();
  }

  void Flush() {
    if (!status_.ok()) return;
    const absl::string_view bytes = tail_.bytes();
    WriteToSegment(bytes);
    if (!status_.ok()) return;  // the tail still has them
    flushed_ += bytes.size();
    tail_.Flushed();
  }

  void WriteToSegment(absl::string_view bytes) {
    const FileSizeSignal blocked;
    absl::Status written = WriteAll(fd_.get(), bytes, path_);
    if (!written.ok()) Break(std::move(written));
  }

  // What was taken is written to the segment while that can be done; more is not taken.
  void CheckTail() {
    const std::string damage = tail_.Damage();
    if (damage.empty()) return;
    Flush();
    if (status_.ok()) tail_.Remove();  // the segment has it all, and what is left of the tail says otherwise
    Tampered(damage);
  }

  // That the file is still ours: the same inode under its name, one link, no byte more or less.
  void CheckFile() {
    CheckTail();
    if (!status_.ok()) return;
    struct stat ours;
    struct stat named;
    if (fstat(fd_.get(), &ours) != 0) {
      Break(ErrnoStatus("fstat", path_, errno));
    } else if (lstat(path_.c_str(), &named) != 0 || named.st_ino != ours.st_ino ||
               named.st_dev != ours.st_dev) {
      Tampered("it was removed or replaced");
    } else if (ours.st_nlink != 1) {
      Tampered("it was linked under another name");
    } else if (static_cast<uint64_t>(ours.st_size) != flushed_) {
      Tampered(absl::StrCat("it has ", ours.st_size, " bytes, written were ", flushed_));
    }
  }

  // That every byte is the one that was written, also where the checksums were made to fit.
  void CheckBytes() {
    auto file = OpenFile(path_, O_RDONLY | O_NOFOLLOW);
    if (!file.ok()) {
      Break(file.status());
      return;
    }
    KeyedHash read_back(key_);
    char buffer[65536];
    uint64_t total = 0;
    for (;;) {
      const ssize_t count = read(file->get(), buffer, sizeof buffer);
      if (count < 0 && errno == EINTR) continue;
      if (count <= 0) break;
      read_back.Update(absl::string_view(buffer, static_cast<size_t>(count)));
      total += static_cast<uint64_t>(count);
    }
    if (total != flushed_ || read_back.Digest() != hash_.Digest()) Tampered("its bytes were changed");
  }

  void Tampered(absl::string_view how) {
    Break(absl::DataLossError(absl::StrCat("access log ", path_, " was tampered with: ", how)));
  }

  UniqueFd fd_;
  UniqueFd lock_;
  Tail tail_;
  const std::string path_;
  const KeyedHash::Key key_;
  KeyedHash hash_;
  RecordEncoder encoder_;
  std::string frame_;
  absl::Status status_;
  uint64_t records_ = 0;
  uint64_t bytes_ = 0;    // taken
  uint64_t flushed_ = 0;  // of these, in the segment itself
  uint32_t crc_ = 0;
  bool sealed_ = false;
};

}  // namespace

absl::StatusOr<std::unique_ptr<SegmentWriter>> SegmentWriter::Create(const std::string& run_dir,
                                                                     const std::string& name) {
  if (!IsFileName(name)) {
    return absl::InvalidArgumentError(absl::StrCat("no name for a log segment: \"", name, "\""));
  }
  SegmentHeader header;
  RETURN_IF_ERROR(FillRandom(header.id.data(), header.id.size()));
  KeyedHash::Key key;
  RETURN_IF_ERROR(FillRandom(key.data(), sizeof key));
  ASSIGN_OR_RETURN(UniqueFd lock, LockRun(run_dir));
  const std::string path = absl::StrCat(run_dir, "/", name, kSegmentSuffix);
  ASSIGN_OR_RETURN(UniqueFd fd, OpenFile(path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_NOFOLLOW, 0600));
  LockAsWriter(fd);  // at once: until then a reader that finds the file can ask for the run's lock only
  FillBootId(&header.boot);
  header.start_unix_ns = Clock(CLOCK_REALTIME);
  header.start_ns = static_cast<uint64_t>(Clock(CLOCK_MONOTONIC));
  header.pid = getpid();
  const std::string tail_path = absl::StrCat(run_dir, "/", name, kTailSuffix);
  absl::StatusOr<Tail> tail = Tail::Create(tail_path);
  if (!tail.ok()) {
    unlink(path.c_str());  // a segment that never began is no damage of the run
    return tail.status();
  }
  auto writer =
      std::make_unique<Writer>(std::move(fd), std::move(lock), *std::move(tail), path, key, header.start_ns);
  absl::Status begun = writer->Begin(header);
  if (begun.ok()) begun = AddToSegmentList(run_dir, header, absl::StrCat(name, kSegmentSuffix));
  if (!begun.ok()) {
    unlink(path.c_str());
    unlink(tail_path.c_str());
    return begun;
  }
  return writer;
}

}  // namespace glovebox::access
