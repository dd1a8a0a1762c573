#include "services/quartet/import/lead_row.h"

#include <algorithm>

#include <fmt/core.h>

#include "services/quartet/import/region.h"
#include "services/quartet/values/text.h"

namespace quartet::cli {
namespace {

using lead::v1::Lead;

// The parts of a cell that holds several values.
std::vector<std::string> Parts(std::string_view cell, std::string_view separators) {
  std::vector<std::string> parts;
  while (!cell.empty()) {
    const auto end = std::min(cell.find_first_of(separators), cell.size());
    if (const auto part = Trim(cell.substr(0, end)); !part.empty()) parts.emplace_back(part);
    cell.remove_prefix(std::min(end + 1, cell.size()));
  }
  return parts;
}

// Reads the cells of one row into one lead.
class RowReader {
 public:
  RowReader(const LeadDefaults& defaults, LeadRow& row) : defaults_(defaults), row_(row), lead_(row.lead) {}

  void Take(const LeadColumn& column, std::string_view cell) {
    switch (column.field) {
      case LeadField::kIgnored:
        return;
      case LeadField::kCustom:
        return SetAside(column, cell);
      case LeadField::kPrefix:
        return Put(column, "person.prefix", *lead_.mutable_person()->mutable_prefix(), cell);
      case LeadField::kGivenName:
        return Put(column, "person.given_name", *lead_.mutable_person()->mutable_given_name(), cell);
      case LeadField::kFamilyName:
        return Put(column, "person.family_name", *lead_.mutable_person()->mutable_family_name(), cell);
      case LeadField::kSuffix:
        return Put(column, "person.suffix", *lead_.mutable_person()->mutable_suffix(), cell);
      case LeadField::kFullName:
        full_name_column_ = &column;
        full_name_ = cell;
        return;
      case LeadField::kEmail:
        return TakeEmails(column, cell);
      case LeadField::kPhone:
        return TakePhones(column, cell);
      case LeadField::kCompany:
        return Put(column, "company", *lead_.mutable_company(), cell);
      case LeadField::kWebsite:
        return Put(column, "website", *lead_.mutable_website(), cell);
      case LeadField::kTitle:
        return Put(column, "title", *lead_.mutable_title(), cell);
      case LeadField::kSource:
        source_column_ = &column;
        source_ = cell;
        return;
      case LeadField::kSourceDetail:
        return Put(column, "source_detail", *lead_.mutable_source_detail(), cell);
      case LeadField::kCampaign:
        return Put(column, "campaign", *lead_.mutable_campaign(), cell);
      case LeadField::kTopic:
        return Put(column, "topic", *lead_.mutable_topic(), cell);
      case LeadField::kRating:
        return TakeRating(column, cell);
      case LeadField::kAmount:
        amount_column_ = &column;
        amount_ = cell;
        return;
      case LeadField::kCurrency:
        currency_ = cell;
        std::transform(currency_.begin(), currency_.end(), currency_.begin(),
                       [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - ('a' - 'A')) : c; });
        row_.columns["estimated_value.currency_code"] = column.header;
        return;
      case LeadField::kCloseDate:
        return TakeParsed(column, "expected_close_date", ParseDate(cell),
                          [&](google::type::Date date) { *lead_.mutable_expected_close_date() = std::move(date); });
      case LeadField::kOwner:
        return Put(column, "owner", *lead_.mutable_owner(), cell);
      case LeadField::kTags:
        for (auto& tag : Parts(cell, ",;")) AddTag(tag, &column);
        return;
      case LeadField::kNotes:
        return Append(column, "notes", *lead_.mutable_notes(), cell, "\n");
      case LeadField::kNextTouch:
        return TakeParsed(column, "next_touch_time", ParseTime(cell), [&](google::protobuf::Timestamp time) {
          *lead_.mutable_next_touch_time() = std::move(time);
        });
      case LeadField::kStreet:
        row_.columns[fmt::format("address.address_lines[{}]", lead_.address().address_lines_size())] = column.header;
        for (auto& line : Parts(cell, "\r\n")) lead_.mutable_address()->add_address_lines(std::move(line));
        return;
      case LeadField::kCity:
        return Put(column, "address.locality", *lead_.mutable_address()->mutable_locality(), cell);
      case LeadField::kArea:
        return Put(column, "address.administrative_area", *lead_.mutable_address()->mutable_administrative_area(),
                   cell);
      case LeadField::kPostalCode:
        return Put(column, "address.postal_code", *lead_.mutable_address()->mutable_postal_code(), cell);
      case LeadField::kCountry:
        return TakeCountry(column, cell);
    }
  }

  // What depends on several cells, and on none.
  void Finish() {
    TakeFullName();
    TakeSource();
    TakeAmount();
    if (lead_.campaign().empty()) lead_.set_campaign(defaults_.campaign);
    if (lead_.owner().empty()) lead_.set_owner(defaults_.owner);
    if (lead_.address().region_code().empty() && !row_.has_unknown_country && !defaults_.region.empty()) {
      lead_.mutable_address()->set_region_code(defaults_.region);
    }
    for (const auto& tag : defaults_.tags) AddTag(tag, nullptr);
  }

 private:
  void Put(const LeadColumn& column, const std::string& path, std::string& field, std::string_view cell) {
    field = cell;
    row_.columns[path] = column.header;
  }

  void Append(const LeadColumn& column, const std::string& path, std::string& field, std::string_view cell,
              std::string_view separator) {
    if (!field.empty()) field += separator;
    field += cell;
    row_.columns.emplace(path, column.header);
  }

  void SetAside(const LeadColumn& column, std::string_view cell) {
    (*lead_.mutable_custom_attributes())[column.label.empty() ? column.header : column.label] = cell;
  }

  void Complain(const LeadColumn& column, const Error& error) {
    for (const auto& violation : error.violations) row_.violations.push_back({column.header, violation.description});
  }

  template <typename T, typename Use>
  void TakeParsed(const LeadColumn& column, const std::string& path, Result<T> value, Use use) {
    row_.columns[path] = column.header;
    if (!value.ok()) return Complain(column, value.error());
    use(std::move(value).value());
  }

  void TakeEmails(const LeadColumn& column, std::string_view cell) {
    for (auto& address : Parts(cell, ",;\n")) {
      const auto same = [&](const auto& email) { return AsciiLower(email.address()) == AsciiLower(address); };
      if (std::any_of(lead_.emails().begin(), lead_.emails().end(), same)) continue;
      row_.columns[fmt::format("emails[{}]", lead_.emails_size())] = column.header;
      auto& email = *lead_.add_emails();
      email.set_address(std::move(address));
      email.set_label(column.label);
    }
  }

  void TakePhones(const LeadColumn& column, std::string_view cell) {
    for (auto& number : Parts(cell, ";\n")) {
      const auto same = [&](const auto& phone) { return phone.number() == number; };
      if (std::any_of(lead_.phones().begin(), lead_.phones().end(), same)) continue;
      row_.columns[fmt::format("phones[{}]", lead_.phones_size())] = column.header;
      auto& phone = *lead_.add_phones();
      phone.set_number(std::move(number));
      phone.set_label(column.label);
    }
  }

  void AddTag(const std::string& tag, const LeadColumn* column) {
    if (std::find(lead_.tags().begin(), lead_.tags().end(), tag) != lead_.tags().end()) return;
    if (column != nullptr) row_.columns[fmt::format("tags[{}]", lead_.tags_size())] = column->header;
    lead_.add_tags(tag);
  }

  void TakeRating(const LeadColumn& column, std::string_view cell) {
    const auto rating = ParseEnum(*type::v1::Rating_descriptor(), cell);
    if (!rating.ok()) return SetAside({column.header, LeadField::kCustom, ""}, cell);
    lead_.set_rating(static_cast<type::v1::Rating>(*rating));
  }

  void TakeCountry(const LeadColumn& column, std::string_view cell) {
    if (const auto code = RegionCode(cell))
      return Put(column, "address.region_code", *lead_.mutable_address()->mutable_region_code(), *code);
    row_.has_unknown_country = true;
    SetAside({column.header, LeadField::kCustom, ""}, cell);
  }

  // "Jane Doe" or "Doe, Jane"; only where the parts have no columns of their own.
  void TakeFullName() {
    if (full_name_column_ == nullptr || !lead_.person().given_name().empty() || !lead_.person().family_name().empty())
      return;
    const auto comma = full_name_.find(',');
    const auto blank = full_name_.rfind(' ');
    std::string_view given = full_name_;
    std::string_view family;
    if (comma != std::string_view::npos) {
      family = Trim(full_name_.substr(0, comma));
      given = Trim(full_name_.substr(comma + 1));
    } else if (blank != std::string_view::npos) {
      family = full_name_.substr(blank + 1);
      given = Trim(full_name_.substr(0, blank));
    }
    Put(*full_name_column_, "person.given_name", *lead_.mutable_person()->mutable_given_name(), given);
    Put(*full_name_column_, "person.family_name", *lead_.mutable_person()->mutable_family_name(), family);
  }

  void TakeSource() {
    const std::string_view text = source_.empty() ? std::string_view(defaults_.source) : source_;
    if (text.empty()) return;
    if (const auto source = ParseSource(text)) {
      lead_.set_source(*source);
      return;
    }
    lead_.set_source(type::v1::SOURCE_OTHER);
    const std::string detail = lead_.source_detail();
    lead_.set_source_detail(detail.empty() ? std::string(text) : fmt::format("{}: {}", text, detail));
    if (source_column_ != nullptr) row_.columns.emplace("source_detail", source_column_->header);
  }

  void TakeAmount() {
    if (amount_column_ == nullptr) return;
    row_.columns.emplace("estimated_value", amount_column_->header);
    const auto money = ParseMoney(amount_, currency_.empty() ? defaults_.currency : currency_, defaults_.numbers);
    if (!money.ok()) return Complain(*amount_column_, money.error());
    if (money->units() < 0 || money->nanos() < 0) {
      row_.violations.push_back({amount_column_->header, fmt::format("\"{}\" is negative", Printable(amount_))});
    } else if (money->currency_code().empty()) {
      row_.has_amount_without_currency = true;
      SetAside({amount_column_->header, LeadField::kCustom, ""}, amount_);
    } else {
      *lead_.mutable_estimated_value() = *money;
    }
  }

  const LeadDefaults& defaults_;
  LeadRow& row_;
  Lead& lead_;
  const LeadColumn* full_name_column_ = nullptr;
  const LeadColumn* source_column_ = nullptr;
  const LeadColumn* amount_column_ = nullptr;
  std::string_view full_name_;
  std::string_view source_;
  std::string_view amount_;
  std::string currency_;
};

}  // namespace

LeadRow ReadLeadRow(std::span<const LeadColumn> columns, std::span<const std::string> cells,
                    const LeadDefaults& defaults) {
  LeadRow row;
  RowReader reader(defaults, row);
  for (std::size_t i = 0; i < std::min(columns.size(), cells.size()); ++i) {
    if (const auto cell = Trim(cells[i]); !cell.empty()) reader.Take(columns[i], cell);
  }
  const auto is_blank = [](const std::string& cell) { return Trim(cell).empty(); };
  if (cells.size() > columns.size() &&
      !std::all_of(cells.begin() + static_cast<std::ptrdiff_t>(columns.size()), cells.end(), is_blank)) {
    row.violations.push_back({"", fmt::format("the row has {} cells, the header {}", cells.size(), columns.size())});
  }
  reader.Finish();
  return row;
}

FieldViolation ByColumn(const FieldViolation& violation, const std::map<std::string, std::string>& columns) {
  for (std::string path = violation.field; !path.empty();) {
    if (const auto found = columns.find(path); found != columns.end()) return {found->second, violation.description};
    const auto dot = path.rfind('.');
    path.erase(dot == std::string::npos ? 0 : dot);
  }
  return violation;
}

}  // namespace quartet::cli
