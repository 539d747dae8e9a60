// Header, seal and checksum of a segment: the part of the codec that knows no record.
#include <zlib.h>

#include <cstring>

#include "absl/strings/str_cat.h"
#include "access/codec_bytes.h"
#include "access/record_codec.h"
#include "base/status.h"

namespace glovebox::access {

void StoreLittle32(uint32_t value, char* to) { memcpy(to, &value, sizeof value); }
uint32_t LoadLittle32(const char* from) {
  uint32_t value;
  memcpy(&value, from, sizeof value);
  return value;
}

static uint32_t Crc(uint32_t seed, absl::string_view bytes) {
  return static_cast<uint32_t>(
      crc32_z(seed, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size()));
}

uint32_t FrameChecksum(uint32_t seed, absl::string_view frame) {
  return Crc(Crc(seed, frame.substr(0, 4)), frame.substr(kFrameHeaderSize));
}

std::string EncodeHeader(SegmentHeader& header) {
  std::string out(reinterpret_cast<const char*>(kLogMagic), sizeof kLogMagic);
  PutLittle(header.version, 4, out);
  PutLittle(kHeaderSize, 4, out);
  out.append(reinterpret_cast<const char*>(header.id.data()), header.id.size());
  out.append(reinterpret_cast<const char*>(header.boot.data()), header.boot.size());
  PutLittle(static_cast<uint64_t>(header.start_unix_ns), 8, out);
  PutLittle(header.start_ns, 8, out);
  PutLittle(static_cast<uint32_t>(header.pid), 4, out);
  header.crc = Crc(0, out);
  PutLittle(header.crc, 4, out);
  return out;
}

absl::StatusOr<SegmentHeader> DecodeHeader(absl::string_view bytes) {
  if (bytes.empty()) return absl::DataLossError("empty file");
  if (bytes.size() < 16) return absl::DataLossError("cut inside the header");
  if (memcmp(bytes.data(), kLogMagic, sizeof kLogMagic) != 0) return absl::DataLossError("no log segment");
  SegmentHeader header;
  header.version = static_cast<uint32_t>(GetLittle(bytes, 8, 4));
  const uint64_t size = GetLittle(bytes, 12, 4);
  if (size < 20 || size > 4096) return absl::DataLossError("damaged header");
  if (bytes.size() < size) return absl::DataLossError("cut inside the header");
  header.crc = static_cast<uint32_t>(GetLittle(bytes, size - 4, 4));
  if (header.crc != Crc(0, bytes.substr(0, size - 4))) return absl::DataLossError("damaged header: checksum");
  if (header.version > kLogVersion) {
    return absl::FailedPreconditionError(absl::StrCat(
        "is of log format version ", header.version, ", and this glovebox reads up to version ", kLogVersion,
        ": read it with a newer glovebox, or record the build again with this one"));
  }
  if (header.version == 0 || size != kHeaderSize) return absl::DataLossError("damaged header");
  memcpy(header.id.data(), bytes.data() + 16, header.id.size());
  memcpy(header.boot.data(), bytes.data() + 32, header.boot.size());
  header.start_unix_ns = static_cast<int64_t>(GetLittle(bytes, 48, 8));
  header.start_ns = GetLittle(bytes, 56, 8);
  header.pid = static_cast<int32_t>(GetLittle(bytes, 64, 4));
  return header;
}

void EncodeSeal(const SegmentSeal& seal, std::string& out) {
  PutVarint(seal.records, out);
  PutVarint(seal.bytes, out);
  PutVarint(seal.crc, out);
}

absl::StatusOr<SegmentSeal> DecodeSeal(absl::string_view payload) {
  Cursor in(payload);
  SegmentSeal seal;
  seal.records = in.Varint();
  seal.bytes = in.Varint();
  const uint64_t crc = in.Varint();
  if (crc > UINT32_MAX) in.Fail("number out of range");
  seal.crc = static_cast<uint32_t>(crc);
  RETURN_IF_ERROR(in.Finish());
  return seal;
}

}  // namespace glovebox::access
