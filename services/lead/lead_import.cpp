#include "services/lead/lead_import.h"

#include <algorithm>
#include <map>
#include <span>
#include <utility>

#include <fmt/format.h>
#include <google/protobuf/util/message_differencer.h>

#include "common/base/limits.h"
#include "common/resource/identities.h"
#include "common/resource/resource_name.h"
#include "common/rpc/error_mapping.h"

namespace quartet::lead {
namespace {

using google::protobuf::util::MessageDifferencer;
using identity::Identity;
using ImportResult = v1::ImportLeadsResult;
using Typed = methods::TypedRecord<LeadTraits>;
// The lead that each identity leads to, by its id; "" for one that would be created.
using Owners = std::map<Identity, std::string>;

// Rows of one transaction: few enough that others are not kept waiting.
constexpr std::size_t kBatchRows = 250;

void Reject(v1::ImportLeadsResult& result, const Error& error) {
  result.set_outcome(ImportResult::OUTCOME_REJECTED);
  result.clear_lead();
  *result.mutable_status() = rpc::ToRpcStatus(error, limits::kImportRowStatusBytesMax);
}

// Takes out of a list what leads to other leads than the one that is updated, unless that has it too.
template <class ContactPoints, class IdentityOf>
void LeaveOut(const std::vector<Identity>& elsewhere, const std::vector<Identity>& own, ContactPoints& points,
              IdentityOf identity_of, std::vector<std::string>& left_out) {
  const auto is_foreign = [&](const auto& point) {
    const Identity identity = identity_of(point);
    return std::find(elsewhere.begin(), elsewhere.end(), identity) != elsewhere.end() &&
           std::find(own.begin(), own.end(), identity) == own.end();
  };
  for (const auto& point : points) {
    if (is_foreign(point)) left_out.push_back(identity_of(point).value);
  }
  points.erase(std::remove_if(points.begin(), points.end(), is_foreign), points.end());
}

Identity EmailOf(const type::v1::EmailAddress& email) {
  auto normalised = identity::NormaliseEmail(email.address());
  return {identity::Kind::kEmail, normalised.ok() ? *std::move(normalised) : email.address()};
}

Identity PhoneOf(const type::v1::PhoneNumber& phone) {
  return {identity::Kind::kPhone, phone.number()};
}

void TellLeftOut(const std::vector<std::string>& left_out, v1::ImportLeadsResult& result) {
  for (const std::string& value : left_out) {
    if (static_cast<std::size_t>(result.left_out_size()) == limits::kImportLeftOutMax) {
      result.add_left_out(fmt::format("and {} more", left_out.size() - limits::kImportLeftOutMax));
      return;
    }
    result.add_left_out(value);
  }
}

}  // namespace

struct LeadImport::Row {
  v1::Lead lead;
  std::vector<Identity> identities;
  v1::ImportLeadsResult* result = nullptr;
  std::string duplicate_of;         // id of the lead that has one of the identities
  std::vector<Identity> elsewhere;  // those that lead to yet others

  // Of the update of that lead.
  Status merged;
  bool changed = false;
  std::vector<std::string> left_out;
};

struct LeadImport::Batch {
  std::span<Row> rows;
  v1::DuplicateAction action;
  bool validate_only;
  // What rows of earlier batches own, or would own: it is not in the database yet, or never will be.
  const Owners& taken;
  Owners added;  // the same of this batch
};

std::function<Status(const v1::ImportLeadsRequest&)> LeadImport::Admission() {
  return [rows = std::size_t{0}, is_first = true](const v1::ImportLeadsRequest& message) mutable -> Status {
    if (is_first && !message.has_options()) return InvalidArgument({{"options", "the first message must carry them"}});
    is_first = false;
    rows += static_cast<std::size_t>(message.leads_size());
    if (rows > limits::kImportRowsMax)
      return InvalidArgument(
          {{"leads", fmt::format("at most {} rows in one stream; send the rest in another", limits::kImportRowsMax)}});
    return {};
  };
}

Status LeadImport::Run(std::vector<v1::ImportLeadsRequest>& stream, const std::function<bool()>& gone,
                       v1::ImportLeadsResponse& response) {
  if (stream.empty()) return InvalidArgument({{"options", "the first message must carry them"}});
  const v1::ImportOptions options = stream.front().options();
  std::vector<Row> rows = TakeRows(stream, response);
  Owners taken;
  std::map<std::string, std::vector<Row*>> updates;
  for (std::size_t begin = 0; begin < rows.size(); begin += kBatchRows) {
    if (gone()) return CallerGone(begin, rows.size());
    Batch batch{.rows = std::span(rows).subspan(begin, std::min(kBatchRows, rows.size() - begin)),
                .action = options.duplicate_action(),
                .validate_only = options.validate_only(),
                .taken = taken,
                .added = {}};
    QUARTET_RETURN_IF_ERROR(TakeBatch(batch));
    taken.merge(batch.added);
    if (options.validate_only()) continue;
    for (Row& row : batch.rows) {
      if (row.result->outcome() == ImportResult::OUTCOME_UPDATED) updates[row.result->lead()].push_back(&row);
    }
  }
  // After all rows are matched: those that say different things of one lead are one change, or repeating the import
  // would change the lead to and fro.
  for (const auto& [name, of_lead] : updates) {
    if (gone()) return CallerGone(rows.size(), rows.size());
    UpdateLead(name, of_lead);
  }
  return {};
}

Error LeadImport::CallerGone(std::size_t matched, std::size_t rows) {
  return Error{.code = Code::kCancelled,
               .reason = "CANCELLED",
               .message = fmt::format("the caller has gone; {} of {} rows have been looked at", matched, rows)};
}

std::vector<LeadImport::Row> LeadImport::TakeRows(std::vector<v1::ImportLeadsRequest>& stream,
                                                  v1::ImportLeadsResponse& response) {
  std::vector<Row> rows;
  for (v1::ImportLeadsRequest& message : stream) {
    for (v1::Lead& lead : *message.mutable_leads()) {
      Row& row = rows.emplace_back();
      row.lead = std::move(lead);
      row.result = response.add_results();
      methods::ClearServerFields(row.lead);
      LeadTraits::PrepareNew(row.lead);
      auto violations = CheckLead(row.lead);
      if (!violations.empty())
        Reject(*row.result, InvalidArgument(std::move(violations)));
      else
        row.identities = Typed::Identities(row.lead);
    }
  }
  return rows;
}

Status LeadImport::TakeBatch(Batch& batch) {
  if (batch.validate_only) {
    return database_.Read([&](storage::Transaction& transaction) { return Match(transaction, batch); });
  }
  return outbox_.Write([&](storage::Transaction& transaction, std::vector<events::Message>& out) -> Status {
    QUARTET_RETURN_IF_ERROR(Match(transaction, batch));
    return CreateRows(transaction, batch, out);
  });
}

Result<std::optional<std::string>> LeadImport::OwnerOf(storage::Transaction& transaction, const Batch& batch,
                                                       const Identity& identity) const {
  for (const Owners* owners : {&batch.taken, &std::as_const(batch.added)}) {
    if (const auto found = owners->find(identity); found != owners->end()) return std::optional(found->second);
  }
  return store_.records().Owner(transaction, identity);
}

// Decides every row's outcome. May run more than once.
Status LeadImport::Match(storage::Transaction& transaction, Batch& batch) const {
  const bool updates = batch.action == v1::DUPLICATE_ACTION_UPDATE;
  batch.added.clear();
  for (Row& row : batch.rows) {
    if (row.result->outcome() == ImportResult::OUTCOME_REJECTED) continue;
    row.duplicate_of.clear();
    row.elsewhere.clear();
    row.result->clear_lead();
    bool duplicate = false;
    for (const Identity& identity : row.identities) {
      if (batch.action == v1::DUPLICATE_ACTION_CREATE || (duplicate && !updates)) break;
      QUARTET_ASSIGN_OR_RETURN(auto owner, OwnerOf(transaction, batch, identity));
      if (!owner) continue;
      if (!duplicate)
        row.duplicate_of = *std::move(owner);
      else if (*owner != row.duplicate_of)
        row.elsewhere.push_back(identity);
      duplicate = true;
    }
    if (duplicate) {
      row.result->set_outcome(updates ? ImportResult::OUTCOME_UPDATED : ImportResult::OUTCOME_SKIPPED);
      if (!row.duplicate_of.empty())
        row.result->set_lead(resource::NameOf(LeadTraits::kSchema.collection, row.duplicate_of));
      // An update gives the lead what nobody has.
      if (updates) {
        for (const Identity& identity : row.identities) {
          if (std::find(row.elsewhere.begin(), row.elsewhere.end(), identity) == row.elsewhere.end())
            batch.added.emplace(identity, row.duplicate_of);
        }
      }
      continue;
    }
    row.result->set_outcome(ImportResult::OUTCOME_CREATED);
    const std::string id = batch.validate_only ? "" : ids_.NewUuid();
    if (!id.empty()) row.result->set_lead(resource::NameOf(LeadTraits::kSchema.collection, id));
    for (const Identity& identity : row.identities) batch.added.emplace(identity, id);
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

// Writes the row into the lead, or leaves the lead as it is if it cannot be.
void LeadImport::MergeRow(Row& row, v1::Lead& lead) {
  row.left_out.clear();
  row.changed = false;
  v1::Lead given = row.lead;
  if (!row.elsewhere.empty()) {
    const std::vector<Identity> own = Typed::Identities(lead);
    LeaveOut(row.elsewhere, own, *given.mutable_emails(), EmailOf, row.left_out);
    LeaveOut(row.elsewhere, own, *given.mutable_phones(), PhoneOf, row.left_out);
  }
  v1::Lead merged = lead;
  row.merged = MergeImported(merged, given);
  if (!row.merged.ok()) return;
  if (auto violations = CheckLead(merged); !violations.empty()) {
    row.merged = InvalidArgument(std::move(violations));
    return;
  }
  row.changed = !MessageDifferencer::Equals(lead, merged);
  lead = std::move(merged);
}

// Each lead by itself, for it may be held by a qualification and must keep no other waiting.
void LeadImport::UpdateLead(const std::string& name, std::span<Row* const> rows) {
  bool changed = false;
  v1::Lead updated;
  const auto revise = [&](v1::Lead& lead) -> Result<bool> {
    const v1::Lead before = lead;
    for (Row* row : rows) MergeRow(*row, lead);
    changed = !MessageDifferencer::Equals(before, lead);
    return changed;
  };
  const Status status = methods_.Revise(name, v1::LeadEvent::UPDATED, revise, &updated);
  for (Row* row : rows) {
    const Status& outcome = status.ok() ? row->merged : status;
    if (!outcome.ok()) {
      Reject(*row->result, outcome.error());
      continue;
    }
    if (!changed || !row->changed) row->result->set_outcome(ImportResult::OUTCOME_SKIPPED);
    TellLeftOut(row->left_out, *row->result);
  }
}

}  // namespace quartet::lead
