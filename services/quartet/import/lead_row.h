#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "common/base/result.h"
#include "services/quartet/import/lead_columns.h"
#include "services/quartet/values/values.h"

#include "quartet/lead/v1/lead.pb.h"

namespace quartet::cli {

// What fills empty fields, and how the file writes numbers.
struct LeadDefaults {
  std::string source;
  std::string campaign;
  std::string owner;
  std::string currency;
  std::string region;             // country of the rows that name none, "DE"
  std::vector<std::string> tags;  // added to those of the row
  NumberStyle numbers = NumberStyle::kDecimalPoint;
};

// A row read as a lead.
struct LeadRow {
  lead::v1::Lead lead;
  // What cannot be read at all, by column. What a lead may be is for the lead service's rules.
  std::vector<FieldViolation> violations;
  // Which column each part of the lead came from, by its path ("emails[0]").
  std::map<std::string, std::string> columns;
  // Kept as custom attributes, because the lead's field cannot hold them.
  bool has_amount_without_currency = false;
  bool has_unknown_country = false;
};

// Reads the cells of one row; missing ones at its end count as empty. Nothing is cut or guessed: what a field cannot
// hold is a violation, or kept as a custom attribute under the column's name.
LeadRow ReadLeadRow(std::span<const LeadColumn> columns, std::span<const std::string> cells,
                    const LeadDefaults& defaults);

// The violation as the file's reader knows it: its field is the column's name if the row has one for it.
FieldViolation ByColumn(const FieldViolation& violation, const std::map<std::string, std::string>& columns);

}  // namespace quartet::cli
