#include "child/launch_options.h"

#include <cstring>

namespace glovebox::child {
namespace {

struct Named {
  Role role;
  const char* name;
};
constexpr Named kRoles[] = {
    {Role::kRun, "run"},       {Role::kEdge, "edge"}, {Role::kCompile, "compile"},     {Role::kLink, "link"},
    {Role::kCustom, "custom"}, {Role::kTest, "test"}, {Role::kConfigure, "configure"},
};

// What CMake leaves of <TARGET_NAME> and the like where it has no value.
constexpr const char* kPlaceholders[] = {
    "LANGUAGE", "TARGET_NAME", "TARGET_TYPE", "OBJECT", "TARGET", "OUTPUT", "DEP_FILE",
};

constexpr const char* kUtilities[] = {
    "test",       "install",       "install/local", "install/strip",  "list_install_components",
    "edit_cache", "rebuild_cache", "package",       "package_source",
};

const char* Value(const char* value) {
  if (value[0] == '<' && value[strlen(value) - 1] == '>') return "";
  for (const char* placeholder : kPlaceholders) {
    if (strcmp(value, placeholder) == 0) return "";
  }
  return value;
}

Role RoleOf(const char* name) {
  for (const Named& named : kRoles) {
    if (strcmp(named.name, name) == 0) return named.role;
  }
  return Role::kRun;
}

const char* BaseName(const char* path) {
  const char* slash = strrchr(path, '/');
  return slash != nullptr ? slash + 1 : path;
}

void AddOutput(const char* value, LaunchOptions& options) {
  if (*Value(value) != '\0') options.outputs[options.output_count++] = value;
}

void SetOption(const char* word, LaunchOptions& options) {
  const char* equals = strchr(word, '=');
  const size_t length = static_cast<size_t>(equals - word);
  const auto is = [&](const char* name) { return strlen(name) == length && memcmp(word, name, length) == 0; };
  const char* value = Value(equals + 1);
  if (is("--role")) options.role = RoleOf(value);
  if (is("--lang")) options.language = value;
  if (is("--target")) options.target = value;
  if (is("--type")) options.type = value;
  if (is("--dep")) options.depfile = value;
  if (is("--build")) options.build = value;
  if (is("--policy")) options.policy = equals + 1;
  if (is("--test")) options.test = equals + 1;
  if (is("--out")) AddOutput(equals + 1, options);
}

// "sub/CMakeFiles/test.util"
bool IsUtilityOutput(const char* path) {
  constexpr char kFolder[] = "CMakeFiles/";
  const char* at = nullptr;
  for (const char* next = strstr(path, kFolder); next != nullptr; next = strstr(next + 1, kFolder)) at = next;
  if (at == nullptr || (at != path && at[-1] != '/')) return false;
  at += strlen(kFolder);
  for (const char* utility : kUtilities) {
    const size_t length = strlen(utility);
    if (strncmp(at, utility, length) == 0 && strcmp(at + length, ".util") == 0) return true;
  }
  return false;
}

bool Is(const char* word, const char* expected) { return strcmp(word, expected) == 0; }

// Under Ninja CMake 3.25 gives such a rule neither output nor target, and the same to a POST_BUILD command of
// the project, which may well be a ctest or an installation. So it is known by the words that CMake itself
// writes (cmGlobalGenerator::AddGlobalTarget_*), which nobody else has a reason for: an internal option, or a
// file named as CMake names it. graph/launch_scan.cc knows the same words, and tells of a rule of the project
// that has them.
bool IsUtilityCommand(const LaunchOptions& options) {
  const char* program = BaseName(options.command[0]);
  const size_t count = options.command_count;
  const auto word = [&](size_t i) { return i < count ? options.command[i] : ""; };
  if (Is(program, "ctest")) return Is(word(1), "--force-new-ctest-process");
  if (Is(program, "cpack")) {
    const size_t at = Is(word(1), "-C") ? 3 : 1;  // a multi-config generator's
    return Is(word(at), "--config") &&
           (Is(word(at + 1), "./CPackConfig.cmake") || Is(word(at + 1), "./CPackSourceConfig.cmake"));
  }
  if (Is(program, "ccmake"))
    return count == 3 && strncmp(word(1), "-S", 2) == 0 && strncmp(word(2), "-B", 2) == 0;
  if (!Is(program, "cmake")) return false;
  if (Is(word(1), "--regenerate-during-build")) return true;
  size_t at = 1;
  if (Is(word(at), "-DCMAKE_INSTALL_LOCAL_ONLY=1") || Is(word(at), "-DCMAKE_INSTALL_DO_STRIP=1")) ++at;
  if (strncmp(word(at), "-DBUILD_TYPE=", 13) == 0) ++at;
  return count == at + 2 && Is(word(at), "-P") && Is(word(at + 1), "cmake_install.cmake");
}

}  // namespace

const char* ParseLaunchOptions(int argc, char** argv, const char** outputs, LaunchOptions& options) {
  options = LaunchOptions{};
  options.outputs = outputs;
  int i = 1;
  bool in_outputs = false;
  for (; i < argc && strcmp(argv[i], "--") != 0; ++i) {
    const char* word = argv[i];
    if (strncmp(word, "--", 2) != 0) {
      if (in_outputs) AddOutput(word, options);
      continue;
    }
    in_outputs = strncmp(word, "--out=", 6) == 0;
    if (strchr(word, '=') != nullptr) SetOption(word, options);
  }
  if (i >= argc) return "no -- before the command";
  if (i + 1 >= argc) return "no command after --";
  options.command = argv + i + 1;
  options.command_count = static_cast<size_t>(argc - i - 1);
  return nullptr;
}

const char* RoleName(Role role) {
  for (const Named& named : kRoles) {
    if (named.role == role) return named.name;
  }
  return "run";
}

bool IsUtility(const LaunchOptions& options) {
  if (options.role != Role::kCustom) return false;
  for (size_t i = 0; i < options.output_count; ++i) {
    if (IsUtilityOutput(options.outputs[i])) return true;
  }
  if (options.output_count != 0) return false;
  for (const char* utility : kUtilities) {
    if (strcmp(options.target, utility) == 0) return true;  // CMake reserves these names
  }
  return *options.target == '\0' && IsUtilityCommand(options);
}

}  // namespace glovebox::child
