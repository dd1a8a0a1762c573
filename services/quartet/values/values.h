#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "common/base/result.h"

#include "google/protobuf/timestamp.pb.h"
#include "google/type/date.pb.h"
#include "google/type/money.pb.h"
#include "quartet/type/v1/source.pb.h"

namespace google::protobuf {
class EnumDescriptor;
}

namespace quartet::cli {

// Values as people and other systems write them. All errors are INVALID_ARGUMENT with a message that is fit to be shown
// beside the value's field.

// How numbers are written.
enum class NumberStyle {
  kDecimalPoint,  // 1,234.50
  kDecimalComma,  // 1.234,50, in files from where the comma separates decimals
};

// An amount of money: "1234.5", "1,234.50", "$1,200", "1200 EUR", "EUR 1'200". The currency is the one written, else
// `currency`; it stays empty if there is neither. Negative amounts are read: whether they are allowed is the server's
// to say. Errors: not a number, more than nine decimals, more than 18 digits before them.
Result<google::type::Money> ParseMoney(std::string_view text, std::string_view currency,
                                       NumberStyle style = NumberStyle::kDecimalPoint);

// A full date: "2025-03-31", "2025/03/31", "31.03.2025", "31/03/2025", "3/31/2025", or the date of an RFC 3339 time.
// Errors: no such day; day and month cannot be told apart ("3/4/2025").
Result<google::type::Date> ParseDate(std::string_view text);

// An RFC 3339 time, or a date, which stands for its midnight in UTC. Errors: neither.
Result<google::protobuf::Timestamp> ParseTime(std::string_view text);

// The source that `text` names in any usual spelling ("Trade Show", "trade-show", "SOURCE_TRADE_SHOW", "Conference").
// Nothing if it names none of them.
std::optional<type::v1::Source> ParseSource(std::string_view text);

// Number of the value of an enum that `text` names: in any case, with any separators, with or without the prefix that
// all values share ("STATE_OPEN", "open"). Errors: none, naming those that there are.
Result<int> ParseEnum(const google::protobuf::EnumDescriptor& type, std::string_view text);

// The value's name without the prefix that all values of its type share: "OPEN". A number without a name as a number.
std::string EnumText(const google::protobuf::EnumDescriptor& type, int number);

// "1,234.50 EUR" for people; at least two decimals if there are any.
std::string MoneyText(const google::type::Money& money);

// The number alone, for machines: "1234.5".
std::string AmountText(const google::type::Money& money);

// "2025-03-31".
std::string DateText(const google::type::Date& date);

}  // namespace quartet::cli
