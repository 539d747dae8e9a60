#include "access/touch.h"

#include <fcntl.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace glovebox::access {
namespace {

// What an open does to an object that is there.
uint32_t OpenWhat(uint64_t flags) {
  if ((flags & O_PATH) != 0) return kLooked;
  // O_TMPFILE contains O_DIRECTORY; it makes a file without a name, in the directory that is named.
  if ((flags & O_TMPFILE) == O_TMPFILE) return kChanged;
  if ((flags & O_DIRECTORY) != 0) return kListed;
  uint32_t what = 0;
  const uint64_t mode = flags & O_ACCMODE;
  if (mode != O_WRONLY) what |= kRead;
  if (mode != O_RDONLY || (flags & O_TRUNC) != 0) what |= kChanged;
  return what;
}

// What the call does to its first path if it succeeds. Renames and links are done by the caller.
uint32_t FirstWhat(const Access& access) {
  switch (access.op) {
    case Op::kOpen:
      return OpenWhat(access.flags);
    case Op::kExec:
      return kExecuted;
    case Op::kList:
      return kListed;
    case Op::kRename:
      return kRenamedFrom;
    case Op::kSymlink:
    case Op::kMkdir:
    case Op::kMknod:
      return kMade;
    case Op::kUnlink:
    case Op::kRmdir:
      return kRemoved;
    case Op::kTruncate:
    case Op::kChmod:
    case Op::kChown:
    case Op::kUtimes:
    case Op::kSetXattr:
    case Op::kMount:
    case Op::kUmount:
    case Op::kAdmin:
      return kChanged;
    case Op::kBind:
      return kMade;  // a unix socket's file
    default:
      return kLooked;
  }
}

// Folds in what the call met.
uint32_t WithResult(const Access& access, uint32_t what) {
  if (access.decision == Decision::kDenied || access.decision == Decision::kKernelDenied) return kRefused;
  if (access.op == Op::kForbidden) return kRefused;
  switch (access.result) {
    case Result::kThere:
      return what;
    case Result::kCreated: {
      // An open that makes its file reads and changes nothing that was there.
      const uint32_t kept = what & ~uint32_t{kRead | kChanged | kLooked};
      return (kept & kWrites) != 0 ? kept : kept | kMade;
    }
    case Result::kAbsent:
      return kProbed;
    case Result::kRefused:
      return kRefused;
    case Result::kFailed:
      return kFailed;
    case Result::kUnknown:
      return what | kUnclear;
  }
  return what | kUnclear;
}

}  // namespace

bool IsAddress(absl::string_view path) {
  for (absl::string_view prefix : {"inet:", "inet6:", "unix:", "netlink:", "family ", "packet:", "vsock:"}) {
    if (absl::StartsWith(path, prefix)) return true;
  }
  return false;
}

bool IsInternet(absl::string_view address) {
  return absl::StartsWith(address, "inet:") || absl::StartsWith(address, "inet6:");
}

bool IsLoopback(absl::string_view address) {
  return absl::StartsWith(address, "inet:127.") || absl::StartsWith(address, "inet6:[::1]") ||
         absl::StartsWith(address, "inet6:[::ffff:127.");
}

Touches TouchesOf(const Access& access) {
  Touches touches;
  const auto add = [&](absl::string_view path, uint32_t what) {
    if (path.empty()) return;
    touches.items[touches.size++] = {path, what};
  };
  absl::string_view first = access.resolved.empty() ? access.path : access.resolved;
  if (access.op == Op::kSocket || access.op == Op::kListen) return touches;
  if (access.op == Op::kBind || access.op == Op::kConnect || access.op == Op::kSend) {
    // A unix socket's file is a file; every other address is the network's (Summary::endpoints).
    if (!absl::StartsWith(first, "/")) return touches;
    add(first, WithResult(access, FirstWhat(access)));
    return touches;
  }
  const uint32_t what = WithResult(access, FirstWhat(access));
  const bool done = (what & (kProbed | kRefused | kFailed)) == 0;
  if (access.op == Op::kRename) {
    const absl::string_view second = access.resolved2.empty() ? access.path2 : access.resolved2;
    // A rename that makes its target has result kCreated; the source moves all the same.
    const uint32_t unclear = what & kUnclear;
    // RENAME_EXCHANGE: both names stay, each with what the other had.
    constexpr uint64_t kExchange = 2;
    const uint32_t moved = (access.flags & kExchange) != 0 ? kRenamedOnto : kRenamedFrom;
    add(first, done ? moved | unclear : what);
    add(second, done ? kRenamedOnto | unclear : kFailed);
    return touches;
  }
  if (access.op == Op::kLink) {
    const absl::string_view second = access.resolved2.empty() ? access.path2 : access.resolved2;
    add(first, done ? kLooked | (what & kUnclear) : what);
    add(second, done ? kMade | (what & kUnclear) : kFailed);
    return touches;
  }
  add(first, what);
  return touches;
}

std::string WhatText(uint32_t what) {
  static constexpr struct {
    uint32_t bit;
    const char* word;
  } kWords[] = {{kRead, "read"},
                {kExecuted, "executed"},
                {kListed, "listed"},
                {kLooked, "looked at"},
                {kProbed, "looked for, absent"},
                {kMade, "created"},
                {kChanged, "changed"},
                {kRemoved, "removed"},
                {kRenamedFrom, "renamed away"},
                {kRenamedOnto, "renamed onto"},
                {kRefused, "refused"},
                {kFailed, "failed"},
                {kUnclear, "outcome unknown"}};
  std::string text;
  for (const auto& word : kWords) {
    if ((what & word.bit) != 0) absl::StrAppend(&text, text.empty() ? "" : ", ", word.word);
  }
  return text.empty() ? "nothing" : text;
}

}  // namespace glovebox::access
