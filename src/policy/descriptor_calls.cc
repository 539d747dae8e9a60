#include "policy/descriptor_calls.h"

#include <algorithm>

#include "policy/logs.h"

namespace glovebox::policy {
namespace {

struct Call {
  const char* name;
  bool attributes;  // and not only what is in the file
  bool native;      // else a twin of i386's, which no filter has to name
};
constexpr Call kCalls[] = {
    {"fcntl", false, true},        {"fcntl64", false, false},  {"ftruncate", false, true},
    {"ftruncate64", false, false}, {"fallocate", false, true}, {"fchmod", true, true},
    {"fchown", true, true},        {"fchown32", true, false},  {"fsetxattr", true, true},
    {"fremovexattr", true, true},
};

constexpr uint32_t kLogIoctls[] = {
    0x40305828,  // FS_IOC_RESVSP, and of i386 (file_ioctl(), fs/ioctl.c: fallocate by another name)
    0x402c5828,
    0x40305829,  // FS_IOC_UNRESVSP
    0x402c5829,
    0x4030582a,  // FS_IOC_RESVSP64
    0x402c582a,
    0x4030582b,  // FS_IOC_UNRESVSP64
    0x402c582b,
    0x40305839,  // FS_IOC_ZERO_RANGE
    0x402c5839,
    0xc028660f,  // EXT4_IOC_MOVE_EXT: the donor needs to be open for writing only
    0xc0c0586d,  // XFS_IOC_SWAPEXT
    0xc020f509,  // F2FS_IOC_MOVE_RANGE
    0x4c00,      // LOOP_SET_FD
    0x4c06,      // LOOP_CHANGE_FD
    0x4c0a,      // LOOP_CONFIGURE
};

constexpr uint32_t kAttributeIoctls[] = {
    0x40086602,  // FS_IOC_SETFLAGS, and of i386
    0x40046602,
    0x401c5820,  // FS_IOC_FSSETXATTR
    0x40087602,  // FS_IOC_SETVERSION, and of i386
    0x40047602,
    0x40086604,  // EXT4_IOC_SETVERSION, and of i386
    0x40046604,
    0x800c6613,  // FS_IOC_SET_ENCRYPTION_POLICY: of an empty directory
    0x40806685,  // FS_IOC_ENABLE_VERITY: nobody can write the file any more
    0x40047211,  // FAT_IOCTL_SET_ATTRIBUTES
    0x5000940e,  // BTRFS_IOC_SUBVOL_CREATE: names in a directory that is open for reading
    0x50009418,  // BTRFS_IOC_SUBVOL_CREATE_V2
    0x50009401,  // BTRFS_IOC_SNAP_CREATE
    0x50009417,  // BTRFS_IOC_SNAP_CREATE_V2
    0x5000940f,  // BTRFS_IOC_SNAP_DESTROY
    0x5000943f,  // BTRFS_IOC_SNAP_DESTROY_V2
    0x4008941a,  // BTRFS_IOC_SUBVOL_SETFLAGS
};

bool SeesAttributes(const Policy& policy) { return policy.mode != Mode::kObserve && policy.confine_files; }

bool IsWanted(const Policy& policy, const Call& call) {
  return HasLogs(policy) || (call.attributes && SeesAttributes(policy));
}

}  // namespace

std::vector<const char*> DescriptorCalls(const Policy& policy) {
  std::vector<const char*> names;
  for (const Call& call : kCalls) {
    if (call.native && IsWanted(policy, call)) names.push_back(call.name);
  }
  return names;
}

bool IsDescriptorCall(const Policy& policy, absl::string_view name) {
  return std::any_of(std::begin(kCalls), std::end(kCalls),
                     [&](const Call& call) { return call.name == name && IsWanted(policy, call); });
}

std::vector<uint32_t> DeniedIoctls(const Policy& policy) {
  std::vector<uint32_t> requests = policy.denied_ioctls;
  const auto add = [&requests](absl::Span<const uint32_t> more) {
    for (const uint32_t request : more) {
      if (std::count(requests.begin(), requests.end(), request) == 0) requests.push_back(request);
    }
  };
  if (HoldsLogs(policy)) add(kLogIoctls);
  if (policy.mode == Mode::kEnforce && policy.confine_files) add(kAttributeIoctls);
  return requests;
}

}  // namespace glovebox::policy
