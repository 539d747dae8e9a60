// The log's reader against bytes from anybody: as a whole segment, and frame by frame behind the checksums,
// which a fuzzer cannot guess. What is decoded must be encoded and decoded to the same once more.
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "access/record_codec.h"
#include "access/segment_reader.h"
#include "base/files.h"

namespace glovebox::access {
namespace {

void ReadAsSegment(absl::string_view bytes) {
  static const int file = memfd_create("segment", MFD_CLOEXEC);
  if (ftruncate(file, 0) != 0 || pwrite(file, bytes.data(), bytes.size(), 0) < 0) return;
  const auto reader = SegmentReader::Open(absl::StrCat("/proc/self/fd/", file));
  if (!reader.ok()) return;
  while ((*reader)->Next().has_value()) {
  }
}

// {type, two bytes of length, payload} again and again.
void DecodeFrames(absl::string_view bytes) {
  RecordDecoder decoder(0), again(0);
  RecordEncoder encoder(0);
  while (bytes.size() >= 3) {
    const auto type = static_cast<uint8_t>(bytes[0]);
    const size_t size = static_cast<uint8_t>(bytes[1]) | static_cast<size_t>(static_cast<uint8_t>(bytes[2]))
                                                             << 8;
    const auto record = decoder.Decode(type, bytes.substr(3, size));
    if (!record.ok()) return;
    std::string payload;
    const uint8_t new_type = encoder.Encode(*record, payload);
    const auto same = again.Decode(new_type, payload);
    if (!same.ok() || !(*same == *record)) abort();
    bytes.remove_prefix(std::min(bytes.size(), 3 + size));
  }
}

}  // namespace
}  // namespace glovebox::access

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (size == 0) return 0;
  if (data[0] % 2 == 0) {
    glovebox::access::ReadAsSegment(bytes.substr(1));
  } else {
    glovebox::access::DecodeFrames(bytes.substr(1));
  }
  return 0;
}
