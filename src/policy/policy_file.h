// glovebox.toml -> PolicySet. docs/policy-file.md says what may stand in it. Pure: the text, what the
// variables stand for and the day are given.
#ifndef GLOVEBOX_POLICY_POLICY_FILE_H_
#define GLOVEBOX_POLICY_POLICY_FILE_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "policy/policy_set.h"
#include "policy/policy_variables.h"

namespace glovebox::policy {

inline constexpr char kPolicyFileName[] = "glovebox.toml";

struct PolicyFileOptions {
  std::string name;  // as errors and origins spell it: "glovebox.toml"
  PolicyVariables variables;
  Date today;  // by which allowances expire; all zero: none does
  // Rules of findings that [severity] and [[allow]] may name; empty: any that is spelled like one.
  std::vector<std::string> rules;
  std::string path = {};  // where it is, for who has not named it; empty: `name` says that
};

struct PolicyFile {
  std::optional<PolicySet> set;  // absent where there are errors
  std::vector<Notice> errors;    // in the order of the file; each with the mend
};

// Everything that is wrong with it, for `policy check`.
PolicyFile ReadPolicyFile(absl::string_view text, const PolicyFileOptions& options);

// The set, or InvalidArgument with the first error, "glovebox.toml:3:1: unknown key "raed": did you mean
// "read"?", and how many more there are.
//   ASSIGN_OR_RETURN(PolicySet set, LoadPolicy(text, {.name = "glovebox.toml", .variables = variables}));
absl::StatusOr<PolicySet> LoadPolicy(absl::string_view text, const PolicyFileOptions& options);

}  // namespace glovebox::policy

#endif  // GLOVEBOX_POLICY_POLICY_FILE_H_
