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

// Under Ninja CMake 3.25 gives such a rule neither output nor target.
bool IsUtilityCommand(const LaunchOptions& options) {
  const char* program = BaseName(options.command[0]);
  if (strcmp(program, "ctest") == 0 || strcmp(program, "cpack") == 0 || strcmp(program, "ccmake") == 0) {
    return true;
  }
  if (strcmp(program, "cmake") != 0) return false;
  for (size_t i = 1; i < options.command_count; ++i) {
    if (strcmp(options.command[i], "--regenerate-during-build") == 0) return true;
    if (strcmp(BaseName(options.command[i]), "cmake_install.cmake") == 0) return true;
  }
  return false;
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
