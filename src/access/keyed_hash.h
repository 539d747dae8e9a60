// SipHash-2-4 (Aumasson, Bernstein: "SipHash: a fast short-input PRF", 2012) over a stream: what the writer
// of a segment remembers of the bytes it wrote. Nobody without the key can change the bytes and keep the
// hash.
#ifndef GLOVEBOX_ACCESS_KEYED_HASH_H_
#define GLOVEBOX_ACCESS_KEYED_HASH_H_

#include <array>
#include <cstdint>

#include "absl/strings/string_view.h"

namespace glovebox::access {

//   KeyedHash hash(key);
//   hash.Update("ab");
//   hash.Update("c");
//   hash.Digest();  // as of "abc"; more may follow
// Not thread-safe. Allocates nothing.
class KeyedHash {
 public:
  using Key = std::array<uint64_t, 2>;
  explicit KeyedHash(const Key& key);
  void Update(absl::string_view bytes);
  uint64_t Digest() const;

 private:
  void Compress(uint64_t word);

  std::array<uint64_t, 4> v_;
  uint64_t tail_ = 0;  // the bytes after the last whole word, lowest first
  uint64_t size_ = 0;
};

}  // namespace glovebox::access

#endif  // GLOVEBOX_ACCESS_KEYED_HASH_H_
