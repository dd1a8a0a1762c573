#include "services/quartet/import/region.h"

#include <map>

#include <unicode/locid.h>
#include <unicode/unistr.h>

namespace quartet::cli {
namespace {

constexpr const char* kLanguages[] = {"en", "de", "fr", "es", "it", "pt", "nl"};

constexpr std::pair<const char*, const char*> kShortForms[] = {
    {"USA", "US"},
    {"United States of America", "US"},
    {"America", "US"},
    {"UK", "GB"},
    {"England", "GB"},
    {"Great Britain", "GB"},
    {"Scotland", "GB"},
    {"Wales", "GB"},
    {"Northern Ireland", "GB"},
    {"Holland", "NL"},
    {"The Netherlands", "NL"},
    {"Korea", "KR"},
    {"Republic of Korea", "KR"},
    {"Russian Federation", "RU"},
    {"Viet Nam", "VN"},
    {"Czech Republic", "CZ"},
    {"UAE", "AE"},
    {"Hong Kong", "HK"},
    {"Macau", "MO"},
    {"Turkey", "TR"},
};

icu::UnicodeString Key(icu::UnicodeString text) {
  text.foldCase();
  text.findAndReplace(".", "").findAndReplace(" ", "");
  return text;
}

using Names = std::map<icu::UnicodeString, std::string>;

Names ReadNames() {
  Names names;
  for (const char* const* code = icu::Locale::getISOCountries(); *code != nullptr; ++code) {
    const icu::Locale country("", *code);
    names.emplace(Key(icu::UnicodeString::fromUTF8(*code)), *code);
    for (const char* language : kLanguages) {
      icu::UnicodeString name;
      names.emplace(Key(country.getDisplayCountry(icu::Locale(language), name)), *code);
    }
  }
  for (const auto& [name, code] : kShortForms) names.insert_or_assign(Key(icu::UnicodeString::fromUTF8(name)), code);
  return names;
}

}  // namespace

std::optional<std::string> RegionCode(std::string_view country) {
  static const Names kNames = ReadNames();
  const auto utf8 = icu::StringPiece(country.data(), static_cast<std::int32_t>(country.size()));
  const auto found = kNames.find(Key(icu::UnicodeString::fromUTF8(utf8)));
  if (found == kNames.end()) return std::nullopt;
  return found->second;
}

}  // namespace quartet::cli
