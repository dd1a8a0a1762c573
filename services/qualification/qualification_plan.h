#pragma once

#include <string>

#include "common/base/result.h"

#include "quartet/lead/v1/lead.pb.h"
#include "quartet/qualification/v1/qualification.pb.h"
#include "quartet/qualification/v1/row.pb.h"

namespace quartet::qualification {

// What is wrong with options, all at once: malformed names, more than five
// opportunities, opportunities together with no_opportunity, wrong amounts and
// dates, texts that are too long, unknown policies. Whether a stage exists is
// for the opportunity service to say. INVALID_ARGUMENT with paths below `field`.
Status CheckOptions(const v1::QualifyOptions& options, const std::string& field);

// What the account, contact and opportunity services are asked to do for this
// lead: a pure function, so that a preview says exactly what would happen. The
// lead's name and `qualification` become the records' origin; qualification,
// attempt and age of the prepares are left to the machine.
v1::Plan MakePlan(const lead::v1::Lead& lead, const v1::QualifyOptions& options, const std::string& qualification);

// What names the company of the plan's account: the given account, the domain, or else the
// name, as the account service looks for it; empty if there is no account. Leads of one
// company nearly always have one key.
std::string CompanyKey(const v1::Plan& plan);

// Whether two callers want the same; decides if one may have the other's result.
bool SameOptions(const v1::QualifyOptions& a, const v1::QualifyOptions& b);

}  // namespace quartet::qualification
