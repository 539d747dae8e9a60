#include "access/segment_reader.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "absl/memory/memory.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "access/log_format.h"
#include "access/run_files.h"
#include "access/tail.h"
#include "base/paths.h"
#include "base/status.h"

namespace glovebox::access {
namespace {

constexpr size_t kChunk = 65536;
constexpr size_t kKeptBuffer = size_t{1} << 20;
constexpr int kJoinAttempts = 16;

}  // namespace

absl::StatusOr<std::unique_ptr<SegmentReader>> SegmentReader::Open(const std::string& path) {
  auto reader = absl::WrapUnique(new SegmentReader(std::string(Basename(path))));
  absl::StatusOr<UniqueFd> fd = OpenRegular(path);
  if (absl::IsDataLoss(fd.status()) || absl::IsNotFound(fd.status())) {
    reader->TearHere("no regular file");  // which must not hide the other segments
    return reader;
  }
  if (!fd.ok()) return fd.status();
  reader->fd_ = *std::move(fd);
  // First of all: who seals his segment while we read it must not be taken for one who was killed.
  reader->writer_lives_ = HasLivingWriter(reader->fd_);
  RETURN_IF_ERROR(reader->Join(path));
  RETURN_IF_ERROR(reader->ReadHeader(path));
  return reader;
}

// Where the segment's own bytes end and its tail's begin. A living writer may flush between our looks at the
// two files; the tail tells, since each flush moves its start. The later look at the tail counts: it has at
// least the bytes of a flush that was under way when the segment was looked at.
absl::Status SegmentReader::Join(const std::string& path) {
  const std::string tail_path = absl::StrCat(absl::StripSuffix(path, kSegmentSuffix), kTailSuffix);
  struct stat info = {};
  TailBytes tail;
  for (int attempt = 0; attempt < kJoinAttempts; ++attempt) {
    const TailBytes before = ReadTail(tail_path);
    if (fstat(fd_.get(), &info) != 0) return ErrnoStatus("fstat", path, errno);
    tail = ReadTail(tail_path);
    if (before.there == tail.there && before.start == tail.start) break;
  }
  const auto size = static_cast<uint64_t>(info.st_size);
  segment_end_ = size;
  damage_ = tail.damage;
  if (tail.there && size < tail.start) {
    damage_ = "cut before its tail";
  } else if (tail.there && !tail.bytes.empty()) {
    // Less than all of the tail's bytes in the segment: the writer was killed, or the disk was full, while it
    // flushed. With an empty tail the bytes behind its start are a record larger than a tail.
    if (size > tail.start + tail.bytes.size() && damage_.empty()) damage_ = "bytes behind its tail";
    segment_end_ = tail.start;
    tail_ = std::move(tail.bytes);
  }
  end_ = segment_end_ + tail_.size();
  return absl::OkStatus();
}

absl::Status SegmentReader::ReadHeader(const std::string& path) {
  if (end_ == 0) {
    // Just made, perhaps: its tail may be on the way, and even its lock.
    if (!writer_lives_ && damage_.empty())
      writer_lives_ = HasLivingWriter(fd_) || RunHasWriter(std::string(Dirname(path)));
    if (writer_lives_) {
      StillWritten();
      return absl::OkStatus();
    }
  }
  Fill(static_cast<size_t>(std::min<uint64_t>(end_, 4096)));
  const absl::StatusOr<SegmentHeader> header = DecodeHeader(Available());
  if (absl::IsFailedPrecondition(header.status())) {
    return absl::FailedPreconditionError(absl::StrCat(path, " ", header.status().message()));
  }
  if (!header.ok()) {
    const absl::string_view why = header.status().message();
    end_ < kHeaderSize ? TearAtEnd(why) : TearHere(why);
    return absl::OkStatus();
  }
  header_ = *header;
  decoder_ = RecordDecoder(header->start_ns, header->version);
  crc_ = header->crc;
  offset_ = position_ = kHeaderSize;
  return absl::OkStatus();
}

bool SegmentReader::Fill(size_t size) {
  if (buffer_.size() - position_ >= size) return true;
  if (size > end_ - offset_) return false;  // no memory is taken for a length that cannot be true
  buffer_.erase(0, position_);
  position_ = 0;
  if (size < kKeptBuffer && buffer_.capacity() > kKeptBuffer) buffer_.shrink_to_fit();
  while (buffer_.size() < size) {
    if (read_to_ >= segment_end_) {
      buffer_.append(tail_, read_to_ - segment_end_);
      read_to_ = end_;
      break;
    }
    // Read, not mapped: a file that shrinks under a mapping raises SIGBUS.
    const size_t before = buffer_.size();
    const size_t want =
        static_cast<size_t>(std::min<uint64_t>(std::max(size - before, kChunk), segment_end_ - read_to_));
    buffer_.resize(before + want);
    const ssize_t count = pread(fd_.get(), buffer_.data() + before, want, static_cast<off_t>(read_to_));
    const int error = errno;
    buffer_.resize(before + static_cast<size_t>(std::max<ssize_t>(count, 0)));
    if (count < 0 && error == EINTR) continue;
    if (count < 0) damage_ = absl::StrCat("cannot be read: ", ErrnoName(error));
    if (count == 0) damage_ = "cut while it was read";
    if (count <= 0) return false;
    read_to_ += static_cast<uint64_t>(count);
  }
  return true;
}

void SegmentReader::Close() {
  fd_.reset();
  std::string().swap(buffer_);
  position_ = 0;
}

std::nullopt_t SegmentReader::TearHere(absl::string_view reason) {
  tear_ = Tear{name_, offset_, std::string(reason)};
  Close();
  return std::nullopt;
}

std::nullopt_t SegmentReader::StillWritten() {
  TearHere(absl::StrCat(kNotSealed, ": still being written"));
  tear_->being_written = true;
  return std::nullopt;
}

// What was changed behind the end outweighs that the end is no whole record: only the second can come from a
// kill. A living writer may be in the middle of a record that is too large for its tail.
std::nullopt_t SegmentReader::TearAtEnd(absl::string_view reason) {
  if (writer_lives_ && damage_.empty()) return StillWritten();
  return TearHere(damage_.empty() ? reason : absl::string_view(damage_));
}

std::optional<Record> SegmentReader::Next() {
  if (sealed_ || tear_.has_value()) return std::nullopt;
  if (offset_ == end_)
    return TearAtEnd(
        absl::StrCat(kNotSealed, ": its writer was killed, met a full disk or found it changed"));
  if (!Fill(kFrameHeaderSize)) return TearAtEnd("torn record");
  const uint32_t word = LoadLittle32(Available().data());
  const uint32_t crc = LoadLittle32(Available().data() + 4);
  const size_t size = kFrameHeaderSize + (word & 0xffffffu);
  if (!Fill(size)) return TearAtEnd("torn record");
  const absl::string_view frame = Available().substr(0, size);
  if (FrameChecksum(crc_, frame) != crc) return TearHere("checksum: changed, moved or removed bytes");
  const auto type = static_cast<uint8_t>(word >> 24);
  const absl::string_view payload = frame.substr(kFrameHeaderSize);
  if (type == static_cast<uint8_t>(FrameType::kSeal)) return CheckSeal(payload, size);
  absl::StatusOr<Record> record = decoder_.Decode(type, payload);
  if (!record.ok()) return TearHere(record.status().message());
  crc_ = crc;
  offset_ += size;
  position_ += size;
  ++records_;
  return *std::move(record);
}

std::nullopt_t SegmentReader::CheckSeal(absl::string_view payload, size_t frame_size) {
  const absl::StatusOr<SegmentSeal> seal = DecodeSeal(payload);
  if (!seal.ok() || seal->records != records_ || seal->bytes != offset_ || seal->crc != crc_) {
    return TearHere("the seal does not fit");
  }
  offset_ += frame_size;
  if (offset_ != end_) return TearHere("bytes behind the seal");
  if (!damage_.empty()) return TearHere(damage_);
  sealed_ = true;
  Close();
  return std::nullopt;
}

}  // namespace glovebox::access
