// The heap of a program that is about to hold a large log.
#ifndef GLOVEBOX_BASE_HUGE_HEAP_H_
#define GLOVEBOX_BASE_HUGE_HEAP_H_

namespace glovebox {

// From now on what malloc() gives out, to any thread, comes from one heap whose next GiB lies on huge pages.
// A log of half a million records is filled in with a few hundred page faults then, not with 170,000, which
// took half of the time in a virtual machine. Only address space is taken; memory is, as ever, when it is
// written to, but 2 MiB at a time.
//
// Once in a process, and late: for one that reads a log and ends. Where the kernel has no huge pages (see
// madvise(2), MADV_HUGEPAGE; `never` in /sys/kernel/mm/transparent_hugepage/enabled), the address space is
// limited, or another malloc() stands in front of glibc's (a sanitizer's), nothing changes but the time.
void PutHeapOnHugePages();

}  // namespace glovebox

#endif  // GLOVEBOX_BASE_HUGE_HEAP_H_
