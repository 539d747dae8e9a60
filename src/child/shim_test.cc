// The library in real programs: where nobody gives it a ring, and under a small supervisor that does.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "child/shim_reader_test.h"
#include "child/shim_ring.h"
#include "child/test_support.h"
#include "gtest/gtest.h"
#include "kernel/test_filter.h"

namespace glovebox::child {
namespace {

using Words = std::vector<std::string>;

#ifdef SYS_readlink
constexpr long kReadlink = SYS_readlink;
constexpr size_t kPathArgument = 0;
#else
constexpr long kReadlink = SYS_readlinkat;
constexpr size_t kPathArgument = 1;
#endif

// One program's memory file, and our mapping of the ring.
class Ring {
 public:
  explicit Ring(uint64_t gate) : fd_(memfd_create("ring", MFD_CLOEXEC)) {
    void* at = MAP_FAILED;
    if (ftruncate(fd_.get(), GLOVEBOX_SHIM_RING_AT + GLOVEBOX_SHIM_RING_BYTES) == 0 &&
        pwrite(fd_.get(), glovebox_shim_gate_code, sizeof glovebox_shim_gate_code, 0) > 0) {
      at = mmap(nullptr, GLOVEBOX_SHIM_RING_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd_.get(),
                GLOVEBOX_SHIM_RING_AT);
    }
    if (at == MAP_FAILED) abort();
    ring_ = static_cast<glovebox_shim_ring*>(at);
    ring_->version = GLOVEBOX_SHIM_VERSION;
    ring_->gate = gate;
    reader_.emplace(*ring_);
  }
  ~Ring() { munmap(ring_, GLOVEBOX_SHIM_RING_BYTES); }
  Ring(const Ring&) = delete;
  Ring& operator=(const Ring&) = delete;

  int fd() const { return fd_.get(); }
  glovebox_shim_ring& ring() { return *ring_; }
  ShimReader& reader() { return *reader_; }
  // The entry that was published last, wherever the reader is.
  ShimQuestion Last() {
    ShimQuestion last = {0, "nothing"};
    for (uint32_t at = ring_->tail; at != __atomic_load_n(&ring_->head, __ATOMIC_ACQUIRE);) {
      const auto* entry = reinterpret_cast<const glovebox_shim_entry*>(ring_->data + at % GLOVEBOX_SHIM_DATA);
      last = {entry->error, entry->error == GLOVEBOX_SHIM_FILLER ? "" : entry->path};
      at += entry->size;
    }
    return last;
  }

 private:
  UniqueFd fd_;
  glovebox_shim_ring* ring_ = nullptr;
  std::optional<ShimReader> reader_;
};

struct Seen {
  std::string out;
  int status = -1;
  Words at_gate;    // what was asked there
  Words elsewhere;  // readlink at any other place
  Words unpublished;
  std::vector<ShimQuestion> entries;
  size_t rings = 0;
};

class Supervisor {
 public:
  std::function<void(glovebox_shim_ring&)> prepare = [](glovebox_shim_ring&) {};
  std::function<void(pid_t)> at_first_question = [](pid_t) {};
  bool read_meanwhile = true;
  bool read_at_end = true;

  Seen Run(const Words& command) {
    int out[2];
    if (pipe2(out, O_CLOEXEC) != 0) abort();
    std::vector<char*> argv;
    for (const std::string& word : command) argv.push_back(const_cast<char*>(word.c_str()));
    argv.push_back(nullptr);
    kernel::FilteredChild child({{SYS_openat}, {kReadlink}}, [&] {
      dup2(out[1], 1);
      setenv("LD_PRELOAD", GLOVEBOX_SHIM, 1);
      execvp(argv[0], argv.data());
      return 127;
    });
    close(out[1]);
    if (child.Valid()) {
      child.Serve(
          [this](kernel::NotifyListener& listener, const seccomp_notif& call) { Answer(listener, call); });
    }
    seen_.status = child.ExitStatus();
    seen_.out = Drain(out[0]);
    close(out[0]);
    for (auto& [pid, ring] : rings_) {
      if (read_at_end) ReadAll(*ring);
    }
    seen_.rings = rings_.size();
    return seen_;
  }

 private:
  void Answer(kernel::NotifyListener& listener, const seccomp_notif& call) {
    std::string path;
    int error = 0;
    const auto tid = static_cast<pid_t>(call.pid);
    const uint64_t address = call.data.args[call.data.nr == kReadlink ? kPathArgument : 1];
    kernel::RealMemory().ReadString(tid, address, 4096, &path, &error);
    if (call.data.nr == SYS_openat && path == GLOVEBOX_SHIM_RING) {
      auto& ring = rings_[tid];
      gate_ += 0x10000;
      ring = std::make_unique<Ring>(gate_);
      prepare(ring->ring());
      listener.AnswerWithFd(call.id, ring->fd(), true);
      return;
    }
    if (call.data.nr == kReadlink) OnReadlink(tid, call.data.instruction_pointer, path);
    listener.Continue(call.id);
  }

  void OnReadlink(pid_t tid, uint64_t pointer, const std::string& path) {
    Ring* asked_at = nullptr;
    for (auto& [pid, ring] : rings_) {
      if (pointer == ring->ring().gate + GLOVEBOX_SHIM_GATE_IP_OFFSET) asked_at = ring.get();
    }
    if (asked_at == nullptr) {
      seen_.elsewhere.push_back(path);
      return;
    }
    const ShimQuestion last = asked_at->Last();
    if (last.path != path || last.error != GLOVEBOX_SHIM_PENDING) seen_.unpublished.push_back(path);
    if (seen_.at_gate.empty()) at_first_question(tid);
    seen_.at_gate.push_back(path);
    // Not the one that is being asked: it has no result yet.
    if (read_meanwhile && asked_at->ring().head - asked_at->ring().tail > GLOVEBOX_SHIM_DATA / 2) {
      ReadAll(*asked_at);
    }
  }

  void ReadAll(Ring& ring) {
    ShimQuestion question;
    while (ring.reader().Next(question)) seen_.entries.push_back(question);
    EXPECT_EQ(ring.reader().problem(), "");
  }

  Seen seen_;
  uint64_t gate_ = GLOVEBOX_SHIM_GATE_LOW;
  std::map<pid_t, std::unique_ptr<Ring>> rings_;
};

// Runs it with nobody above; with the library or without.
Seen RunPlain(const Words& command, bool preload) {
  int out[2];
  if (pipe2(out, O_CLOEXEC) != 0) abort();
  const pid_t child = fork();
  if (child == 0) {
    dup2(out[1], 1);
    dup2(out[1], 2);
    if (preload) setenv("LD_PRELOAD", GLOVEBOX_SHIM, 1);
    std::vector<char*> argv;
    for (const std::string& word : command) argv.push_back(const_cast<char*>(word.c_str()));
    argv.push_back(nullptr);
    execvp(argv[0], argv.data());
    _exit(127);
  }
  close(out[1]);
  Seen seen;
  seen.out = Drain(out[0]);
  close(out[0]);
  waitpid(child, &seen.status, 0);
  return seen;
}

std::string Content(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

class Shim : public testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/shim_test_XXXXXX";
    ASSERT_NE(mkdtemp(name), nullptr);
    top_ = std::filesystem::canonical(name);
    std::filesystem::create_directories(top_ + "/dir/deep");
    std::ofstream(top_ + "/dir/file") << "x";
    for (const auto& [text, link] : std::map<std::string, std::string>{{"dir", "link"},
                                                                       {top_ + "/link/deep", "dir/absolute"},
                                                                       {"nowhere/at/all", "dangling"},
                                                                       {"loop", "loop"},
                                                                       {"../dir", "dir/up"},
                                                                       {"dir/", "slash"}}) {
      std::filesystem::create_symlink(text, top_ + "/" + link);
    }
  }
  void TearDown() override { std::filesystem::remove_all(top_); }

  // Those that the library answers itself, and those that it leaves to glibc.
  Words Handled() const {
    return {top_ + "/dir/file",
            top_ + "//link///file",
            top_ + "/link/absolute",
            top_ + "/link/absolute/x",
            top_ + "/none/further",
            top_ + "/dangling/more",
            top_ + "/dir"};
  }
  Words Unhandled() const {
    return {"",
            "/",
            "relative/name",
            ".",
            top_ + "/dir/../dir/file",
            top_ + "/dir/",
            top_ + "/dir/file/",
            top_ + "/dir/file/below",
            top_ + "/loop",
            top_ + "/dir/up/file",
            top_ + "/slash/file",
            top_ + "/" + std::string(300, 'n'),
            top_ + std::string(1500, '/') + "dir/./file",
            "/" + std::string(5000, 'n')};
  }
  static Words Probe(const std::string& mode, const Words& names) {
    Words command = {GLOVEBOX_SHIM_PROBE, mode};
    command.insert(command.end(), names.begin(), names.end());
    return command;
  }
  // What was asked about our files.
  size_t Ours(const Words& paths) const {
    return static_cast<size_t>(std::count_if(paths.begin(), paths.end(),
                                             [this](const std::string& p) { return p.starts_with(top_); }));
  }
  std::string top_;
};

#define SKIP_WITHOUT_LISTENER() \
  if (!CanListen()) GTEST_SKIP() << "no listener below another one"

TEST_F(Shim, ChangesNothingWhereNobodyAnswers) {
  Words all = Handled();
  const Words unhandled = Unhandled();
  all.insert(all.end(), unhandled.begin(), unhandled.end());
  for (const char* mode : {"plain", "fork", "vfork"}) {
    const Seen plain = RunPlain(Probe(mode, all), false);
    const Seen ours = RunPlain(Probe(mode, all), true);
    EXPECT_EQ(plain.status, 0);
    EXPECT_EQ(ours.status, 0);
    EXPECT_EQ(ours.out, plain.out);
    EXPECT_GT(plain.out.size(), 1000u);
  }
  const Words realpath = {"realpath", "-e", top_ + "/link/file", top_ + "/dangling", "/usr/bin/env"};
  EXPECT_EQ(RunPlain(realpath, true).out, RunPlain(realpath, false).out);
  EXPECT_EQ(RunPlain(realpath, true).status, RunPlain(realpath, false).status);
}

TEST_F(Shim, ACompilerGivesTheSameObjectWhereNobodyAnswers) {
  std::ofstream(top_ + "/a.c") << "#include <stdio.h>\nint main(void) { return puts(__FILE__); }\n";
  const Seen plain = RunPlain({GLOVEBOX_CC, "-MD", "-c", top_ + "/a.c", "-o", top_ + "/a.o"}, false);
  const std::string object = Content(top_ + "/a.o");
  const std::string dependencies = Content(top_ + "/a.d");
  EXPECT_EQ(plain.out, "");
  ASSERT_GT(object.size(), 500u);
  const Seen ours = RunPlain({GLOVEBOX_CC, "-MD", "-c", top_ + "/a.c", "-o", top_ + "/a.o"}, true);
  EXPECT_EQ(ours.out, "");
  EXPECT_EQ(ours.status, 0);
  EXPECT_EQ(Content(top_ + "/a.o"), object);
  EXPECT_EQ(Content(top_ + "/a.d"), dependencies);
}

TEST_F(Shim, PlainNamesAreAskedAtTheGateAndRecordedBefore) {
  SKIP_WITHOUT_LISTENER();
  Supervisor supervisor;
  const Seen seen = supervisor.Run(Probe("plain", Handled()));
  EXPECT_EQ(seen.status, 0);
  EXPECT_EQ(seen.out, RunPlain(Probe("plain", Handled()), false).out);
  EXPECT_EQ(Ours(seen.elsewhere), 0u);
  EXPECT_EQ(seen.unpublished, Words{});
  ASSERT_GT(seen.at_gate.size(), 50u);
  ASSERT_EQ(seen.entries.size(), seen.at_gate.size());
  int links = 0;
  int absent = 0;
  for (size_t i = 0; i < seen.entries.size(); ++i) {
    const ShimQuestion& entry = seen.entries[i];
    EXPECT_EQ(entry.path, seen.at_gate[i]);
    if (entry.error == GLOVEBOX_SHIM_PENDING) continue;  // it was read while it was asked
    char text[1024];
    const int expected = readlink(entry.path.c_str(), text, sizeof text) < 0 ? errno : 0;
    EXPECT_EQ(entry.error, expected) << entry.path;
    links += expected == 0 ? 1 : 0;
    absent += expected == ENOENT ? 1 : 0;
  }
  EXPECT_GT(links, 5);
  EXPECT_GT(absent, 5);
}

TEST_F(Shim, AllOtherNamesAreGlibcs) {
  SKIP_WITHOUT_LISTENER();
  Supervisor supervisor;
  const Seen seen = supervisor.Run(Probe("plain", Unhandled()));
  EXPECT_EQ(seen.status, 0);
  EXPECT_EQ(seen.out, RunPlain(Probe("plain", Unhandled()), false).out);
  EXPECT_GT(Ours(seen.elsewhere), 20u);
  EXPECT_EQ(seen.unpublished, Words{});
}

TEST_F(Shim, TooSmallABufferEndsTheProgramAsEver) {
  SKIP_WITHOUT_LISTENER();
  Supervisor supervisor;
  const Seen seen = supervisor.Run(Probe("short", {top_ + "/dir/file"}));
  EXPECT_EQ(seen.status, 1000 + SIGABRT);
  EXPECT_TRUE(seen.at_gate.empty());
}

TEST_F(Shim, AForkedChildAsksWhereItIsNotified) {
  SKIP_WITHOUT_LISTENER();
  for (const char* mode : {"fork", "vfork"}) {
    Supervisor supervisor;
    const Seen seen = supervisor.Run(Probe(mode, Handled()));
    EXPECT_EQ(seen.status, 0);
    EXPECT_EQ(seen.out, RunPlain(Probe("plain", Handled()), false).out);
    EXPECT_EQ(seen.rings, 1u);
    EXPECT_TRUE(seen.at_gate.empty()) << mode;
    EXPECT_TRUE(seen.entries.empty()) << mode;
    EXPECT_GT(Ours(seen.elsewhere), 20u);
  }
}

TEST_F(Shim, ARingThatCannotBeUsedLeavesAllToGlibc) {
  SKIP_WITHOUT_LISTENER();
  const std::map<std::string, std::function<void(glovebox_shim_ring&)>> cases = {
      {"closed", [](glovebox_shim_ring& ring) { ring.closed = 1; }},
      {"another version", [](glovebox_shim_ring& ring) { ++ring.version; }},
      {"no gate", [](glovebox_shim_ring& ring) { ring.gate = 0; }},
      {"a gate that is no page's", [](glovebox_shim_ring& ring) { ring.gate += 8; }},
      {"a gate in the kernel", [](glovebox_shim_ring& ring) { ring.gate = 0xffff800000000000; }},
      {"a gate elsewhere", [](glovebox_shim_ring& ring) { ring.gate = 0x100000000000; }},
      {"full", [](glovebox_shim_ring& ring) { ring.head = GLOVEBOX_SHIM_DATA; }},
      {"damaged", [](glovebox_shim_ring& ring) { ring.head = 4; }},
  };
  const std::string expected = RunPlain(Probe("plain", {top_ + "/link/file"}), false).out;
  for (const auto& [name, prepare] : cases) {
    Supervisor supervisor;
    supervisor.prepare = prepare;
    supervisor.read_at_end = false;  // what was damaged here
    const Seen seen = supervisor.Run(Probe("plain", {top_ + "/link/file"}));
    EXPECT_EQ(seen.status, 0) << name;
    EXPECT_EQ(seen.out, expected) << name;
    EXPECT_TRUE(seen.at_gate.empty()) << name;
    EXPECT_GT(Ours(seen.elsewhere), 3u) << name;
  }
}

TEST_F(Shim, AFullRingIsAskedBesideUntilItIsRead) {
  SKIP_WITHOUT_LISTENER();
  Words names;
  for (int i = 0; i < 30; ++i)
    names.push_back(top_ + "/dir/deep/" + std::string(30, 'n') + std::to_string(i));
  Supervisor supervisor;
  supervisor.read_meanwhile = false;
  const Seen seen = supervisor.Run(Probe("plain", names));
  EXPECT_EQ(seen.status, 0);
  EXPECT_EQ(seen.out, RunPlain(Probe("plain", names), false).out);
  EXPECT_GT(seen.at_gate.size(), 100u);
  EXPECT_EQ(seen.entries.size(), seen.at_gate.size());
  EXPECT_GT(Ours(seen.elsewhere), 100u);
}

TEST_F(Shim, ASignalHandlerInTheMiddleAsksWhereItIsNotified) {
  SKIP_WITHOUT_LISTENER();
  const Words names = {top_ + "/dir/file", top_ + "/link/deep"};
  Supervisor supervisor;
  supervisor.at_first_question = [](pid_t tid) { kill(tid, SIGUSR1); };
  const Seen seen = supervisor.Run(Probe("signal", names));
  EXPECT_EQ(seen.status, 0);
  EXPECT_EQ(seen.out, "in the handler: " + top_ + "/dir/deep 22 " + top_ + "/dir/deep\n" +
                          "around the handler: " + top_ + "/dir/file 0 " + top_ + "/dir/file\n");
  EXPECT_EQ(Ours(seen.elsewhere), 4u);  // the handler's: top, link, dir, deep
}

TEST_F(Shim, ThreadsShareARingAndNoneWaits) {
  SKIP_WITHOUT_LISTENER();
  Supervisor supervisor;
  const Seen seen = supervisor.Run(Probe("thread", {top_ + "/link/file"}));
  EXPECT_EQ(seen.status, 0);
  EXPECT_EQ(seen.out, "0 differ\n0 differ\n");
  EXPECT_EQ(seen.entries.size(), seen.at_gate.size());
  EXPECT_FALSE(seen.at_gate.empty());
}

TEST_F(Shim, ACompilerAsksMostlyAtTheGate) {
  SKIP_WITHOUT_LISTENER();
  std::ofstream(top_ + "/a.c") << "#include <stdio.h>\n#include <stdlib.h>\nint main(void) { return 0; }\n";
  const Words command = {GLOVEBOX_CC, "-MD", "-c", top_ + "/a.c", "-o", top_ + "/a.o"};
  RunPlain(command, false);
  const std::string object = Content(top_ + "/a.o");
  const std::string dependencies = Content(top_ + "/a.d");
  Supervisor supervisor;
  const Seen seen = supervisor.Run(command);
  EXPECT_EQ(seen.status, 0);
  EXPECT_EQ(Content(top_ + "/a.o"), object);
  EXPECT_EQ(Content(top_ + "/a.d"), dependencies);
  EXPECT_EQ(seen.unpublished, Words{});
  EXPECT_EQ(seen.entries.size(), seen.at_gate.size());
  RecordProperty("at_gate", static_cast<int>(seen.at_gate.size()));
  RecordProperty("elsewhere", static_cast<int>(seen.elsewhere.size()));
  if (seen.at_gate.size() + seen.elsewhere.size() > 100) {  // a compiler that canonicalises its headers
    EXPECT_GT(seen.at_gate.size(), seen.elsewhere.size());
  }
}

}  // namespace
}  // namespace glovebox::child
