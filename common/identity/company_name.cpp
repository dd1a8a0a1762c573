#include <utf8proc.h>

#include <algorithm>
#include <array>
#include <span>
#include <string>
#include <vector>

#include "common/base/text.h"
#include "common/identity/identity.h"
#include "common/identity/legal_forms.h"
#include "common/identity/unicode.h"

namespace quartet::identity {
namespace {

static_assert(std::is_sorted(kLegalForms.begin(), kLegalForms.end()));
static_assert(std::is_sorted(kLegalFormsAtEitherEnd.begin(), kLegalFormsAtEitherEnd.end()));

constexpr std::string_view kAnd = "and";

enum class Role { kKept, kDropped, kSeparator, kConjunction };

// What a code point does to a name. Punctuation inside a word is dropped, so that "Ron-tech" and "Rontech" are one and
// "L.L.C." is a word; other punctuation separates words.
Role RoleOf(std::int32_t code_point) {
  constexpr std::int32_t kDiacriticalsFirst = 0x300;
  constexpr std::int32_t kDiacriticalsLast = 0x36F;
  if (code_point >= kDiacriticalsFirst && code_point <= kDiacriticalsLast) return Role::kDropped;
  if (code_point == '&') return Role::kConjunction;
  if (code_point == '.' || code_point == '\'' || code_point == 0x2019) return Role::kDropped;
  if (code_point == '#') return Role::kKept;
  switch (utf8proc_category(code_point)) {
    case UTF8PROC_CATEGORY_PC:
    case UTF8PROC_CATEGORY_PD:
    case UTF8PROC_CATEGORY_SK:
    case UTF8PROC_CATEGORY_CF:
      return Role::kDropped;
    case UTF8PROC_CATEGORY_PS:
    case UTF8PROC_CATEGORY_PE:
    case UTF8PROC_CATEGORY_PI:
    case UTF8PROC_CATEGORY_PF:
    case UTF8PROC_CATEGORY_PO:
    case UTF8PROC_CATEGORY_ZS:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP:
    case UTF8PROC_CATEGORY_CC:
      return Role::kSeparator;
    default:
      return Role::kKept;
  }
}

// Marks of law that Unicode would turn into letters ("™" into "tm").
std::string WithoutLegalMarks(std::string_view name) {
  std::string result;
  result.reserve(name.size());
  while (!name.empty()) {
    const std::int32_t code_point = TakeCodePoint(name);
    const bool is_mark = code_point == 0xA9 || code_point == 0xAE || code_point == 0x2120 || code_point == 0x2122;
    AppendCodePoint(is_mark ? ' ' : code_point, result);
  }
  return result;
}

std::vector<std::string> Words(std::string_view folded) {
  std::vector<std::string> words(1);
  const auto finish_word = [&] {
    if (!words.back().empty()) words.emplace_back();
  };
  while (!folded.empty()) {
    const std::int32_t code_point = TakeCodePoint(folded);
    switch (RoleOf(code_point)) {
      case Role::kKept:
        AppendCodePoint(code_point, words.back());
        break;
      case Role::kDropped:
        break;
      case Role::kSeparator:
        finish_word();
        break;
      case Role::kConjunction:
        finish_word();
        words.back() = kAnd;
        finish_word();
        break;
    }
  }
  if (words.back().empty()) words.pop_back();
  for (std::string& word : words) word = Recomposed(word);
  return words;
}

template <std::size_t kSize>
bool Contains(const std::array<std::string_view, kSize>& sorted, std::string_view value) {
  return std::binary_search(sorted.begin(), sorted.end(), value);
}

// How many of the last words are one legal form: a word, or up to five that are initials of one ("s", "a"). One word at
// least is left over.
std::size_t TrailingLegalFormWords(std::span<const std::string> words) {
  constexpr std::size_t kInitialsMax = 5;
  constexpr std::size_t kInitialBytesMax = 2;
  if (words.size() < 2) return 0;
  if (Contains(kLegalFormsAtEitherEnd, words.back())) return 1;
  std::size_t longest = 0;
  std::string form;
  for (std::size_t count = 1; count < words.size() && count <= kInitialsMax; ++count) {
    const std::string& word = words[words.size() - count];
    form.insert(0, word);
    if (Contains(kLegalForms, form)) longest = count;
    if (word.size() > kInitialBytesMax) break;
  }
  return longest;
}

void StripLegalForms(std::vector<std::string>& words) {
  while (const std::size_t count = TrailingLegalFormWords(words)) {
    words.resize(words.size() - count);
    if (words.size() > 1 && words.back() == kAnd) words.pop_back();
  }
  if (words.size() > 1 && Contains(kLegalFormsAtEitherEnd, words.front())) words.erase(words.begin());
}

std::string_view StripAffixes(std::string_view name) {
  for (bool changed = true; changed;) {
    changed = false;
    for (const std::string_view form : kAffixedLegalForms) {
      if (name.size() <= form.size()) continue;
      if (name.ends_with(form)) {
        name.remove_suffix(form.size());
        changed = true;
      } else if (name.starts_with(form)) {
        name.remove_prefix(form.size());
        changed = true;
      }
    }
  }
  return name;
}

}  // namespace

std::string NormaliseCompanyName(std::string_view name) {
  if (!CountCodePoints(name)) return "";
  std::vector<std::string> words = Words(FoldedDecomposedForm(WithoutLegalMarks(name)));
  StripLegalForms(words);
  std::string joined;
  for (const std::string& word : words) joined += word;
  // Words that stood apart may compose where they meet.
  return std::string(StripAffixes(Recomposed(joined)));
}

}  // namespace quartet::identity
