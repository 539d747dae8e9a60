// The reader of baseline.h: one pass over the text, which keeps the line that it is at.
#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "nlohmann/json.hpp"
#include "verify/baseline.h"

namespace glovebox::verify {
namespace {

constexpr absl::string_view kKeys = "id, rule, action, object, since, owner, reason, expires";

// The parser's place in the text. Its copies move on together, so that the reader beside it can tell the
// line.
class Cursor {
 public:
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;

  explicit Cursor(const char** at) : at_(at) {}
  reference operator*() const { return **at_; }
  Cursor& operator++() {
    ++*at_;
    return *this;
  }
  bool operator==(const Cursor& other) const { return *at_ == *other.at_; }
  bool operator!=(const Cursor& other) const { return !(*this == other); }

 private:
  const char** at_;
};

// What the parser meets, in order. Each function says whether to go on.
class Reader {
 public:
  using Json = nlohmann::json;
  Reader(absl::string_view name, const char* const* at) : name_(name), at_(at), counted_(*at) {}

  bool null() { return Value(nullptr); }
  bool boolean(bool /*value*/) { return WrongKind(); }
  bool number_integer(Json::number_integer_t value) { return Number(value); }
  bool number_unsigned(Json::number_unsigned_t value) {
    return Number(value > 1'000'000 ? 1'000'000 : static_cast<int64_t>(value));
  }
  bool number_float(Json::number_float_t /*value*/, const std::string& /*text*/) { return WrongKind(); }
  bool binary(Json::binary_t& /*value*/) { return WrongKind(); }
  bool string(std::string& value) { return Value(&value); }

  bool start_object(size_t /*size*/) {
    if (place_ == Place::kOutside) {
      place_ = Place::kTop;
    } else if (place_ == Place::kList) {
      place_ = Place::kEntry;
      entry_ = {};
      entry_line_ = Line();
    } else {
      return WrongKind();
    }
    return true;
  }
  bool end_object() {
    if (place_ == Place::kEntry) return EndEntry();
    place_ = Place::kOutside;
    return EndTop();
  }
  bool start_array(size_t /*size*/) {
    if (place_ != Place::kTop || key_ != "findings") return WrongKind();
    if (version_ == 0) return Fail("say \"format\" and \"version\" before \"findings\"");
    place_ = Place::kList;
    return true;
  }
  bool end_array() {
    place_ = Place::kTop;
    listed_ = true;
    return true;
  }
  bool key(std::string& name) {
    key_ = name;
    key_line_ = Line();
    if (place_ == Place::kEntry) {
      if (name == "since" || name == "expires" || FieldOf(name) != nullptr) return true;
      return Fail(absl::StrCat("an entry has no key \"", name, "\"; there are ", kKeys));
    }
    if (name == "format" || name == "version" || name == "findings") return true;
    return Fail(absl::StrCat("a baseline has no key \"", name, "\"; there are format, version, findings"));
  }
  bool parse_error(size_t /*position*/, const std::string& /*token*/, const Json::exception& error) {
    const absl::string_view what = error.what();
    const size_t said = what.find("syntax error");
    return Fail(
        absl::StrCat("this is no JSON: ", said == absl::string_view::npos ? what : what.substr(said)));
  }

  absl::StatusOr<Baseline> Take(bool parsed) {
    if (!status_.ok()) return status_;
    if (!parsed) return absl::InvalidArgumentError(absl::StrCat(name_, ": this is no baseline"));
    return std::move(baseline_);
  }

 private:
  enum class Place { kOutside, kTop, kList, kEntry };

  // Of the token that was read last. No token has a newline in it, and the parser looks ahead of numbers
  // alone, for which the line of their key is told.
  size_t Line() {
    line_ += static_cast<size_t>(std::count(counted_, *at_, '\n'));
    counted_ = *at_;
    return line_;
  }
  bool FailAt(size_t line, absl::string_view text) {
    status_ = absl::InvalidArgumentError(absl::StrCat(name_, ":", line, ": ", text));
    return false;
  }
  bool Fail(absl::string_view text) { return FailAt(Line(), text); }
  bool WrongKind() {
    switch (place_) {
      case Place::kOutside:
        return Fail("a baseline is an object: {\"format\": \"glovebox-baseline\", ...}");
      case Place::kList:
        return Fail("\"findings\" is a list of objects: {\"id\": ...}");
      case Place::kTop:
      case Place::kEntry:
        break;
    }
    return FailAt(key_line_, absl::StrCat("\"", key_, "\" is ",
                                          key_ == "findings"  ? "a list"
                                          : key_ == "version" ? "a number"
                                                              : "a string"));
  }

  std::string* FieldOf(absl::string_view name) {
    const std::pair<absl::string_view, std::string*> fields[] = {
        {"id", &entry_.id},         {"rule", &entry_.rule},   {"action", &entry_.action},
        {"object", &entry_.object}, {"owner", &entry_.owner}, {"reason", &entry_.reason}};
    for (const auto& [key, field] : fields) {
      if (name == key) return field;
    }
    return nullptr;
  }

  bool Number(int64_t value) {
    if (place_ != Place::kTop || key_ != "version") return WrongKind();
    if (value == kBaselineVersion) {
      version_ = kBaselineVersion;
      return true;
    }
    return FailAt(key_line_, absl::StrCat("version ", value, " is of another Glovebox; this one reads ",
                                          kBaselineVersion));
  }

  // A string, or null.
  bool Value(std::string* value) {
    if (place_ == Place::kTop && key_ == "format" && value != nullptr) {
      if (*value == "glovebox-baseline") return formed_ = true;
      return Fail(absl::StrCat("\"", *value, "\" is no format of a baseline: say \"glovebox-baseline\""));
    }
    if (place_ != Place::kEntry) return WrongKind();
    if (key_ == "since" || key_ == "expires") return Day(value);
    if (value == nullptr) return WrongKind();
    *FieldOf(key_) = std::move(*value);
    return true;
  }
  bool Day(const std::string* value) {
    policy::Date* field = key_ == "since" ? &entry_.since : &entry_.expires;
    if (value == nullptr) {
      *field = {};
      return true;
    }
    const std::optional<policy::Date> date = policy::ParseDate(*value);
    if (!date.has_value())
      return Fail(absl::StrCat("\"", *value, "\" is no day: \"", key_, "\": \"2026-12-31\""));
    *field = *date;
    return true;
  }

  bool EndEntry() {
    place_ = Place::kList;
    const bool spelled =
        entry_.id.size() == 12 && entry_.id.find_first_not_of("0123456789abcdef") == std::string::npos;
    if (!spelled) {
      return FailAt(entry_line_, absl::StrCat("this entry has no id of a finding: \"", entry_.id,
                                              "\"; it is of twelve hexadecimal digits"));
    }
    const auto [other, fresh] = lines_.emplace(entry_.id, entry_line_);
    if (!fresh) {
      return FailAt(entry_line_, absl::StrCat("the finding ", entry_.id, " stands in line ", other->second,
                                              " already: leave one of them"));
    }
    baseline_.entries.push_back(std::move(entry_));
    return true;
  }
  bool EndTop() {
    if (!formed_) return Fail("this baseline has no \"format\": \"glovebox-baseline\"");
    if (version_ == 0) return Fail(absl::StrCat("this baseline has no \"version\": ", kBaselineVersion));
    return listed_ || Fail("this baseline has no \"findings\": []");
  }

  const absl::string_view name_;
  const char* const* at_;
  const char* counted_;
  size_t line_ = 1;
  Place place_ = Place::kOutside;
  std::string key_;
  size_t key_line_ = 1;
  bool formed_ = false, listed_ = false;
  int version_ = 0;
  BaselineEntry entry_;
  size_t entry_line_ = 1;
  absl::flat_hash_map<std::string, size_t> lines_;  // by id
  Baseline baseline_;
  absl::Status status_;
};

}  // namespace

absl::StatusOr<Baseline> ParseBaseline(absl::string_view text, absl::string_view name) {
  const char* at = text.data();
  const char* end = text.data() + text.size();
  Reader reader(name, &at);
  const bool parsed = nlohmann::json::sax_parse(Cursor(&at), Cursor(&end), &reader);
  return reader.Take(parsed);
}

}  // namespace glovebox::verify
