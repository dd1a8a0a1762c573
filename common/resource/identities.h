#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "common/base/result.h"
#include "common/resource/record_repository.h"

namespace quartet::resource {

// Whether only one record may have an identity of this kind: an e-mail address
// and a web domain. A phone number or a company's name leads to the record that
// had it first, and others may have it too.
bool IsExclusive(identity::Kind kind);

// What is in `after` and not in `before`; both sorted.
std::vector<identity::Identity> Added(std::span<const identity::Identity> before,
                                      std::span<const identity::Identity> after);

// Claims identities for a record, in sorted order so that concurrent claims
// cannot deadlock; the ones it owns now. Errors: ALREADY_EXISTS IDENTITY_TAKEN,
// naming every exclusive identity that another record has, and the records.
Result<std::vector<identity::Identity>> ClaimIdentities(storage::Transaction& transaction,
                                                        const RecordRepository& records,
                                                        std::span<const identity::Identity> identities,
                                                        std::string_view id);

// Follows a record's change: claims what is new, and marks as former what it
// no longer shows (or frees it, where identities are shared).
Status ChangeIdentities(storage::Transaction& transaction, const RecordRepository& records,
                        std::span<const identity::Identity> before, std::span<const identity::Identity> after,
                        std::string_view id);

}  // namespace quartet::resource
