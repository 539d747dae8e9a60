// Whether a name in a temporary directory is its run's own, or the same in each run.
#ifndef GLOVEBOX_VERIFY_TMP_NAME_H_
#define GLOVEBOX_VERIFY_TMP_NAME_H_

#include <cstdint>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/string_view.h"

namespace glovebox::verify {

// Whether one part of a path is of a kind that no two runs share:
//  - it has the number of one of `pids` in it, not as a part of a longer number;
//  - or nine digits or more (a time), or eight hexadecimal digits or more with a digit and a letter among
//  them;
//  - or it ends, before its extension, in six letters and digits that LooksDrawn() says are no word.
bool IsUniquePart(absl::string_view part, const absl::flat_hash_set<int32_t>& pids);

// Whether letters and digits at the end of a name are drawn by lot and no words. mkstemp() has 62 signs to
// draw from; what a person writes has capitals at the start of a word or throughout, digits at the end, and
// vowels. Of six drawn signs one in thirteen looks like a word, and some words ("lengths") look drawn.
bool LooksDrawn(absl::string_view tail);

// Whether the stem of a name ends in what mkstemp() or a like function may have drawn: six letters, digits or
// underscores. Enough for a file that was opened as they open it (O_RDWR | O_CREAT | O_EXCL).
bool MayBeTemplate(absl::string_view part);

}  // namespace glovebox::verify

#endif  // GLOVEBOX_VERIFY_TMP_NAME_H_
