#include "trace/interpreter.h"

#include <dirent.h>
#include <elf.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstring>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "base/unique_fd.h"
#include "trace/elf_file.h"
#include "trace/predict.h"
#include "trace/resolver_walk.h"

namespace glovebox::trace {
namespace {

constexpr int kMostScripts = 5;  // exec_binprm(), fs/exec.c

#if defined(__x86_64__)
bool IsOtherAbi(Elf64_Half machine) { return machine == EM_386 || machine == 6 /* EM_486 */; }
#else
bool IsOtherAbi(Elf64_Half machine) { return machine == EM_ARM; }
#endif

bool IsBlank(char c) { return c == ' ' || c == '\t'; }
// printable(), fs/exec.c: what begins with such bytes is no binary format to the kernel.
bool IsText(char c) { return IsBlank(c) || c == '\n' || (c >= 0x20 && c <= 0x7e); }

// One file on the way of an exec.
struct Program {
  std::string spelled;
  UniqueFd fd;
  std::string head;  // up to kHeadSize bytes
};

enum class Opened { kYes, kNo, kNoExec };

Opened OpenProgram(const std::string& spelled, const Resolved& what, Program* out) {
  UniqueFd dir;
  size_t from = 0;
  const std::string& way = what.way();
  if (way.size() >= PATH_MAX && OpenFront(way, &dir, &from) != 0) return Opened::kNo;
  out->spelled = spelled;
  out->fd.reset(openat(dir.valid() ? dir.get() : AT_FDCWD, way.c_str() + from,
                       O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  if (!out->fd.valid()) return Opened::kNo;
  struct statvfs fs;
  if (fstatvfs(out->fd.get(), &fs) == 0 && (fs.f_flag & ST_NOEXEC) != 0) return Opened::kNoExec;
  out->head.resize(kHeadSize);
  const ssize_t n = pread(out->fd.get(), out->head.data(), kHeadSize, 0);
  if (n < 0) return Opened::kNo;
  out->head.resize(static_cast<size_t>(n));
  return Opened::kYes;
}

bool BeginsLikeElf(const Program& program) { return absl::StartsWith(program.head, ELFMAG); }

// What the kernel sees: zeros behind the end of the file.
Elf64_Ehdr ElfHeader(const Program& program) {
  Elf64_Ehdr header = {};
  std::memcpy(&header, program.head.data(), std::min(sizeof(header), program.head.size()));
  return header;
}

// The handlers of binfmt_misc (Documentation/admin-guide/binfmt-misc.rst). They come before all formats.
class Handlers {
 public:
  explicit Handlers(const std::string& directory) {
    if (::access(directory.c_str(), F_OK) != 0) return;  // a kernel without them
    std::string status;
    if (!Read(absl::StrCat(directory, "/status"), &status)) {
      unseen_ = true;
      return;
    }
    if (absl::StartsWith(status, "disabled")) return;
    DIR* const stream = opendir(directory.c_str());
    unseen_ = stream == nullptr;
    while (const dirent* entry = stream != nullptr ? readdir(stream) : nullptr) {
      const absl::string_view name = entry->d_name;
      if (name == "." || name == ".." || name == "status" || name == "register") continue;
      std::string text;
      if (!Read(absl::StrCat(directory, "/", name), &text)) unseen_ = true;
      if (absl::StartsWith(text, "enabled")) entries_.push_back(std::move(text));
    }
    if (stream != nullptr) closedir(stream);
  }
  // There may be handlers that we do not know.
  bool unseen() const { return unseen_; }
  bool Take(const Program& program) const {
    return std::any_of(entries_.begin(), entries_.end(),
                       [&program](const std::string& entry) { return Takes(entry, program); });
  }

 private:
  static bool Read(const std::string& path, std::string* out) {
    const UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
    char buffer[4096];  // the kernel gives a page at most
    const ssize_t n = fd.valid() ? read(fd.get(), buffer, sizeof(buffer)) : -1;
    if (n >= 0) out->assign(buffer, static_cast<size_t>(n));
    return n >= 0;
  }

  static bool Takes(const std::string& entry, const Program& program) {
    size_t offset = 0;
    std::string magic;
    std::string mask;
    for (absl::string_view line : absl::StrSplit(entry, '\n')) {
      if (absl::ConsumePrefix(&line, "extension .")) {
        const size_t dot = program.spelled.rfind('.');
        return dot != std::string::npos && program.spelled.substr(dot + 1) == line;
      }
      if (absl::ConsumePrefix(&line, "offset ")) {
        if (!absl::SimpleAtoi(line, &offset)) return true;
      } else if (absl::ConsumePrefix(&line, "magic ")) {
        magic = absl::HexStringToBytes(line);
      } else if (absl::ConsumePrefix(&line, "mask ")) {
        mask = absl::HexStringToBytes(line);
      }
    }
    for (size_t i = 0; i < magic.size(); ++i) {
      const size_t at = offset + i;
      const int byte = at < program.head.size() ? program.head[at] : 0;
      if (((byte ^ magic[i]) & (i < mask.size() ? mask[i] : 0xff)) != 0) return false;
    }
    return true;
  }

  bool unseen_ = false;
  std::vector<std::string> entries_;
};

class Checker {
 public:
  Checker(const Permissions& permissions, const FindProgram& find) : permissions_(permissions), find_(find) {}

  int Run(std::string spelled, const Resolved& program, const std::string& handlers) {
    const int error = Follow(std::move(spelled), program);
    if (error == 0) return 0;
    const Handlers known(handlers);
    if (handler_likely_ && known.unseen()) return 0;
    const bool taken =
        std::any_of(seen_.begin(), seen_.end(), [&known](const Program& each) { return known.Take(each); });
    return taken ? 0 : error;
  }

 private:
  int Follow(std::string spelled, Resolved what) {
    for (int depth = 0; depth <= kMostScripts; ++depth) {
      Program program;
      const Opened opened = OpenProgram(spelled, what, &program);
      if (opened != Opened::kYes) return opened == Opened::kNoExec ? EACCES : 0;
      seen_.push_back(std::move(program));
      const Program& at = seen_.back();
      if (BeginsLikeElf(at)) return CheckElf(at);
      if (const int error = ScriptInterpreter(at.head, &spelled)) {
        const auto beginning = at.head.substr(0, 4);
        handler_likely_ = !std::all_of(beginning.begin(), beginning.end(), IsText);
        return error;
      }
      int error = 0;
      if (!Find(spelled, &what, &error)) return error;
    }
    return ELOOP;
  }

  // open_exec(), fs/exec.c. False: `error` says why not, 0: it cannot be told.
  bool Find(const std::string& spelled, Resolved* what, int* error) const {
    *error = EACCES;
    if (spelled.empty()) return false;  // means the working directory to it
    *what = find_(spelled);
    *error = MayExecute(*what, permissions_);
    if (*error == 0) return true;
    if (*error == ESRCH) *error = 0;
    return false;
  }

  // The order of the errors is that of load_elf_binary(), fs/binfmt_elf.c.
  int CheckElf(const Program& program) {
    const Elf64_Ehdr header = ElfHeader(program);
    if (header.e_machine != kElfMachine) {
      if (IsOtherAbi(header.e_machine)) return 0;
      handler_likely_ = true;
      return ENOEXEC;
    }
    if (header.e_type != ET_EXEC && header.e_type != ET_DYN) return ENOEXEC;
    std::vector<Elf64_Phdr> headers;
    if (!ReadProgramHeaders(program.fd.get(), header, &headers)) {
      // x32, or the ILP32 of aarch64.
      return header.e_ident[EI_CLASS] == ELFCLASS32 ? 0 : ENOEXEC;
    }
    const auto interp = std::find_if(headers.begin(), headers.end(),
                                     [](const Elf64_Phdr& each) { return each.p_type == PT_INTERP; });
    if (interp == headers.end()) return 0;
    if (interp->p_filesz > PATH_MAX || interp->p_filesz < 2) return ENOEXEC;
    std::string name(interp->p_filesz, '\0');
    if (!ReadFully(program.fd.get(), interp->p_offset, name.data(), name.size())) {
      return interp->p_offset > INT64_MAX ? EINVAL : EIO;
    }
    if (name.back() != '\0') return ENOEXEC;
    name.resize(std::strlen(name.c_str()));
    return CheckLoader(name);
  }

  int CheckLoader(const std::string& name) const {
    Resolved what;
    int error = 0;
    if (!Find(name, &what, &error)) return error;
    Program loader;
    const Opened opened = OpenProgram(name, what, &loader);
    if (opened != Opened::kYes) return opened == Opened::kNoExec ? EACCES : 0;
    if (loader.head.size() < sizeof(Elf64_Ehdr)) return EIO;
    const Elf64_Ehdr header = ElfHeader(loader);
    std::vector<Elf64_Phdr> headers;
    if (!BeginsLikeElf(loader) || header.e_machine != kElfMachine) return ELIBBAD;
    return ReadProgramHeaders(loader.fd.get(), header, &headers) ? 0 : ELIBBAD;
  }

  const Permissions& permissions_;
  const FindProgram& find_;
  std::vector<Program> seen_;
  bool handler_likely_ = false;  // the kind of file that handlers are registered for
};

}  // namespace

int ScriptInterpreter(std::string_view head, std::string* name) {
  name->clear();
  if (!absl::StartsWith(absl::string_view(head.data(), head.size()), "#!")) return ENOEXEC;
  std::string line(head.substr(0, kHeadSize));
  line.resize(kHeadSize, '\0');
  // The kernel's search for the newline ends at a NUL.
  size_t end = line.find_first_of(std::string_view("\n\0", 2));
  if (end == std::string::npos || line[end] == '\0') {
    const size_t first = line.find_first_not_of(" \t", 2);
    if (first == std::string::npos) return ENOEXEC;
    // Without anything behind it the name may have been cut.
    if (line.find_first_of(std::string_view(" \t\0", 3), first) == std::string::npos) return ENOEXEC;
    end = kHeadSize - 1;
  }
  while (IsBlank(line[end - 1])) --end;
  const size_t first = line.find_first_not_of(" \t", 2);
  if (first == std::string::npos || first >= end) return ENOEXEC;
  const size_t last = line.find_first_of(std::string_view(" \t\0", 3), first);
  *name = line.substr(first, std::min(last, end) - first);
  return 0;
}

int CheckInterpreters(const std::string& spelled, const Resolved& program, const Permissions& permissions,
                      const FindProgram& find, const std::string& handlers) {
  return Checker(permissions, find).Run(spelled, program, handlers);
}

}  // namespace glovebox::trace
