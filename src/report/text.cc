#include "report/text.h"

#include <algorithm>
#include <numeric>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/bytes.h"
#include "base/paths.h"

namespace glovebox::report {
namespace {

constexpr size_t kShown = 10;

uint64_t Sum(const ByClass& counts) { return std::accumulate(counts.begin(), counts.end(), uint64_t{0}); }

class Writer {
 public:
  Writer(const Style& style, bool all) : style_(style), all_(all) {}

  void Line(absl::string_view text = "") { absl::StrAppend(&out_, text, "\n"); }
  void Heading(absl::string_view text, Ink ink = Ink::kBold) {
    Line();
    Line(Paint(style_, ink, text));
  }
  // The first lines of a list, and how many more there are.
  void List(const std::vector<std::string>& lines) {
    const size_t shown = all_ ? lines.size() : std::min(lines.size(), kShown);
    for (size_t i = 0; i < shown; ++i)
      Line(absl::StrCat("  ", Shorten(lines[i], style_.width > 4 ? style_.width - 2 : 0)));
    if (shown < lines.size()) {
      Line(Paint(style_, Ink::kDim,
                 absl::StrCat("  ... and ", Thousands(lines.size() - shown), " more (--all)")));
    }
  }
  void Notes(const std::vector<Note>& notes) {
    std::vector<std::string> lines;
    for (const Note& note : notes)
      lines.push_back(note.label.empty() ? note.text : absl::StrCat(note.label, ": ", note.text));
    List(lines);
  }
  void Table(const Summary& summary) {
    constexpr int kName = 10;
    constexpr int kCell = 11;
    std::string head = PadRight("", kName);
    for (int c = 0; c < kPathClasses; ++c) head += PadLeft(ClassName(static_cast<PathClass>(c)), kCell);
    Line(Paint(style_, Ink::kDim, head));
    const std::pair<const char*, const ByClass*> rows[] = {
        {"read", &summary.read}, {"written", &summary.written}, {"absent", &summary.probed}};
    for (const auto& [name, counts] : rows) {
      std::string line = PadRight(name, kName);
      for (uint64_t count : *counts) line += PadLeft(count == 0 ? "-" : Thousands(count), kCell);
      Line(line);
    }
  }
  std::string Take() { return std::move(out_); }
  const Style& style() const { return style_; }

 private:
  const Style style_;
  const bool all_;
  std::string out_;
};

std::string EndpointLine(const Endpoint& endpoint) {
  return absl::StrCat(endpoint.what, " ", endpoint.address, "  by ", Basename(endpoint.exe), " in ",
                      endpoint.label,
                      endpoint.times > 1 ? absl::StrCat("  (", Thousands(endpoint.times), " times)") : "");
}

std::string Headline(const Summary& summary) {
  const uint64_t partly = summary.actions - summary.complete;
  std::string roles = absl::StrJoin(summary.roles, ", ", [](std::string* out, const auto& role) {
    absl::StrAppend(out, Thousands(role.second), " ", role.first);
  });
  return absl::StrCat(Count(summary.actions, "action"), " (", roles, "): ", Thousands(summary.complete),
                      " seen in full", partly > 0 ? absl::StrCat(", ", Thousands(partly), " incomplete") : "",
                      "; ", Count(summary.accesses, "access", "accesses"), " in ",
                      Duration(summary.duration_ns));
}

void WriteTears(const Input& input, Writer& out) {
  if (input.log.tears.empty()) return;
  out.Heading("Log damaged", Ink::kRed);
  std::vector<std::string> lines;
  for (const access::Tear& tear : input.log.tears) {
    lines.push_back(absl::StrCat(tear.segment, " at byte ", Thousands(tear.offset), ": ", tear.reason));
  }
  out.List(lines);
}

}  // namespace

std::string TextReport(const Input& input, const Summary& summary, const Style& style, bool all) {
  Writer out(style, all);
  const auto& run = input.table.run;
  out.Line(Paint(style, Ink::kBold,
                 absl::StrCat("glovebox report  ", run ? EscapeBytes(run->build_dir) : input.log.run_dir)));
  if (run)
    out.Line(Paint(style, Ink::kDim,
                   absl::StrCat("  ", Shorten(EscapeBytes(absl::StrJoin(run->command, " ")),
                                              style.width > 4 ? style.width - 2 : 0))));
  out.Line(absl::StrCat("  ", Headline(summary)));
  if (run && !input.table.run_end)
    out.Line(Paint(style, Ink::kRed, "  the run was cut off: its end was not recorded"));
  WriteTears(input, out);
  if (!summary.incomplete.empty()) {
    out.Heading("Not seen in full", Ink::kRed);
    out.Notes(summary.incomplete);
  }
  if (!summary.denied.empty()) {
    out.Heading("Refused", Ink::kRed);
    out.Notes(summary.denied);
  }
  if (!summary.left_over.empty()) {
    out.Heading("Left-over processes (ended)", Ink::kYellow);
    out.Notes(summary.left_over);
  }
  std::vector<std::string> internet;
  uint64_t local = 0;
  for (const Endpoint& endpoint : summary.endpoints) {
    if (IsInternet(endpoint.address)) internet.push_back(EndpointLine(endpoint));
    local += IsInternet(endpoint.address) ? 0 : 1;
  }
  out.Heading("Network");
  if (internet.empty()) out.Line("  none");
  out.List(internet);
  if (local > 0) out.Line(absl::StrCat("  ", Count(local, "unix or netlink socket"), " on this machine"));
  out.Heading("Files");
  out.Table(summary);
  if (!summary.outside.empty()) {
    out.Heading("In $HOME, or outside every known place", Ink::kYellow);
    out.List(summary.outside);
  }
  if (!summary.slowest.empty()) {
    out.Heading("Slowest");
    for (const SlowAction& action : summary.slowest) {
      out.Line(absl::StrCat("  ", PadLeft(Duration(action.nanoseconds), 10), "  ",
                            Shorten(action.label, style.width > 20 ? style.width - 14 : 0)));
    }
  }
  out.Line();
  out.Line(
      Paint(style, Ink::kDim, "who touched a file, or what an edge touched: glovebox explain PATH-or-EDGE"));
  return out.Take();
}

std::string OneLine(const Summary& summary) {
  const uint64_t partly = summary.actions - summary.complete;
  return absl::StrCat(
      Count(summary.actions, "action"),
      partly == 0 ? ", seen in full" : absl::StrCat(", ", partly, " incomplete"), ": ",
      Count(Sum(summary.read), "file"), " read, ", Thousands(Sum(summary.written)), " written, ",
      Thousands(Sum(summary.probed)), " looked for and absent, ",
      Count(static_cast<uint64_t>(std::count_if(summary.endpoints.begin(), summary.endpoints.end(),
                                                [](const Endpoint& e) { return IsInternet(e.address); })),
            "network endpoint"));
}

}  // namespace glovebox::report
