#include "services/quartet/import/lead_columns.h"

#include <algorithm>
#include <optional>
#include <set>

#include <fmt/core.h>

#include "services/quartet/output/error_report.h"
#include "services/quartet/values/text.h"

namespace quartet::cli {
namespace {

struct Known {
  std::string_view key;  // lower case, no blanks and punctuation
  LeadField field;
  std::string_view label = "";
};

constexpr Known kKnown[] = {
    {"firstname", LeadField::kGivenName},
    {"givenname", LeadField::kGivenName},
    {"forename", LeadField::kGivenName},
    {"vorname", LeadField::kGivenName},
    {"lastname", LeadField::kFamilyName},
    {"familyname", LeadField::kFamilyName},
    {"surname", LeadField::kFamilyName},
    {"nachname", LeadField::kFamilyName},
    {"fullname", LeadField::kFullName},
    {"name", LeadField::kFullName},
    {"contactname", LeadField::kFullName},
    {"leadname", LeadField::kFullName},
    {"contact", LeadField::kFullName},
    {"prefix", LeadField::kPrefix},
    {"salutation", LeadField::kPrefix},
    {"honorific", LeadField::kPrefix},
    {"suffix", LeadField::kSuffix},
    {"email", LeadField::kEmail},
    {"emails", LeadField::kEmail},
    {"emailaddress", LeadField::kEmail},
    {"mail", LeadField::kEmail},
    {"workemail", LeadField::kEmail, "work"},
    {"businessemail", LeadField::kEmail, "work"},
    {"personalemail", LeadField::kEmail, "home"},
    {"secondaryemail", LeadField::kEmail},
    {"email2", LeadField::kEmail},
    {"emailaddress1", LeadField::kEmail},
    {"emailaddress2", LeadField::kEmail},
    {"emailaddress3", LeadField::kEmail},
    {"phone", LeadField::kPhone},
    {"phones", LeadField::kPhone},
    {"phonenumber", LeadField::kPhone},
    {"telephone", LeadField::kPhone},
    {"telephone1", LeadField::kPhone},
    {"telephone2", LeadField::kPhone},
    {"telephone3", LeadField::kPhone},
    {"telefon", LeadField::kPhone},
    {"tel", LeadField::kPhone},
    {"phone2", LeadField::kPhone},
    {"businessphone", LeadField::kPhone, "work"},
    {"workphone", LeadField::kPhone, "work"},
    {"mobile", LeadField::kPhone, "mobile"},
    {"mobilephone", LeadField::kPhone, "mobile"},
    {"mobilephonenumber", LeadField::kPhone, "mobile"},
    {"cell", LeadField::kPhone, "mobile"},
    {"cellphone", LeadField::kPhone, "mobile"},
    {"handy", LeadField::kPhone, "mobile"},
    {"homephone", LeadField::kPhone, "home"},
    {"company", LeadField::kCompany},
    {"companyname", LeadField::kCompany},
    {"organization", LeadField::kCompany},
    {"organisation", LeadField::kCompany},
    {"account", LeadField::kCompany},
    {"accountname", LeadField::kCompany},
    {"employer", LeadField::kCompany},
    {"firma", LeadField::kCompany},
    {"website", LeadField::kWebsite},
    {"websiteurl", LeadField::kWebsite},
    {"web", LeadField::kWebsite},
    {"url", LeadField::kWebsite},
    {"homepage", LeadField::kWebsite},
    {"domain", LeadField::kWebsite},
    {"companydomainname", LeadField::kWebsite},
    {"title", LeadField::kTitle},
    {"jobtitle", LeadField::kTitle},
    {"position", LeadField::kTitle},
    {"role", LeadField::kTitle},
    {"source", LeadField::kSource},
    {"leadsource", LeadField::kSource},
    {"leadsourcecode", LeadField::kSource},
    {"originalsource", LeadField::kSource},
    {"originalsourcetype", LeadField::kSource},
    {"originaltrafficsource", LeadField::kSource},
    {"quelle", LeadField::kSource},
    {"sourcedetail", LeadField::kSourceDetail},
    {"sourcedetails", LeadField::kSourceDetail},
    {"leadsourcedetail", LeadField::kSourceDetail},
    {"originalsourcedrilldown1", LeadField::kSourceDetail},
    {"campaign", LeadField::kCampaign},
    {"campaignname", LeadField::kCampaign},
    {"campaignid", LeadField::kCampaign},
    {"campaignidname", LeadField::kCampaign},
    {"topic", LeadField::kTopic},
    {"subject", LeadField::kTopic},
    {"interest", LeadField::kTopic},
    {"productinterest", LeadField::kTopic},
    {"rating", LeadField::kRating},
    {"leadrating", LeadField::kRating},
    {"leadqualitycode", LeadField::kRating},
    {"estimatedvalue", LeadField::kAmount},
    {"estimatedamount", LeadField::kAmount},
    {"amount", LeadField::kAmount},
    {"value", LeadField::kAmount},
    {"dealvalue", LeadField::kAmount},
    {"dealamount", LeadField::kAmount},
    {"budget", LeadField::kAmount},
    {"budgetamount", LeadField::kAmount},
    {"wert", LeadField::kAmount},
    {"betrag", LeadField::kAmount},
    {"currency", LeadField::kCurrency},
    {"währung", LeadField::kCurrency},
    {"currencycode", LeadField::kCurrency},
    {"currencyisocode", LeadField::kCurrency},
    {"estimatedvaluecurrency", LeadField::kCurrency},
    {"transactioncurrencyid", LeadField::kCurrency},
    {"isocurrencycode", LeadField::kCurrency},
    {"closedate", LeadField::kCloseDate},
    {"expectedclosedate", LeadField::kCloseDate},
    {"estimatedclosedate", LeadField::kCloseDate},
    {"owner", LeadField::kOwner},
    {"leadowner", LeadField::kOwner},
    {"contactowner", LeadField::kOwner},
    {"ownerid", LeadField::kOwner},
    {"owneridname", LeadField::kOwner},
    {"assignedto", LeadField::kOwner},
    {"tags", LeadField::kTags},
    {"tag", LeadField::kTags},
    {"labels", LeadField::kTags},
    {"notes", LeadField::kNotes},
    {"note", LeadField::kNotes},
    {"description", LeadField::kNotes},
    {"comment", LeadField::kNotes},
    {"comments", LeadField::kNotes},
    {"message", LeadField::kNotes},
    {"remarks", LeadField::kNotes},
    {"bemerkung", LeadField::kNotes},
    {"notiz", LeadField::kNotes},
    {"nexttouchtime", LeadField::kNextTouch},
    {"nextcontact", LeadField::kNextTouch},
    {"followup", LeadField::kNextTouch},
    {"followupdate", LeadField::kNextTouch},
    {"street", LeadField::kStreet},
    {"streetaddress", LeadField::kStreet},
    {"straße", LeadField::kStreet},
    {"strasse", LeadField::kStreet},
    {"address", LeadField::kStreet},
    {"address1", LeadField::kStreet},
    {"address2", LeadField::kStreet},
    {"addresslines", LeadField::kStreet},
    {"address1line1", LeadField::kStreet},
    {"address1line2", LeadField::kStreet},
    {"address1line3", LeadField::kStreet},
    {"mailingstreet", LeadField::kStreet},
    {"city", LeadField::kCity},
    {"town", LeadField::kCity},
    {"ort", LeadField::kCity},
    {"stadt", LeadField::kCity},
    {"locality", LeadField::kCity},
    {"address1city", LeadField::kCity},
    {"mailingcity", LeadField::kCity},
    {"state", LeadField::kArea},
    {"stateprovince", LeadField::kArea},
    {"stateregion", LeadField::kArea},
    {"province", LeadField::kArea},
    {"administrativearea", LeadField::kArea},
    {"address1stateorprovince", LeadField::kArea},
    {"zip", LeadField::kPostalCode},
    {"zipcode", LeadField::kPostalCode},
    {"postalcode", LeadField::kPostalCode},
    {"postcode", LeadField::kPostalCode},
    {"plz", LeadField::kPostalCode},
    {"zippostalcode", LeadField::kPostalCode},
    {"address1postalcode", LeadField::kPostalCode},
    {"country", LeadField::kCountry},
    {"countryregion", LeadField::kCountry},
    {"countrycode", LeadField::kCountry},
    {"regioncode", LeadField::kCountry},
    {"land", LeadField::kCountry},
    {"address1country", LeadField::kCountry},
    {"mailingcountry", LeadField::kCountry},
    // Written into files of rejected rows, which are meant to be corrected and imported again.
    {"quartetline", LeadField::kIgnored},
    {"quartetreasons", LeadField::kIgnored},
    {"ignore", LeadField::kIgnored},
};

// Several columns of these make several values, lines or labels.
bool HoldsSeveral(LeadField field) {
  return field == LeadField::kEmail || field == LeadField::kPhone || field == LeadField::kTags ||
         field == LeadField::kStreet || field == LeadField::kNotes || field == LeadField::kCustom ||
         field == LeadField::kIgnored;
}

std::string Key(std::string_view header) {
  std::string key = AsciiLower(header);
  std::erase_if(key, [](char c) {
    return static_cast<unsigned char>(c) < 0x80 && !((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'));
  });
  return key;
}

const Known* Find(std::string_view header) {
  const std::string key = Key(header);
  const auto* found =
      std::find_if(std::begin(kKnown), std::end(kKnown), [&](const Known& known) { return known.key == key; });
  return found == std::end(kKnown) ? nullptr : found;
}

// Applies one "COLUMN=FIELD"; gives what is wrong with it.
std::optional<std::string> Override(std::string_view text, std::vector<LeadColumn>& columns) {
  constexpr std::string_view kCustomPrefix = "custom:";
  const auto equals = text.rfind('=');
  if (equals == std::string_view::npos) return "write it as COLUMN=FIELD";
  const auto name = Trim(text.substr(0, equals));
  const auto target = Trim(text.substr(equals + 1));
  const auto column = std::find_if(columns.begin(), columns.end(),
                                   [&](const LeadColumn& candidate) { return Trim(candidate.header) == name; });
  if (column == columns.end()) return fmt::format("the file has no column \"{}\"", name);
  if (target.starts_with(kCustomPrefix) && target.size() > kCustomPrefix.size()) {
    column->field = LeadField::kCustom;
    column->label = target.substr(kCustomPrefix.size());
    return std::nullopt;
  }
  const Known* known = Find(target);
  if (known == nullptr) return fmt::format("\"{}\" is no field of a lead; custom:KEY makes a custom attribute", target);
  column->field = known->field;
  column->label = known->label;
  return std::nullopt;
}

}  // namespace

Result<std::vector<LeadColumn>> RecognizeColumns(std::span<const std::string> header,
                                                 std::span<const std::string> overrides) {
  std::vector<LeadColumn> columns;
  std::set<LeadField> taken;
  for (const auto& cell : header) {
    const std::string name(Trim(cell));
    const Known* known = Find(name);
    if (name.empty()) {
      columns.push_back({name, LeadField::kIgnored, ""});
    } else if (known == nullptr || (!HoldsSeveral(known->field) && taken.contains(known->field))) {
      columns.push_back({name, LeadField::kCustom, name});
    } else {
      taken.insert(known->field);
      columns.push_back({name, known->field, std::string(known->label)});
    }
  }
  Error mistakes = UsageError("some of --map makes no sense:");
  for (const auto& text : overrides) {
    if (auto mistake = Override(text, columns)) mistakes.violations.push_back({text, std::move(*mistake)});
  }
  if (!mistakes.violations.empty()) return mistakes;

  const auto has = [&columns](std::initializer_list<LeadField> fields) {
    return std::any_of(columns.begin(), columns.end(), [&](const LeadColumn& column) {
      return std::find(fields.begin(), fields.end(), column.field) != fields.end();
    });
  };
  if (!has({LeadField::kGivenName, LeadField::kFamilyName, LeadField::kFullName, LeadField::kCompany}) ||
      !has({LeadField::kEmail, LeadField::kPhone})) {
    return UsageError(
        "the first row is not understood as a header: it must have a column for a name or a company, and one for an "
        "e-mail or a phone; --map \"My Column=company\" says what a column is");
  }
  return columns;
}

}  // namespace quartet::cli
