// One access -> what it did to which path, in the words of a report. The one place that interprets open flags
// and results; all who judge share it. Pure.
#ifndef GLOVEBOX_ACCESS_TOUCH_H_
#define GLOVEBOX_ACCESS_TOUCH_H_

#include <array>
#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "access/record.h"

namespace glovebox::access {

// Bits: opening an existing file O_RDWR reads and changes it.
enum What : uint32_t {
  kRead = 1u << 0,      // its bytes could be read: opened for reading
  kExecuted = 1u << 1,  // started as a program
  kListed = 1u << 2,    // a directory: opened as one, or its entries read
  kLooked = 1u << 3,    // there, but only looked at: stat, access, readlink, chdir, O_PATH ...
  kProbed = 1u << 4,    // looked for and absent
  kMade = 1u << 5,      // it was not there before and this call makes it
  kChanged = 1u << 6,   // content or attributes of what was there
  kRemoved = 1u << 7,
  kRenamedFrom = 1u << 8,
  kRenamedOnto = 1u << 9,  // made, or replaced, by a rename; both names of an exchange
  kRefused = 1u << 10,     // a permission or a rule of ours
  kFailed = 1u << 11,      // any other error; nothing happened
  kUnclear = 1u << 12,     // what it met could not be told: counted as if it had happened
};
inline constexpr uint32_t kReads = kRead | kExecuted;
inline constexpr uint32_t kWrites = kMade | kChanged | kRemoved | kRenamedFrom | kRenamedOnto;

struct Touch {
  absl::string_view path;  // resolved where there is one, else as spelled; points into the access
  uint32_t what = 0;
};

// 0, 1 or 2 touches.
struct Touches {
  std::array<Touch, 2> items;
  size_t size = 0;
  absl::Span<const Touch> span() const& { return {items.data(), size}; }
  absl::Span<const Touch> span() const&& = delete;  // it would be gone before its span is
};
Touches TouchesOf(const Access& access);

// True where `path` is an address ("inet:127.0.0.1:80", "unix:/run/x", "netlink:0", "family 38"), not a file.
bool IsAddress(absl::string_view path);
// ... and one that leaves the machine or could: inet and inet6, loopback or not.
bool IsInternet(absl::string_view address);

// Of this machine alone: 127.0.0.0/8 (as an IPv6 socket spells it too) and ::1.
bool IsLoopback(absl::string_view address);

// "read, changed": the bits in words, in the order above; "nothing" for none.
std::string WhatText(uint32_t what);

}  // namespace glovebox::access

#endif  // GLOVEBOX_ACCESS_TOUCH_H_
