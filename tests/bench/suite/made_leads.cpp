#include "tests/bench/suite/made_leads.h"

#include <array>
#include <string_view>

#include <fmt/core.h>

namespace quartet::bench {
namespace {

constexpr int kLeadsPerCompany = 13;

constexpr std::array<std::string_view, 12> kGivenNames = {"Ada",  "Bilal", "Chidi", "Dana",  "Elif",  "Femi",
                                                          "Goro", "Hana",  "Ivo",   "Jonas", "Katya", "Lucía"};
constexpr std::array<std::string_view, 10> kFamilyNames = {"Abara", "Brandt", "Costa",  "Dahl",    "Egede",
                                                           "Fuchs", "Gallo",  "Haddad", "Iversen", "Jansen"};
constexpr std::array<std::string_view, 5> kTitles = {"IT Director", "Head of Procurement", "Managing Director, EMEA",
                                                     "Plant Manager", "Owner"};

template <std::size_t kSize>
std::string_view Pick(const std::array<std::string_view, kSize>& from, int number) {
  return from[static_cast<std::size_t>(number) % kSize];
}

}  // namespace

int MadeLeads::CompanyOfNext() {
  const bool is_new = companies_ == Companies::kDistinct || companies_named_ == 0 || random_() % kLeadsPerCompany == 0;
  if (is_new) return companies_named_++;
  return static_cast<int>(random_() % static_cast<unsigned>(companies_named_));
}

lead::v1::Lead MadeLeads::Next() {
  const int number = made_++;
  const int company = CompanyOfNext();
  const std::string_view given = Pick(kGivenNames, number);
  const std::string_view family = Pick(kFamilyNames, number / 12);
  const std::string domain = fmt::format("firm{:02}{:06}.example", series_, company);

  lead::v1::Lead lead;
  lead.mutable_person()->set_given_name(given.data(), given.size());
  lead.mutable_person()->set_family_name(family.data(), family.size());
  lead.add_emails()->set_address(fmt::format("person{}@{}", number, domain));
  lead.add_phones()->set_number(fmt::format("+49 30 {:02}{:06}", 10 + series_ % 90, number));
  lead.mutable_address()->set_region_code("DE");
  lead.set_company(fmt::format("Firm {:02}{:06} GmbH", series_, company));
  lead.set_website(fmt::format("https://www.{}/", domain));
  lead.set_title(std::string(Pick(kTitles, number)));
  lead.set_source(type::v1::SOURCE_TRADE_SHOW);
  lead.mutable_estimated_value()->set_currency_code("EUR");
  lead.mutable_estimated_value()->set_units(5'000 + 100 * (number % 500));
  lead.set_notes("met at booth 12; asked for a quote");
  return lead;
}

}  // namespace quartet::bench
