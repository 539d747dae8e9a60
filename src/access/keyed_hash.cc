#include "access/keyed_hash.h"

#include <cstring>

namespace glovebox::access {
namespace {

uint64_t RotateLeft(uint64_t value, int bits) { return (value << bits) | (value >> (64 - bits)); }

void Round(std::array<uint64_t, 4>& v) {
  v[0] += v[1];
  v[1] = RotateLeft(v[1], 13) ^ v[0];
  v[0] = RotateLeft(v[0], 32);
  v[2] += v[3];
  v[3] = RotateLeft(v[3], 16) ^ v[2];
  v[0] += v[3];
  v[3] = RotateLeft(v[3], 21) ^ v[0];
  v[2] += v[1];
  v[1] = RotateLeft(v[1], 17) ^ v[2];
  v[2] = RotateLeft(v[2], 32);
}

}  // namespace

KeyedHash::KeyedHash(const Key& key)
    : v_{key[0] ^ 0x736f6d6570736575u, key[1] ^ 0x646f72616e646f6du, key[0] ^ 0x6c7967656e657261u,
         key[1] ^ 0x7465646279746573u} {}

void KeyedHash::Compress(uint64_t word) {
  v_[3] ^= word;
  Round(v_);
  Round(v_);
  v_[0] ^= word;
}

void KeyedHash::Update(absl::string_view bytes) {
  const auto add_byte = [this](char c) {
    tail_ |= static_cast<uint64_t>(static_cast<uint8_t>(c)) << (8 * (size_ % 8));
    if (++size_ % 8 == 0) {
      Compress(tail_);
      tail_ = 0;
    }
  };
  while (!bytes.empty() && size_ % 8 != 0) {
    add_byte(bytes[0]);
    bytes.remove_prefix(1);
  }
  while (bytes.size() >= 8) {
    uint64_t word;
    memcpy(&word, bytes.data(), sizeof word);  // x86-64 and aarch64 are little endian
    Compress(word);
    size_ += 8;
    bytes.remove_prefix(8);
  }
  for (const char c : bytes) add_byte(c);
}

uint64_t KeyedHash::Digest() const {
  KeyedHash end = *this;
  end.Compress(end.tail_ | (end.size_ << 56));
  end.v_[2] ^= 0xff;
  for (int i = 0; i < 4; ++i) Round(end.v_);
  return end.v_[0] ^ end.v_[1] ^ end.v_[2] ^ end.v_[3];
}

}  // namespace glovebox::access
