// Holds the network of a policy: what socket() may make by its registers, where a call on a socket leads by a
// copy of its address. docs/enforcement-network.md.
#ifndef GLOVEBOX_TRACE_NETWORK_RULER_H_
#define GLOVEBOX_TRACE_NETWORK_RULER_H_

#include <memory>
#include <vector>

#include "policy/policy.h"
#include "trace/file_check.h"
#include "trace/ruler.h"
#include "trace/rulers.h"

namespace glovebox::trace {

// Null where no policy of the chain holds a network or the paths of unix sockets (MakesNetworkCalls()), nor
// confines a network in mode report. In mode enforce every call on a socket is refused or made; in mode
// report all go on, with the rule that speaks against them. `files` has the last word on the socket that a
// path led to, and must outlive the ruler; null: no rule speaks of files.
std::unique_ptr<Ruler> MakeNetworkRuler(const std::vector<const policy::Policy*>& chain,
                                        const RulerContext& context, FileCheck* files);

}  // namespace glovebox::trace

#endif  // GLOVEBOX_TRACE_NETWORK_RULER_H_
