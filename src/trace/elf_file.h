// The head of a 64-bit ELF file, read with bounds: nothing that stands in it is believed.
#ifndef GLOVEBOX_TRACE_ELF_FILE_H_
#define GLOVEBOX_TRACE_ELF_FILE_H_

#include <elf.h>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace glovebox::trace {

#if defined(__x86_64__)
inline constexpr Elf64_Half kElfMachine = EM_X86_64;
#elif defined(__aarch64__)
inline constexpr Elf64_Half kElfMachine = EM_AARCH64;
#else
#error "Glovebox knows the programs of x86-64 and aarch64"
#endif

// False where the file is shorter, or cannot be read. Its offset stays.
bool ReadFully(int fd, uint64_t offset, void* out, size_t size);

// What load_elf_phdrs() (fs/binfmt_elf.c) takes; false for all else.
bool ReadProgramHeaders(int fd, const Elf64_Ehdr& header, std::vector<Elf64_Phdr>* out);

}  // namespace glovebox::trace

#endif  // GLOVEBOX_TRACE_ELF_FILE_H_
