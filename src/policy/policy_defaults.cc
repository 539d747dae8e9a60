#include "policy/policy_defaults.h"

namespace glovebox::policy {

const char kBuiltInPolicy[] = R"toml(
mode = "report"
level = "open"
read = [
  "/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/etc", "/opt", "/proc", "/sys", "/dev",
  "${toolchain}", "${source}",
]
write = [
  "/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty", "/dev/ptmx", "/dev/pts",
  "/dev/shm", "${build}", "${tmp}",
]
network = "none"

# A command of one's own, and a test, may talk to itself.
[run]
network = "loopback"
[test]
network = "loopback"
# `ninja test` is an edge: the tests in it are narrowed by their own role, never widened.
[edge]
network = "loopback"
)toml";

}  // namespace glovebox::policy
