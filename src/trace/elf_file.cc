#include "trace/elf_file.h"

#include <unistd.h>

#include <cerrno>

namespace glovebox::trace {
namespace {

constexpr size_t kMostProgramHeaders = 65536 / sizeof(Elf64_Phdr);

}  // namespace

bool ReadFully(int fd, uint64_t offset, void* out, size_t size) {
  if (size > INT64_MAX || offset > INT64_MAX - size) return false;
  char* to = static_cast<char*>(out);
  while (size > 0) {
    const ssize_t n = pread(fd, to, size, static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    to += n;
    offset += static_cast<uint64_t>(n);
    size -= static_cast<size_t>(n);
  }
  return true;
}

bool ReadProgramHeaders(int fd, const Elf64_Ehdr& header, std::vector<Elf64_Phdr>* out) {
  if (header.e_phentsize != sizeof(Elf64_Phdr)) return false;
  if (header.e_phnum == 0 || header.e_phnum > kMostProgramHeaders) return false;
  out->resize(header.e_phnum);
  return ReadFully(fd, header.e_phoff, out->data(), out->size() * sizeof(Elf64_Phdr));
}

}  // namespace glovebox::trace
