// Record <-> payload of a frame. Pure: no file is touched here. The format is explained in
// access/log_format.h.
#ifndef GLOVEBOX_ACCESS_RECORD_CODEC_H_
#define GLOVEBOX_ACCESS_RECORD_CODEC_H_

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "access/log_format.h"
#include "access/record.h"

namespace glovebox::access {

// What the differences of a segment refer to: the values of the record before.
struct DeltaBase {
  uint64_t action = 0;
  uint64_t time_ns = 0;
  uint64_t pid = 0;
};

// The fixed first bytes of a segment.
struct SegmentHeader {
  uint32_t version = kLogVersion;
  std::array<unsigned char, 16> id{};
  std::array<unsigned char, 16> boot{};
  int64_t start_unix_ns = 0;
  uint64_t start_ns = 0;
  int32_t pid = 0;
  uint32_t crc = 0;  // filled in by both directions: the seed of the first frame
};
std::string EncodeHeader(SegmentHeader& header);
// Errors: DataLoss (cut, no magic, checksum), FailedPrecondition (intact, but of a newer version).
absl::StatusOr<SegmentHeader> DecodeHeader(absl::string_view bytes);

// What the last frame of a segment says.
struct SegmentSeal {
  uint64_t records = 0;
  uint64_t bytes = 0;  // before the seal
  uint32_t crc = 0;    // of the frame before the seal
};
void EncodeSeal(const SegmentSeal& seal, std::string& out);
absl::StatusOr<SegmentSeal> DecodeSeal(absl::string_view payload);

// The CRC of a frame whose bytes (first word, crc, payload) stand in `frame`, seeded with `seed`; the crc
// field itself is left out.
uint32_t FrameChecksum(uint32_t seed, absl::string_view frame);
void StoreLittle32(uint32_t value, char* to);
uint32_t LoadLittle32(const char* from);

// Memory that the record needs when it is read back (kMaxRecordCost).
size_t RecordCost(const Record& record);

// One a segment; keeps the string table and the delta base. Not thread-safe.
class RecordEncoder {
 public:
  explicit RecordEncoder(uint64_t start_ns) { base_.time_ns = start_ns; }
  // Appends the payload to `out` and returns the type byte (kResetStrings included). `record` must cost no
  // more than kMaxRecordCost. What was encoded must be written, or nothing may be written any more: the
  // frames that follow refer to it.
  uint8_t Encode(const Record& record, std::string& out);

 private:
  friend struct Encoding;
  bool MustReset(size_t cost) const;

  // A string that the record before had in the same place, and its number: spares the look into a table that
  // the processor has long forgotten.
  struct Last {
    std::string text;
    uint32_t number = 0;
  };

  absl::flat_hash_map<std::string, uint32_t> strings_;
  Last exe_;  // empty text: none
  Last syscall_;
  size_t string_bytes_ = 0;
  DeltaBase base_;
};

// The counterpart. After an error it must not be used again.
class RecordDecoder {
 public:
  explicit RecordDecoder(uint64_t start_ns, uint32_t version = kLogVersion) : version_(version) {
    base_.time_ns = start_ns;
  }
  // InvalidArgument says what is wrong with the payload. Memory stays below kMaxRecordCost for the record and
  // kMaxTableBytes for the table, whatever the bytes are.
  absl::StatusOr<Record> Decode(uint8_t type, absl::string_view payload);

 private:
  friend struct Decoding;

  uint32_t version_;
  std::vector<std::string> strings_;
  size_t string_bytes_ = 0;
  DeltaBase base_;
};

}  // namespace glovebox::access

#endif  // GLOVEBOX_ACCESS_RECORD_CODEC_H_
