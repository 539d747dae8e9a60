// Calls on other processes: the kernel refuses them across the action's Landlock domain, in every mode, and
// here that is foretold, so that it is on record.
#ifndef GLOVEBOX_TRACE_PROCESS_RULER_H_
#define GLOVEBOX_TRACE_PROCESS_RULER_H_

#include <memory>
#include <vector>

#include "policy/policy.h"
#include "trace/outside.h"
#include "trace/ruler.h"

namespace glovebox::trace {

// Lets every such call go on (policy/process_calls.h), and names those that the kernel refuses for certain:
// the target is there, Outside says that it is no process of the action's, and without us the caller might do
// it. A process group only where that is so of all its members: kill() succeeds where it reaches one.
// The same of what procfs shows of a process (proc(5)): its memory, environment and maps as they are opened,
// and the links to its root, directory, program, descriptors and namespaces as they are read or followed.
//
// The domain is that of the outermost action: inside of it an inner one has no scope of its own
// (plan_store.cc), and may signal and trace what belongs to the outer one. Where an inner one's files are
// confined further, so that it has a domain of its own, what that refuses is not foretold.
//
// Null where the outermost policy of `chain` foretells nothing. `outside` must outlive it; null: nothing.
std::unique_ptr<Ruler> MakeProcessRuler(const std::vector<const policy::Policy*>& chain,
                                        const Outside* outside);

}  // namespace glovebox::trace

#endif  // GLOVEBOX_TRACE_PROCESS_RULER_H_
