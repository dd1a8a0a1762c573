#include "services/account/account_rules.h"

#include "common/resource/field_rules.h"

namespace quartet::account {
namespace {

using identity::Kind;

constexpr resource::FilterField kFields[] = {
    resource::TextField("owner", "owner"),
    resource::IdentityField("domain", Kind::kDomain),
    resource::CompanyField("company", "company"),
    resource::TimeField("create_time", "create_time"),
    resource::TimeField("update_time", "update_time"),
};

}  // namespace

const std::span<const resource::FilterField> AccountTraits::kFilterFields = kFields;

void AccountTraits::Check(v1::Account& account, resource::Violations& violations) {
  using namespace resource;
  CheckRequiredText(*account.mutable_display_name(), kShortTextMax, "display_name", violations);
  CheckWebsite(*account.mutable_website(), "website", violations);
  if (account.has_address()) CheckAddress(*account.mutable_address(), "address", violations);
  CheckPhones(*account.mutable_phones(), account.address().region_code(), "phones", violations);
  CheckText(*account.mutable_industry(), kShortTextMax, "industry", violations);
  CheckText(*account.mutable_owner(), kShortTextMax, "owner", violations);
  CheckTags(*account.mutable_tags(), "tags", violations);
  CheckCustomAttributes(*account.mutable_custom_attributes(), "custom_attributes", violations);
  CheckText(*account.mutable_notes(), kNotesMax, "notes", violations);
  CheckSize(account, violations);
}

std::vector<resource::ColumnValue> AccountTraits::Columns(const v1::Account& account) {
  return {account.owner(), identity::NormaliseCompanyName(account.display_name())};
}

std::vector<identity::Identity> AccountTraits::Identities(const v1::Account& account) {
  std::vector<identity::Identity> identities;
  if (!account.website().empty()) {
    auto domain = identity::CompanyDomainOfWebsite(account.website());
    if (domain) identities.push_back({Kind::kDomain, *std::move(domain)});
  }
  auto company = identity::NormaliseCompanyName(account.display_name());
  if (!company.empty()) identities.push_back({Kind::kCompanyName, std::move(company)});
  return identities;
}

}  // namespace quartet::account
