// Numbers and strings as bytes, and a parser over bytes that may be anybody's. Private to the codec.
#ifndef GLOVEBOX_ACCESS_CODEC_BYTES_H_
#define GLOVEBOX_ACCESS_CODEC_BYTES_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace glovebox::access {

inline void PutVarint(uint64_t value, std::string& out) {
  while (value >= 0x80) {
    out.push_back(static_cast<char>(value | 0x80));
    value >>= 7;
  }
  out.push_back(static_cast<char>(value));
}
inline uint64_t ZigZag(uint64_t difference) { return (difference << 1) ^ (0 - (difference >> 63)); }
inline uint64_t UnZigZag(uint64_t code) { return (code >> 1) ^ (0 - (code & 1)); }

// A parser over untrusted bytes: after the first error everything reads as zero and `ok` stays false.
class Cursor {
 public:
  explicit Cursor(absl::string_view bytes) : bytes_(bytes) {}

  uint8_t Byte() {
    if (bytes_.empty()) return Fail("cut short"), 0;
    const auto byte = static_cast<uint8_t>(bytes_[0]);
    bytes_.remove_prefix(1);
    return byte;
  }
  uint64_t Varint() {
    uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      const uint8_t byte = Byte();
      if (shift == 63 && byte > 1) break;
      value |= static_cast<uint64_t>(byte & 0x7f) << shift;
      if ((byte & 0x80) == 0) return value;
    }
    Fail("number too long");
    return 0;
  }
  int32_t Signed32() {
    const auto value = static_cast<int64_t>(UnZigZag(Varint()));
    if (value < INT32_MIN || value > INT32_MAX) return Fail("number out of range"), 0;
    return static_cast<int32_t>(value);
  }
  absl::string_view Bytes(uint64_t size) {
    if (size > bytes_.size()) return Fail("cut short"), absl::string_view();
    const absl::string_view out = bytes_.substr(0, size);
    bytes_.remove_prefix(size);
    return out;
  }
  void Fail(const char* reason) {
    if (reason_ == nullptr) reason_ = reason;
    bytes_ = {};
  }
  bool ok() const { return reason_ == nullptr; }
  size_t left() const { return bytes_.size(); }
  absl::Status Finish() {
    if (ok() && !bytes_.empty()) Fail("bytes left over");
    return ok() ? absl::OkStatus() : absl::InvalidArgumentError(absl::StrCat("bad record: ", reason_));
  }

 private:
  absl::string_view bytes_;
  const char* reason_ = nullptr;
};

inline void PutLittle(uint64_t value, int bytes, std::string& out) {
  for (int i = 0; i < bytes; ++i) out.push_back(static_cast<char>(value >> (8 * i)));
}
inline uint64_t GetLittle(absl::string_view bytes, size_t at, int count) {
  uint64_t value = 0;
  for (int i = 0; i < count; ++i) {
    value |= static_cast<uint64_t>(static_cast<uint8_t>(bytes[at + static_cast<size_t>(i)])) << (8 * i);
  }
  return value;
}

}  // namespace glovebox::access

#endif  // GLOVEBOX_ACCESS_CODEC_BYTES_H_
