// What the kernel looks for once it has found the file of an exec: the interpreter of a script, the dynamic
// loader of an ELF program, a format that it knows.
#ifndef GLOVEBOX_TRACE_INTERPRETER_H_
#define GLOVEBOX_TRACE_INTERPRETER_H_

#include <functional>
#include <string>
#include <string_view>

#include "trace/permissions.h"
#include "trace/resolver.h"

namespace glovebox::trace {

// How much of a file exec looks at (BINPRM_BUF_SIZE, linux/binfmts.h).
inline constexpr size_t kHeadSize = 256;

// The interpreter in a script's first line, as load_script() takes it (fs/binfmt_script.c). `head`: the
// file's first kHeadSize bytes, or all of it. 0, or ENOEXEC: no script, no name in it, or one that was cut.
// The name is empty where a NUL, or the end of the file, stands in its place.
int ScriptInterpreter(std::string_view head, std::string* name);

// A file by a name that stands in another one, as the caller of the exec finds it.
using FindProgram = std::function<Resolved(const std::string& spelled)>;

// Why the kernel cannot run `program`, which is a regular file that the caller may execute: ENOENT, ENOTDIR,
// EACCES ... of the interpreter of a script (or of that one's, five deep, then ELOOP) or of an ELF program,
// ELIBBAD of one that is no program of this machine, ENOEXEC of an unknown format, EACCES on a noexec mount.
// 0: nothing speaks against it, or it cannot be told: files that the supervisor cannot read, programs of
// another ABI of this machine (i386, x32, arm), whatever a handler of binfmt_misc may take. Handlers are
// looked for in `handlers`; where they cannot be seen (not mounted, as in many containers), a file that does
// not begin with text, and an ELF program of another machine, may have one. Handlers of a user namespace of
// the caller's own are not known. Not judged: what the kernel finds after it has given up the old program.
//
// `spelled`: the call's own name of it (a handler goes by its extension). Opens each file for reading and
// never blocks on it. Thread-safe where `find` is.
int CheckInterpreters(const std::string& spelled, const Resolved& program, const Permissions& permissions,
                      const FindProgram& find, const std::string& handlers = "/proc/sys/fs/binfmt_misc");

}  // namespace glovebox::trace

#endif  // GLOVEBOX_TRACE_INTERPRETER_H_
