#include "graph/cmake_condition.h"

#include <algorithm>
#include <initializer_list>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"

namespace glovebox::graph {
namespace {

constexpr int kMaxDepth = 50;

struct Word {
  std::string text;
  bool quoted = false;
};

CMakeTruth Not(CMakeTruth truth) {
  if (truth == CMakeTruth::kUnknown) return truth;
  return truth == CMakeTruth::kTrue ? CMakeTruth::kFalse : CMakeTruth::kTrue;
}

CMakeTruth Both(CMakeTruth a, CMakeTruth b) {
  if (a == CMakeTruth::kFalse || b == CMakeTruth::kFalse) return CMakeTruth::kFalse;
  return a == CMakeTruth::kTrue ? b : a;
}

bool IsOneOf(absl::string_view word, std::initializer_list<absl::string_view> list) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

// ON, 1, OFF, x-NOTFOUND: what CMake takes for a constant. Unknown: none.
CMakeTruth Constant(const std::string& text) {
  const std::string upper = absl::AsciiStrToUpper(text);
  if (IsOneOf(upper, {"1", "ON", "YES", "TRUE", "Y"})) return CMakeTruth::kTrue;
  if (IsOneOf(upper, {"", "0", "OFF", "NO", "FALSE", "N", "IGNORE", "NOTFOUND"}) ||
      absl::EndsWith(text, "-NOTFOUND")) {
    return CMakeTruth::kFalse;
  }
  double number = 0;
  if (absl::SimpleAtod(text, &number)) return number != 0 ? CMakeTruth::kTrue : CMakeTruth::kFalse;
  return CMakeTruth::kUnknown;
}

bool IsTestOfOne(const std::string& word) {
  return IsOneOf(word, {"COMMAND", "POLICY", "TARGET", "TEST", "DEFINED", "EXISTS", "IS_READABLE",
                        "IS_WRITABLE", "IS_EXECUTABLE", "IS_DIRECTORY", "IS_SYMLINK", "IS_ABSOLUTE"});
}

bool IsTestOfTwo(const std::string& word) {
  return IsOneOf(word, {"STREQUAL", "MATCHES", "EQUAL", "LESS", "LESS_EQUAL", "GREATER", "GREATER_EQUAL",
                        "STRLESS", "STRLESS_EQUAL", "STRGREATER", "STRGREATER_EQUAL", "VERSION_EQUAL",
                        "VERSION_LESS", "VERSION_LESS_EQUAL", "VERSION_GREATER", "VERSION_GREATER_EQUAL",
                        "IN_LIST", "PATH_EQUAL", "IS_NEWER_THAN"});
}

class Condition {
 public:
  Condition(std::vector<Word> words, const CMakeLookup& lookup) : words_(std::move(words)), lookup_(lookup) {}

  CMakeTruth Run() {
    const CMakeTruth truth = Or(0);
    return failed_ || at_ != words_.size() ? CMakeTruth::kUnknown : truth;
  }

 private:
  bool Next(absl::string_view word, size_t ahead = 0) const {
    return at_ + ahead < words_.size() && !words_[at_ + ahead].quoted && words_[at_ + ahead].text == word;
  }

  CMakeTruth Or(int depth) {
    CMakeTruth truth = And(depth);
    while (Next("OR")) {
      ++at_;
      truth = Not(Both(Not(truth), Not(And(depth))));
    }
    return truth;
  }

  CMakeTruth And(int depth) {
    CMakeTruth truth = One(depth);
    while (Next("AND")) {
      ++at_;
      truth = Both(truth, One(depth));
    }
    return truth;
  }

  CMakeTruth One(int depth) {
    if (at_ >= words_.size() || depth > kMaxDepth) {
      failed_ = true;
      return CMakeTruth::kUnknown;
    }
    if (Next("NOT")) {
      ++at_;
      return Not(One(depth + 1));
    }
    if (Next("(")) {
      ++at_;
      const CMakeTruth truth = Or(depth + 1);
      if (!Next(")")) failed_ = true;
      ++at_;
      return truth;
    }
    const Word& word = words_[at_++];
    if (!word.quoted && IsTestOfOne(word.text)) {
      ++at_;
      return CMakeTruth::kUnknown;
    }
    if (at_ < words_.size() && !words_[at_].quoted && IsTestOfTwo(words_[at_].text)) {
      const bool equal = words_[at_].text == "STREQUAL";
      at_ += 2;
      if (!equal || at_ > words_.size()) return CMakeTruth::kUnknown;
      return Equal(word, words_[at_ - 1]);
    }
    return Truth(word);
  }

  CMakeTruth Truth(const Word& word) const {
    if (!IsKnown(word.text)) return CMakeTruth::kUnknown;
    const CMakeTruth constant = Constant(word.text);
    if (constant != CMakeTruth::kUnknown || word.quoted) return constant;
    const std::string value = lookup_(word.text);
    if (!IsKnown(value)) return CMakeTruth::kUnknown;
    return Constant(value) == CMakeTruth::kFalse ? CMakeTruth::kFalse : CMakeTruth::kTrue;
  }

  // An unquoted word is a variable's name where there is one; where that is not known, neither is its value.
  std::string ValueOf(const Word& word) const {
    if (word.quoted) return word.text;
    const bool name = std::all_of(word.text.begin(), word.text.end(), [](char c) {
      return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '_';
    });
    return name ? lookup_(word.text) : word.text;
  }

  CMakeTruth Equal(const Word& a, const Word& b) const {
    const std::string left = ValueOf(a), right = ValueOf(b);
    if (!IsKnown(left) || !IsKnown(right)) return CMakeTruth::kUnknown;
    return left == right ? CMakeTruth::kTrue : CMakeTruth::kFalse;
  }

  const std::vector<Word> words_;
  const CMakeLookup& lookup_;
  size_t at_ = 0;
  bool failed_ = false;
};

}  // namespace

CMakeTruth EvaluateCMakeCondition(const std::vector<CMakeArgument>& arguments, const CMakeLookup& lookup) {
  std::vector<Word> words;
  for (const CMakeArgument& argument : arguments) {
    if (argument.kind != CMakeArgument::Kind::kUnquoted) {
      words.push_back(
          {argument.kind == CMakeArgument::Kind::kQuoted ? ExpandCMake(argument.text, lookup) : argument.text,
           true});
    } else {
      for (std::string& word : SplitCMakeList(ExpandCMake(argument.text, lookup))) {
        words.push_back({std::move(word), false});
      }
    }
  }
  // What is not known may be any words, also AND and OR.
  for (const Word& word : words) {
    if (!word.quoted && !IsKnown(word.text)) return CMakeTruth::kUnknown;
  }
  return Condition(std::move(words), lookup).Run();
}

}  // namespace glovebox::graph
