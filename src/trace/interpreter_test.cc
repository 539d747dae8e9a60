#include "trace/interpreter.h"

#include <elf.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/files.h"
#include "base/status.h"
#include "base/status_matchers.h"
#include "base/unique_fd.h"
#include "gtest/gtest.h"
#include "trace/predict.h"
#include "trace/scratch_fixture.h"

namespace glovebox::trace {
namespace {

constexpr char kNoHandlers[] = "/nonexistent";

#if defined(__x86_64__)
constexpr Elf64_Half kMachine = EM_X86_64;
#else
constexpr Elf64_Half kMachine = EM_AARCH64;
#endif

Resolved Find(const std::string& spelled) {
  PathRef ref;
  ref.spelled = spelled;
  return MakeResolver()->Resolve(getpid(), getpid(), ref);
}

int Predicted(const std::string& path, const std::string& handlers = kNoHandlers) {
  const Resolved program = Find(path);
  const int error = MayExecute(program, OwnPermissions());
  return error != 0 ? error : CheckInterpreters(path, program, OwnPermissions(), Find, handlers);
}

// errno of execve() itself: what runs says nothing.
int Kernel(const std::string& path) {
  int pair[2];
  EXPECT_EQ(pipe2(pair, O_CLOEXEC), 0);
  const pid_t pid = fork();
  if (pid == 0) {
    char* const argv[] = {const_cast<char*>(path.c_str()), nullptr};
    char* const envp[] = {nullptr};
    execve(path.c_str(), argv, envp);
    const int error = errno;
    _exit(write(pair[1], &error, sizeof(error)) == sizeof(error) ? 1 : 2);
  }
  close(pair[1]);
  int error = 0;
  if (read(pair[0], &error, sizeof(error)) != sizeof(error)) error = 0;
  close(pair[0]);
  int status = 0;
  waitpid(pid, &status, 0);
  return error;
}

void Program(const std::string& path, absl::string_view bytes, mode_t mode = 0755) {
  ASSERT_OK(WriteFile(path, bytes));
  ASSERT_EQ(chmod(path.c_str(), mode), 0);
}

class InterpreterTest : public ScratchTest {
 protected:
  void SetUp() override {
    ASSERT_NO_FATAL_FAILURE(ScratchTest::SetUp());
    ASSERT_EQ(mkdir("dir", 0755), 0);
    ASSERT_EQ(symlink("/bin/true", "true"), 0);
    ASSERT_EQ(symlink("/nope/true", "dangling"), 0);
    Program("plain", "x\n", 0644);
    Program("text", "exit 0\n");
  }
  static void Compare(const std::string& path, const std::string& what) {
    const int predicted = Predicted(path);
    const int truth = Kernel(path);
    EXPECT_EQ(predicted, truth) << what << ": predicted " << ErrnoName(predicted) << ", got "
                                << ErrnoName(truth);
  }
};

std::string Padded(std::string text, size_t size, char with) {
  text.resize(size, with);
  return text;
}

TEST_F(InterpreterTest, ScriptsMeetWhatWasPredicted) {
  const std::string nul(1, '\0');
  const std::string scripts[] = {
      "",
      "#",
      "#!",
      "#!\n",
      "#! ",
      "#! \n",
      "#! \t \n/bin/true",
      "#!/bin/true",
      "#!/bin/true\n",
      "#! \t/bin/true \t\n",
      "#!/bin/true an argument\n",
      "#!/bin/true an argument",
      "#!/bin/true ",
      "#!/nope/interp\n",
      "#!/nope/interp",
      "#!/bin/true/x\n",
      "#!/bin/true/\n",
      "#!true\n",
      "#!./true\n",
      "#!nope\n",
      "#!dangling\n",
      "#!dir\n",
      "#!/\n",
      "#!plain\n",
      "#!text\n",
      "#!/dev/null\n",
      "#!/bin/true\r\n",
      absl::StrCat("#!", nul, "\n"),
      absl::StrCat("#!", nul, "/bin/true\n"),
      absl::StrCat("#! ", nul),
      absl::StrCat("#!/bin/true", nul, "x\n"),
      absl::StrCat("#!/nope", nul, "\n"),
      absl::StrCat("#!/bin/true ", nul, "\n"),
      absl::StrCat("\n#!/nope\n"),
      absl::StrCat(nul, nul),
      Padded("#!", 253, ' ') + "x\n",
      Padded("#!", 254, ' ') + "x\n",
      Padded("#!", 255, ' ') + "x\n",
      Padded("#!", 256, ' ') + "x\n",
      Padded("#!", 400, ' '),
      Padded("#!/bin/true ", 255, ' ') + "\n",
      Padded("#!/bin/true ", 256, ' ') + "\n",
      Padded("#!/bin/true ", 400, 'x') + "\n",
      Padded("#!/bin/true", 255, 'x') + "\n",
      Padded("#!/bin/true", 255, 'x'),
      Padded("#!/bin/true", 256, 'x') + "\n",
      Padded("#!/bin/true", 256, 'x') + " \n",
      Padded("#!", 246, '/') + "bin/true\n",
      Padded("#!", 247, '/') + "bin/true\n",
      Padded("#!", 247, '/') + "bin/true",
      Padded("#!", 248, '/') + "bin/true\n",
      Padded("#!", 300, '/') + "bin/true\n",
  };
  int number = 0;
  for (const std::string& script : scripts) {
    const std::string path = absl::StrCat("script", number++);
    Program(path, script);
    Compare(absl::StrCat("./", path), script);
  }
}

TEST_F(InterpreterTest, ScriptsThatRunScriptsMeetWhatWasPredicted) {
  Program("loop", "#!loop\n");
  Compare("./loop", "loop");
  for (const char* last : {"/bin/true", "/nope", "dir", "text"}) {
    Program("run0", absl::StrCat("#!", last, "\n"));
    for (int i = 1; i < 8; ++i) {
      Program(absl::StrCat("run", i), absl::StrCat("#!run", i - 1, " x\n"));
      Compare(absl::StrCat("./run", i), absl::StrCat(last, " behind ", i + 1, " scripts"));
    }
  }
}

// An ELF file with one program header, whose text stands behind it.
struct Elf {
  Elf64_Ehdr header = {};
  Elf64_Phdr interp = {};
  std::string text;
  explicit Elf(std::string name) : text(std::move(name)) {
    std::memcpy(header.e_ident, ELFMAG, SELFMAG);
    header.e_ident[EI_CLASS] = ELFCLASS64;
    header.e_ident[EI_DATA] = ELFDATA2LSB;
    header.e_ident[EI_VERSION] = EV_CURRENT;
    header.e_type = ET_DYN;
    header.e_machine = kMachine;
    header.e_version = EV_CURRENT;
    header.e_phoff = sizeof(header);
    header.e_phentsize = sizeof(interp);
    header.e_phnum = 1;
    interp.p_type = PT_INTERP;
    interp.p_offset = sizeof(header) + sizeof(interp);
    interp.p_filesz = text.size() + 1;
  }
  std::string Bytes() const {
    std::string out(sizeof(header) + sizeof(interp), '\0');
    std::memcpy(out.data(), &header, sizeof(header));
    std::memcpy(out.data() + sizeof(header), &interp, sizeof(interp));
    return absl::StrCat(out, text, std::string(1, '\0'));
  }
};

TEST_F(InterpreterTest, ElfProgramsMeetWhatWasPredicted) {
  Program("short", "\177ELF");
  Program("foreign-loader", [] {
    Elf elf("");
    elf.header.e_machine = 0x1234;
    return elf.Bytes();
  }());
  Program("no-headers", [] {
    Elf elf("");
    elf.header.e_phnum = 0;
    return elf.Bytes();
  }());
  Program("long-text", Padded("#!/bin/true\n", 100, '\n'));
  for (const char* loader : {"/nope/ld.so", "nope", "dir", "/", "", "plain", "text", "long-text", "dangling",
                             "true/x", "/dev/null", "short", "foreign-loader", "no-headers"}) {
    Program("elf", Elf(loader).Bytes());
    Compare("./elf", absl::StrCat("loader ", loader));
  }
  const struct {
    const char* name;
    void (*change)(Elf*);
  } kCases[] = {
      {"another machine", [](Elf* e) { e->header.e_machine = 0x1234; }},
      {"an object file", [](Elf* e) { e->header.e_type = ET_REL; }},
      {"fixed addresses", [](Elf* e) { e->header.e_type = ET_EXEC; }},
      {"headers of another size", [](Elf* e) { e->header.e_phentsize = 32; }},
      {"no headers", [](Elf* e) { e->header.e_phnum = 0; }},
      {"too many headers", [](Elf* e) { e->header.e_phnum = 1171; }},
      {"headers behind the end", [](Elf* e) { e->header.e_phoff = 1 << 20; }},
      {"headers nowhere", [](Elf* e) { e->header.e_phoff = UINT64_MAX; }},
      {"a name of one byte", [](Elf* e) { e->interp.p_filesz = 1; }},
      {"a name without an end", [](Elf* e) { e->interp.p_filesz = 5; }},
      {"a name that is cut", [](Elf* e) { e->interp.p_filesz = 4000; }},
      {"a name that is too long", [](Elf* e) { e->interp.p_filesz = 4097; }},
      {"a name of any size", [](Elf* e) { e->interp.p_filesz = UINT64_MAX; }},
      {"a name behind the end", [](Elf* e) { e->interp.p_offset = 1 << 20; }},
      {"a name nowhere", [](Elf* e) { e->interp.p_offset = UINT64_MAX; }},
      {"the other class", [](Elf* e) { e->header.e_ident[EI_CLASS] = ELFCLASS32; }},
  };
  for (const auto& c : kCases) {
    Elf elf("/nope/ld.so");
    c.change(&elf);
    Program("elf", elf.Bytes());
    Compare("./elf", c.name);
  }
  Program("cut", Elf("/nope/ld.so").Bytes().substr(0, 40));
  Compare("./cut", "cut");
  Program("copy", *ReadFile("/bin/true"));
  Compare("./copy", "a whole program");
}

TEST_F(InterpreterTest, WhatCannotBeReadOrIsOfAnotherAbiIsLeftOpen) {
  Program("closed", "#!/nope\n", 0111);
  // Root reads it nevertheless.
  EXPECT_EQ(Predicted("closed"), geteuid() == 0 ? ENOENT : 0);
  Elf elf("/nope");
  elf.header.e_machine = kMachine == EM_X86_64 ? EM_386 : EM_ARM;
  Program("other", elf.Bytes());
  EXPECT_EQ(Predicted("other"), 0);
  // It became a pipe after the look.
  Program("pipe", "#!/nope\n");
  const Resolved was = Find("pipe");
  ASSERT_EQ(unlink("pipe"), 0);
  ASSERT_EQ(mkfifo("pipe", 0755), 0);
  EXPECT_EQ(CheckInterpreters("pipe", was, OwnPermissions(), Find, kNoHandlers), 0);
}

TEST_F(InterpreterTest, AHandlerOfBinfmtMiscMayTakeWhatNoFormatKnows) {
  ASSERT_EQ(mkdir("handlers", 0755), 0);
  Elf elf("/nope");
  elf.header.e_machine = 0x1234;
  Program("machine", elf.Bytes());
  Program("pyc", "\x6f\x0d\x0d\x0a");
  Program("x.run", "#!/nope\n");
  const std::vector<std::string> programs = {"machine", "pyc", "text", "x.run"};
  const auto told = [&] {
    std::vector<int> out;
    for (const std::string& each : programs) out.push_back(Predicted(each, "handlers"));
    return out;
  };
  using Errors = std::vector<int>;
  EXPECT_EQ(told(), (Errors{0, 0, ENOEXEC, ENOENT})) << "not mounted";
  ASSERT_OK(WriteFile("handlers/status", "enabled\n"));
  EXPECT_EQ(told(), (Errors{ENOEXEC, ENOEXEC, ENOEXEC, ENOENT})) << "none";
  ASSERT_OK(WriteFile("handlers/machine",
                      "enabled\ninterpreter /usr/bin/emulator\nflags: F\noffset 16\n"
                      "magic 00003412\nmask 00ffffff\n"));
  EXPECT_EQ(told(), (Errors{0, ENOEXEC, ENOEXEC, ENOENT}));
  ASSERT_OK(WriteFile("handlers/pyc", "enabled\ninterpreter /x\nflags: \noffset 0\nmagic 6f0d0d0a\n"));
  EXPECT_EQ(told(), (Errors{0, 0, ENOEXEC, ENOENT}));
  ASSERT_OK(WriteFile("handlers/run", "enabled\ninterpreter /x\nflags: \nextension .run\n"));
  EXPECT_EQ(told(), (Errors{0, 0, ENOEXEC, 0}));
  ASSERT_OK(WriteFile("handlers/run", "disabled\ninterpreter /x\nflags: \nextension .run\n"));
  EXPECT_EQ(told(), (Errors{0, 0, ENOEXEC, ENOENT}));
  ASSERT_OK(WriteFile("handlers/status", "disabled\n"));
  EXPECT_EQ(told(), (Errors{ENOEXEC, ENOEXEC, ENOEXEC, ENOENT})) << "switched off";
}

// In a child: with a mount of its own that runs nothing.
int PredictOnNoExec(bool* allowed) {
  const pid_t pid = fork();
  if (pid == 0) {
    if (unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0 || mount("dir", "dir", nullptr, MS_BIND, nullptr) != 0 ||
        mount("none", "dir", nullptr, MS_REMOUNT | MS_BIND | MS_NOEXEC, nullptr) != 0)
      _exit(255);
    const int predicted = Predicted("dir/run");
    const int through = Predicted("through");
    const bool same = predicted == Kernel("dir/run") && through == Kernel("through");
    _exit(same && predicted == through ? predicted : 254);
  }
  int status = 0;
  waitpid(pid, &status, 0);
  *allowed = WEXITSTATUS(status) != 255;
  return WEXITSTATUS(status);
}

TEST_F(InterpreterTest, NothingRunsFromANoExecMount) {
  Program("dir/run", "#!/bin/true\n");
  Program("through", "#!dir/run\n");
  bool allowed = false;
  const int told = PredictOnNoExec(&allowed);
  if (!allowed) GTEST_SKIP() << "no user namespaces here";
  EXPECT_EQ(told, EACCES);
}

}  // namespace
}  // namespace glovebox::trace
