#include "services/lead/lead_import.h"

#include <map>
#include <span>

#include <fmt/format.h>

#include "common/resource/identities.h"
#include "common/resource/resource_name.h"
#include "common/rpc/error_mapping.h"

namespace quartet::lead {
namespace {

using ImportResult = v1::ImportLeadsResult;
using Typed = methods::TypedRecord<LeadTraits>;

constexpr std::size_t kRowsMax = 10'000;
// Rows of one transaction: few enough that others are not kept waiting.
constexpr std::size_t kBatchRows = 250;

struct Row {
  v1::Lead lead;
  std::vector<identity::Identity> identities;
  v1::ImportLeadsResult* result = nullptr;
  std::string duplicate_of;  // id of the lead that has one of the identities
};

void Reject(v1::ImportLeadsResult& result, const Error& error) {
  result.set_outcome(ImportResult::OUTCOME_REJECTED);
  *result.mutable_status() = rpc::ToRpcStatus(error);
}

}  // namespace

struct LeadImport::Batch {
  std::span<Row> rows;
  v1::ImportOptions options;
  // Identities of earlier rows that this import created, or would create: they
  // are not in the database yet, or never will be.
  std::map<identity::Identity, std::string>& taken;
};

Status LeadImport::Run(std::vector<v1::ImportLeadsRequest>& stream, v1::ImportLeadsResponse& response) {
  if (stream.empty() || !stream.front().has_options())
    return InvalidArgument({{"options", "the first message must carry them"}});
  const v1::ImportOptions options = stream.front().options();
  std::vector<Row> rows;
  for (v1::ImportLeadsRequest& message : stream) {
    for (v1::Lead& lead : *message.mutable_leads())
      rows.push_back({.lead = std::move(lead), .identities = {}, .duplicate_of = {}});
  }
  if (rows.size() > kRowsMax)
    return InvalidArgument({{"leads", fmt::format("at most {} rows in one stream, not {}", kRowsMax, rows.size())}});
  for (Row& row : rows) {
    row.result = response.add_results();
    methods::ClearServerFields(row.lead);
    LeadTraits::PrepareNew(row.lead);
    auto violations = CheckLead(row.lead);
    if (!violations.empty())
      Reject(*row.result, InvalidArgument(std::move(violations)));
    else
      row.identities = Typed::Identities(row.lead);
  }
  std::map<identity::Identity, std::string> taken;
  for (std::size_t begin = 0; begin < rows.size(); begin += kBatchRows) {
    Batch batch{.rows = std::span(rows).subspan(begin, std::min(kBatchRows, rows.size() - begin)),
                .options = options,
                .taken = taken};
    if (options.validate_only()) {
      QUARTET_RETURN_IF_ERROR(
          database_.Read([&](storage::Transaction& transaction) { return Match(transaction, batch); }));
      continue;
    }
    const auto taken_before = taken;
    QUARTET_RETURN_IF_ERROR(
        outbox_.Write([&](storage::Transaction& transaction, std::vector<events::Message>& out) -> Status {
          taken = taken_before;
          QUARTET_RETURN_IF_ERROR(Match(transaction, batch));
          return CreateRows(transaction, batch, out);
        }));
    UpdateDuplicates(batch);
  }
  return {};
}

// Decides every row's outcome.
Status LeadImport::Match(storage::Transaction& transaction, Batch& batch) const {
  const v1::DuplicateAction action = batch.options.duplicate_action();
  for (Row& row : batch.rows) {
    if (row.result->outcome() == ImportResult::OUTCOME_REJECTED) continue;
    row.duplicate_of.clear();
    bool duplicate = false;
    for (const identity::Identity& identity : row.identities) {
      if (const auto found = batch.taken.find(identity); found != batch.taken.end()) {
        row.duplicate_of = found->second;
        duplicate = true;
        break;
      }
      QUARTET_ASSIGN_OR_RETURN(const auto owner, store_.records().Owner(transaction, identity));
      if (!owner) continue;
      row.duplicate_of = *owner;
      duplicate = true;
      break;
    }
    if (duplicate && action != v1::DUPLICATE_ACTION_CREATE) {
      row.result->set_outcome(action == v1::DUPLICATE_ACTION_UPDATE ? ImportResult::OUTCOME_UPDATED
                                                                    : ImportResult::OUTCOME_SKIPPED);
      if (!row.duplicate_of.empty())
        row.result->set_lead(resource::NameOf(LeadTraits::kSchema.collection, row.duplicate_of));
      continue;
    }
    row.result->set_outcome(ImportResult::OUTCOME_CREATED);
    const std::string id = batch.options.validate_only() ? "" : ids_.NewUuid();
    row.result->set_lead(id.empty() ? "" : resource::NameOf(LeadTraits::kSchema.collection, id));
    for (const identity::Identity& identity : row.identities) batch.taken.emplace(identity, id);
  }
  return {};
}

Status LeadImport::CreateRows(storage::Transaction& transaction, Batch& batch,
                              std::vector<events::Message>& out) const {
  const std::int64_t now_us = clock_.NowMicros();
  for (Row& row : batch.rows) {
    if (row.result->outcome() != ImportResult::OUTCOME_CREATED) continue;
    v1::Lead lead = row.lead;
    const resource::Record record = Typed::Encode(lead, resource::IdOf(row.result->lead()), 1, now_us, now_us);
    QUARTET_RETURN_IF_ERROR(resource::ClaimIdentities(transaction, store_.records(), record.identities, record.id));
    QUARTET_RETURN_IF_ERROR(store_.records().Insert(transaction, record));
    out.push_back(Typed::EventOf(v1::LeadEvent::CREATED, record, lead));
  }
  return {};
}

// One by one, for each may meet a qualification and must wait for no other row.
void LeadImport::UpdateDuplicates(Batch& batch) {
  for (Row& row : batch.rows) {
    if (row.result->outcome() != ImportResult::OUTCOME_UPDATED) continue;
    v1::Lead updated;
    const Status status = methods_.Change(
        row.result->lead(), "", v1::LeadEvent::UPDATED,
        [&](v1::Lead& lead) -> Status {
          QUARTET_RETURN_IF_ERROR(MergeImported(lead, row.lead));
          auto violations = CheckLead(lead);
          if (!violations.empty()) return InvalidArgument(std::move(violations));
          return {};
        },
        &updated);
    if (!status.ok()) Reject(*row.result, status.error());
  }
}

}  // namespace quartet::lead
