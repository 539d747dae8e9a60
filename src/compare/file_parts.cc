#include "compare/file_parts.h"

#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace glovebox::compare {
namespace {

constexpr absl::string_view kArchive = "!<arch>\n";
constexpr absl::string_view kElf = "\177ELF";
constexpr size_t kMemberHeader = 60;
constexpr size_t kMostSections = 100000;  // a damaged file may claim any number
constexpr uint32_t kNoBits = 8;           // SHT_NOBITS: no bytes in the file

// Reads numbers of an ELF file of either class and byte order; 0 outside of the file.
class Elf {
 public:
  explicit Elf(absl::string_view file) : file_(file), wide_(file[4] == 2), big_(file[5] == 2) {}
  bool wide() const { return wide_; }
  uint64_t Number(uint64_t at, size_t size) const {
    if (at > file_.size() || file_.size() - at < size) return 0;
    uint64_t value = 0;
    for (size_t i = 0; i < size; ++i) {
      const size_t byte = big_ ? i : size - 1 - i;
      value = value << 8 | static_cast<unsigned char>(file_[at + byte]);
    }
    return value;
  }
  // A field that is a word of the class: 4 or 8 bytes.
  uint64_t Word(uint64_t at) const { return Number(at, wide_ ? 8 : 4); }

 private:
  absl::string_view file_;
  bool wide_;
  bool big_;
};

bool Follows(absl::string_view name) {
  // What has text of the source's or the build's in it.
  for (const absl::string_view text : {".debug_str", ".debug_line_str", ".rodata", ".data", ".comment"}) {
    if (name == text || (absl::StartsWith(name, absl::StrCat(text, ".")) && name != ".data.rel.ro" &&
                         !absl::StartsWith(name, ".data.rel")))
      return false;
  }
  for (const absl::string_view made : {".debug_",        ".rel",
                                       ".symtab",        ".strtab",
                                       ".shstrtab",      ".dyn",
                                       ".hash",          ".gnu.hash",
                                       ".gnu.version",   ".note.gnu.build-id",
                                       ".eh_frame",      ".gcc_except_table",
                                       ".group",         ".text",
                                       ".got",           ".plt",
                                       ".init",          ".fini",
                                       ".data.rel",      ".gnu_debuglink",
                                       ".tm_clone_table"}) {
    if (absl::StartsWith(name, made)) return true;
  }
  return false;
}

bool HoldsTexts(absl::string_view name) {
  return name == ".debug_str" || name == ".debug_line_str" || name == ".comment" ||
         absl::StartsWith(name, ".rodata.str") || absl::StrContains(name, ".str1.");
}

std::vector<Part> Sections(absl::string_view file, const std::string& prefix, uint64_t base) {
  const Elf elf(file);
  const uint64_t table = elf.Word(elf.wide() ? 0x28 : 0x20);
  const uint64_t entry = elf.Number(elf.wide() ? 0x3a : 0x2e, 2);
  const uint64_t count = elf.Number(elf.wide() ? 0x3c : 0x30, 2);
  const uint64_t names = elf.Number(elf.wide() ? 0x3e : 0x32, 2);
  if (count == 0 || count > kMostSections || entry < (elf.wide() ? 64U : 40U) || table > file.size() ||
      count * entry > file.size() - table || names >= count)
    return {};
  const auto offset = [&](uint64_t i) { return elf.Word(table + i * entry + (elf.wide() ? 24 : 16)); };
  const auto size = [&](uint64_t i) { return elf.Word(table + i * entry + (elf.wide() ? 32 : 20)); };
  std::vector<Part> parts;
  for (uint64_t i = 1; i < count; ++i) {
    const uint64_t from = offset(i);
    if (elf.Number(table + i * entry + 4, 4) == kNoBits || size(i) == 0) continue;
    if (from > file.size() || size(i) > file.size() - from) return {};
    const uint64_t name_at = offset(names) + elf.Number(table + i * entry, 4);
    absl::string_view name = name_at < file.size() ? file.substr(name_at) : "";
    name = name.substr(0, name.find('\0'));
    parts.push_back({absl::StrCat(prefix, name), file.substr(from, size(i)), base + from,
                     Part::Form::kSection, Follows(name), HoldsTexts(name)});
  }
  return parts;
}

bool IsElf(absl::string_view file) { return file.size() >= 64 && absl::StartsWith(file, kElf); }

// "util.o/" and "/123", a place in the table of long names.
std::string MemberName(absl::string_view field, absl::string_view long_names) {
  field = absl::StripAsciiWhitespace(field);
  size_t at = 0;
  if (field.size() > 1 && field[0] == '/' && absl::SimpleAtoi(field.substr(1), &at) &&
      at < long_names.size()) {
    const absl::string_view name = long_names.substr(at);
    return std::string(absl::StripSuffix(name.substr(0, name.find('\n')), "/"));
  }
  if (field == "/" || field == "//" || field == "/SYM64/") return std::string(field);
  return std::string(absl::StripSuffix(field, "/"));
}

std::vector<Part> Members(absl::string_view file) {
  std::vector<Part> parts;
  absl::string_view long_names;
  size_t at = kArchive.size();
  while (at + kMemberHeader <= file.size()) {
    const absl::string_view header = file.substr(at, kMemberHeader);
    size_t size = 0;
    if (!absl::SimpleAtoi(absl::StripAsciiWhitespace(header.substr(48, 10)), &size) ||
        size > file.size() - at - kMemberHeader)
      return {};
    const absl::string_view bytes = file.substr(at + kMemberHeader, size);
    const std::string name = MemberName(header.substr(0, 16), long_names);
    if (name == "//") long_names = bytes;
    // Its size is what stands in it, and needs no word of its own.
    parts.push_back({name, header.substr(0, 48), at, Part::Form::kArchiveHeader, false, false});
    const uint64_t offset = at + kMemberHeader;
    std::vector<Part> inner;
    if (IsElf(bytes)) inner = Sections(bytes, absl::StrCat(name, ": "), offset);
    const bool index = name == "/" || name == "/SYM64/";
    if (inner.empty()) inner.push_back({name, bytes, offset, Part::Form::kBytes, index, false});
    parts.insert(parts.end(), inner.begin(), inner.end());
    at += kMemberHeader + size + size % 2;
  }
  return parts;
}

}  // namespace

std::vector<Part> PartsOf(absl::string_view file) {
  std::vector<Part> parts;
  if (IsElf(file)) parts = Sections(file, "", 0);
  if (absl::StartsWith(file, kArchive)) parts = Members(file);
  if (parts.empty()) parts.push_back({"", file, 0, Part::Form::kBytes, false, false});
  return parts;
}

}  // namespace glovebox::compare
