#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "common/base/result.h"
#include "common/resource/record_repository.h"

namespace quartet::resource {

// What is in `after` and not in `before`; both sorted.
std::vector<identity::Identity> Added(std::span<const identity::Identity> before,
                                      std::span<const identity::Identity> after);

// Claims identities for a record, in sorted order so that concurrent claims
// cannot deadlock. Errors: ALREADY_EXISTS IDENTITY_TAKEN, naming every exclusive
// identity that another record has, and the records.
Status ClaimIdentities(storage::Transaction& transaction, const RecordRepository& records,
                       std::span<const identity::Identity> identities, std::string_view id,
                       RecordRepository::Claimed as = RecordRepository::Claimed::kShown);

// Follows a record's change: claims what is new, and marks as former what it
// no longer shows (or frees it, where none leads to its record).
Status ChangeIdentities(storage::Transaction& transaction, const RecordRepository& records,
                        std::span<const identity::Identity> before, std::span<const identity::Identity> after,
                        std::string_view id);

}  // namespace quartet::resource
