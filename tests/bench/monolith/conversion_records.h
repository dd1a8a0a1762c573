// What a conversion writes, made as the five services make it, but in one place: for the monolith that they are
// compared with, and for filling databases.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/base/id_source.h"
#include "common/resource/record.h"

#include "quartet/lead/v1/lead.pb.h"
#include "quartet/qualification/v1/participant.pb.h"
#include "quartet/qualification/v1/row.pb.h"

namespace quartet::bench {

// Whether records pass through the rules of their services, which also bring phone numbers and the like into the form
// that is stored. Most of the time goes there; it can be spared where the lead's fields have that form already.
enum class Rules { kApply, kSpare };

// The stored form of a new lead.
resource::Record LeadRecord(lead::v1::Lead lead, std::string id, std::int64_t now_us, Rules rules = Rules::kApply);

// The domain events of new leads, as an outbox row holds them.
std::string CreationEvents(const std::vector<resource::Record>& leads, IdSource& ids);

struct ConversionRecords {
  resource::Record lead;                    // as it is closed
  std::optional<resource::Record> account;  // nothing where the lead names no company
  resource::Record contact;
  resource::Record opportunity;
  std::string qualification_id;
  qualification::v1::Plan plan;
  qualification::v1::Decision decision;
  // The domain events of the conversion, as an outbox row holds them: of the lead, the contact and the opportunity, and
  // with `account_opened` of the account.
  std::string events;
};

// Makes them from a stored lead. `account_id`: the account that the contact works for, found or to be opened.
ConversionRecords Convert(const resource::Record& lead, const std::string& account_id, bool account_opened,
                          IdSource& ids, std::int64_t now_us, Rules rules = Rules::kApply);

// By what an account is found: the identities that the lead's company would have.
std::vector<identity::Identity> AccountIdentities(const resource::Record& lead);

}  // namespace quartet::bench
