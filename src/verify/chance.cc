#include "verify/chance.h"

#include "absl/strings/match.h"

namespace glovebox::verify {
namespace {

struct Row {
  absl::string_view path;
  Chance chance;
};
constexpr Row kRows[] = {{"/dev/urandom", Chance::kRandom},
                         {"/dev/random", Chance::kRandom},
                         {"/dev/hwrng", Chance::kRandom},
                         {"/etc/machine-id", Chance::kHost},
                         {"/var/lib/dbus/machine-id", Chance::kHost},
                         {"/etc/hostname", Chance::kHost},
                         {"/etc/hosts", Chance::kHost},
                         {"/proc/sys/kernel/hostname", Chance::kHost},
                         {"/proc/version", Chance::kHost},
                         {"/proc/cpuinfo", Chance::kHost},
                         {"/proc/uptime", Chance::kTime},
                         {"/proc/loadavg", Chance::kTime},
                         {"/proc/driver/rtc", Chance::kTime},
                         {"/dev/rtc", Chance::kTime},
                         {"/dev/rtc0", Chance::kTime}};

}  // namespace

Chance ChanceOf(absl::string_view path) {
  for (const Row& row : kRows) {
    if (row.path == path) return row.chance;
  }
  return absl::StartsWith(path, "/proc/sys/kernel/random/") ? Chance::kRandom : Chance::kNone;
}

}  // namespace glovebox::verify
