// One segment, read from its start to its seal or to the first frame that is not right.
#ifndef GLOVEBOX_ACCESS_SEGMENT_READER_H_
#define GLOVEBOX_ACCESS_SEGMENT_READER_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "access/log.h"
#include "access/record_codec.h"
#include "base/unique_fd.h"

namespace glovebox::access {

// The bytes may be hostile: every length is checked against what is there, memory stays below some 64 MiB
// however large the segment is, and each call ends. A writer that still lives is no harm: what it had taken
// at the moment of Open() is read. Not thread-safe.
//   ASSIGN_OR_RETURN(auto reader, SegmentReader::Open(run_dir + "/main.gbx"));
//   while (std::optional<Record> record = reader->Next()) ...
//   if (reader->tear().has_value()) ...
class SegmentReader {
 public:
  // Errors: the file cannot be opened or read (permission), or is of a newer version (FailedPrecondition).
  // Damage is no error: Next() returns nothing then, and tear() says why.
  static absl::StatusOr<std::unique_ptr<SegmentReader>> Open(const std::string& path);

  // The next record, or nothing at the end: then the segment is sealed, or there is a tear.
  std::optional<Record> Next();

  const std::optional<Tear>& tear() const { return tear_; }
  // Nothing where it could not be read.
  const std::optional<SegmentHeader>& header() const { return header_; }

 private:
  explicit SegmentReader(std::string name) : name_(std::move(name)), decoder_(0) {}
  absl::Status Join(const std::string& path);
  absl::Status ReadHeader(const std::string& path);
  // Makes `size` bytes at offset_ available in buffer_; false where there are not so many.
  bool Fill(size_t size);
  absl::string_view Available() const { return absl::string_view(buffer_).substr(position_); }
  // Where its writer lives, an end without a seal is no damage.
  std::nullopt_t StillWritten();
  std::nullopt_t TearHere(absl::string_view reason);
  std::nullopt_t TearAtEnd(absl::string_view reason);
  std::nullopt_t CheckSeal(absl::string_view payload, size_t frame_size);
  void Close();

  const std::string name_;
  UniqueFd fd_;
  std::string tail_;
  uint64_t segment_end_ = 0;   // where in the whole the tail's bytes begin
  uint64_t end_ = 0;           // of the whole, when it was opened: a writer that goes on does not keep us
  bool writer_lives_ = false;  // asked before the first byte is read
  std::string damage_;         // what is known to be wrong behind `end_`
  std::optional<SegmentHeader> header_;
  RecordDecoder decoder_;
  uint32_t crc_ = 0;
  uint64_t offset_ = 0;   // of the next frame
  uint64_t read_to_ = 0;  // offset of buffer_'s end
  size_t position_ = 0;   // offset_ in buffer_
  std::string buffer_;
  uint64_t records_ = 0;
  bool sealed_ = false;
  std::optional<Tear> tear_;
};

}  // namespace glovebox::access

#endif  // GLOVEBOX_ACCESS_SEGMENT_READER_H_
