// The page of html.h around its data. Generated from page/ by page/embed.cmake.
#ifndef GLOVEBOX_REPORT_PAGE_TEXT_H_
#define GLOVEBOX_REPORT_PAGE_TEXT_H_

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace glovebox::report {

// In pieces: a string literal may be as long as 65,536 characters and no longer.
absl::Span<const absl::string_view> PageHead();  // up to the data
absl::Span<const absl::string_view> PageTail();  // after it

}  // namespace glovebox::report

#endif  // GLOVEBOX_REPORT_PAGE_TEXT_H_
