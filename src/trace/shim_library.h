// The preloaded library (child/shim.c) as its supervisors hand it out.
#ifndef GLOVEBOX_TRACE_SHIM_LIBRARY_H_
#define GLOVEBOX_TRACE_SHIM_LIBRARY_H_

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "base/unique_fd.h"
#include "policy/policy.h"
#include "trace/shim_program.h"

namespace glovebox::trace {

// One a build, shared by its supervisors. Thread-safe.
class ShimLibrary {
 public:
  // The library that was built or installed with this program; empty: there is none.
  static std::string Find();
  // That one, opened; null where there is none or it cannot be used: programs are then notified as ever.
  static std::unique_ptr<ShimLibrary> Own();
  // Errors: the file cannot be read, or not be mapped to be run (it lies on a noexec file system).
  static absl::StatusOr<std::unique_ptr<ShimLibrary>> Open(std::string path);

  // The program that process `tgid` runs gains by it, and can take it (shim_program.h).
  bool Suits(pid_t tgid) const;
  // What the dynamic linker reads in the place of /etc/ld.so.preload. One file for all: it is mapped, never
  // read, so that nobody moves another's place in it; sealed, so that nobody changes it.
  int preload_list() const { return list_.get(); }
  // The library's file, opened anew: whoever gets it reads from its beginning.
  UniqueFd OpenFile() const;

 private:
  ShimLibrary(std::string path, UniqueFd list) : path_(std::move(path)), list_(std::move(list)) {}

  std::string path_;
  UniqueFd list_;
  mutable ShimPrograms programs_;
};

// Lets the policy's filter pass what the library asks at its gate, at a random place (Policy::gate), where
// NotifyFilter() opens it at all: the policy records such calls and restricts no pointers. Without a library,
// nowhere.
void OpenGate(const ShimLibrary* library, policy::Policy* policy);

}  // namespace glovebox::trace

#endif  // GLOVEBOX_TRACE_SHIM_LIBRARY_H_
