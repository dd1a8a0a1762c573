#pragma once

#include <string>
#include <vector>

#include <google/protobuf/field_mask.pb.h>
#include <google/protobuf/message.h>

#include "common/base/result.h"

namespace quartet::methods {

// Clears the resource name, the etag and all fields that the server alone
// sets (google.api.field_behavior OUTPUT_ONLY, IDENTIFIER) of a message that a
// caller sent.
void ClearServerFields(google::protobuf::Message& message);

// Writes the fields that `mask` names from `from` into `to` (AIP-134): those
// populated in `from` if it is empty, all if it is "*". Server fields stay as
// they are, whoever names them. Lists and maps are replaced. Errors:
// INVALID_ARGUMENT naming every path that does not exist.
Status MergeFields(const google::protobuf::Message& from, const google::protobuf::FieldMask& mask,
                   google::protobuf::Message& to);

// Copies fields of `from` that are empty in `to`, each whole or not at all;
// never server fields nor IMMUTABLE ones. The names of those copied.
std::vector<std::string> FillEmptyFields(const google::protobuf::Message& from, google::protobuf::Message& to);

}  // namespace quartet::methods
