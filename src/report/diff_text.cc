#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "base/bytes.h"
#include "report/diff.h"
#include "report/text.h"

namespace glovebox::report {
namespace {

using compare::Cause;
using compare::InputDifference;
using compare::InputHow;
using compare::Node;
using compare::OutputDifference;
using compare::Source;
using compare::Spot;

constexpr size_t kOrigins = 3;  // of a cause, without --all
constexpr size_t kNames = 6;    // in a list, without --all

// "${build}/gen/a.h" -> "gen/a.h": nobody takes it for something else here.
std::string Name(absl::string_view portable) {
  absl::ConsumePrefix(&portable, "${build}/");
  return EscapeBytes(portable);
}

std::string Labelled(absl::string_view label, absl::string_view text) {
  return absl::StrCat("   ", PadRight(label, 9), text, "\n");
}

class Writer {
 public:
  Writer(const Diff& diff, const Style& style, bool all)
      : diff_(diff), comparison_(diff.comparison), style_(style), all_(all) {}

  std::string Text() {
    Head();
    for (size_t i = 0; i < comparison_.causes.size(); ++i) AddCause(i);
    Lone("only A", comparison_.only_a);
    Lone("only B", comparison_.only_b);
    Environment();
    Quiet();
    Notes();
    return std::move(out_);
  }

 private:
  void Head() {
    for (const auto& [label, side] : {std::pair<const char*, const compare::Side*>("A  ", &diff_.a),
                                      std::pair<const char*, const compare::Side*>("B  ", &diff_.b)}) {
      absl::StrAppend(&out_, label, EscapeBytes(side->witness.build_dir), "  ",
                      StartTime(side->start_unix_ns), "\n");
    }
    std::string line =
        comparison_.different == 0
            ? absl::StrCat("no difference in ", Count(comparison_.outputs, "output"))
            : absl::StrCat(Thousands(comparison_.different), " of ", Count(comparison_.outputs, "output"),
                           comparison_.different == 1 ? " differs" : " differ");
    if (comparison_.outputs == 0) line = "no output could be compared";
    absl::StrAppend(&line, " of ", Count(comparison_.pairs, "edge"));
    const bool bad = comparison_.differs() || comparison_.outputs == 0;
    absl::StrAppend(&out_, Paint(style_, bad ? Ink::kRed : Ink::kGreen, line), "\n");
  }

  // "a, b, c and 4 more"
  std::string Some(const std::vector<std::string>& names) const {
    if (all_ || names.size() <= kNames + 1) return absl::StrJoin(names, ", ");
    return absl::StrCat(absl::StrJoin(names.begin(), names.begin() + kNames, ", "), " and ",
                        Thousands(names.size() - kNames), " more");
  }

  void AddCause(size_t number) {
    const Cause& cause = comparison_.causes[number];
    std::string title = absl::StrCat(number + 1, ". ", SourceText(cause.source, cause.detail), ": ",
                                     Count(cause.origins.size(), "place"));
    if (!cause.reached.empty())
      absl::StrAppend(&title, ", and through that ", Thousands(cause.reached.size()), " more");
    absl::StrAppend(&out_, "\n", Paint(style_, Ink::kBold, title), "\n");
    const size_t shown = all_ || cause.origins.size() <= kOrigins + 1 ? cause.origins.size() : kOrigins;
    for (size_t i = 0; i < shown; ++i) AddOrigin(cause, comparison_.nodes[cause.origins[i]]);
    std::vector<std::string> rest;
    for (size_t i = shown; i < cause.origins.size(); ++i) rest.push_back(NodeName(cause.origins[i]));
    if (!rest.empty()) absl::StrAppend(&out_, "  ... and in ", Some(rest), "\n");
    std::vector<std::string> reached;
    for (const size_t node : cause.reached) reached.push_back(NodeName(node));
    if (!reached.empty()) absl::StrAppend(&out_, Labelled("through", Some(reached)));
    const Spot* spot = SpotOf(cause, comparison_.nodes[cause.origins.front()]).second;
    const std::string repair = SourceRepair(cause.source, spot == nullptr ? "" : spot->part);
    if (!repair.empty()) absl::StrAppend(&out_, Labelled("repair", repair));
  }

  std::string NodeName(size_t node) const { return Name(comparison_.nodes[node].name); }

  // The output that shows a cause best, and where.
  static std::pair<const OutputDifference*, const Spot*> SpotOf(const Cause& cause, const Node& node) {
    for (const bool exact : {true, false}) {
      for (const OutputDifference& output : node.outputs) {
        for (const Spot& spot : output.difference.spots) {
          const bool fits = spot.source == cause.source &&
                            (cause.source != Source::kEnvironment || spot.detail == cause.detail);
          if (exact ? fits : spot.source == Source::kUnknown || spot.source == Source::kDigits)
            return {&output, &spot};
        }
      }
    }
    return {&node.outputs.front(), node.outputs.front().difference.spots.empty()
                                       ? nullptr
                                       : &node.outputs.front().difference.spots.front()};
  }

  void AddOrigin(const Cause& cause, const Node& node) {
    const std::string where =
        node.is_edge ? EscapeBytes(node.where) : std::string("made by no edge: configured, or a source");
    absl::StrAppend(&out_, "  --> ", where, where.empty() ? "" : "  ", Name(node.name), "\n");
    const auto [output, spot] = SpotOf(cause, node);
    absl::StrAppend(&out_, Labelled("differs", SpotText(node, *output, spot)));
    for (const std::string& path : node.touched) absl::StrAppend(&out_, Labelled("reads", EscapeBytes(path)));
    AddCommands(node);
    AddInputs(node);
  }

  static std::string SpotText(const Node& node, const OutputDifference& output, const Spot* spot) {
    // Its name stands above.
    std::string text = Name(output.name);
    if (text == Name(node.name) && spot != nullptr && !spot->part.empty()) text.clear();
    if (node.is_edge && !output.declared) absl::StrAppend(&text, " (not declared)");
    if (spot == nullptr) return text;
    if (!spot->part.empty()) absl::StrAppend(&text, text.empty() ? "" : " ", EscapeBytes(spot->part));
    if (spot->source != Source::kMissing && spot->source != Source::kMode)
      absl::StrAppend(&text, ", byte ", Thousands(spot->offset_a));
    if (spot->line > 0) absl::StrAppend(&text, ", line ", Thousands(spot->line));
    if (!spot->detail.empty() && spot->source != Source::kEnvironment)
      absl::StrAppend(&text, ", ", EscapeBytes(spot->detail));
    if (!spot->a.empty() || !spot->b.empty())
      absl::StrAppend(&text, ": ", EscapeBytes(spot->a), " | ", EscapeBytes(spot->b));
    if (spot->times > 1) absl::StrAppend(&text, "  x", Thousands(spot->times));
    return text;
  }

  // From where they differ on.
  void AddCommands(const Node& node) {
    if (node.command_a.empty() && node.command_b.empty()) return;
    const std::string& a = node.command_a;
    const std::string& b = node.command_b;
    size_t from = static_cast<size_t>(
        std::mismatch(a.begin(), a.begin() + static_cast<ptrdiff_t>(std::min(a.size(), b.size())), b.begin())
            .first -
        a.begin());
    const size_t blank = a.rfind(' ', from);
    if (blank != std::string::npos && from > 0) from = blank + 1;
    const size_t most = all_ ? std::string::npos : 60;
    absl::StrAppend(
        &out_,
        Labelled("command",
                 absl::StrCat(EscapeBytes(absl::string_view(a).substr(std::min(from, a.size()), most)), " | ",
                              EscapeBytes(absl::string_view(b).substr(std::min(from, b.size()), most)))));
  }

  void AddInputs(const Node& node) {
    static constexpr std::pair<InputHow, const char*> kHows[] = {
        {InputHow::kOnlyA, "only A reads "},
        {InputHow::kOnlyB, "only B reads "},
        {InputHow::kChanged, "changed since A or B began: "}};
    for (const auto& [how, words] : kHows) {
      std::vector<std::string> names;
      for (const InputDifference& input : node.inputs) {
        if (input.how == how) names.push_back(Name(input.name));
      }
      if (!names.empty()) absl::StrAppend(&out_, Labelled("input", absl::StrCat(words, Some(names))));
    }
  }

  void Lone(const char* label, const std::vector<std::string>& names) {
    if (names.empty()) return;
    std::vector<std::string> escaped;
    escaped.reserve(names.size());
    for (const std::string& name : names) escaped.push_back(EscapeBytes(name));
    absl::StrAppend(&out_, "\n", label, " has ", Count(names.size(), "edge"), ": ", Some(escaped), "\n");
  }

  void Environment() {
    std::vector<std::string> changed;
    std::vector<std::string> only_a;
    std::vector<std::string> only_b;
    for (const compare::VariableDifference& variable : comparison_.environment)
      (variable.in_a && variable.in_b ? changed
       : variable.in_a                ? only_a
                                      : only_b)
          .push_back(EscapeBytes(variable.name));
    std::vector<std::string> parts;
    if (!changed.empty()) parts.push_back(absl::StrCat("other values of ", Some(changed)));
    if (!only_a.empty()) parts.push_back(absl::StrCat("only A has ", Some(only_a)));
    if (!only_b.empty()) parts.push_back(absl::StrCat("only B has ", Some(only_b)));
    if (!parts.empty()) absl::StrAppend(&out_, "\nenvironment: ", absl::StrJoin(parts, "; "), "\n");
  }

  // Edges that made the same in another way.
  void Quiet() {
    std::vector<const Node*> quiet;
    for (const Node& node : comparison_.nodes) {
      const bool content =
          std::all_of(node.inputs.begin(), node.inputs.end(),
                      [](const InputDifference& input) { return input.how == InputHow::kContent; });
      if (!node.outputs_differ() && !(content && node.command_a.empty() && node.command_b.empty()))
        quiet.push_back(&node);
    }
    if (quiet.empty()) return;
    absl::StrAppend(&out_, "\n", Count(quiet.size(), "edge"),
                    " had another command or read other files, without a difference in what ",
                    quiet.size() == 1 ? "it" : "they", " made", all_ ? ":" : " (--all)", "\n");
    if (!all_) return;
    for (const Node* node : quiet) {
      absl::StrAppend(&out_, "  --> ", Name(node->name), "\n");
      AddCommands(*node);
      AddInputs(*node);
    }
  }

  void Notes() {
    std::vector<std::string> notes;
    if (comparison_.one_directory)
      notes.push_back(
          "A and B are runs of one build directory, which has the outputs of the latest alone: only inputs, "
          "commands and the environment were compared");
    if (comparison_.newer_a + comparison_.newer_b > 0)
      notes.push_back(absl::StrCat(Count(comparison_.newer_a + comparison_.newer_b, "output"),
                                   " changed after the run: compared as now"));
    if (comparison_.unread > 0)
      notes.push_back(
          absl::StrCat(Count(comparison_.unread, "edge"), " did not run in both: inputs not compared"));
    if (comparison_.partial > 0)
      notes.push_back(
          absl::StrCat(Count(comparison_.partial, "edge"), " not seen in full: more may have been read"));
    if (!comparison_.environment_known)
      notes.push_back("the environment is not on record in both: build with this glovebox-ninja");
    if (!notes.empty()) absl::StrAppend(&out_, "\n");
    for (const std::string& note : notes) absl::StrAppend(&out_, "note: ", note, "\n");
  }

  const Diff& diff_;
  const compare::Comparison& comparison_;
  Style style_;
  bool all_;
  std::string out_;
};

}  // namespace

std::string DiffText(const Diff& diff, const Style& style, bool all) {
  return Writer(diff, style, all).Text();
}

}  // namespace glovebox::report
