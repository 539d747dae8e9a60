// Findings that are known: a project can begin to be verified before it has mended all, and fail for what is
// new alone.
//
// The file is committed beside the policy file, and is changed by hand and by `--update-baseline`:
//
//   {
//   "format": "glovebox-baseline",
//   "version": 1,
//   "findings": [
//   {"id": "1f0c6a5be2d7", "rule": "outside-read", "action": "gen.h", "object": "${home}/.rc",
//    "since": "2026-11-27", "owner": "alice@example.org", "reason": "issue 12", "expires": "2027-03-31"}
//   ]
//   }
//
// One line an entry (here it is broken for this comment), sorted by rule, action, object and id: what two
// branches have added merges, and a change shows as what it is. `id` alone says which finding is meant; rule,
// action and object are for people, and are kept as they were first written, so that an update on another
// machine changes nothing. `owner` and `reason` may be empty; after the day of `expires`, where there is one,
// the finding is new again. A key that is not known is an error, since a misspelt `expires` would hold for
// ever; `version` is raised when a key changes its meaning or a new one comes.
#ifndef GLOVEBOX_VERIFY_BASELINE_H_
#define GLOVEBOX_VERIFY_BASELINE_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "policy/date.h"
#include "verify/finding.h"
#include "verify/places.h"

namespace glovebox::verify {

inline constexpr int kBaselineVersion = 1;

// Strings are text for people: UTF-8, what was odd in them is escaped.
struct BaselineEntry {
  std::string id, rule, action, object;
  policy::Date since;
  std::string owner, reason;
  policy::Date expires;  // the last day on which it counts; Date(): it counts for ever
  bool operator==(const BaselineEntry&) const = default;
};

struct Baseline {
  std::vector<BaselineEntry> entries;
};

// InvalidArgument with file and line: "baseline.json:7: ...". `name` is the file's, for that message.
absl::StatusOr<Baseline> ParseBaseline(absl::string_view text, absl::string_view name);
// Sorted, whatever the order of the entries is.
std::string BaselineText(const Baseline& baseline);

enum class Standing : uint8_t {
  kNew,      // no entry is of it, or it is a gap (IsGap)
  kKnown,    // an entry is
  kExpired,  // an entry was: it counts as new
};
// "new": stable, used in JSON.
absl::string_view StandingName(Standing standing);

inline constexpr size_t kNoEntry = static_cast<size_t>(-1);

struct BaselineResult {
  std::vector<Standing> standing;  // one a finding
  std::vector<size_t> entry;       // the one of each finding, also of an expired one; kNoEntry: none
  std::vector<size_t> gone;  // entries that no finding is of. Of an edge that did not run this says nothing
  size_t fresh = 0;          // findings that are not known, but for notes
  size_t fresh_errors = 0;   // errors among them that are no gaps: what a CI run fails for
  bool IsNew(size_t finding) const { return standing[finding] != Standing::kKnown; }
};

// `today`: Date() lets nothing expire. Time and memory go with the number of findings and of entries.
//   const BaselineResult result = Compare(verdict.findings, baseline, today);
//   return result.fresh_errors > 0 ? 1 : 0;
BaselineResult Compare(absl::Span<const Finding> findings, const Baseline& baseline,
                       const policy::Date& today);
// The same, of findings that lie elsewhere (report::Summary).
BaselineResult Compare(absl::Span<const Finding* const> findings, const Baseline& baseline,
                       const policy::Date& today);

struct BaselineUpdate {
  policy::Date today;
  // Of entries that are new, and `expires` of those that had expired as well.
  std::string owner, reason;
  policy::Date expires;
  // Entries that no finding is of stay: where not every edge ran, nobody knows that they have gone.
  bool keep_gone = false;
};

// A baseline that knows all of `findings` but for notes, which never count, and gaps. What it knew before
// stays as it was.
Baseline UpdateBaseline(const Baseline& old, absl::Span<const Finding* const> findings, const Places& places,
                        const BaselineUpdate& update);

}  // namespace glovebox::verify

#endif  // GLOVEBOX_VERIFY_BASELINE_H_
