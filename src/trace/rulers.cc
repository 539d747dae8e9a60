#include "trace/rulers.h"

namespace glovebox::trace {

Rulers MakeRulers(const std::vector<const policy::Policy*>&, const RulerContext&) { return {}; }

}  // namespace glovebox::trace
