#include "report/classify.h"

#include "gtest/gtest.h"

namespace glovebox::report {
namespace {

BuildInfo Usual() {
  BuildInfo build;
  build.source_dir = "/home/u/proj";
  build.build_dir = "/home/u/proj/build";
  build.home = "/home/u";
  build.tmp = "/home/u/proj/build/tmp";
  return build;
}

struct Case {
  const char* path;
  const char* path_class;
};

void ExpectAll(const BuildInfo& build, const std::vector<Case>& cases) {
  const Classifier classifier(build);
  for (const Case& c : cases) EXPECT_EQ(ClassName(classifier.Classify(c.path)), c.path_class) << c.path;
}

TEST(Classify, TheLongestRootDecides) {
  ExpectAll(Usual(), {{"/home/u/proj/a.c", "source"},
                      {"/home/u/proj", "source"},
                      {"/home/u/proj/build", "build"},
                      {"/home/u/proj/build/a.o", "build"},
                      {"/home/u/proj/build/tmp/cc1.s", "tmp"},
                      {"/home/u/proj/building", "source"},
                      {"/home/u/project2/a.c", "home"},
                      {"/home/u", "home"},
                      {"/home/user/x", "outside"},
                      {"/tmp/x", "tmp"},
                      {"/var/tmp/x", "tmp"},
                      {"/var/log/x", "system"},
                      {"/dev/shm/x", "tmp"},
                      {"/dev/null", "system"},
                      {"/proc/self/maps", "system"},
                      {"/sys/devices", "system"},
                      {"/run/user/1000/bus", "tmp"},
                      {"/etc/passwd", "system"},
                      {"/usr/lib/locale/C.utf8", "system"},
                      {"/lib64/ld-linux-x86-64.so.2", "system"},
                      {"/srv/data", "outside"},
                      {"/", "outside"}});
}

TEST(Classify, KnowsTheToolchainWithoutBeingTold) {
  ExpectAll(Usual(), {{"/usr/include/stdio.h", "toolchain"},
                      {"/usr/lib/gcc/x86_64-linux-gnu/12/cc1", "toolchain"},
                      {"/usr/libexec/gcc/x/cc1plus", "toolchain"},
                      {"/usr/lib/llvm-14/bin/clang", "toolchain"},
                      {"/usr/lib/llvm/x", "system"},
                      {"/usr/bin/x86_64-linux-gnu-g++-12", "toolchain"},
                      {"/usr/bin/x86_64-linux-gnu-ld.bfd", "toolchain"},
                      {"/usr/bin/clang-14", "toolchain"},
                      {"/usr/bin/as", "toolchain"},
                      {"/usr/bin/gcc-ar-12", "toolchain"},
                      {"/usr/bin/bash", "system"},
                      {"/usr/bin/alias", "system"},
                      {"/usr/share/as", "system"},
                      {"/srv/x/glovebox-launch", "toolchain"},
                      {"/home/u/proj/glovebox-launch", "source"},
                      {"/home/u/proj/bin/gcc", "source"}});
}

TEST(Classify, TakesCMakesWordForTheToolchain) {
  BuildInfo build = Usual();
  build.toolchain_roots = {"/opt/cross/include", "/usr/include"};
  build.toolchain_link_dirs = {"/usr/lib/x86_64-linux-gnu"};
  build.toolchain_files = {"/opt/cross/bin/mycc", "/home/u/proj/tools/cc", "/srv/cc"};
  ExpectAll(build, {{"/opt/cross/include/a.h", "toolchain"},
                    {"/opt/cross/bin/mycc", "toolchain"},
                    {"/opt/cross/share/x", "system"},
                    {"/srv/cc", "toolchain"},
                    {"/home/u/proj/tools/cc", "source"},
                    {"/usr/lib/x86_64-linux-gnu/crt1.o", "toolchain"},
                    {"/usr/lib/x86_64-linux-gnu/libm.so", "toolchain"},
                    {"/usr/lib/x86_64-linux-gnu/libm.so.6", "system"},
                    {"/usr/lib/x86_64-linux-gnu/sub/libm.so", "system"}});
}

TEST(Classify, ASourceBelowASystemRootIsSource) {
  BuildInfo build;
  build.source_dir = "/usr/src/googletest/";
  build.build_dir = "/tmp/b";
  build.home = "/var/lib/ci";
  ExpectAll(build, {{"/usr/src/googletest/a.cc", "source"},
                    {"/usr/src/other", "system"},
                    {"/tmp/b/a.o", "build"},
                    {"/tmp/c", "tmp"},
                    {"/var/lib/ci/.cache", "home"}});
}

TEST(Classify, TheRootDirectoryIsNobodysRoot) {
  BuildInfo build;
  build.source_dir = build.build_dir = build.home = build.tmp = "/";
  ExpectAll(build, {{"/x", "outside"}, {"/etc/passwd", "system"}});
}

TEST(Classify, InSourceBuildsAreToldApartByTheEdgesOutputs) {
  BuildInfo build;
  build.source_dir = build.build_dir = "/p";
  build.edges = {{{"a.o", "/p/gen/x.h"}, "cc", "cc -c a.c"}};
  ExpectAll(build, {{"/p/a.o", "build"}, {"/p/gen/x.h", "build"}, {"/p/a.c", "source"}, {"/p", "source"}});
}

TEST(Classify, WhatIsNoPathIsNoFile) {
  ExpectAll(Usual(), {{"pipe:[7]", "system"},
                      {"anon_inode:[eventpoll]", "system"},
                      {"memfd:x (deleted)", "system"},
                      {"relative/x", "outside"},
                      {"Caps:x", "outside"},
                      {":x", "outside"},
                      {"", "outside"}});
}

}  // namespace
}  // namespace glovebox::report
