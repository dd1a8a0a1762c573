#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.h"

namespace quartet::cli {

// What a column of a file of leads can hold.
enum class LeadField {
  kCustom,   // nothing that a lead has a field for: becomes a custom attribute
  kIgnored,  // stays behind
  kPrefix,
  kGivenName,
  kFamilyName,
  kSuffix,
  kFullName,
  kEmail,
  kPhone,
  kCompany,
  kWebsite,
  kTitle,
  kSource,
  kSourceDetail,
  kCampaign,
  kTopic,
  kRating,
  kAmount,
  kCurrency,
  kCloseDate,
  kOwner,
  kTags,
  kNotes,
  kNextTouch,
  kStreet,
  kCity,
  kArea,
  kPostalCode,
  kCountry,
};

// Where a column's cells go.
struct LeadColumn {
  std::string header;  // as the file has it
  LeadField field = LeadField::kCustom;
  std::string label;  // of an e-mail or phone ("mobile"); the key of a custom attribute
};

// Finds out by the header what the columns are: the names that Salesforce, HubSpot and Dynamics give them in their
// exports, the usual ones of spreadsheets, and Quartet's own. A second column for a field that holds one value becomes
// a custom attribute. `overrides` are "COLUMN=FIELD" (FIELD as any recognised name, "ignore", or "custom:KEY") and win.
// Errors: INVALID_ARGUMENT when an override names no column or no field; when no column holds a name or company, or
// none an e-mail or phone, because then the header was not understood.
Result<std::vector<LeadColumn>> RecognizeColumns(std::span<const std::string> header,
                                                 std::span<const std::string> overrides);

}  // namespace quartet::cli
