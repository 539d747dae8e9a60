#include "trace/input_ruler.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace glovebox::trace {
namespace {

using testing::HasSubstr;

// Kinds by the letters of the name.
class FakeInputs final : public ActionInputs {
 public:
  Kind Look(const std::string& resolved) override {
    if (absl::StrContains(resolved, "unordered")) return Kind::kUnordered;
    if (absl::StrContains(resolved, "undeclared")) return Kind::kUndeclared;
    if (absl::StrContains(resolved, "declared")) return Kind::kDeclared;
    return absl::StrContains(resolved, "ordered") ? Kind::kOrdered : Kind::kNotOurs;
  }
  std::string Name() const override { return "a.o"; }
  std::vector<std::string> Missing(const std::vector<std::string>& read) override {
    std::vector<std::string> missing;
    for (const std::string& path : read) {
      if (!absl::StrContains(path, "in-depfile")) missing.push_back(path);
    }
    return missing;
  }
};

class InputRulerTest : public testing::Test {
 protected:
  Ruling Open(InputRuler& ruler, const std::string& path, uint64_t flags = O_RDONLY,
              access::Result result = access::Result::kThere, mode_t mode = S_IFREG | 0644) {
    Intent intent;
    intent.op = Op::kOpen;
    intent.flags = flags;
    intent.paths.emplace_back().spelled = path;
    Resolved found;
    found.path = path;
    found.mode = mode;
    const Prediction prediction{result, 0};
    return ruler.Rule({call_, process_, intent, &found, nullptr, prediction, false});
  }
  seccomp_notif call_ = {};
  Process process_;
};

TEST_F(InputRulerTest, AProductThatIsNotOrderedBeforeIsRefusedWhereThePolicyEnforces) {
  InputRuler enforced(std::make_unique<FakeInputs>(), policy::Mode::kEnforce);
  const Ruling refused = Open(enforced, "/b/unordered.h");
  EXPECT_EQ(refused.kind, Ruling::Kind::kRefuse);
  EXPECT_EQ(refused.error, EACCES);
  EXPECT_THAT(refused.rule, HasSubstr("unordered-input: a.o"));
  InputRuler reported(std::make_unique<FakeInputs>(), policy::Mode::kReport);
  const Ruling told = Open(reported, "/b/unordered.h");
  EXPECT_EQ(told.kind, Ruling::Kind::kGoOn);
  EXPECT_EQ(told.rule, refused.rule);
}

TEST_F(InputRulerTest, WhatIsNoReadOfAFileThatIsThereIsLetGo) {
  InputRuler ruler(std::make_unique<FakeInputs>(), policy::Mode::kEnforce);
  EXPECT_EQ(Open(ruler, "/b/ordered.h").kind, Ruling::Kind::kNone);
  EXPECT_EQ(Open(ruler, "/b/declared.h").kind, Ruling::Kind::kNone);
  EXPECT_EQ(Open(ruler, "/usr/include/stdio.h").kind, Ruling::Kind::kNone);
  EXPECT_EQ(Open(ruler, "/b/unordered.h", O_WRONLY).kind, Ruling::Kind::kNone);
  EXPECT_EQ(Open(ruler, "/b/unordered.h", O_PATH).kind, Ruling::Kind::kNone);
  EXPECT_EQ(Open(ruler, "/b/unordered.h", O_RDONLY, access::Result::kAbsent).kind, Ruling::Kind::kNone);
  EXPECT_EQ(Open(ruler, "/b/unordered", O_RDONLY, access::Result::kThere, S_IFDIR | 0755).kind,
            Ruling::Kind::kNone);
}

TEST_F(InputRulerTest, WhatTheActionMadeItselfItMayRead) {
  InputRuler ruler(std::make_unique<FakeInputs>(), policy::Mode::kEnforce);
  EXPECT_EQ(Open(ruler, "/b/unordered.tmp", O_RDWR | O_CREAT, access::Result::kCreated).kind,
            Ruling::Kind::kNone);
  EXPECT_EQ(Open(ruler, "/b/unordered.tmp").kind, Ruling::Kind::kNone);
}

TEST_F(InputRulerTest, ASourceThatIsNamedNowhereIsToldAtTheEnd) {
  InputRuler ruler(std::make_unique<FakeInputs>(), policy::Mode::kEnforce);
  EXPECT_EQ(Open(ruler, "/s/undeclared.txt").kind, Ruling::Kind::kNone) << "the depfile is not written yet";
  Open(ruler, "/s/undeclared.txt");
  Open(ruler, "/s/undeclared-in-depfile.h");
  const std::vector<access::Access> found = ruler.AtEnd();
  ASSERT_THAT(found, testing::SizeIs(1));
  EXPECT_EQ(found[0].resolved, "/s/undeclared.txt");
  EXPECT_THAT(found[0].rule, HasSubstr("undeclared-input: a.o"));
}

}  // namespace
}  // namespace glovebox::trace
