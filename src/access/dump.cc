#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/string_view.h"
#include "access/log.h"
#include "access/names.h"
#include "base/bytes.h"
#include "base/op.h"

namespace glovebox::access {
namespace {

// Names come from whoever is recorded: none may end its quotes, or look like the words behind it. A quote is
// escaped here and not in EscapeBytes, whose other users print names bare; UnescapeBytes reads it either way.
std::string Quoted(absl::string_view bytes) {
  return absl::StrCat("\"", absl::StrReplaceAll(EscapeBytes(bytes), {{"\"", "\\\""}}), "\"");
}
// Escaped first and then quoted: the other way round the escape would double the backslash of '\'' and let
// what follows out of its quotes.
std::string Word(absl::string_view bytes) { return ShellQuote(EscapeBytes(bytes)); }
std::string Words(const std::vector<std::string>& words) {
  return absl::StrJoin(words, " ",
                       [](std::string* out, const std::string& word) { absl::StrAppend(out, Word(word)); });
}
std::string Time(uint64_t ns) {
  return absl::StrFormat("%d.%06d", ns / 1'000'000'000, ns / 1000 % 1'000'000);
}

// What we had to do with the outcome; nothing where the call just went on.
const char* DecisionName(Decision decision) {
  switch (decision) {
    case Decision::kContinued:
      return "";
    case Decision::kDenied:
      return " denied";
    case Decision::kEmulated:
      return " emulated";
    case Decision::kKernelDenied:
      break;
  }
  return " kernel-denied";
}

struct Dumper {
  std::string operator()(const RunInfo& r) const {
    return absl::StrCat(Time(r.start_ns), " run ", EscapeBytes(r.tool), " build=", Quoted(r.build_dir),
                        " command: ", Words(r.command));
  }
  std::string operator()(const ActionBegin& r) const {
    return absl::StrCat(Time(r.time_ns), " #", r.action, " begin ", RoleName(r.role), " pid=", r.pid,
                        r.parent != 0 ? absl::StrCat(" in=#", r.parent) : "", " out=[", Words(r.outputs),
                        "] ", Words(r.argv));
  }
  std::string operator()(const Access& r) const {
    return absl::StrCat(
        Time(r.time_ns), " #", r.action, " ", r.pid, " ", OpName(r.op), " ", ResultName(r.result), " ",
        Quoted(r.path), r.resolved == r.path ? "" : absl::StrCat(" = ", Quoted(r.resolved)),
        r.path2.empty() ? "" : absl::StrCat(" -> ", Quoted(r.path2)),
        r.resolved2.empty() ? "" : absl::StrCat(" = ", Quoted(r.resolved2)), " (", Word(r.syscall),
        r.flags != 0 ? absl::StrFormat(" %#x", r.flags) : "",
        r.error != 0 ? absl::StrCat(" errno ", r.error) : "", r.sight == Sight::kObserved ? " observed" : "",
        DecisionName(r.decision), ") by ", r.exe.empty() ? "?" : Word(r.exe),
        r.rule.empty() ? "" : absl::StrCat(" against ", Quoted(r.rule)));
  }
  std::string operator()(const Hole& r) const {
    return absl::StrCat(Time(r.time_ns), " #", r.action, " hole ", Word(r.kind), ": ", EscapeBytes(r.detail));
  }
  std::string operator()(const ActionEnd& r) const {
    return absl::StrCat(Time(r.time_ns), " #", r.action, " end ", EndName(r.kind), " ", r.status,
                        r.step.empty() ? "" : absl::StrCat(" ", Word(r.step)),
                        r.left_over.empty() ? "" : absl::StrCat(" left over: ", Words(r.left_over)),
                        r.limit.empty() ? "" : absl::StrCat(" limit: ", Quoted(r.limit)));
  }
  std::string operator()(const ProcessBegin& r) const {
    return absl::StrCat(Time(r.time_ns), " #", r.action, " ", r.pid, " process, made by ", r.parent, " ",
                        r.program.empty() ? "?" : Word(r.program));
  }
  std::string operator()(const RunEnd& r) const {
    return absl::StrCat(Time(r.time_ns), " run ended, exit status ", r.exit_status);
  }
};

}  // namespace

std::string DumpRecord(const Record& record) { return std::visit(Dumper(), record); }

}  // namespace glovebox::access
