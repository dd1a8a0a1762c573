#include "common/resource/identities.h"

#include <algorithm>
#include <iterator>

#include "common/resource/resource_name.h"

namespace quartet::resource {

std::vector<identity::Identity> Added(std::span<const identity::Identity> before,
                                      std::span<const identity::Identity> after) {
  std::vector<identity::Identity> added;
  std::set_difference(after.begin(), after.end(), before.begin(), before.end(), std::back_inserter(added));
  return added;
}

Status ClaimIdentities(storage::Transaction& transaction, const RecordRepository& records,
                       std::span<const identity::Identity> identities, std::string_view id,
                       RecordRepository::Claimed as) {
  Error taken = AlreadyExists("IDENTITY_TAKEN", "");
  for (const identity::Identity& identity : identities) {
    QUARTET_ASSIGN_OR_RETURN(const bool owned, records.Claim(transaction, identity, id, as));
    if (owned) continue;
    QUARTET_ASSIGN_OR_RETURN(const auto owner, records.Owner(transaction, identity));
    const std::string name = NameOf(records.schema().collection, owner.value_or(""));
    const std::string what = std::string(identity::KindName(identity.kind)) + " " + identity.value;
    taken.message += (taken.message.empty() ? "" : "; ") + what + " belongs to " + name;
    taken.metadata[what] = name;
  }
  if (!taken.message.empty()) return taken;
  return {};
}

Status ChangeIdentities(storage::Transaction& transaction, const RecordRepository& records,
                        std::span<const identity::Identity> before, std::span<const identity::Identity> after,
                        std::string_view id) {
  const bool leads_for_ever = records.schema().exclusive_identities;
  for (const identity::Identity& gone : Added(after, before)) {
    QUARTET_RETURN_IF_ERROR(leads_for_ever ? records.MarkFormer(transaction, gone, id, true)
                                           : records.Free(transaction, gone, id));
  }
  const auto added = Added(before, after);
  QUARTET_RETURN_IF_ERROR(ClaimIdentities(transaction, records, added, id));
  if (!leads_for_ever) return {};
  for (const identity::Identity& identity : added)
    QUARTET_RETURN_IF_ERROR(records.MarkFormer(transaction, identity, id, false));
  return {};
}

}  // namespace quartet::resource
