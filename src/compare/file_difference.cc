#include "compare/file_difference.h"

#include <algorithm>
#include <map>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "compare/file_parts.h"
#include "compare/tell_bytes.h"

namespace glovebox::compare {
namespace {

constexpr size_t kMostWords = 2000;         // differing words that are looked at in a part
constexpr size_t kShownBytes = 60;          // of a word
constexpr size_t kSortedBytes = 16U << 20;  // whose lines are sorted

struct Header {
  size_t from, to;
  Source source;
  const char* detail;
};
// Of struct ar_hdr.
constexpr Header kMemberFields[] = {{16, 28, Source::kTime, "a time in an archive's header"},
                                    {28, 40, Source::kOwner, "an owner in an archive's header"},
                                    {40, 48, Source::kMode, "a mode in an archive's header"}};

bool IsText(absl::string_view bytes) { return bytes.substr(0, 8192).find('\0') == absl::string_view::npos; }

// ZIP's local and central headers, gzip's one: where the time stands.
bool IsPackedTime(absl::string_view bytes, size_t place) {
  if (absl::StartsWith(bytes, "\x1f\x8b")) return place >= 4 && place < 8;
  for (const auto& [magic, from] : {std::pair<absl::string_view, size_t>("PK\3\4", 10),
                                    std::pair<absl::string_view, size_t>("PK\1\2", 12)}) {
    for (size_t back = from; back < from + 4 && back <= place; ++back) {
      if (absl::StartsWith(bytes.substr(place - back), magic)) return true;
    }
  }
  return false;
}

char CharAt(absl::string_view bytes, size_t at) { return at < bytes.size() ? bytes[at] : '\0'; }

// Walks two parts together, from one difference to the next.
class Walk {
 public:
  Walk(const Part& a, const Part& b, const Witness& witness,
       std::map<std::pair<Source, std::string>, Spot>* spots)
      : part_(a), a_(a.bytes), b_(b.bytes), base_b_(b.offset), witness_(witness), spots_(*spots) {}

  // Whether something is left that nothing tells, in a part whose bytes follow from others.
  bool Run() {
    const bool text = part_.form == Part::Form::kBytes && IsText(a_) && IsText(b_);
    for (size_t words = 0; i_ < a_.size() && j_ < b_.size() && words < kMostWords;) {
      if (AtPlace()) continue;
      if (a_[i_] == b_[j_]) {
        ++i_;
        ++j_;
        continue;
      }
      if (SkipPadding(text)) continue;
      ++words;
      AtDifference(text);
    }
    // One goes on where the other ends.
    if ((i_ < a_.size()) != (j_ < b_.size()) && !left_ && spots_.empty()) {
      if (part_.follows) {
        left_ = true;
      } else {
        Add({Source::kUnknown,
             a_.size() < b_.size() ? "longer in B" : "longer in A",
             {i_, a_.size()},
             {j_, b_.size()}},
            text);
      }
    }
    return left_;
  }

 private:
  // A place that has another name in each build; what follows is compared again.
  bool AtPlace() {
    for (const PlacePair& pair : witness_.places()) {
      if (a_[i_] != pair.a[0] || b_[j_] != pair.b[0] || !absl::StartsWith(a_.substr(i_), pair.a) ||
          !absl::StartsWith(b_.substr(j_), pair.b))
        continue;
      // "/w/a" stands not in "/w/a-b", which is another directory.
      const char next_a = CharAt(a_, i_ + pair.a.size());
      const char next_b = CharAt(b_, j_ + pair.b.size());
      if (next_a != next_b) continue;
      Add({pair.source, "", {i_, i_ + pair.a.size()}, {j_, j_ + pair.b.size()}},
          part_.form == Part::Form::kBytes && IsText(a_));
      i_ += pair.a.size();
      j_ += pair.b.size();
      return true;
    }
    return false;
  }

  // Texts of another length are filled up to the next boundary.
  bool SkipPadding(bool text) {
    if (text || (a_[i_] != '\0' && b_[j_] != '\0')) return false;
    const size_t before_a = i_;
    const size_t before_b = j_;
    while (i_ < a_.size() && a_[i_] == '\0') ++i_;
    while (j_ < b_.size() && b_[j_] == '\0') ++j_;
    if (i_ == a_.size() || j_ == b_.size() || a_[i_] == b_[j_]) return true;
    i_ = before_a;
    j_ = before_b;
    return false;
  }

  void AtDifference(bool text) {
    Told told = TellBytes({a_, i_}, {b_, j_}, witness_);
    if (told.source == Source::kUnknown && part_.form == Part::Form::kBytes && IsPackedTime(a_, i_)) {
      told = {Source::kTime, "a time in a packed file's header", {i_, i_ + 1}, {j_, j_ + 1}};
    }
    if (told.source == Source::kUnknown && part_.follows) {
      left_ = true;
    } else {
      Add(told, text);
    }
    i_ = std::max(i_ + 1, told.a.to);
    j_ = std::max(j_ + 1, told.b.to);
  }

  void Add(const Told& told, bool text) {
    const auto [at, fresh] = spots_.try_emplace({told.source, told.detail});
    Spot& spot = at->second;
    if (!fresh) {
      ++spot.times;
      return;
    }
    spot.source = told.source;
    spot.detail = told.detail;
    spot.part = part_.name;
    spot.offset_a = part_.offset + i_;
    spot.offset_b = base_b_ + j_;
    if (text)
      spot.line =
          1 + static_cast<uint64_t>(std::count(a_.begin(), a_.begin() + static_cast<ptrdiff_t>(i_), '\n'));
    spot.a = Shown(a_, told.a, i_);
    spot.b = Shown(b_, told.b, j_);
  }

  // A word that holds the place; where there is none, some bytes.
  static std::string Shown(absl::string_view bytes, const Range& range, size_t place) {
    size_t from = range.from;
    size_t to = range.to;
    if (from == to) to = std::min(bytes.size(), place + 8);
    if (to - from > kShownBytes) {
      from = std::max(from, place > kShownBytes / 2 ? place - kShownBytes / 2 : 0);
      to = std::min(to, from + kShownBytes);
    }
    return std::string(bytes.substr(from, to - from));
  }

  const Part& part_;
  absl::string_view a_, b_;
  uint64_t base_b_;
  const Witness& witness_;
  std::map<std::pair<Source, std::string>, Spot>& spots_;
  size_t i_ = 0, j_ = 0;
  bool left_ = false;
};

bool SameLinesInAnotherOrder(absl::string_view a, absl::string_view b) {
  if (a.size() != b.size() || a.size() > kSortedBytes || !IsText(a) || !IsText(b)) return false;
  std::vector<absl::string_view> lines_a = absl::StrSplit(a, '\n');
  std::vector<absl::string_view> lines_b = absl::StrSplit(b, '\n');
  std::sort(lines_a.begin(), lines_a.end());
  std::sort(lines_b.begin(), lines_b.end());
  return lines_a == lines_b;
}

class Comparer {
 public:
  Comparer(absl::string_view a, absl::string_view b, const Witness& witness, uint64_t offset)
      : a_(a), b_(b), witness_(witness), offset_(offset) {}

  FileDifference Compare() {
    result_.size_a = offset_ + a_.size();
    result_.size_b = offset_ + b_.size();
    const size_t common = std::min(a_.size(), b_.size());
    result_.first =
        offset_ +
        static_cast<size_t>(
            std::mismatch(a_.begin(), a_.begin() + static_cast<ptrdiff_t>(common), b_.begin()).first -
            a_.begin());
    if (SameLinesInAnotherOrder(a_, b_)) {
      AddAtFirst(Source::kOrder, "the same lines");
    } else {
      CompareParts();
    }
    for (auto& [key, spot] : spots_) {
      spot.offset_a += offset_;
      spot.offset_b += offset_;
      result_.spots.push_back(std::move(spot));
    }
    return std::move(result_);
  }

 private:
  void AddAtFirst(Source source, const char* detail) {
    Spot spot;
    spot.source = source;
    spot.detail = detail;
    spot.offset_a = spot.offset_b = result_.first - offset_;
    spots_[{source, detail}] = std::move(spot);
  }

  // Parts of one name are told from each other by turns.
  void CompareParts() {
    std::vector<Part> parts_a = PartsOf(a_);
    std::vector<Part> parts_b = PartsOf(b_);
    if (parts_a.front().name.empty() != parts_b.front().name.empty()) {
      parts_a = {{"", a_, 0, Part::Form::kBytes, false, false}};
      parts_b = {{"", b_, 0, Part::Form::kBytes, false, false}};
    }
    std::map<std::pair<absl::string_view, Part::Form>, std::vector<const Part*>> by_name;
    for (const Part& part : parts_b) by_name[{part.name, part.form}].push_back(&part);
    std::map<std::pair<absl::string_view, Part::Form>, size_t> turns;
    for (const Part& part : parts_a) {
      const auto& same = by_name[{part.name, part.form}];
      size_t& turn = turns[{part.name, part.form}];
      if (turn >= same.size()) {
        result_.rest.push_back(absl::StrCat(part.name, " (only in A)"));
      } else {
        ComparePart(part, *same[turn++]);
      }
    }
    for (const Part& part : parts_b) {
      size_t& turn = turns[{part.name, part.form}];
      if (turn < by_name[{part.name, part.form}].size()) {
        ++turn;
        result_.rest.push_back(absl::StrCat(part.name, " (only in B)"));
      }
    }
    if (!spots_.empty()) return;
    const bool members = parts_a.front().form == Part::Form::kArchiveHeader;
    if (result_.rest.empty() && members) {
      AddAtFirst(Source::kOrder, "the same members");
    } else {
      AddAtFirst(Source::kUnknown, "");
    }
  }

  void ComparePart(const Part& a, const Part& b) {
    if (a.bytes == b.bytes) return;
    if (a.texts) {
      CompareTexts(a, b);
      return;
    }
    if (a.form != Part::Form::kArchiveHeader) {
      if (Walk(a, b, witness_, &spots_).Run()) result_.rest.push_back(a.name);
      return;
    }
    for (const Header& field : kMemberFields) {
      const absl::string_view in_a = a.bytes.substr(field.from, field.to - field.from);
      const absl::string_view in_b = b.bytes.substr(field.from, field.to - field.from);
      if (in_a == in_b) continue;
      const auto [at, fresh] = spots_.try_emplace({field.source, field.detail});
      Spot& spot = at->second;
      if (!fresh) {
        ++spot.times;
        continue;
      }
      spot.source = field.source;
      spot.detail = field.detail;
      spot.part = a.name;
      spot.offset_a = a.offset + field.from;
      spot.offset_b = b.offset + field.from;
      spot.a = std::string(in_a.substr(0, in_a.find_last_not_of(' ') + 1));
      spot.b = std::string(in_b.substr(0, in_b.find_last_not_of(' ') + 1));
    }
  }

  // Texts stand in an order of their own in each: like is held against like. What has no partner says nothing
  // (the end of a longer text is not written twice).
  void CompareTexts(const Part& a, const Part& b) {
    std::map<std::string, std::vector<Part>> theirs;
    std::vector<Part> texts_a = TextsOf(a);
    std::vector<Part> texts_b = TextsOf(b);
    for (Part& text : texts_b) theirs[Placeless(text.bytes, /*of_a=*/false)].push_back(std::move(text));
    std::vector<Part> left_a;
    for (Part& text : texts_a) {
      const auto same = theirs.find(Placeless(text.bytes, /*of_a=*/true));
      if (same == theirs.end() || same->second.empty()) {
        left_a.push_back(std::move(text));
        continue;
      }
      if (text.bytes != same->second.back().bytes) Walk(text, same->second.back(), witness_, &spots_).Run();
      same->second.pop_back();
    }
    std::vector<Part> left_b;
    for (auto& [key, texts] : theirs) left_b.insert(left_b.end(), texts.begin(), texts.end());
    if (left_a.size() != left_b.size()) {
      result_.rest.push_back(a.name);
      return;
    }
    std::sort(left_b.begin(), left_b.end(), [](const Part& x, const Part& y) { return x.offset < y.offset; });
    for (size_t i = 0; i < left_a.size(); ++i) Walk(left_a[i], left_b[i], witness_, &spots_).Run();
  }

  static std::vector<Part> TextsOf(const Part& part) {
    std::vector<Part> texts;
    for (size_t at = 0; at < part.bytes.size();) {
      const size_t end = std::min(part.bytes.find('\0', at), part.bytes.size());
      if (end > at)
        texts.push_back(
            {part.name, part.bytes.substr(at, end - at), part.offset + at, part.form, false, false});
      at = end + 1;
    }
    return texts;
  }

  // With a mark for each place of its side: one for both builds.
  std::string Placeless(absl::string_view text, bool of_a) const {
    std::vector<std::pair<absl::string_view, std::string>> replaced;
    for (size_t i = 0; i < witness_.places().size(); ++i) {
      const PlacePair& pair = witness_.places()[i];
      replaced.emplace_back(of_a ? pair.a : pair.b, absl::StrCat("\1", i, "\1"));
    }
    return absl::StrReplaceAll(text, replaced);
  }

  absl::string_view a_, b_;
  const Witness& witness_;
  uint64_t offset_;
  FileDifference result_;
  std::map<std::pair<Source, std::string>, Spot> spots_;
};

}  // namespace

bool FileDifference::has(Source source) const {
  return std::any_of(spots.begin(), spots.end(),
                     [source](const Spot& spot) { return spot.source == source; });
}

FileDifference CompareBytes(absl::string_view a, absl::string_view b, const Witness& witness,
                            uint64_t offset) {
  return Comparer(a, b, witness, offset).Compare();
}

}  // namespace glovebox::compare
