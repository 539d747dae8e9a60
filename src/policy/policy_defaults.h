// What is built in, written as a policy file would say it.
#ifndef GLOVEBOX_POLICY_POLICY_DEFAULTS_H_
#define GLOVEBOX_POLICY_POLICY_DEFAULTS_H_

namespace glovebox::policy {

// Counts below every file; for mode and level it says what DefaultPolicy() does. Its read, write and network
// count in mode enforce; read and write also where the file has a read or write of its own for the subject
// (they are what read-add adds to).
extern const char kBuiltInPolicy[];

}  // namespace glovebox::policy

#endif  // GLOVEBOX_POLICY_POLICY_DEFAULTS_H_
