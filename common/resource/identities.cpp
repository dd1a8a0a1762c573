#include "common/resource/identities.h"

#include <algorithm>
#include <iterator>

#include "common/resource/resource_name.h"

namespace quartet::resource {

bool IsExclusive(identity::Kind kind) {
  return kind == identity::Kind::kEmail || kind == identity::Kind::kDomain;
}

std::vector<identity::Identity> Added(std::span<const identity::Identity> before,
                                      std::span<const identity::Identity> after) {
  std::vector<identity::Identity> added;
  std::set_difference(after.begin(), after.end(), before.begin(), before.end(), std::back_inserter(added));
  return added;
}

Result<std::vector<identity::Identity>> ClaimIdentities(storage::Transaction& transaction,
                                                        const RecordRepository& records,
                                                        std::span<const identity::Identity> identities,
                                                        std::string_view id) {
  std::vector<identity::Identity> claimed;
  Error taken = AlreadyExists("IDENTITY_TAKEN", "");
  for (const identity::Identity& identity : identities) {
    QUARTET_ASSIGN_OR_RETURN(const bool owned, records.Claim(transaction, identity, id));
    if (owned || !records.schema().identities_have_one_owner) {
      claimed.push_back(identity);
      continue;
    }
    if (!IsExclusive(identity.kind)) continue;
    QUARTET_ASSIGN_OR_RETURN(const auto owner, records.Owner(transaction, identity));
    const std::string name = NameOf(records.schema().collection, owner.value_or(""));
    const std::string what = std::string(identity::KindName(identity.kind)) + " " + identity.value;
    taken.message += (taken.message.empty() ? "" : "; ") + what + " belongs to " + name;
    taken.metadata[what] = name;
  }
  if (!taken.message.empty()) return taken;
  return claimed;
}

Status ChangeIdentities(storage::Transaction& transaction, const RecordRepository& records,
                        std::span<const identity::Identity> before, std::span<const identity::Identity> after,
                        std::string_view id) {
  for (const identity::Identity& gone : Added(after, before)) {
    QUARTET_RETURN_IF_ERROR(records.schema().identities_have_one_owner ? records.MarkFormer(transaction, gone, id, true)
                                                                       : records.Free(transaction, gone, id));
  }
  const auto added = Added(before, after);
  auto claimed = ClaimIdentities(transaction, records, added, id);
  if (!claimed.ok()) return std::move(claimed).error();
  if (!records.schema().identities_have_one_owner) return {};
  for (const identity::Identity& identity : *claimed)
    QUARTET_RETURN_IF_ERROR(records.MarkFormer(transaction, identity, id, false));
  return {};
}

}  // namespace quartet::resource
