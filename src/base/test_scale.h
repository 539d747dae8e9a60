// How much a test of large inputs takes where each step costs several times as much.
#ifndef GLOVEBOX_BASE_TEST_SCALE_H_
#define GLOVEBOX_BASE_TEST_SCALE_H_

#include <cstddef>

namespace glovebox {

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define GLOVEBOX_IS_SANITIZED
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define GLOVEBOX_IS_SANITIZED
#endif

// `count`; a twentieth of it under a sanitizer, which finds in the thousands what it would find in the
// hundred thousands.
constexpr size_t Many(size_t count) {
#ifdef GLOVEBOX_IS_SANITIZED
  return count / 20;
#else
  return count;
#endif
}

}  // namespace glovebox

#endif  // GLOVEBOX_BASE_TEST_SCALE_H_
