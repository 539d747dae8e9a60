#include "trace/shim_library.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/files.h"
#include "base/status.h"
#include "child/shim_ring.h"
#include "policy/filters.h"

namespace glovebox::trace {
namespace {

constexpr char kName[] = "libglovebox-shim.so";
constexpr size_t kPage = 4096;

}  // namespace

// Installed beside bin/; built below src/, for programs in src/cli, src/trace and ninja-wrapper.
std::string ShimLibrary::Find() {
  return FindBeside({absl::StrCat("../lib/glovebox/", kName), absl::StrCat("../child/", kName),
                     absl::StrCat("../src/child/", kName)});
}

absl::StatusOr<std::unique_ptr<ShimLibrary>> ShimLibrary::Open(std::string path) {
  ASSIGN_OR_RETURN(const UniqueFd fd, glovebox::OpenFile(path, O_RDONLY | O_CLOEXEC));
  void* const code = mmap(nullptr, kPage, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd.get(), 0);
  if (code == MAP_FAILED) return ErrnoStatus("mmap(PROT_EXEC)", path, errno);
  munmap(code, kPage);
  ASSIGN_OR_RETURN(UniqueFd list, SealedFile("glovebox-preload", absl::StrCat(GLOVEBOX_SHIM_LIBRARY, "\n")));
  return std::unique_ptr<ShimLibrary>(new ShimLibrary(std::move(path), std::move(list)));
}

std::unique_ptr<ShimLibrary> ShimLibrary::Own() {
  std::string path = Find();
  if (path.empty()) return nullptr;
  absl::StatusOr<std::unique_ptr<ShimLibrary>> library = Open(std::move(path));
  return library.ok() ? *std::move(library) : nullptr;
}

bool ShimLibrary::Suits(pid_t tgid) const { return programs_.Wants(absl::StrCat("/proc/", tgid, "/exe")); }

UniqueFd ShimLibrary::OpenFile() const { return UniqueFd(open(path_.c_str(), O_RDONLY | O_CLOEXEC)); }

void OpenGate(const ShimLibrary* library, policy::Policy* policy) {
  policy->gate = 0;
  if (library == nullptr || !policy::MayHaveGate(*policy)) return;
  uint64_t random = 0;
  if (getrandom(&random, sizeof random, 0) != sizeof random) return;
  constexpr uint64_t kPlace = 0x10000;  // the largest page
  constexpr uint64_t kPlaces = (GLOVEBOX_SHIM_GATE_HIGH - GLOVEBOX_SHIM_GATE_LOW) / kPlace;
  policy->gate = GLOVEBOX_SHIM_GATE_LOW + random % kPlaces * kPlace + GLOVEBOX_SHIM_GATE_IP_OFFSET;
}

}  // namespace glovebox::trace
