#include "report/text.h"

#include <time.h>

#include <algorithm>
#include <map>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "access/names.h"
#include "base/bytes.h"
#include "base/paths.h"
#include "base/status.h"
#include "report/findings.h"

namespace glovebox::report {
namespace {

constexpr size_t kShown = 8;  // entries of a list without --all

struct ClassCounts {
  uint64_t read = 0, looked = 0, absent = 0;
  std::map<Fate, uint64_t> fates;
};

class Writer {
 public:
  Writer(const Summary& summary, const Style& style, bool all)
      : summary_(summary), style_(style), all_(all) {}
  std::string Report();

 private:
  void Line(absl::string_view text) { absl::StrAppend(&out_, text, "\n"); }
  void Heading(Ink ink, absl::string_view text) {
    Line(absl::StrCat("\n", Paint(style_, ink, Shorten(text, style_.width))));
  }
  void Item(absl::string_view text) { Line(Shorten(absl::StrCat("  ", text), style_.width)); }
  // A row of numbers: one that is cut is a wrong one, so it is wider than the terminal where it must be.
  // `name` takes what is left, but some letters always.
  void Row(absl::string_view numbers, absl::string_view name = "") {
    const int left = style_.width - 2 - DisplayWidth(numbers);
    Line(absl::StrCat("  ", numbers, Shorten(name, style_.width == 0 ? 0 : std::max(left, 12))));
  }
  template <typename Range, typename Format>
  void List(const Range& range, Format format) {
    // "and 1 more" takes the line that the one itself would take.
    const size_t shown = all_ || range.size() <= kShown + 1 ? range.size() : kShown;
    for (size_t i = 0; i < shown; ++i) Item(format(range[i]));
    if (shown < range.size())
      Item(absl::StrCat("... and ", Thousands(range.size() - shown), " more (--all)"));
  }
  std::string By(access::ActionId action) const { return ActionLabel(summary_, action); }

  void Head();
  void Verdict();
  void Damage();
  void Findings();
  void Refused();
  void Network();
  void Elsewhere();
  void Table();
  void Roles();
  void Slowest();

  const Summary& summary_;
  const Style& style_;
  const bool all_;
  std::string out_;
};

std::string CommandText(const std::vector<std::string>& words) {
  return absl::StrJoin(
      words, " ", [](std::string* out, const std::string& word) { absl::StrAppend(out, PasteWord(word)); });
}

// The log names those that went on after their command, whether they ended by themselves or were ended.
std::string Outlived(size_t count) {
  return absl::StrCat(Count(count, "process", "processes"),
                      count == 1 ? " outlived its command" : " outlived their commands");
}

constexpr absl::string_view kNotKnown = "NOT KNOWN what this run touched: ";

// Of a run without an action: why that says nothing about what it did; empty where it says that it did
// nothing, and of every run with actions. What was done to the log counts more than what was not seen.
std::string WhyNotKnown(const Summary& summary) {
  if (!summary.actions.empty()) return "";
  for (const HoleFacts& hole : summary.holes) {
    if (hole.kind == "log-lost") return EscapeBytes(hole.detail);
  }
  for (const access::Tear& tear : summary.tears) {
    if (tear.is_damage()) return absl::StrCat("its log is damaged: ", EscapeBytes(tear.reason));
  }
  for (const HoleFacts& hole : summary.holes) {
    return absl::StrCat(EscapeBytes(hole.kind), ": ", EscapeBytes(hole.detail));
  }
  if (summary.unwrapped > 0) return "commands of this build are not wrapped";
  return summary.ended || summary.being_written || summary.loose ? "" : "it was cut off";
}

std::string Times(uint64_t count) { return count > 1 ? absl::StrCat(" x", Thousands(count)) : ""; }

void Writer::Head() {
  const access::RunInfo& run = summary_.run;
  std::vector<std::string> parts;
  if (run.start_unix_ns != 0) parts.push_back(StartTime(run.start_unix_ns));
  parts.push_back(Duration(summary_.wall_ns()));
  if (summary_.loose) {
    parts.push_back("recorded by launchers on their own");
  } else if (summary_.ended) {
    parts.push_back(absl::StrCat("exit status ", summary_.exit_status));
  } else if (summary_.being_written) {
    parts.push_back("still running");
  } else {
    parts.push_back("cut off: its end was not recorded");
  }
  Line(Paint(style_, Ink::kBold,
             absl::StrCat("Glovebox report of ",
                          EscapeBytes(run.build_dir.empty() ? summary_.run_dir : run.build_dir))));
  Item(absl::StrJoin(parts, ", "));
  if (!run.command.empty() && !summary_.loose) Item(absl::StrCat("command  ", CommandText(run.command)));
  if (!run.source_dir.empty() && run.source_dir != run.build_dir) {
    Item(absl::StrCat("source   ", EscapeBytes(run.source_dir)));
  }
}

void Writer::Verdict() {
  const uint64_t total = summary_.actions.size();
  const uint64_t incomplete = total - summary_.complete_actions();
  const bool damaged = std::any_of(summary_.tears.begin(), summary_.tears.end(),
                                   [](const access::Tear& tear) { return tear.is_damage(); });
  const bool gaps = damaged || !summary_.holes.empty() || summary_.unwrapped > 0;
  std::string text;
  if (const std::string why = WhyNotKnown(summary_); !why.empty()) {
    text = absl::StrCat(kNotKnown, why);
  } else if (total == 0) {
    text = summary_.being_written ? "Nothing is recorded so far." : "Nothing was recorded.";
  } else if (incomplete > 0) {
    text = absl::StrCat(Thousands(incomplete), " of ", Count(total, "action"),
                        incomplete == 1 ? " was" : " were", " not seen in full.");
  } else {
    text = absl::StrCat(
        total == 1 ? "The one action was" : absl::StrCat("All ", Thousands(total), " actions were"),
        " seen in full", gaps ? ", but there are gaps beside them." : ".");
  }
  const Ink ink = total == 0 || incomplete > 0 || gaps ? Ink::kYellow : Ink::kGreen;
  // The one reason why there is no report is never cut.
  Line(absl::StrCat("\n", Paint(style_, ink, total == 0 ? text : Shorten(text, style_.width))));
  std::vector<const ActionFacts*> list;
  for (const ActionFacts& action : summary_.actions) {
    if (!action.complete()) list.push_back(&action);
  }
  List(list, [&](const ActionFacts* action) {
    return absl::StrCat(By(action->id), ": ", EscapeBytes(absl::StrJoin(action->why_incomplete, "; ")));
  });
}

void Writer::Damage() {
  std::vector<access::Tear> tears = summary_.tears;
  if (summary_.being_written) {
    Heading(Ink::kYellow, "The log is still being written: this is what it holds so far");
  }
  std::erase_if(tears, [](const access::Tear& tear) { return !tear.is_damage(); });
  if (!tears.empty()) {
    Heading(Ink::kYellow, absl::StrCat("The log is damaged in ", Count(tears.size(), "place")));
    List(tears, [](const access::Tear& tear) {
      return absl::StrCat(EscapeBytes(tear.segment), " from byte ", Thousands(tear.offset),
                          " on: ", EscapeBytes(tear.reason));
    });
  }
  if (!summary_.holes.empty()) {
    uint64_t total = 0;
    for (const HoleFacts& hole : summary_.holes) total += hole.count;
    Heading(Ink::kYellow, absl::StrCat("Not seen: ", Count(total, "hole")));
    List(summary_.holes, [&](const HoleFacts& hole) {
      return absl::StrCat(EscapeBytes(hole.kind), Times(hole.count),
                          hole.first_action != 0 ? absl::StrCat(" in ", By(hole.first_action)) : "",
                          hole.count > 1 ? ", first: " : ": ", EscapeBytes(hole.detail));
    });
  }
  if (summary_.unwrapped > 0) {
    // A command to copy: it is never cut.
    const bool one = summary_.unwrapped == 1;
    Line(absl::StrCat(
        "\n",
        Paint(style_, Ink::kYellow,
              absl::StrCat(Thousands(summary_.unwrapped),
                           one ? " command or redirection" : " commands or redirections", " of this build ",
                           one ? "is not wrapped and was" : "are not wrapped and were",
                           " not seen: glovebox cmake-scan ", PasteWord(summary_.run.build_dir)))));
  }
  const auto raw = [](const std::string& text) { return EscapeBytes(text); };
  if (const auto steps = summary_.SkippedSteps(); !steps.empty()) {
    Heading(Ink::kYellow, "This host could not do");
    List(steps, raw);
  }
  if (const auto programs = summary_.LostPrivileges(); !programs.empty()) {
    Heading(Ink::kYellow, "Ran without the privileges that their files give");
    List(programs, raw);
  }
}

void Writer::Findings() {
  const std::string text = FindingsText(summary_, style_, all_);
  if (!text.empty()) absl::StrAppend(&out_, "\n", text);
  if (summary_.allowed > 0) {
    Heading(Ink::kDim, absl::StrCat(Count(summary_.allowed, "finding"),
                                    summary_.allowed == 1 ? " is" : " are", " let pass by the policy file"));
  }
}

// What was judged is told by its findings.
void Writer::Refused() {
  if (summary_.judged) return;
  if (!summary_.denied.empty()) {
    Heading(Ink::kRed, "Refused by Glovebox");
    List(summary_.denied, [&](const DeniedFacts& denied) {
      return absl::StrCat(EscapeBytes(denied.syscall), denied.path.empty() ? "" : " ",
                          EscapeBytes(denied.path), "  ", ErrnoName(denied.error), Times(denied.calls),
                          "  by ", EscapeBytes(denied.exe), " in ", By(denied.first_action));
    });
  }
  std::vector<const ActionFacts*> limited;
  for (const ActionFacts& action : summary_.actions) {
    if (!action.end.limit.empty()) limited.push_back(&action);
  }
  if (!limited.empty()) {
    Heading(Ink::kRed, absl::StrCat("Ended by a limit: ", Count(limited.size(), "action")));
    List(limited, [&](const ActionFacts* action) {
      return absl::StrCat(EscapeBytes(action->end.limit), "  in ", By(action->id));
    });
  }
  if (!summary_.left_over.empty()) {
    Heading(Ink::kRed, absl::StrCat(Outlived(summary_.left_over.size()),
                                    " (ended by Glovebox where still there at the end)"));
    List(summary_.left_over, [&](const LeftOver& left) {
      return absl::StrCat(EscapeBytes(left.process), " of ", By(left.action));
    });
  }
}

std::string Programs(const std::map<std::string, uint64_t>& programs) {
  std::vector<std::string> names;
  for (const auto& [exe, calls] : programs) {
    if (names.size() == 3) {
      names.push_back(absl::StrCat(programs.size() - 3, " more"));
      break;
    }
    names.push_back(exe.empty() ? "?" : EscapeBytes(exe));
  }
  return absl::StrJoin(names, ", ");
}

void Writer::Network() {
  std::vector<const EndpointFacts*> internet;
  std::vector<const EndpointFacts*> local;
  for (const EndpointFacts& endpoint : summary_.endpoints) {
    (endpoint.internet ? internet : local).push_back(&endpoint);
  }
  const auto format = [&](const EndpointFacts* endpoint) {
    static constexpr const char* kWords[3] = {"connect", "bind", "send"};
    std::vector<std::string> calls;
    for (size_t i = 0; i < 3; ++i) {
      if (endpoint->calls[i] != 0) calls.push_back(absl::StrCat(kWords[i], Times(endpoint->calls[i])));
    }
    if (endpoint->refused != 0) calls.push_back(absl::StrCat("refused", Times(endpoint->refused)));
    return absl::StrCat(EscapeBytes(endpoint->address), "  ", absl::StrJoin(calls, ", "), "  by ",
                        Programs(endpoint->programs), " in ", By(endpoint->first_action));
  };
  if (internet.empty()) {
    Heading(Ink::kBold, WhyNotKnown(summary_).empty() ? "Network: none" : "Network: not known");
  } else {
    Heading(Ink::kRed, absl::StrCat("Network: ", Count(internet.size(), "endpoint")));
    List(internet, format);
  }
  if (local.empty()) return;
  Heading(Ink::kBold, absl::StrCat("Local sockets: ", Thousands(local.size())));
  List(local, format);
}

// What a clean build does not do: write beside the build directory, read $HOME or places nobody knows.
void Writer::Elsewhere() {
  std::vector<const FileFacts*> written;
  std::vector<const FileFacts*> read;
  for (const FileFacts& file : summary_.files) {
    // A temporary file in /tmp is what compilers make; /dev/null and terminals are nobody's file. Both are in
    // the table.
    const bool scratch = file.path_class == PathClass::kTmp && file.fate == Fate::kTemporary;
    const bool device = file.path_class == PathClass::kSystem && IsUnder(file.path, "/dev");
    const bool inside =
        file.path_class == PathClass::kBuild || (summary_.one_tree && file.path_class == PathClass::kSource);
    if (file.fate != Fate::kUntouched && !inside && !scratch && !device) {
      written.push_back(&file);
    }
    const bool odd = file.path_class == PathClass::kHome || file.path_class == PathClass::kOutside ||
                     file.path_class == PathClass::kTmp;
    if (odd && (file.what & access::kReads) != 0 && file.fate == Fate::kUntouched) read.push_back(&file);
  }
  if (!written.empty()) {
    Heading(Ink::kYellow,
            absl::StrCat("Written outside the build directory: ", Count(written.size(), "file")));
    List(written, [&](const FileFacts* file) {
      return absl::StrCat(PadRight(FateName(file->fate), 12), "  ", PadRight(ClassName(file->path_class), 9),
                          "  ", EscapeBytes(file->path), "  by ", By(file->first_writer));
    });
  }
  if (!read.empty()) {
    Heading(Ink::kYellow,
            absl::StrCat("Read outside source, build, toolchain and system: ", Count(read.size(), "file")));
    List(read, [&](const FileFacts* file) {
      return absl::StrCat(PadRight(ClassName(file->path_class), 7), "  ", EscapeBytes(file->path), "  by ",
                          By(file->first_action), file->several_actions ? " and others" : "");
    });
  }
}

void Writer::Table() {
  std::array<ClassCounts, kPathClasses + 1> counts;  // the last is the total
  for (const FileFacts& file : summary_.files) {
    for (const size_t row : {static_cast<size_t>(file.path_class), size_t{kPathClasses}}) {
      const bool read = (file.what & access::kReads) != 0;
      if (read) ++counts[row].read;
      if (!read && (file.what & (access::kLooked | access::kListed)) != 0) ++counts[row].looked;
      if ((file.what & access::kProbed) != 0) ++counts[row].absent;
      ++counts[row].fates[file.fate];
    }
  }
  Heading(Ink::kBold, absl::StrCat("Names touched: ", Thousands(summary_.files.size())));
  static constexpr const char* kColumns[] = {"read",    "seen",    "created", "changed",
                                             "removed", "renamed", "temp",    "absent"};
  std::string head = PadRight("", 9);
  for (const char* column : kColumns) absl::StrAppend(&head, PadLeft(column, 8));
  Row(head);
  for (size_t row = 0; row < counts.size(); ++row) {
    std::map<Fate, uint64_t>& fates = counts[row].fates;
    if (fates.empty() && row != kPathClasses) continue;
    std::string line = PadRight(row == kPathClasses ? "all" : ClassName(static_cast<PathClass>(row)), 9);
    for (const uint64_t number :
         {counts[row].read, counts[row].looked, fates[Fate::kCreated], fates[Fate::kChanged],
          fates[Fate::kRemoved], fates[Fate::kRenamedOnto], fates[Fate::kTemporary], counts[row].absent}) {
      absl::StrAppend(&line, PadLeft(number == 0 ? "-" : Thousands(number), 8));
    }
    Row(line);
  }
}

// What was held, where anything was said of it: "  mode enforce", "  mode enforce 3, report 4".
std::string ModesText(const std::map<std::string, uint64_t>& modes) {
  if (modes.empty() || (modes.size() == 1 && modes.begin()->first == "report")) return "";
  if (modes.size() == 1) return absl::StrCat("  mode ", modes.begin()->first);
  return absl::StrCat("  mode ", absl::StrJoin(modes, ", ", absl::PairFormatter(" ")));
}

void Writer::Roles() {
  struct Counts {
    uint64_t all = 0, complete = 0;
    std::map<std::string, uint64_t> modes;
  };
  std::map<access::Role, Counts> roles;
  for (const ActionFacts& action : summary_.actions) {
    Counts& counts = roles[action.begin.role];
    ++counts.all;
    if (action.complete()) ++counts.complete;
    if (!action.begin.mode.empty()) ++counts.modes[action.begin.mode];
  }
  Heading(Ink::kBold, absl::StrCat(Count(summary_.actions.size(), "action"), ", ",
                                   Count(summary_.accesses, "access", "accesses")));
  for (const auto& [role, count] : roles) {
    Row(absl::StrCat(PadRight(access::RoleName(role), 9), PadLeft(Thousands(count.all), 8), "  ",
                     count.all == count.complete
                         ? "seen in full"
                         : absl::StrCat(Thousands(count.all - count.complete), " incomplete"),
                     ModesText(count.modes)));
  }
}

void Writer::Slowest() {
  const std::vector<size_t> slowest = summary_.Slowest(all_ ? 25 : 5);
  if (slowest.size() < 2) return;
  Heading(Ink::kBold, "Slowest");
  for (const size_t index : slowest) {
    const ActionFacts& action = summary_.actions[index];
    std::string cost;
    if (action.end.cpu_ns != 0) absl::StrAppend(&cost, "  cpu ", Duration(action.end.cpu_ns));
    if (action.end.peak_bytes != 0) absl::StrAppend(&cost, "  peak ", PeakText(action.end));
    Row(absl::StrCat(PadLeft(Duration(action.wall_ns()), 11), "  ",
                     PadRight(access::RoleName(action.begin.role), 9)),
        absl::StrCat(By(action.id), cost));
  }
}

std::string Writer::Report() {
  Head();
  Verdict();
  Damage();
  Findings();
  Refused();
  Network();
  Elsewhere();
  // A table of nothing would look like a build that did nothing.
  if (!summary_.files.empty() || WhyNotKnown(summary_).empty()) Table();
  Roles();
  Slowest();
  Line("");
  // The directory is for copying: it is never cut.
  Line(Paint(style_, Ink::kDim,
             absl::StrCat("log      ", EscapeBytes(summary_.run_dir), " (", Size(summary_.log_bytes), ")\n",
                          "more     glovebox explain FILE | OUTPUT | '#NUMBER'")));
  return std::move(out_);
}

}  // namespace

std::string TextReport(const Summary& summary, const Style& style, bool all) {
  return Writer(summary, style, all).Report();
}

std::string OneLine(const Summary& summary) {
  if (const std::string why = WhyNotKnown(summary); !why.empty()) return absl::StrCat(kNotKnown, why);
  uint64_t read = 0;
  uint64_t written = 0;
  uint64_t absent = 0;
  for (const FileFacts& file : summary.files) {
    if ((file.what & access::kReads) != 0) ++read;
    if (file.fate != Fate::kUntouched && file.fate != Fate::kTemporary) ++written;
    if ((file.what & access::kProbed) != 0) ++absent;
  }
  const uint64_t incomplete = summary.actions.size() - summary.complete_actions();
  std::string line = absl::StrCat(Count(summary.actions.size(), "action"),
                                  incomplete == 0 ? std::string(" seen in full")
                                                  : absl::StrCat(", ", Thousands(incomplete), " incomplete"),
                                  ": ", Count(read, "file"), " read, ", Thousands(written), " written, ",
                                  Thousands(absent), " absent; ");
  // Internet endpoints come first.
  uint64_t internet = 0;
  for (const EndpointFacts& endpoint : summary.endpoints) internet += endpoint.internet ? 1 : 0;
  if (internet == 0) {
    absl::StrAppend(&line, "no network");
  } else {
    absl::StrAppend(&line, "network: ", EscapeBytes(summary.endpoints[0].address),
                    internet > 1 ? absl::StrCat(" and ", Thousands(internet - 1), " more") : "");
  }
  if (!summary.denied.empty()) absl::StrAppend(&line, "; ", Count(summary.denied.size(), "call"), " refused");
  if (!summary.left_over.empty()) {
    absl::StrAppend(&line, "; ", Outlived(summary.left_over.size()));
  }
  uint64_t limited = 0;
  for (const ActionFacts& action : summary.actions) limited += action.end.limit.empty() ? 0 : 1;
  if (limited != 0) absl::StrAppend(&line, "; ", Count(limited, "action"), " ended by a limit");
  for (const ActionFacts& action : summary.actions) {
    if (action.complete()) continue;
    absl::StrAppend(&line, "; ", ActionLabel(summary, action.id), ": ",
                    EscapeBytes(absl::StrJoin(action.why_incomplete, "; ")));
    break;
  }
  if (!summary.findings.empty()) absl::StrAppend(&line, " (", Count(summary.findings.size(), "finding"), ")");
  return line;
}

std::string PeakText(const access::ActionEnd& end) {
  if (end.measured.empty()) return absl::StrCat(Size(end.peak_bytes), " in one process");
  return absl::StrCat(Size(end.peak_bytes),
                      end.peak_processes == 0 ? "" : absl::StrCat(" in ", Count(end.peak_processes, "task")),
                      " (", EscapeBytes(end.measured), ")");
}

std::string ShownPath(const std::string& path, const access::RunInfo& run) {
  const std::string& build = run.build_dir;
  if (build.size() > 1 && path.size() > build.size() + 1 && IsUnder(path, build)) {
    return EscapeBytes(path.substr(build.size() + 1));
  }
  return EscapeBytes(path);
}

std::string ActionLabel(const Summary& summary, access::ActionId id) {
  if (id == 0) return "no action";
  const ActionFacts* action = summary.Find(id);
  return absl::StrCat("#", id, " ", action == nullptr ? "(unknown)" : action->name);
}

}  // namespace glovebox::report
