#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <cstdlib>

#include <fmt/core.h>

#include "services/quartet/values/text.h"
#include "services/quartet/values/values.h"

namespace quartet::cli {
namespace {

constexpr std::size_t kIntegerDigitsMax = 18;
constexpr std::size_t kDecimalsMax = 9;
constexpr std::pair<std::string_view, std::string_view> kSymbols[] = {
    {"€", "EUR"}, {"$", "USD"}, {"£", "GBP"}, {"¥", "JPY"}, {"₹", "INR"}};

Error NotAnAmount(std::string_view text, std::string_view why) {
  return InvalidArgument({{"", fmt::format("\"{}\" is no amount: {}", Printable(text), why)}});
}

bool IsDigits(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

bool IsLetters(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); });
}

// Takes a currency off either end: a symbol, or a code of three letters. Upper case; empty if there is none.
std::string TakeCurrency(std::string_view& text) {
  for (const auto& [symbol, code] : kSymbols) {
    if (text.starts_with(symbol)) {
      text = Trim(text.substr(symbol.size()));
      return std::string(code);
    }
    if (text.ends_with(symbol)) {
      text = Trim(text.substr(0, text.size() - symbol.size()));
      return std::string(code);
    }
  }
  std::string_view code;
  if (text.size() > 3 && IsLetters(text.substr(0, 3)) && !IsLetters(text.substr(3, 1))) {
    code = text.substr(0, 3);
    text = Trim(text.substr(3));
  } else if (text.size() > 3 && IsLetters(text.substr(text.size() - 3)) &&
             !IsLetters(text.substr(text.size() - 4, 1))) {
    code = text.substr(text.size() - 3);
    text = Trim(text.substr(0, text.size() - 3));
  }
  std::string upper = AsciiLower(code);
  std::transform(upper.begin(), upper.end(), upper.begin(), [](char c) { return static_cast<char>(c - ('a' - 'A')); });
  return upper;
}

// Digits before and after the decimal separator, grouping removed.
struct Digits {
  std::string integer;
  std::string decimals;
};

// Digits in groups of three, the first of one to three, all separated by `separator`.
bool RemoveGroups(std::string_view text, char separator, std::string& digits) {
  digits.clear();
  std::size_t start = 0;
  for (std::size_t end = text.find(separator);; end = text.find(separator, start)) {
    const auto group = text.substr(start, end == std::string_view::npos ? end : end - start);
    const bool first = start == 0;
    const bool whole = first && end == std::string_view::npos;
    if (!IsDigits(group) || (!whole && (first ? group.size() > 3 : group.size() != 3))) return false;
    digits += group;
    if (whole || end == std::string_view::npos) return true;
    start = end + 1;
  }
}

std::optional<Digits> SplitNumber(std::string text, NumberStyle style) {
  char decimal = style == NumberStyle::kDecimalPoint ? '.' : ',';
  char group = style == NumberStyle::kDecimalPoint ? ',' : '.';
  const auto count = [&text](char c) { return std::count(text.begin(), text.end(), c); };
  // A number tells its own style where it has both separators, or one that can only be the other style's decimals:
  // a single one without exactly three digits behind it.
  if (count('.') > 0 && count(',') > 0) {
    decimal = text.find_last_of(".,") == text.rfind('.') ? '.' : ',';
    group = decimal == '.' ? ',' : '.';
  } else if (count(group) == 1 && text.size() - text.find(group) - 1 != 3) {
    std::swap(decimal, group);
  }
  // Blanks and apostrophes group too ("1 234", "1'234").
  for (std::string_view other : {"\xC2\xA0", "\xE2\x80\xAF", "\xE2\x80\x99", " ", "'"}) {
    for (auto at = text.find(other); at != std::string::npos; at = text.find(other)) {
      text.replace(at, other.size(), 1, group);
    }
  }
  if (count(decimal) > 1) return std::nullopt;
  Digits digits;
  const auto point = text.find(decimal);
  const std::string_view whole = std::string_view(text).substr(0, point);
  if (!RemoveGroups(whole, group, digits.integer)) return std::nullopt;
  if (point != std::string::npos) {
    digits.decimals = text.substr(point + 1);
    if (!IsDigits(digits.decimals)) return std::nullopt;
  }
  return digits;
}

std::int64_t ToNumber(std::string_view digits) {
  std::int64_t number = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), number);
  return number;
}

// Decimals without the zeros at the end, at least `min` of them if there are any.
std::string Decimals(std::int32_t nanos, std::size_t min) {
  if (nanos == 0) return "";
  std::string digits = fmt::format("{:09}", std::abs(nanos));
  digits.erase(std::max(digits.find_last_not_of('0') + 1, min));
  return "." + digits;
}

}  // namespace

Result<google::type::Money> ParseMoney(std::string_view text, std::string_view currency, NumberStyle style) {
  const std::string_view original = text;
  text = Trim(text);
  bool negative = false;
  const auto take_sign = [&] {
    if (!text.starts_with('-') && !text.starts_with('+')) return;
    negative = negative || text.front() == '-';
    text = Trim(text.substr(1));
  };
  take_sign();
  const std::string written = TakeCurrency(text);
  if (!negative) take_sign();

  const auto digits = SplitNumber(std::string(text), style);
  if (!digits) return NotAnAmount(original, "a number is expected, for instance 1250.00");
  std::string_view integer = digits->integer;
  integer.remove_prefix(std::min(integer.find_first_not_of('0'), integer.size() - 1));
  if (integer.size() > kIntegerDigitsMax) return NotAnAmount(original, "it is too large");
  std::string decimals = digits->decimals;
  decimals.erase(decimals.find_last_not_of('0') + 1);
  if (decimals.size() > kDecimalsMax) return NotAnAmount(original, "it has more than nine decimals");
  decimals.append(kDecimalsMax - decimals.size(), '0');

  google::type::Money money;
  money.set_currency_code(written.empty() ? std::string(currency) : written);
  money.set_units((negative ? -1 : 1) * ToNumber(integer));
  money.set_nanos((negative ? -1 : 1) * static_cast<std::int32_t>(ToNumber(decimals)));
  return money;
}

std::string MoneyText(const google::type::Money& money) {
  std::string digits = AmountText(money);
  digits.erase(std::min(digits.find('.'), digits.size()));
  const std::size_t first = digits.starts_with('-') ? 1 : 0;
  for (std::size_t at = digits.size(); at > first + 3;) digits.insert(at -= 3, ",");
  return fmt::format("{}{} {}", digits, Decimals(money.nanos(), 2), money.currency_code());
}

std::string AmountText(const google::type::Money& money) {
  const bool negative = money.units() < 0 || money.nanos() < 0;
  const auto units =
      money.units() < 0 ? -static_cast<std::uint64_t>(money.units()) : static_cast<std::uint64_t>(money.units());
  return fmt::format("{}{}{}", negative ? "-" : "", units, Decimals(money.nanos(), 1));
}

}  // namespace quartet::cli
