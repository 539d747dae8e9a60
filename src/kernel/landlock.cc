#include "kernel/landlock.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "absl/strings/str_cat.h"
#include "base/status.h"
#include "kernel/abi.h"

namespace glovebox::kernel {

int LandlockAbi() {
  const long abi = syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
  return abi > 0 ? static_cast<int>(abi) : 0;
}

uint64_t LandlockFsRights(int abi) {
  if (abi <= 0) return 0;
  uint64_t rights = (1u << 13) - 1;  // EXECUTE ... MAKE_SYM, ABI 1
  if (abi >= 2) rights |= kLandlockFsRefer;
  if (abi >= 3) rights |= kLandlockFsTruncate;
  if (abi >= 5) rights |= kLandlockFsIoctlDev;
  return rights;
}

uint64_t LandlockFileRights(int abi) {
  return LandlockFsRights(abi) & (LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE |
                                  LANDLOCK_ACCESS_FS_READ_FILE | kLandlockFsTruncate | kLandlockFsIoctlDev);
}

absl::StatusOr<UniqueFd> CreateRuleset(const LandlockHandled& handled) {
  LandlockRulesetAttr attr;
  attr.handled_access_fs = handled.fs;
  attr.handled_access_net = handled.net;
  attr.scoped = handled.scope;
  // An older kernel takes the longer struct as long as what it does not know is zero.
  const long fd = syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr), 0u);
  if (fd < 0) {
    return ErrnoStatus("landlock_create_ruleset",
                       absl::StrCat("fs 0x", absl::Hex(handled.fs), ", net 0x", absl::Hex(handled.net),
                                    ", scope 0x", absl::Hex(handled.scope)),
                       errno);
  }
  return UniqueFd(static_cast<int>(fd));
}

absl::Status AddPathRule(int ruleset, const std::string& path, uint64_t rights) {
  const UniqueFd fd(open(path.c_str(), O_PATH | O_CLOEXEC));
  if (!fd.valid()) return ErrnoStatus("open", path, errno);
  struct stat info;
  if (fstat(fd.get(), &info) != 0) return ErrnoStatus("fstat", path, errno);
  if (!S_ISDIR(info.st_mode)) rights &= LandlockFileRights(LandlockAbi());
  if (rights == 0) return absl::OkStatus();  // nothing that this object can have
  landlock_path_beneath_attr attr = {};
  attr.allowed_access = rights;
  attr.parent_fd = fd.get();
  if (syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &attr, 0u) != 0) {
    return ErrnoStatus("landlock_add_rule", path, errno);
  }
  return absl::OkStatus();
}

absl::Status AddPortRule(int ruleset, uint16_t port, uint64_t rights) {
  LandlockNetPortAttr attr;
  attr.allowed_access = rights;
  attr.port = port;
  if (syscall(SYS_landlock_add_rule, ruleset, kLandlockRuleNetPort, &attr, 0u) != 0) {
    return ErrnoStatus("landlock_add_rule", absl::StrCat("TCP port ", port), errno);
  }
  return absl::OkStatus();
}

}  // namespace glovebox::kernel
