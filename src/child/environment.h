// Rows 13 and 14: the environment that the program will see. Computed before the fork or, in the launcher,
// before the pipeline; allocates nothing, the caller gives the room.
#ifndef GLOVEBOX_CHILD_ENVIRONMENT_H_
#define GLOVEBOX_CHILD_ENVIRONMENT_H_

#include <cstddef>

namespace glovebox::child {

inline constexpr size_t kNoRoom = ~size_t{0};

// How many entries `out` needs for certain, the final null included.
size_t EnvironmentCapacity(const char* const* environment, const char* rules, size_t rules_size);

// Fills `out` with a null-terminated vector and returns the number of its entries, or kNoRoom. The entries
// point into `environment` and `rules` (ChildPlan::environment_rules), which must outlive it:
//   GLOVEBOX_CHILD_X=v  becomes X=v, in the place of an X that is there (row 13)
//   GLOVEBOX_*          is left out, GLOVEBOX_TEST_* stays (row 14), wherever it comes from
//   "=NAME" rules       when there is one, only these and GLOVEBOX_TEST_* stay
//   "-NAME", "+NAME=v"  are then applied in their order; a NAME may end in '*' (not with '+')
// Entries without '=' are passed on as they are where no allow list speaks against it.
size_t PrepareEnvironment(const char* const* environment, const char* rules, size_t rules_size,
                          const char** out, size_t capacity);

// The value of NAME in a vector, or null. `name` without '='.
const char* EnvironmentValue(const char* const* environment, const char* name);

// How many numbers PassedFds() can give at most.
size_t PassedFdCapacity(const char* const* environment);

// The numbers in GLOVEBOX_*_FD variables (row 11): at most `capacity`, bad ones left out. Returns how many.
size_t PassedFds(const char* const* environment, int* out, size_t capacity);

}  // namespace glovebox::child

#endif  // GLOVEBOX_CHILD_ENVIRONMENT_H_
