// docs/syscalls.md: what is recorded and what is not, call by call, printed from the tables so that the
// document cannot lag behind them.
#ifndef GLOVEBOX_KERNEL_SYSCALL_LEDGER_H_
#define GLOVEBOX_KERNEL_SYSCALL_LEDGER_H_

#include <string>

namespace glovebox::kernel {

// The whole document, as Markdown with a final newline. The same on every machine but for libseccomp's
// version, of which only numbers that all versions since 2.5.4 agree on are printed.
//   std::cout << glovebox::kernel::SyscallLedger();
std::string SyscallLedger();

}  // namespace glovebox::kernel

#endif  // GLOVEBOX_KERNEL_SYSCALL_LEDGER_H_
