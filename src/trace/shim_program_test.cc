#include "trace/shim_program.h"

#include <elf.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "base/files.h"
#include "base/status_matchers.h"
#include "base/unique_fd.h"
#include "gtest/gtest.h"
#include "trace/scratch_fixture.h"

namespace glovebox::trace {
namespace {

constexpr char kCallsIt[] =
    "#include <stdlib.h>\nint main(int argc, char** argv) { return argc > 1 && realpath(argv[1], 0) == 0; "
    "}\n";
constexpr char kDoesNot[] = "#include <stdio.h>\nint main(void) { return puts(\"hello\") < 0; }\n";

bool Wants(const std::string& path) {
  const UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  EXPECT_TRUE(fd.valid()) << path;
  const bool wants = WantsShim(fd.get());
  EXPECT_EQ(lseek(fd.get(), 0, SEEK_CUR), 0) << "the descriptor's offset was moved";
  return wants;
}

// Under `name` in the working directory. False: there is no such compiler, or not with such a library.
bool Compile(const std::string& name, const char* source, const std::string& options = "",
             const std::string& compiler = "gcc") {
  EXPECT_OK(WriteFile(name + ".c", source));
  const std::string command =
      absl::StrCat(compiler, " -O1 -o ", name, " ", name, ".c ", options, " >/dev/null 2>&1");
  return std::system(command.c_str()) == 0;
}

void WriteProgram(const std::string& path, const std::string& bytes) {
  ASSERT_OK(WriteFile(path, bytes));
  ASSERT_EQ(chmod(path.c_str(), 0755), 0);
}

class ShimProgramTest : public ScratchTest {};

#define COMPILE_OR_SKIP(...) \
  if (!Compile(__VA_ARGS__)) GTEST_SKIP() << "no gcc here"

TEST_F(ShimProgramTest, AProgramThatImportsRealpathWantsIt) {
  COMPILE_OR_SKIP("program", kCallsIt);
  EXPECT_TRUE(Wants("program"));
  ASSERT_TRUE(Compile("fixed", kCallsIt, "-no-pie"));
  EXPECT_TRUE(Wants("fixed")) << "ET_EXEC";
  ASSERT_TRUE(Compile("hashed", kCallsIt, "-O2 -D_FORTIFY_SOURCE=2 -Wl,--strip-all"));
  EXPECT_TRUE(Wants("hashed"));
  ASSERT_TRUE(Compile("checked",
                      "char* __realpath_chk(const char*, char*, unsigned long);\n"
                      "int main(void) { char out[4096]; return __realpath_chk(\"/\", out, 4096) == 0; }\n"));
  EXPECT_TRUE(Wants("checked"));
  ASSERT_TRUE(Compile("canonical",
                      "char* canonicalize_file_name(const char*);\n"
                      "int main(void) { return canonicalize_file_name(\"/\") == 0; }\n"));
  EXPECT_TRUE(Wants("canonical"));
}

TEST_F(ShimProgramTest, TheCompilerProperWantsIt) {
  FILE* const pipe = popen("gcc -print-prog-name=cc1 2>/dev/null", "r");
  ASSERT_NE(pipe, nullptr);
  char line[4096] = "";
  (void)fgets(line, sizeof(line), pipe);
  pclose(pipe);
  const std::string cc1(absl::StripAsciiWhitespace(line));
  if (cc1.empty() || cc1[0] != '/') GTEST_SKIP() << "no gcc here";
  EXPECT_TRUE(Wants(cc1)) << cc1;
}

TEST_F(ShimProgramTest, WhatDoesNotAskOrCannotBeGivenItDoesNot) {
  ASSERT_OK(WriteFile("script", "#!/bin/sh\n# realpath\n"));
  EXPECT_FALSE(Wants("script"));
  ASSERT_OK(WriteFile("empty", ""));
  EXPECT_FALSE(Wants("empty"));
  EXPECT_FALSE(Wants(".")) << "a directory";
  EXPECT_FALSE(Wants("/dev/null"));
  EXPECT_FALSE(WantsShim(-1));
  COMPILE_OR_SKIP("other", kDoesNot);
  EXPECT_FALSE(Wants("other"));
  ASSERT_TRUE(Compile("library", kCallsIt, "-shared -fPIC"));
  EXPECT_FALSE(Wants("library")) << "nothing that is started";
  ASSERT_TRUE(
      Compile("exports", "int realpaths(void) { return 0; }\nint main(void) { return 0; }\n", "-rdynamic"));
  EXPECT_FALSE(Wants("exports")) << "realpaths() is another function";
  for (const char* option : {"-static", "-static-pie"}) {
    if (!Compile("program", kCallsIt, option)) continue;  // no libc.a here
    EXPECT_FALSE(Wants("program")) << option;
  }
}

TEST_F(ShimProgramTest, ASanitizersRuntimeComesFirst) {
  int seen = 0;
  for (const char* compiler : {"gcc", "clang"}) {
    for (const char* options : {"-fsanitize=address", "-fsanitize=thread", "-fsanitize=leak",
                                "-fsanitize=address -shared-libsan"}) {
      if (!Compile("program", kCallsIt, options, compiler)) continue;
      ++seen;
      // clang's static leak checker exports nothing, and bears a library before itself.
      if (compiler == std::string("clang") && options == std::string("-fsanitize=leak")) continue;
      EXPECT_FALSE(Wants("program")) << compiler << " " << options;
    }
  }
  if (seen == 0) GTEST_SKIP() << "no compiler here that has a sanitizer";
}

TEST_F(ShimProgramTest, AProgramThatGainsRightsIsLeftAlone) {
  COMPILE_OR_SKIP("program", kCallsIt);
  for (const mode_t mode : {04755, 02755, 06755}) {
    ASSERT_EQ(chmod("program", mode), 0);
    EXPECT_FALSE(Wants("program")) << std::oct << mode;
  }
  ASSERT_EQ(chmod("program", 0755), 0);
  EXPECT_TRUE(Wants("program"));
  vfs_cap_data capabilities = {};
  capabilities.magic_etc = VFS_CAP_REVISION_2;
  capabilities.data[0].permitted = 1u << CAP_NET_RAW;
  if (setxattr("program", "security.capability", &capabilities, sizeof(capabilities), 0) != 0) {
    GTEST_SKIP() << "may not give a file capabilities: " << std::strerror(errno);
  }
  EXPECT_FALSE(Wants("program"));
}

// A program to be damaged, seen as the structures that it holds.
struct Image {
  std::string bytes;
  Elf64_Ehdr* header() { return reinterpret_cast<Elf64_Ehdr*>(bytes.data()); }
  Elf64_Phdr* segment(Elf64_Word type) {
    auto* each = reinterpret_cast<Elf64_Phdr*>(bytes.data() + header()->e_phoff);
    while (each->p_type != type) ++each;
    return each;
  }
  Elf64_Dyn* dynamic(Elf64_Sxword tag) {
    auto* each = reinterpret_cast<Elf64_Dyn*>(bytes.data() + segment(PT_DYNAMIC)->p_offset);
    while (each->d_tag != tag) ++each;
    return each;
  }
  char* loader() { return bytes.data() + segment(PT_INTERP)->p_offset; }
};

struct Damage {
  const char* name;
  void (*change)(Image*);
};

constexpr Damage kDamages[] = {
    {"no ELF file", [](Image* i) { i->bytes[0] = 0; }},
    {"32 bits", [](Image* i) { i->header()->e_ident[EI_CLASS] = ELFCLASS32; }},
    {"big endian", [](Image* i) { i->header()->e_ident[EI_DATA] = ELFDATA2MSB; }},
    {"an object file", [](Image* i) { i->header()->e_type = ET_REL; }},
    {"a core dump", [](Image* i) { i->header()->e_type = ET_CORE; }},
    {"another machine", [](Image* i) { i->header()->e_machine = EM_RISCV; }},
    {"headers of another size", [](Image* i) { i->header()->e_phentsize = 32; }},
    {"no headers", [](Image* i) { i->header()->e_phnum = 0; }},
    {"too many headers", [](Image* i) { i->header()->e_phnum = 1171; }},
    {"headers behind the end", [](Image* i) { i->header()->e_phoff = 1 << 30; }},
    {"headers nowhere", [](Image* i) { i->header()->e_phoff = UINT64_MAX - 8; }},
    {"no loader", [](Image* i) { i->segment(PT_INTERP)->p_type = PT_NULL; }},
    {"another loader", [](Image* i) { i->loader()[1] = 'L'; }},
    {"a longer name of the loader", [](Image* i) { ++i->segment(PT_INTERP)->p_filesz; }},
    {"a cut name of the loader", [](Image* i) { --i->segment(PT_INTERP)->p_filesz; }},
    {"a name without an end", [](Image* i) { i->loader()[i->segment(PT_INTERP)->p_filesz - 1] = 'x'; }},
    {"a loader behind the end", [](Image* i) { i->segment(PT_INTERP)->p_offset = 1 << 30; }},
    {"a loader nowhere", [](Image* i) { i->segment(PT_INTERP)->p_offset = UINT64_MAX; }},
    {"nothing dynamic", [](Image* i) { i->segment(PT_DYNAMIC)->p_type = PT_NULL; }},
    {"dynamic without end", [](Image* i) { i->segment(PT_DYNAMIC)->p_filesz = UINT64_MAX; }},
    {"dynamic and empty", [](Image* i) { i->segment(PT_DYNAMIC)->p_filesz = 0; }},
    {"dynamic and less than an entry", [](Image* i) { i->segment(PT_DYNAMIC)->p_filesz = 15; }},
    {"dynamic behind the end", [](Image* i) { i->segment(PT_DYNAMIC)->p_offset = 1 << 30; }},
    {"an end at once", [](Image* i) { i->dynamic(DT_NEEDED)->d_tag = DT_NULL; }},
    {"no strings", [](Image* i) { i->dynamic(DT_STRTAB)->d_tag = DT_DEBUG; }},
    {"strings without a size", [](Image* i) { i->dynamic(DT_STRSZ)->d_tag = DT_DEBUG; }},
    {"strings of no size", [](Image* i) { i->dynamic(DT_STRSZ)->d_un.d_val = 0; }},
    {"strings longer than their segment", [](Image* i) { i->dynamic(DT_STRSZ)->d_un.d_val = 8 << 20; }},
    {"endless strings", [](Image* i) { i->dynamic(DT_STRSZ)->d_un.d_val = UINT64_MAX; }},
    {"strings at 0", [](Image* i) { i->dynamic(DT_STRTAB)->d_un.d_ptr = 0; }},
    {"strings nowhere", [](Image* i) { i->dynamic(DT_STRTAB)->d_un.d_ptr = UINT64_MAX; }},
    {"nothing to load", [](Image* i) { i->segment(PT_LOAD)->p_type = PT_NULL; }},
    {"loaded from behind the end", [](Image* i) { i->segment(PT_LOAD)->p_offset = 1 << 30; }},
    {"loaded from nowhere", [](Image* i) { i->segment(PT_LOAD)->p_offset = UINT64_MAX; }},
    {"a segment of 16 EiB and as many strings",
     [](Image* i) {
       i->segment(PT_LOAD)->p_filesz = UINT64_MAX;
       i->dynamic(DT_STRSZ)->d_un.d_val = UINT64_MAX;
     }},
    {"a large segment and 8 MiB of strings",
     [](Image* i) {
       i->segment(PT_LOAD)->p_filesz = UINT64_MAX;
       i->dynamic(DT_STRSZ)->d_un.d_val = 8 << 20;
     }},
};

TEST_F(ShimProgramTest, ADamagedProgramIsNone) {
  COMPILE_OR_SKIP("program", kCallsIt);
  ASSERT_OK_AND_ASSIGN(const std::string whole, ReadFile("program"));
  WriteProgram("whole", whole);
  EXPECT_TRUE(Wants("whole"));
  for (const Damage& damage : kDamages) {
    Image image{whole};
    damage.change(&image);
    WriteProgram("damaged", image.bytes);
    EXPECT_FALSE(Wants("damaged")) << damage.name;
  }
  Image image{whole};
  const size_t needed = image.segment(PT_INTERP)->p_offset;
  for (size_t size = 0; size <= needed; size += 8) {
    WriteProgram("cut", whole.substr(0, size));
    EXPECT_FALSE(Wants("cut")) << "after " << size << " bytes";
  }
}

TEST_F(ShimProgramTest, AnyBytesGiveAnAnswer) {
  COMPILE_OR_SKIP("program", kCallsIt);
  ASSERT_OK_AND_ASSIGN(std::string whole, ReadFile("program"));
  Image image{whole};
  // Where a byte counts: the headers, the dynamic entries, and whatever else lies in the first 64 KiB.
  const size_t dynamic = image.segment(PT_DYNAMIC)->p_offset;
  std::mt19937_64 random(1);
  const UniqueFd fd(open("damaged", O_RDWR | O_CREAT | O_CLOEXEC, 0755));
  ASSERT_TRUE(fd.valid());
  for (int round = 0; round < 2000; ++round) {
    std::string bytes = whole.substr(0, 65536);
    for (uint64_t flips = 1 + random() % 8; flips > 0; --flips) {
      const uint64_t where = random() % 3;
      const size_t at = where == 0   ? random() % 1024
                        : where == 1 ? dynamic + random() % 512
                                     : random() % bytes.size();
      if (at < bytes.size()) bytes[at] = static_cast<char>(random());
    }
    if (random() % 8 == 0) bytes.resize(random() % bytes.size());
    ASSERT_EQ(ftruncate(fd.get(), static_cast<off_t>(bytes.size())), 0);
    ASSERT_EQ(pwrite(fd.get(), bytes.data(), bytes.size(), 0), static_cast<ssize_t>(bytes.size()));
    (void)WantsShim(fd.get());
  }
}

TEST_F(ShimProgramTest, AnAnswerIsKeptAsLongAsTheFileIsTheSame) {
  COMPILE_OR_SKIP("program", kCallsIt);
  ASSERT_TRUE(Compile("other", kDoesNot));
  ShimPrograms programs;
  EXPECT_TRUE(programs.Wants("program"));
  const UniqueFd fd(open("program", O_PATH | O_CLOEXEC));
  EXPECT_TRUE(programs.Wants(absl::StrCat("/proc/self/fd/", fd.get()))) << "by another way";
  EXPECT_FALSE(programs.Wants("other"));
  ASSERT_EQ(rename("other", "program"), 0);
  EXPECT_FALSE(programs.Wants("program")) << "another file by the same name";
  ASSERT_TRUE(Compile("program", kCallsIt));
  EXPECT_TRUE(programs.Wants("program"));
  ASSERT_EQ(chmod("program", 04755), 0);
  EXPECT_FALSE(programs.Wants("program")) << "the same file with another mode";
}

TEST_F(ShimProgramTest, AKnownFileIsNotOpened) {
  COMPILE_OR_SKIP("program", kCallsIt);
  const UniqueFd watch(inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  ASSERT_GE(inotify_add_watch(watch.get(), "program", IN_OPEN), 0);
  inotify_event event;
  ShimPrograms programs;
  EXPECT_TRUE(programs.Wants("program"));
  EXPECT_EQ(read(watch.get(), &event, sizeof(event)), static_cast<ssize_t>(sizeof(event)));
  EXPECT_TRUE(programs.Wants("program"));
  EXPECT_EQ(read(watch.get(), &event, sizeof(event)), -1) << "opened again";
}

TEST_F(ShimProgramTest, AFileThatCannotBeReadMayBecomeReadable) {
  if (geteuid() == 0) GTEST_SKIP() << "root reads every file";
  COMPILE_OR_SKIP("program", kCallsIt);
  ASSERT_EQ(chmod("program", 0111), 0);
  ShimPrograms programs;
  EXPECT_FALSE(programs.Wants("program"));
  ASSERT_EQ(chmod("program", 0755), 0);
  EXPECT_TRUE(programs.Wants("program"));
}

TEST_F(ShimProgramTest, WhatIsNoFileIsNotOpened) {
  ShimPrograms programs;
  ASSERT_EQ(mkfifo("pipe", 0644), 0);
  for (const char* path : {"pipe", ".", "/dev/null", "nope", "", "/proc/self/ns/mnt"}) {
    EXPECT_FALSE(programs.Wants(path)) << path;
  }
}

TEST_F(ShimProgramTest, ManyThreadsAsk) {
  COMPILE_OR_SKIP("program", kCallsIt);
  ShimPrograms programs;
  std::vector<std::thread> threads;
  std::vector<int> wanted(4);
  for (int& each : wanted) {
    threads.emplace_back([&programs, &each] {
      for (int round = 0; round < 200; ++round) {
        each += programs.Wants("program") && !programs.Wants("program.c") ? 1 : 0;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const int each : wanted) EXPECT_EQ(each, 200);
}

}  // namespace
}  // namespace glovebox::trace
