#include <algorithm>
#include <map>
#include <string>

#include <fmt/format.h>

#include "common/base/text.h"
#include "common/identity/identity.h"
#include "common/resource/field_rules.h"

namespace quartet::resource {
namespace {

using namespace limits;  // NOLINT(google-build-using-namespace): the file holds fields to them

// Whether the list is short enough to be looked at.
bool CheckCount(int count, int count_max, std::string_view field, Violations& violations) {
  if (count <= count_max) return true;
  violations.Add(std::string(field), fmt::format("has {} entries; {} is the most", count, count_max));
  return false;
}

// Checks what all kinds of contact point have beside their value.
template <typename ContactPoint>
void CheckLabelAndSince(ContactPoint& point, std::string_view list, int index, Violations& violations) {
  CheckText(*point.mutable_label(), kLabelMax, FieldPath(list, index, "label"), violations);
  if (point.has_since()) CheckTime(point.since(), FieldPath(list, index, "since"), violations);
}

// Finds entries that are one and the same by their normal form.
class Duplicates {
 public:
  Duplicates(std::string_view field, Violations& violations) : field_(field), violations_(violations) {}

  void Check(const std::string& normal_form, int index, const FieldPath& path) {
    const auto [first, is_new] = index_by_form_.emplace(normal_form, index);
    if (!is_new) violations_.Add(path.Text(), fmt::format("is the same as {}[{}]", field_, first->second));
  }

 private:
  std::string_view field_;
  Violations& violations_;
  std::map<std::string, int> index_by_form_;
};

}  // namespace

void CheckEmails(google::protobuf::RepeatedPtrField<type::v1::EmailAddress>& emails, std::string_view field,
                 Violations& violations) {
  if (!CheckCount(emails.size(), kContactPointsMax, field, violations)) return;
  Duplicates duplicates(field, violations);
  for (int i = 0; i < emails.size(); ++i) {
    type::v1::EmailAddress& email = emails[i];
    const FieldPath path(field, i, "address");
    if (const std::string_view trimmed = Trim(email.address()); trimmed.size() != email.address().size())
      email.set_address(std::string(trimmed));
    const Result<std::string> normalised = identity::NormaliseEmail(email.address());
    if (normalised.ok()) {
      CheckText(*email.mutable_address(), kEmailMax, path, violations);
      duplicates.Check(*normalised, i, path);
    } else {
      violations.AddError(path.Text(), normalised.error());
    }
    CheckLabelAndSince(email, field, i, violations);
  }
}

void CheckPhones(google::protobuf::RepeatedPtrField<type::v1::PhoneNumber>& phones, std::string_view region,
                 std::string_view field, Violations& violations) {
  if (!CheckCount(phones.size(), kContactPointsMax, field, violations)) return;
  Duplicates duplicates(field, violations);
  for (int i = 0; i < phones.size(); ++i) {
    type::v1::PhoneNumber& phone = phones[i];
    const FieldPath path(field, i, "number");
    Result<std::string> normalised = identity::NormalisePhone(phone.number(), region);
    if (normalised.ok()) {
      duplicates.Check(*normalised, i, path);
      phone.set_number(*std::move(normalised));
    } else {
      violations.AddError(path.Text(), normalised.error());
    }
    CheckLabelAndSince(phone, field, i, violations);
  }
}

void CheckWebsite(std::string& website, std::string_view field, Violations& violations) {
  website = std::string(Trim(website));
  if (website.empty()) return;
  if (const Result<std::string> domain = identity::NormaliseDomain(website); !domain.ok()) {
    violations.AddError(field, domain.error());
  } else {
    CheckText(website, kLongTextMax, field, violations);
  }
}

void CheckAddress(google::type::PostalAddress& address, std::string_view field, Violations& violations) {
  const auto check = [&](std::string& text, std::string_view member) {
    CheckText(text, kLongTextMax, FieldPath(field, member), violations);
  };
  const auto check_lines = [&](google::protobuf::RepeatedPtrField<std::string>& lines, std::string_view member) {
    if (lines.empty()) return;
    const std::string path = FieldPath(field, member).Text();
    if (!CheckCount(lines.size(), kAddressLinesMax, path, violations)) return;
    for (int i = 0; i < lines.size(); ++i) CheckText(lines[i], kLongTextMax, FieldPath(path, i), violations);
  };
  std::string& region = *address.mutable_region_code();
  region = AsciiUpper(Trim(region));
  const bool is_letters = std::ranges::all_of(region, [](char c) { return c >= 'A' && c <= 'Z'; });
  if (!region.empty() && (region.size() != 2 || !is_letters)) {
    violations.Add(FieldPath(field, "region_code").Text(), "must be the two letters of a country, for instance \"DE\"");
  }
  check(*address.mutable_language_code(), "language_code");
  check(*address.mutable_postal_code(), "postal_code");
  check(*address.mutable_sorting_code(), "sorting_code");
  check(*address.mutable_administrative_area(), "administrative_area");
  check(*address.mutable_locality(), "locality");
  check(*address.mutable_sublocality(), "sublocality");
  check(*address.mutable_organization(), "organization");
  check_lines(*address.mutable_address_lines(), "address_lines");
  check_lines(*address.mutable_recipients(), "recipients");
}

}  // namespace quartet::resource
