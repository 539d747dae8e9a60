// Writes the files of the tests as seeds for policy_file_fuzz.
#include <cstdio>
#include <string>

#include "base/files.h"
#include "policy/policy_file_fixture.h"

int main(int argc, char** argv) {
  if (argc != 2) {
    fprintf(stderr, "usage: policy_file_seeds DIRECTORY\n");
    return 2;
  }
  const std::string directory = argv[1];
  if (!glovebox::MakeDirectories(directory).ok()) return 1;
  int number = 0;
  bool written = glovebox::WriteFile(directory + "/whole", glovebox::policy::kWholeFile).ok();
  for (const auto& bad : glovebox::policy::kBadFiles) {
    written = glovebox::WriteFile(directory + "/bad" + std::to_string(number++), bad.text).ok() && written;
  }
  return written ? 0 : 1;
}
