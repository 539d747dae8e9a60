/* The program's end of the ring (shim_ring.h): publish an entry, give it its result. C and C++, so that it is
 * tested without a library; one thread at a time.
 *
 *   struct glovebox_shim_entry* entry = glovebox_shim_publish(ring, "/usr/include");
 *   if (entry == NULL) ...                 no room: make the call where it is notified
 *   long got = ...                         the system call
 *   glovebox_shim_settle(entry, got < 0 ? (int)-got : 0); */
#ifndef GLOVEBOX_CHILD_SHIM_QUEUE_H_
#define GLOVEBOX_CHILD_SHIM_QUEUE_H_

#include <stddef.h>

#include "child/shim_ring.h"

/* NULL: no room now. Nothing waits for it: the reader comes by when the program makes its next notified call,
 * and the call that finds no room is one. */
static inline struct glovebox_shim_entry* glovebox_shim_publish(struct glovebox_shim_ring* ring,
                                                                const char* path) {
  uint32_t length = 0;
  while (path[length] != '\0') {
    if (++length >= GLOVEBOX_SHIM_DATA / 2) return NULL;
  }
  const uint32_t header = (uint32_t)offsetof(struct glovebox_shim_entry, path);
  const uint32_t size = (header + length + 1 + 7) & ~7u;
  const uint32_t head = __atomic_load_n(&ring->head, __ATOMIC_RELAXED);
  const uint32_t used = head - __atomic_load_n(&ring->tail, __ATOMIC_ACQUIRE);
  const uint32_t place = head & (GLOVEBOX_SHIM_DATA - 1);
  const uint32_t to_end = GLOVEBOX_SHIM_DATA - place;
  const uint32_t filler = to_end < size ? to_end : 0;
  /* A head that is no multiple of 8 is damage by the program itself: what is written stays inside all the
   * same. */
  if (used > GLOVEBOX_SHIM_DATA || head % 8 != 0 || GLOVEBOX_SHIM_DATA - used < filler + size) return NULL;
  if (filler != 0) {
    struct glovebox_shim_entry* skipped = (struct glovebox_shim_entry*)(void*)(ring->data + place);
    skipped->size = filler;
    __atomic_store_n(&skipped->error, GLOVEBOX_SHIM_FILLER, __ATOMIC_RELAXED);
  }
  struct glovebox_shim_entry* entry =
      (struct glovebox_shim_entry*)(void*)(ring->data + (filler != 0 ? 0 : place));
  entry->size = size;
  __atomic_store_n(&entry->error, GLOVEBOX_SHIM_PENDING, __ATOMIC_RELAXED);
  for (uint32_t i = 0; i <= length; ++i) entry->path[i] = path[i];
  __atomic_store_n(&ring->head, head + filler + size, __ATOMIC_RELEASE);
  return entry;
}

/* The reader may have taken the entry already, as pending; the place is still ours then, since nobody else
 * writes here. */
static inline void glovebox_shim_settle(struct glovebox_shim_entry* entry, int error) {
  __atomic_store_n(&entry->error, error, __ATOMIC_RELAXED);
}

#endif /* GLOVEBOX_CHILD_SHIM_QUEUE_H_ */
