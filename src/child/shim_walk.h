/* realpath() as glibc does it (stdlib/canonicalize.c, 2.33 and later), for the names that need nothing but
 * readlink: absolute, without "." and "..", without a slash at the end. All else is left to glibc. C and C++;
 * the question is a callback, so that it is tested against glibc without a gate.
 *
 *   struct glovebox_walk walk;
 *   switch (glovebox_walk_resolve(&walk, "/usr/bin/cc", Ask, context)) {
 *     case GLOVEBOX_WALK_DONE:    walk.name is the result; errno would be EINVAL, from the last question
 *     case GLOVEBOX_WALK_ABSENT:  realpath fails with ENOENT, walk.name is how far it came
 *     case GLOVEBOX_WALK_OTHER:   ask glibc, from the beginning
 *   }
 *
 * The questions are glibc's own, in its order, with its size of buffer: whoever traces the program sees the
 * same calls. glibc starts with three buffers of 1024 bytes on its stack and takes memory when one of them is
 * too small. Here they do not grow: a name that needs more is glibc's. So the stack is no deeper than
 * glibc's.
 *
 * Nothing of the C library is called, and it must be compiled so that the compiler calls nothing either
 * (CMakeLists.txt says why). */
#ifndef GLOVEBOX_CHILD_SHIM_WALK_H_
#define GLOVEBOX_CHILD_SHIM_WALK_H_

#include <errno.h>
#include <stddef.h>

#define GLOVEBOX_WALK_BYTES 1024
#define GLOVEBOX_WALK_LINKS 40 /* what Linux follows, and glibc's __eloop_threshold() */

enum glovebox_walk_end { GLOVEBOX_WALK_DONE, GLOVEBOX_WALK_ABSENT, GLOVEBOX_WALK_OTHER };

/* The length of the link's text, not terminated, or -errno. */
typedef long (*glovebox_walk_ask)(void* context, const char* path, char* buffer, size_t size);

struct glovebox_walk {
  char name[GLOVEBOX_WALK_BYTES]; /* resolved so far, terminated whenever it is asked for */
  size_t size;                    /* of `name`, without the zero */
  char rest[GLOVEBOX_WALK_BYTES]; /* the last link's text, and what stood behind the link */
  char text[GLOVEBOX_WALK_BYTES];
};

/* Whether each component is a name, and the last one ends the text. */
static inline int glovebox_walk_is_plain(const char* text) {
  for (;;) {
    while (*text == '/') ++text;
    if (*text == '\0') return 0;
    const char* start = text;
    while (*text != '\0' && *text != '/') ++text;
    const size_t size = (size_t)(text - start);
    if (start[0] == '.' && (size == 1 || (size == 2 && start[1] == '.'))) return 0;
    if (*text == '\0') return 1;
  }
}

/* Puts a component behind the name. 0: no room. */
static inline int glovebox_walk_append(struct glovebox_walk* walk, const char* start, const char* end) {
  const size_t size = (size_t)(end - start);
  if (walk->name[walk->size - 1] != '/') walk->name[walk->size++] = '/';
  if (walk->size + size + 1 > sizeof walk->name) return 0;
  for (size_t i = 0; i < size; ++i) walk->name[walk->size++] = start[i];
  walk->name[walk->size] = '\0';
  return 1;
}

/* Goes on with a link's text of `length` bytes and then `end`, which may point into `rest`. 0: no room. */
static inline int glovebox_walk_follow(struct glovebox_walk* walk, size_t length, const char* end) {
  size_t left = 0;
  while (end[left] != '\0') ++left;
  if (length + left + 1 > sizeof walk->rest) return 0;
  char* to = walk->rest + length;
  /* The two may overlap, in either direction. */
  if (to <= end) {
    for (size_t i = 0; i <= left; ++i) to[i] = end[i];
  } else {
    for (size_t i = left + 1; i-- > 0;) to[i] = end[i];
  }
  for (size_t i = 0; i < length; ++i) walk->rest[i] = walk->text[i];
  if (walk->text[0] == '/') {
    walk->size = 1;
  } else { /* the link itself is replaced by its text */
    while (walk->name[walk->size - 1] != '/') --walk->size;
  }
  return 1;
}

static inline enum glovebox_walk_end glovebox_walk_resolve(struct glovebox_walk* walk, const char* name,
                                                           glovebox_walk_ask ask, void* context) {
  if (name == NULL || name[0] != '/' || !glovebox_walk_is_plain(name)) return GLOVEBOX_WALK_OTHER;
  walk->name[0] = '/';
  walk->size = 1;
  int links = 0;
  const char* end = name;
  while (*end != '\0') {
    const char* start = end;
    while (*start == '/') ++start;
    for (end = start; *end != '\0' && *end != '/';) ++end;
    if (!glovebox_walk_append(walk, start, end)) return GLOVEBOX_WALK_OTHER;
    const long got = ask(context, walk->name, walk->text, sizeof walk->text - 1);
    if (got == -EINVAL) continue;
    if (got == -ENOENT) return GLOVEBOX_WALK_ABSENT;
    /* A full buffer is a text that may be longer. */
    if (got <= 0 || (size_t)got >= sizeof walk->text - 1 || ++links > GLOVEBOX_WALK_LINKS) {
      return GLOVEBOX_WALK_OTHER;
    }
    walk->text[got] = '\0';
    if (!glovebox_walk_is_plain(walk->text) || !glovebox_walk_follow(walk, (size_t)got, end)) {
      return GLOVEBOX_WALK_OTHER;
    }
    end = walk->rest;
  }
  return GLOVEBOX_WALK_DONE;
}

#endif /* GLOVEBOX_CHILD_SHIM_WALK_H_ */
