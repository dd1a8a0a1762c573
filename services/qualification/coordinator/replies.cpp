// The coordinator's way with replies: what can wait is kept, the rest is applied in batches.
#include <algorithm>
#include <iterator>
#include <optional>
#include <unordered_map>
#include <utility>

#include "common/resource/resource_name.h"
#include "services/qualification/coordinator/coordinator.h"
#include "services/qualification/qualification_messages.h"

namespace quartet::qualification {
namespace {

// Rows whose kept replies are written down at once, while others wait.
constexpr std::size_t kFlushedMax = 128;

Error Malformed() {
  return events::UnreadableMessage("not a serialised quartet.qualification.v1.Reply");
}

// Whether the same may succeed in a moment.
bool IsPassing(const Error& error) {
  return error.code == Code::kUnavailable || error.code == Code::kResourceExhausted || error.code == Code::kAborted;
}

}  // namespace

std::vector<Status> Coordinator::Handle(std::span<const events::Delivery> deliveries,
                                        std::vector<events::Message>* commands) {
  std::vector<Status> statuses(deliveries.size());
  std::vector<ReplyBatch> batches;
  std::unordered_map<std::string, std::size_t> by_id;
  // Which of the batches each delivery has a part in.
  std::vector<std::vector<std::size_t>> batches_of(deliveries.size());
  const auto apply = [&](std::size_t delivery, const std::string& id, v1::Reply reply) {
    const auto [known, is_new] = by_id.try_emplace(id, batches.size());
    if (is_new) batches.push_back(BeginBatch(id));
    batches[known->second].bytes += deliveries[delivery].message.data.size();
    batches[known->second].delivered.push_back(std::move(reply));
    batches_of[delivery].push_back(known->second);
  };
  for (std::size_t i = 0; i < deliveries.size(); ++i) {
    v1::Reply reply;
    if (!reply.ParseFromString(deliveries[i].message.data)) {
      statuses[i] = Malformed();
      continue;
    }
    pace_.Heard(reply.participant());
    // Joined on their way, they have nothing to do with each other; what is malformed is so alone.
    if (!IsWellFormed(reply)) statuses[i] = Malformed();
    if (reply.has_acknowledged()) {
      for (const std::string& name : reply.acknowledged().qualifications()) {
        const auto id = resource::ParseName("qualifications", name);
        v1::Reply one;
        one.set_participant(reply.participant());
        one.mutable_acknowledged();
        if (id && !recent_.Keep(*id, one)) apply(i, *id, std::move(one));
      }
      continue;
    }
    if (!statuses[i].ok()) continue;
    const std::string id = resource::IdOf(reply.qualification());
    if (!by_id.contains(id) && (recent_.Keep(id, reply) || AdvanceUnwritten(id, reply, commands))) continue;
    apply(i, id, std::move(reply));
  }
  const std::vector<Status> applied = ApplyReplies(std::move(batches), commands);
  for (std::size_t i = 0; i < deliveries.size(); ++i) {
    for (const std::size_t batch : batches_of[i]) {
      if (statuses[i].ok()) statuses[i] = applied[batch];
    }
  }
  return statuses;
}

bool Coordinator::AdvanceUnwritten(const std::string& id, const v1::Reply& reply,
                                   std::vector<events::Message>* commands) {
  if (commands == nullptr || reply.participant() != v1::LEAD || !reply.has_prepared()) return false;
  std::optional<Row> row = recent_.Take(id);
  if (!row) return false;
  const Step step = OnLockedUnwritten(*row, reply, clock_.NowMicros());
  for (const Send& send : step.sends) {
    events::Message& message = commands->emplace_back(CommandMessage(*row, send));
    message.id = ids_.NewUuid();
    message.time_us = clock_.NowMicros();
  }
  recent_.Put(*std::move(row));
  return step.changed;
}

Coordinator::ReplyBatch Coordinator::BeginBatch(const std::string& id) {
  RecentRows::Pending pending = recent_.BeginApply(id);
  return {.id = id,
          .kept = std::move(pending.replies),
          .delivered = {},
          .bytes = pending.bytes,
          .row = std::move(pending.row)};
}

void Coordinator::EndBatch(ReplyBatch batch, const Status& status) {
  if (!status.ok()) {
    const bool is_unwritten = batch.row && batch.row->unwritten;
    if (!is_unwritten) batch.row.reset();
    if (is_unwritten || IsPassing(status.error())) recent_.Restore(batch.id, std::move(batch.row), batch.kept);
  }
  recent_.EndApply(batch.id);
}

std::vector<Status> Coordinator::ApplyReplies(std::vector<ReplyBatch> batches, std::vector<events::Message>* commands) {
  const std::vector<Status> statuses = WriteRows(
      {.count = batches.size(),
       .run = [&](std::size_t item, storage::Transaction& transaction, std::vector<events::Message>& out,
                  Written& written) { return ApplyBatch(transaction, batches[item], out, written); },
       .expect =
           [&](std::span<const std::size_t> items, storage::Transaction& transaction) {
             for (const std::size_t item : items) Expect(transaction, batches[item]);
             return Status();
           },
       .bytes_of = [&](std::size_t item) { return batches[item].bytes; },
       // A row that is not as it was remembered is read now.
       .forget = [&](std::size_t item) { return std::exchange(batches[item].row, std::nullopt).has_value(); }},
      commands);
  for (std::size_t i = 0; i < batches.size(); ++i) EndBatch(std::move(batches[i]), statuses[i]);
  return statuses;
}

void Coordinator::Expect(storage::Transaction& transaction, const ReplyBatch& batch) const {
  if (!batch.row) repository_.ExpectFind(transaction, batch.id);
  // The last answer of those that prepare decides, and whoever waits is woken.
  const auto prepares = [](const v1::Reply& reply) { return reply.has_prepared() && reply.participant() != v1::LEAD; };
  if (std::ranges::any_of(batch.delivered, prepares) || std::ranges::any_of(batch.kept, prepares))
    repository_.ExpectWaitingFor(transaction, batch.id);
}

Status Coordinator::ApplyBatch(storage::Transaction& transaction, const ReplyBatch& batch,
                               std::vector<events::Message>& out, Written& written) const {
  if (auto row = batch.row) {
    const Before before(*row);
    QUARTET_ASSIGN_OR_RETURN(Step step, StepAll(transaction, batch, *row, written));
    // In the database it is not what these replies are for.
    step.changed |= row->unwritten;
    // What changes nothing may do so because the row is not the stored one.
    if (step.changed) return steps_.Apply(transaction, *std::move(row), step, before, out, written);
  }
  QUARTET_ASSIGN_OR_RETURN(auto row, steps_.FindOrFence(transaction, batch.id, written));
  // Over and deleted, or never begun; its intents are void when asked about.
  if (!row || IsTombstone(*row)) return {};
  const Before before(*row);
  QUARTET_ASSIGN_OR_RETURN(const Step step, StepAll(transaction, batch, *row, written));
  return steps_.Apply(transaction, *std::move(row), step, before, out, written);
}

Result<Step> Coordinator::StepAll(storage::Transaction& transaction, const ReplyBatch& batch, Row& row,
                                  Written& written) const {
  Step all;
  const auto step_each = [&](const std::vector<v1::Reply>& replies) -> Status {
    for (const v1::Reply& reply : replies) {
      Holder holder;
      if (reply.has_busy()) {
        QUARTET_ASSIGN_OR_RETURN(holder,
                                 steps_.LookUpHolder(transaction, resource::IdOf(reply.busy().holder()), written));
      }
      Step step = OnReply(row, reply, holder, clock_.NowMicros());
      all.changed |= step.changed;
      std::ranges::move(step.sends, std::back_inserter(all.sends));
    }
    return {};
  };
  QUARTET_RETURN_IF_ERROR(step_each(batch.kept));
  QUARTET_RETURN_IF_ERROR(step_each(batch.delivered));
  return all;
}

Status Coordinator::FlushPending() {
  Status first_failure;
  const std::vector<std::string> ids = recent_.PendingIds();
  for (std::size_t first = 0; first < ids.size(); first += kFlushedMax) {
    std::vector<ReplyBatch> batches;
    for (const std::string& id : std::span(ids).subspan(first, std::min(kFlushedMax, ids.size() - first)))
      batches.push_back(BeginBatch(id));
    for (Status& status : ApplyReplies(std::move(batches), nullptr)) {
      if (status.ok() || !first_failure.ok()) continue;
      first_failure = std::move(status);
    }
    // Where the database is away the others would fail, too, one after the other.
    if (!first_failure.ok() && first_failure.error().code == Code::kUnavailable) return first_failure;
  }
  return first_failure;
}

}  // namespace quartet::qualification
