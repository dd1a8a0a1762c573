#include "common/resource/field_rules.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "common/base/limits.h"
#include "common/base/text.h"
#include "common/identity/identity.h"

#include "google/protobuf/descriptor.h"

namespace quartet::resource {
namespace {

using namespace limits;  // NOLINT(google-build-using-namespace): the file holds fields to them

// What is wrong with a text as it stands; "" if nothing is.
std::string TextProblem(std::string_view text, std::size_t characters_max) {
  const std::optional<std::size_t> characters = CountCodePoints(text);
  if (!characters) return "is not valid UTF-8";
  if (text.find('\0') != std::string_view::npos) return "contains a NUL character";
  if (*characters > characters_max) {
    return fmt::format("has {} characters; {} is the most", *characters, characters_max);
  }
  return "";
}

}  // namespace

void CheckText(std::string& text, std::size_t characters_max, const FieldPath& field, Violations& violations) {
  if (const std::string_view trimmed = Trim(text); trimmed.size() != text.size()) text = std::string(trimmed);
  if (std::string problem = TextProblem(text, characters_max); !problem.empty()) {
    violations.Add(field.Text(), std::move(problem));
  }
}

void CheckRequiredText(std::string& text, std::size_t characters_max, const FieldPath& field, Violations& violations) {
  CheckText(text, characters_max, field, violations);
  if (text.empty()) violations.Add(field.Text(), "is required");
}

void CheckSize(const google::protobuf::Message& record, Violations& violations) {
  if (const std::size_t bytes = record.ByteSizeLong(); bytes > kRecordBytesMax) {
    violations.Add("", fmt::format("has {} bytes in all; {} is the most", bytes, kRecordBytesMax));
  }
}

void CheckPersonName(type::v1::PersonName& name, std::string_view field, Violations& violations) {
  CheckText(*name.mutable_given_name(), kNameMax, FieldPath(field, "given_name"), violations);
  CheckText(*name.mutable_family_name(), kNameMax, FieldPath(field, "family_name"), violations);
  CheckText(*name.mutable_prefix(), kNameAffixMax, FieldPath(field, "prefix"), violations);
  CheckText(*name.mutable_suffix(), kNameAffixMax, FieldPath(field, "suffix"), violations);
}

void CheckMoney(const google::type::Money& money, std::string_view field, Violations& violations) {
  constexpr std::int32_t kNanosPerUnit = 1'000'000'000;
  if (money.units() < 0 || money.units() > kMoneyUnitsMax) {
    violations.Add(FieldPath(field, "units").Text(), "must be 0 to 1,000,000,000,000");
  }
  if (money.nanos() < 0 || money.nanos() >= kNanosPerUnit) {
    violations.Add(FieldPath(field, "nanos").Text(), "must be 0 to 999,999,999");
  }
  const std::string& code = money.currency_code();
  const bool is_letters = std::ranges::all_of(code, [](char c) { return c >= 'A' && c <= 'Z'; });
  if (code.size() != 3 || !is_letters) {
    violations.Add(FieldPath(field, "currency_code").Text(),
                   "must be three capital letters (ISO 4217), for instance \"EUR\"");
  }
}

void CheckDate(const google::type::Date& date, std::string_view field, Violations& violations) {
  const std::chrono::year_month_day day(std::chrono::year(date.year()),
                                        std::chrono::month(static_cast<unsigned>(date.month())),
                                        std::chrono::day(static_cast<unsigned>(date.day())));
  if (date.year() >= 1 && date.year() <= 9999 && date.month() >= 1 && date.month() <= 12 && date.day() >= 1 &&
      date.day() <= 31 && day.ok()) {
    return;
  }
  violations.Add(std::string(field), "must be a day that exists, with year (1 to 9999), month and day");
}

void CheckTime(const google::protobuf::Timestamp& time, const FieldPath& field, Violations& violations) {
  constexpr std::int64_t kFirstSecond = -62'135'596'800;  // 0001-01-01T00:00:00Z
  constexpr std::int64_t kLastSecond = 253'402'300'799;   // 9999-12-31T23:59:59Z
  if (time.seconds() < kFirstSecond || time.seconds() > kLastSecond || time.nanos() < 0 || time.nanos() > 999'999'999) {
    violations.Add(field.Text(), "must be a time of the years 1 to 9999");
  }
}

void CheckEnum(int value, const google::protobuf::EnumDescriptor& type, std::string_view field,
               Violations& violations) {
  if (type.FindValueByNumber(value) == nullptr) {
    violations.Add(std::string(field), fmt::format("{} is not a value of {}", value, type.full_name()));
  }
}

void CheckTags(google::protobuf::RepeatedPtrField<std::string>& tags, std::string_view field, Violations& violations) {
  if (tags.size() > kTagsMax) {
    violations.Add(std::string(field), fmt::format("has {} entries; {} is the most", tags.size(), kTagsMax));
    return;
  }
  std::set<std::string_view> seen;
  for (int i = 0; i < tags.size(); ++i) {
    const FieldPath path(field, i);
    CheckRequiredText(tags[i], kTagMax, path, violations);
    if (!tags[i].empty() && !seen.insert(tags[i]).second) violations.Add(path.Text(), "is there twice");
  }
}

void CheckCustomAttributes(google::protobuf::Map<std::string, std::string>& attributes, std::string_view field,
                           Violations& violations) {
  if (attributes.size() > kAttributesMax) {
    violations.Add(std::string(field),
                   fmt::format("has {} entries; {} is the most", attributes.size(), kAttributesMax));
    return;
  }
  // The map's own order is arbitrary; what is reported is not.
  std::set<std::string_view> keys;
  for (const auto& [key, value] : attributes) keys.insert(key);
  for (const std::string_view key : keys) {
    std::string problem = TextProblem(key, kAttributeKeyMax);
    if (problem.empty() && key.empty()) problem = "has an empty key";
    if (problem.empty() && Trim(key).size() != key.size()) problem = "has space at an end of its key";
    // A key that is not text cannot stand in the path.
    const std::string path = CountCodePoints(key) ? fmt::format("{}[\"{}\"]", field, key) : std::string(field);
    if (!problem.empty()) violations.Add(path, std::move(problem));
    CheckText(attributes[std::string(key)], kAttributeValueMax, path, violations);
  }
}

}  // namespace quartet::resource
