#include "services/quartet/values/values.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <vector>

#include <fmt/core.h>
#include <fmt/ranges.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/util/time_util.h>

#include "services/quartet/values/text.h"

namespace quartet::cli {
namespace {

using google::protobuf::EnumDescriptor;

Error Wrong(std::string why) {
  return InvalidArgument({{"", std::move(why)}});
}

// Lower case, letters and digits only, so that "Trade Show", "trade-show" and "TRADE_SHOW" are one.
std::string Key(std::string_view text) {
  std::string key = AsciiLower(text);
  std::erase_if(key, [](char c) { return !((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')); });
  return key;
}

// The words with '_' that all names of an enum begin with ("STATE_"); enums with a zero value X_UNSPECIFIED have X_,
// unless their other names do without it.
std::string_view SharedPrefix(const EnumDescriptor& type) {
  constexpr std::string_view kZero = "UNSPECIFIED";
  std::string_view prefix = type.value(0)->name();
  if (!prefix.ends_with(kZero)) return "";
  prefix.remove_suffix(kZero.size());
  for (int i = 1; i < type.value_count(); ++i) {
    if (!std::string_view(type.value(i)->name()).starts_with(prefix)) return "";
  }
  return prefix;
}

std::optional<int> ToInt(std::string_view text) {
  int number = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failure != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

// The three numbers of a date, which one `separator` separates.
std::optional<std::array<int, 3>> Numbers(std::string_view text, char separator) {
  std::array<int, 3> numbers;
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    const auto end = i + 1 < numbers.size() ? text.find(separator) : text.size();
    if (end == std::string_view::npos) return std::nullopt;
    const auto number = ToInt(text.substr(0, end));
    if (!number || *number < 0) return std::nullopt;
    numbers[i] = *number;
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return numbers;
}

}  // namespace

Result<google::type::Date> ParseDate(std::string_view text) {
  const std::string_view original = text;
  const auto wrong = [&](std::string_view why) {
    return Wrong(fmt::format("\"{}\" is no date: {}", Printable(original), why));
  };
  text = Trim(text);
  text = text.substr(0, text.find_first_of("T "));
  int year = 0;
  int month = 0;
  int day = 0;
  auto numbers = Numbers(text, '-');
  if (!numbers && text.find('/') == 4) numbers = Numbers(text, '/');
  if (numbers) {
    year = (*numbers)[0], month = (*numbers)[1], day = (*numbers)[2];
  } else if ((numbers = Numbers(text, '.'))) {
    day = (*numbers)[0], month = (*numbers)[1], year = (*numbers)[2];
  } else if ((numbers = Numbers(text, '/'))) {
    const auto [first, second, third] = *numbers;
    if (first <= 12 && second <= 12 && first != second) {
      return wrong("day and month could be either; write it like 2025-03-31");
    }
    month = first > 12 ? second : first;
    day = first > 12 ? first : second;
    year = third;
  } else {
    return wrong("write it like 2025-03-31");
  }
  const std::chrono::year_month_day date(std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day)));
  if (!date.ok() || year < 1000 || year > 9999) return wrong("there is no such day; write it like 2025-03-31");
  google::type::Date result;
  result.set_year(year);
  result.set_month(month);
  result.set_day(day);
  return result;
}

Result<google::protobuf::Timestamp> ParseTime(std::string_view text) {
  using google::protobuf::util::TimeUtil;
  const std::string trimmed(Trim(text));
  google::protobuf::Timestamp time;
  if (TimeUtil::FromString(trimmed, &time)) return time;
  if (trimmed.find_first_of("T ") == std::string::npos) {
    QUARTET_ASSIGN_OR_RETURN(const auto date, ParseDate(trimmed));
    if (TimeUtil::FromString(DateText(date) + "T00:00:00Z", &time)) return time;
  }
  return Wrong(fmt::format("\"{}\" is no time; write it like 2025-03-31T09:30:00Z or 2025-03-31", Printable(text)));
}

std::optional<type::v1::Source> ParseSource(std::string_view text) {
  using namespace type::v1;  // NOLINT(google-build-using-namespace): thirteen names of one enum
  static constexpr std::pair<std::string_view, Source> kOtherNames[] = {
      {"ads", SOURCE_ADVERTISEMENT},
      {"businesscard", SOURCE_CARD_SCAN},
      {"email", SOURCE_EMAIL_CAMPAIGN},
      {"emailmarketing", SOURCE_EMAIL_CAMPAIGN},
      {"event", SOURCE_TRADE_SHOW},
      {"conference", SOURCE_TRADE_SHOW},
      {"coldcall", SOURCE_PHONE},
      {"call", SOURCE_PHONE},
      {"phoneinquiry", SOURCE_PHONE},
      {"customerreferral", SOURCE_REFERRAL},
      {"employeereferral", SOURCE_REFERRAL},
      {"externalreferral", SOURCE_REFERRAL},
      {"wordofmouth", SOURCE_REFERRAL},
      {"partnerreferral", SOURCE_PARTNER},
      {"organicsocial", SOURCE_SOCIAL_MEDIA},
      {"paidsocial", SOURCE_SOCIAL_MEDIA},
      {"paidsearch", SOURCE_ADVERTISEMENT},
      {"web", SOURCE_WEB_FORM},
      {"website", SOURCE_WEB_FORM},
      {"webinar", SOURCE_SEMINAR},
      {"seminarpartner", SOURCE_SEMINAR},
      {"seminarinternal", SOURCE_SEMINAR},
      {"tradeshows", SOURCE_TRADE_SHOW},
  };
  const std::string key = Key(text);
  if (key.empty()) return std::nullopt;
  for (const auto& [name, source] : kOtherNames) {
    if (key == name) return source;
  }
  const auto number = ParseEnum(*Source_descriptor(), text);
  if (!number.ok() || *number == SOURCE_UNSPECIFIED) return std::nullopt;
  return static_cast<Source>(*number);
}

Result<int> ParseEnum(const EnumDescriptor& type, std::string_view text) {
  const std::string key = Key(text);
  std::vector<std::string> names;
  for (int i = 0; i < type.value_count(); ++i) {
    const auto* value = type.value(i);
    const std::string name = EnumText(type, value->number());
    if (key == Key(name) || key == Key(value->name())) return value->number();
    if (value->number() != 0) names.push_back(name);
  }
  return Wrong(fmt::format("\"{}\" is none of {}", Printable(text), fmt::join(names, ", ")));
}

std::string EnumText(const EnumDescriptor& type, int number) {
  const auto* value = type.FindValueByNumber(number);
  if (value == nullptr) return std::to_string(number);
  return value->name().substr(SharedPrefix(type).size());
}

std::string DateText(const google::type::Date& date) {
  return fmt::format("{:04}-{:02}-{:02}", date.year(), date.month(), date.day());
}

}  // namespace quartet::cli
