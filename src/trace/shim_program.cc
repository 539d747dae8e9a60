#include "trace/shim_program.h"

#include <elf.h>
#include <fcntl.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>
#include <string_view>
#include <vector>

#include "base/unique_fd.h"
#include "trace/elf_file.h"

namespace glovebox::trace {
namespace {

#if defined(__x86_64__)
constexpr std::string_view kLoader = "/lib64/ld-linux-x86-64.so.2";
#else
constexpr std::string_view kLoader = "/lib/ld-linux-aarch64.so.1";
#endif

constexpr size_t kMostDynamicBytes = 65536;  // a program has some 500
constexpr uint64_t kMostStrings = 8 << 20;

// With the NUL that ends them. What stands before one in the table may be the beginning of a longer name.
constexpr std::string_view kCalls[] = {
    {"realpath", sizeof("realpath")},
    {"__realpath_chk", sizeof("__realpath_chk")},
    {"canonicalize_file_name", sizeof("canonicalize_file_name")},
};

// A shared runtime is named as a library, one that was linked in exports its own functions.
constexpr std::string_view kSanitizers[] = {
    "libasan",     "libtsan", "libmsan", "liblsan", "libhwasan",
    "libclang_rt", "__asan_", "__tsan_", "__msan_", "__hwasan_",
};

// Started by itself it may do what its user may not: no code of somebody else's belongs into it. An attribute
// that cannot be asked for counts as one that is there.
bool GainsRights(int fd, const struct stat& file) {
  if ((file.st_mode & (S_ISUID | S_ISGID)) != 0) return true;
  if (fgetxattr(fd, "security.capability", nullptr, 0) >= 0) return true;
  return errno != ENODATA && errno != ENOTSUP;
}

// A part of the file, all of which is there.
struct Piece {
  uint64_t offset = 0;
  uint64_t size = 0;
};

class Program {
 public:
  Program(int fd, uint64_t size) : fd_(fd), size_(size) {}

  bool ReadHeaders() {
    Elf64_Ehdr header;
    if (!ReadFully(fd_, 0, &header, sizeof(header))) return false;
    if (std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 || header.e_ident[EI_CLASS] != ELFCLASS64 ||
        header.e_ident[EI_DATA] != ELFDATA2LSB || header.e_machine != kElfMachine) {
      return false;
    }
    if (header.e_type != ET_EXEC && header.e_type != ET_DYN) return false;
    return ReadProgramHeaders(fd_, header, &headers_);
  }

  // Musl's programs, for instance, have another loader, which knows no /etc/ld.so.preload.
  bool IsStartedByGlibc() const {
    const Elf64_Phdr* const interp = Find(PT_INTERP);
    char name[kLoader.size() + 1];  // with its NUL
    return interp != nullptr && interp->p_filesz == sizeof(name) &&
           ReadFully(fd_, interp->p_offset, name, sizeof(name)) && name[kLoader.size()] == '\0' &&
           kLoader == name;
  }

  // The dynamic string table; nothing where there is none, or a damaged or an enormous one.
  std::optional<std::string> Strings() const {
    const std::optional<Piece> where = FindStrings();
    if (!where.has_value()) return std::nullopt;
    std::string strings(where->size, '\0');
    if (!ReadFully(fd_, where->offset, strings.data(), strings.size())) return std::nullopt;
    return strings;
  }

 private:
  const Elf64_Phdr* Find(Elf64_Word type) const {
    const auto found = std::find_if(headers_.begin(), headers_.end(),
                                    [type](const Elf64_Phdr& each) { return each.p_type == type; });
    return found != headers_.end() ? &*found : nullptr;
  }

  std::optional<Piece> FindStrings() const {
    const Elf64_Phdr* const dynamic = Find(PT_DYNAMIC);
    if (dynamic == nullptr || dynamic->p_filesz > kMostDynamicBytes) return std::nullopt;
    std::vector<Elf64_Dyn> entries(dynamic->p_filesz / sizeof(Elf64_Dyn));
    if (!ReadFully(fd_, dynamic->p_offset, entries.data(), entries.size() * sizeof(Elf64_Dyn)))
      return std::nullopt;
    std::optional<uint64_t> address, size;
    for (const Elf64_Dyn& entry : entries) {
      if (entry.d_tag == DT_NULL) break;
      if (entry.d_tag == DT_STRTAB) address = entry.d_un.d_ptr;
      if (entry.d_tag == DT_STRSZ) size = entry.d_un.d_val;
    }
    if (!address.has_value() || !size.has_value() || *size > kMostStrings) return std::nullopt;
    return Locate(*address, *size);
  }

  // Where the file holds what is mapped at an address. Subtractions alone: a sum may wrap around.
  std::optional<Piece> Locate(uint64_t address, uint64_t size) const {
    for (const Elf64_Phdr& load : headers_) {
      if (load.p_type != PT_LOAD || address < load.p_vaddr) continue;
      const uint64_t into = address - load.p_vaddr;
      if (into > load.p_filesz || size > load.p_filesz - into) continue;
      if (load.p_offset > size_ || into > size_ - load.p_offset) return std::nullopt;
      const uint64_t offset = load.p_offset + into;
      if (size > size_ - offset) return std::nullopt;
      return Piece{offset, size};
    }
    return std::nullopt;
  }

  int fd_;
  uint64_t size_;
  std::vector<Elf64_Phdr> headers_;
};

bool WantsShim(int fd, const struct stat& file) {
  if (!S_ISREG(file.st_mode)) return false;
  Program program(fd, static_cast<uint64_t>(file.st_size));
  if (!program.ReadHeaders() || !program.IsStartedByGlibc() || GainsRights(fd, file)) return false;
  const std::optional<std::string> read = program.Strings();
  if (!read.has_value()) return false;
  // gcc's compilers export 1.3 MiB of names to their plug-ins: 2.3 ms with memmem(), 8 to 11 with
  // std::string::find().
  const auto named = [&strings = *read](std::string_view name) {
    return memmem(strings.data(), strings.size(), name.data(), name.size()) != nullptr;
  };
  return std::any_of(std::begin(kCalls), std::end(kCalls), named) &&
         std::none_of(std::begin(kSanitizers), std::end(kSanitizers), named);
}

int64_t Nanoseconds(const timespec& time) { return int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec; }

}  // namespace

bool WantsShim(int fd) {
  struct stat file;
  return fstat(fd, &file) == 0 && WantsShim(fd, file);
}

ShimPrograms::Key ShimPrograms::KeyOf(const struct stat& file) {
  return {file.st_dev, file.st_ino, file.st_size, Nanoseconds(file.st_mtim), Nanoseconds(file.st_ctim)};
}

bool ShimPrograms::Known(const struct stat& file, bool* wants) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto known = files_.find(KeyOf(file));
  if (known != files_.end()) *wants = known->second;
  return known != files_.end();
}

bool ShimPrograms::Wants(const std::string& reach) {
  struct stat file;
  if (stat(reach.c_str(), &file) != 0 || !S_ISREG(file.st_mode)) return false;
  bool wants = false;
  if (Known(file, &wants)) return wants;
  // It may be another file by now, also one on which an open would wait.
  const UniqueFd fd(open(reach.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
  // Taken before the file is read: where it changes meanwhile, its key does, and this answer is not found.
  if (!fd.valid() || fstat(fd.get(), &file) != 0 || !S_ISREG(file.st_mode)) return false;
  wants = WantsShim(fd.get(), file);
  const std::lock_guard<std::mutex> lock(mutex_);
  if (files_.size() >= kMostFiles) files_.clear();
  files_[KeyOf(file)] = wants;
  return wants;
}

}  // namespace glovebox::trace
