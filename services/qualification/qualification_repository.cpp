#include "services/qualification/qualification_repository.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "common/base/id_source.h"
#include "common/base/limits.h"
#include "common/resource/record_repository.h"
#include "common/resource/resource_name.h"
#include "services/qualification/pending/view.h"

namespace quartet::qualification {
namespace {

// `body` is a serialised StoredQualification, `plan` a serialised Plan.
constexpr storage::Statement kFind = {
    "SELECT version, create_time, update_time, waits_for, redrive_time, redrive_count, body, plan "
    "FROM qualification WHERE id = $1",
    storage::Reads("qualification").By("id", 1)};
constexpr storage::Statement kInsert = {
    "INSERT INTO qualification (id, version, create_time, update_time, state, kind, lead, "
    "waits_for, redrive_time, redrive_count, body, plan) "
    "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
    storage::Inserts("qualification").By("id", 1)};
// `body` without `plan`, which is the larger part.
constexpr storage::Statement kFindDecision = {"SELECT state, update_time, body FROM qualification WHERE id = $1",
                                              storage::Reads("qualification").By("id", 1)};
constexpr storage::Statement kFindDecided = {"SELECT state, body FROM qualification WHERE id = $1",
                                             storage::Reads("qualification").By("id", 1)};
constexpr storage::Statement kFence = {
    "INSERT INTO qualification (id, version, create_time, update_time, state, kind, lead, "
    "waits_for, redrive_time, redrive_count, body, plan) "
    "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) ON CONFLICT (id) DO NOTHING",
    storage::Inserts("qualification").By("id", 1)};
constexpr std::int64_t kWatermarkId = 1;
constexpr storage::Statement kWatermark = {"SELECT time FROM watermark WHERE id = $1",
                                           storage::Reads("watermark").By("id", 1)};
constexpr storage::Statement kRaiseWatermark = {"UPDATE watermark SET time = $2 WHERE id = $1 AND time < $2",
                                                storage::Updates("watermark").By("id", 1)};
// An expression, lest the planner walk through all that ever were in the order of their ids: those that are not over
// are few and have an index.
constexpr std::string_view kOldestPending = "SELECT MIN(id || '') FROM qualification WHERE redrive_time > 0";
constexpr std::string_view kPendingReverts = "SELECT id, body FROM qualification WHERE redrive_time > 0 AND kind = 2";
static_assert(v1::Qualification::REVERT == 2);
constexpr std::string_view kOldest =
    "SELECT id FROM qualification WHERE id < $1 AND redrive_time = 0 ORDER BY id LIMIT $2";
// Up to and with the last of these.
constexpr std::string_view kDeleteRequests =
    "DELETE FROM request WHERE qualification_id <= $1 "
    "AND qualification_id NOT IN (SELECT id FROM qualification WHERE redrive_time > 0)";
constexpr std::string_view kDeleteOldest = "DELETE FROM qualification WHERE id <= $1 AND redrive_time = 0";
constexpr storage::Statement kUpdate = {
    "UPDATE qualification SET version = version + 1, update_time = $3, state = $4, body = $5 "
    "WHERE id = $1 AND version = $2",
    storage::Updates("qualification", "version, update_time, state, body").By("id", 1)};
constexpr storage::Statement kUpdatePlan = {
    "UPDATE qualification SET version = version + 1, update_time = $3, state = $4, body = $5, plan = $6 "
    "WHERE id = $1 AND version = $2",
    storage::Updates("qualification", "version, update_time, state, body, plan").By("id", 1)};
constexpr storage::Statement kUpdateTimes = {
    "UPDATE qualification SET version = version + 1, update_time = $3, state = $4, body = $5, "
    "waits_for = $6, redrive_time = $7, redrive_count = $8 WHERE id = $1 AND version = $2",
    storage::Updates("qualification").By("id", 1)};
constexpr storage::Statement kUpdateAll = {
    "UPDATE qualification SET version = version + 1, update_time = $3, state = $4, body = $5, plan = $6, "
    "waits_for = $7, redrive_time = $8, redrive_count = $9 WHERE id = $1 AND version = $2",
    storage::Updates("qualification").By("id", 1)};
constexpr storage::Statement kTouch = {"UPDATE qualification SET version = version WHERE id = $1",
                                       storage::Updates("qualification", "version").By("id", 1)};
constexpr storage::Statement kWaiting = {
    "SELECT id FROM qualification WHERE waits_for = $1 AND waits_for <> '' "
    "ORDER BY create_time, id LIMIT $2",
    storage::Reads("qualification", "id, waits_for, create_time").By("waits_for", 1)};
constexpr storage::Statement kWaitingInState = {
    "SELECT id FROM qualification WHERE waits_for = $1 AND waits_for <> '' AND state = $3 "
    "ORDER BY create_time, id LIMIT $2",
    storage::Reads("qualification").By("waits_for", 1).By("state", 3)};
constexpr storage::Statement kWaitFor = {
    "UPDATE qualification SET waits_for = $3, version = version + 1 WHERE id = $1 AND waits_for = $2",
    storage::Updates("qualification").By("id", 1)};
// Sizes without reading what is large.
constexpr storage::Statement kDue = {
    "SELECT id, redrive_time, waits_for, length(body) + length(plan) FROM qualification "
    "WHERE redrive_time > 0 AND redrive_time <= $1 AND redrive_time >= $2 AND (redrive_time, id) > ($2, $3) "
    "ORDER BY redrive_time, id LIMIT $4",
    storage::Reads("qualification")};
constexpr storage::Statement kPostpone = {"UPDATE qualification SET redrive_time = $2 WHERE id = $1",
                                          storage::Updates("qualification").By("id", 1)};
constexpr std::string_view kDueBeyond =
    "SELECT id, redrive_time, waits_for, length(body) + length(plan) FROM qualification "
    "WHERE redrive_time > 0 AND redrive_time > $1 "
    "ORDER BY redrive_time, id LIMIT $2";
// Both from the index of those that are not over.
constexpr std::string_view kCountPending =
    "SELECT COUNT(*) FROM (SELECT redrive_time FROM qualification WHERE redrive_time > 0 LIMIT $1) AS pending";
constexpr std::string_view kUndecided =
    "SELECT id FROM qualification WHERE redrive_time > 0 AND state NOT IN (4, 5) LIMIT $1";
static_assert(v1::Qualification::COMMITTED == 4 && v1::Qualification::ABORTED == 5);
constexpr storage::Statement kFindRequest = {"SELECT content, qualification_id FROM request WHERE id = $1",
                                             storage::Reads("request").By("id", 1)};
constexpr storage::Statement kInsertRequest = {
    "INSERT INTO request (id, content, qualification_id) VALUES ($1, $2, $3)", storage::Inserts("request").By("id", 1)};
// So that no more than a page's bytes and a piece are ever in memory.
constexpr std::size_t kListPiece = 256;
constexpr std::string_view kList =
    "SELECT id, create_time, update_time, state, kind, lead, waits_for, redrive_time, redrive_count, body "
    "FROM qualification";

Result<std::vector<std::string>> SelectIds(storage::Transaction& transaction, const storage::Statement& statement,
                                           std::initializer_list<storage::Param> params) {
  std::vector<std::string> ids;
  QUARTET_RETURN_IF_ERROR(
      transaction.Query(statement, params, [&](const storage::Row& row) { ids.push_back(row.String(0)); }));
  return ids;
}

std::vector<storage::Param> InsertParams(const Row& row, std::string_view body, std::string_view plan) {
  return {std::string_view(row.id),
          row.version,
          row.create_time_us,
          row.update_time_us,
          std::int64_t{row.state()},
          std::int64_t{row.qualification().kind()},
          std::string_view(row.qualification().lead()),
          std::string_view(row.waits_for),
          row.redrive_time_us,
          row.redrive_count,
          storage::Blob{body},
          storage::Blob{plan}};
}

// Whether `body` is the stored form of that row. Much that is damaged, nothing at all for instance, can be parsed.
bool Parse(std::string_view body, std::string_view id, v1::StoredQualification& stored) {
  return stored.ParseFromArray(body.data(), static_cast<int>(body.size())) &&
         resource::IdOf(stored.qualification().name()) == id;
}

// A piece of a list.
struct ListQuery {
  std::string sql;
  std::vector<resource::ColumnValue> values;
  std::int64_t limit = 0;

  std::vector<storage::Param> params() const {
    std::vector<storage::Param> all;
    for (const resource::ColumnValue& value : values) all.push_back(resource::ParamOf(value));
    all.emplace_back(limit);
    return all;
  }
};

// Of at most `limit` rows that come after `after`.
ListQuery QueryOf(const resource::PageRequest& page, const std::optional<resource::PageToken>& after,
                  std::optional<std::int64_t> stuck_at_us, std::int64_t limit) {
  ListQuery query{.sql = "", .values = {}, .limit = limit};
  std::string where;
  int next = page.filter.AppendSql(where, query.values, 1);
  const auto restrict = [&](const std::string& condition) {
    if (!where.empty()) where += " AND ";
    where += condition;
  };
  // Tombstones have no kind.
  restrict("kind <> 0");
  // Those that are not over are few and have an index of their own; the sign keeps the planner from walking through all
  // that ever were in the order of time.
  const std::string time = stuck_at_us ? "+create_time" : "create_time";
  if (stuck_at_us) {
    restrict(fmt::format("redrive_time > 0 AND (redrive_count >= ${} OR {} < ${})", next, time, next + 1));
    query.values.emplace_back(kStuckTries);
    query.values.emplace_back(*stuck_at_us - kStuckAge_us);
    next += 2;
  }
  if (after) {
    restrict(fmt::format("({}, id) {} (${}, ${})", time, page.descending ? "<" : ">", next, next + 1));
    query.values.emplace_back(after->create_time_us);
    query.values.emplace_back(after->id);
    next += 2;
  }
  const std::string_view direction = page.descending ? " DESC" : "";
  query.sql = fmt::format("{} WHERE {} ORDER BY {}{}, id{} LIMIT ${}", kList, where, time, direction, direction, next);
  return query;
}

// A row of kList.
v1::Qualification Listed(const storage::Row& columns) {
  Row row{.id = columns.String(0),
          .create_time_us = columns.Int(1),
          .update_time_us = columns.Int(2),
          .waits_for = columns.String(6),
          .redrive_time_us = columns.Int(7),
          .redrive_count = columns.Int(8),
          .stored = {},
          .plan = {}};
  if (Parse(columns.Bytes(9), row.id, row.stored)) return ViewOf(row);
  row.stored.Clear();
  row.qualification().set_name(resource::NameOf("qualifications", row.id));
  row.qualification().set_state(static_cast<v1::Qualification::State>(columns.Int(3)));
  row.qualification().set_kind(static_cast<v1::Qualification::Kind>(columns.Int(4)));
  row.qualification().set_lead(columns.String(5));
  return UnreadableView(row);
}

}  // namespace

bool IsForgotten(std::string_view id, std::int64_t watermark_us) {
  const auto time_us = TimeOfUuidV7(id);
  return time_us && *time_us < watermark_us;
}

bool IsTombstone(const Row& row) {
  return row.qualification().kind() == v1::Qualification::KIND_UNSPECIFIED;
}

void QualificationRepository::ExpectFind(storage::Transaction& transaction, std::string_view id) const {
  transaction.Expect(kFind, {id});
}

void QualificationRepository::ExpectWaitingFor(storage::Transaction& transaction, std::string_view holder) const {
  transaction.Expect(kWaiting, {holder, std::int64_t{1}});
}

void QualificationRepository::ExpectRequest(storage::Transaction& transaction, std::string_view request_id) const {
  transaction.Expect(kFindRequest, {request_id});
}

Result<std::optional<Row>> QualificationRepository::Find(storage::Transaction& transaction, std::string_view id) const {
  std::optional<Row> found;
  bool readable = true;
  QUARTET_RETURN_IF_ERROR(transaction.Query(kFind, {id}, [&](const storage::Row& row) {
    Row read{.id = std::string(id),
             .version = row.Int(0),
             .create_time_us = row.Int(1),
             .update_time_us = row.Int(2),
             .waits_for = row.String(3),
             .redrive_time_us = row.Int(4),
             .redrive_count = row.Int(5),
             .is_read = true,
             .stored = {},
             .plan = {}};
    const auto body = row.Bytes(6);
    const auto plan = row.Bytes(7);
    readable = Parse(body, id, read.stored) && read.plan.ParseFromArray(plan.data(), static_cast<int>(plan.size()));
    found = std::move(read);
  }));
  if (!readable) return Unreadable(id);
  return found;
}

Status QualificationRepository::Insert(storage::Transaction& transaction, const Row& row) const {
  const std::string body = row.stored.SerializeAsString();
  const std::string plan = row.plan.SerializeAsString();
  return transaction.Run(kInsert, std::span<const storage::Param>(InsertParams(row, body, plan)));
}

void QualificationRepository::ExpectDecision(storage::Transaction& transaction, std::string_view id) const {
  transaction.Expect(kFindDecision, {id});
}

Result<std::optional<v1::Decision>> QualificationRepository::FindDecision(storage::Transaction& transaction,
                                                                          std::string_view id, bool& unreadable) const {
  std::optional<v1::Decision> found;
  unreadable = false;
  QUARTET_RETURN_IF_ERROR(transaction.Query(kFindDecision, {id}, [&](const storage::Row& columns) {
    Row row{.id = std::string(id), .update_time_us = columns.Int(1), .waits_for = {}, .stored = {}, .plan = {}};
    row.qualification().set_state(v1::Qualification::ABORTED);
    if (columns.Int(0) != v1::Qualification::ABORTED) {
      const auto body = columns.Bytes(2);
      unreadable = !row.stored.ParseFromArray(body.data(), static_cast<int>(body.size()));
      if (unreadable) row.stored.Clear();
    }
    found = DecisionOf(row);
  }));
  return found;
}

void QualificationRepository::ExpectDecided(storage::Transaction& transaction, std::string_view id) const {
  transaction.Expect(kFindDecided, {id});
}

Result<std::optional<v1::Qualification>> QualificationRepository::FindDecided(storage::Transaction& transaction,
                                                                              std::string_view id) const {
  std::optional<v1::Qualification> found;
  QUARTET_RETURN_IF_ERROR(transaction.Query(kFindDecided, {id}, [&](const storage::Row& row) {
    if (row.Int(0) != v1::Qualification::COMMITTED && row.Int(0) != v1::Qualification::ABORTED) return;
    v1::StoredQualification stored;
    const auto body = row.Bytes(1);
    // One that cannot be read tells nobody anything; whoever reads it by its name is told so.
    if (!stored.ParseFromArray(body.data(), static_cast<int>(body.size()))) return;
    found = std::move(*stored.mutable_qualification());
  }));
  return found;
}

Status QualificationRepository::Fence(storage::Transaction& transaction, std::string_view id,
                                      std::int64_t now_us) const {
  Row tombstone{.id = std::string(id),
                .version = 1,
                .create_time_us = TimeOfUuidV7(id).value_or(now_us),
                .update_time_us = now_us,
                .waits_for = {},
                .stored = {},
                .plan = {}};
  tombstone.qualification().set_name(resource::NameOf("qualifications", id));
  tombstone.qualification().set_state(v1::Qualification::ABORTED);
  const std::string body = tombstone.stored.SerializeAsString();
  return transaction.Run(kFence, std::span<const storage::Param>(InsertParams(tombstone, body, "")));
}

void QualificationRepository::ExpectWatermark(storage::Transaction& transaction) const {
  transaction.Expect(kWatermark, {kWatermarkId});
}

Result<std::int64_t> QualificationRepository::Watermark(storage::Transaction& transaction) const {
  std::int64_t watermark_us = 0;
  QUARTET_RETURN_IF_ERROR(
      transaction.Query(kWatermark, {kWatermarkId}, [&](const storage::Row& row) { watermark_us = row.Int(0); }));
  return watermark_us;
}

Status QualificationRepository::RaiseWatermark(storage::Transaction& transaction, std::int64_t watermark_us) const {
  return transaction.Run(kRaiseWatermark, {kWatermarkId, watermark_us});
}

Result<std::vector<std::string>> QualificationRepository::NeededIds(storage::Transaction& transaction) const {
  std::vector<std::string> ids;
  QUARTET_RETURN_IF_ERROR(
      transaction.Query(kOldestPending, std::initializer_list<storage::Param>{}, [&](const storage::Row& row) {
        if (!row.IsNull(0)) ids.push_back(row.String(0));
      }));
  std::string unreadable;
  QUARTET_RETURN_IF_ERROR(
      transaction.Query(kPendingReverts, std::initializer_list<storage::Param>{}, [&](const storage::Row& row) {
        v1::StoredQualification stored;
        if (Parse(row.Bytes(1), row.Bytes(0), stored))
          ids.push_back(resource::IdOf(stored.qualification().reverts()));
        else
          unreadable = row.String(0);
      }));
  if (!unreadable.empty()) return Unreadable(unreadable);
  return ids;
}

Result<int> QualificationRepository::DeleteOldest(storage::Transaction& transaction, std::int64_t watermark_us,
                                                  int limit) const {
  const std::string bound = FirstUuidV7At(watermark_us);
  QUARTET_ASSIGN_OR_RETURN(const auto ids,
                           SelectIds(transaction, kOldest, {std::string_view(bound), std::int64_t{limit}}));
  if (ids.empty()) return 0;
  const std::string_view last = ids.back();
  QUARTET_RETURN_IF_ERROR(transaction.Run(kDeleteRequests, {last}));
  QUARTET_RETURN_IF_ERROR(transaction.Run(kDeleteOldest, {last}));
  return static_cast<int>(ids.size());
}

Status QualificationRepository::Update(storage::Transaction& transaction, Row& row, Changed changed) const {
  const std::string body = row.stored.SerializeAsString();
  const std::string plan = changed.plan ? row.plan.SerializeAsString() : "";
  std::vector<storage::Param> params = {std::string_view(row.id), row.version, row.update_time_us,
                                        std::int64_t{row.state()}, storage::Blob{body}};
  if (changed.plan) params.emplace_back(storage::Blob{plan});
  if (changed.times)
    params.insert(params.end(), {std::string_view(row.waits_for), row.redrive_time_us, row.redrive_count});
  const storage::Statement& statement =
      changed.plan ? (changed.times ? kUpdateAll : kUpdatePlan) : (changed.times ? kUpdateTimes : kUpdate);
  ++row.version;
  return transaction.Change(statement, params, Aborted(std::string(kMoved), "the row was changed meanwhile"));
}

Status QualificationRepository::Touch(storage::Transaction& transaction, std::string_view id) const {
  return transaction.Touch(kTouch, {id});
}

Result<std::vector<std::string>> QualificationRepository::WaitingFor(storage::Transaction& transaction,
                                                                     std::string_view holder,
                                                                     std::optional<v1::Qualification::State> state,
                                                                     int limit) const {
  if (!state) return SelectIds(transaction, kWaiting, {holder, std::int64_t{limit}});
  return SelectIds(transaction, kWaitingInState, {holder, std::int64_t{limit}, std::int64_t{*state}});
}

Status QualificationRepository::WaitFor(storage::Transaction& transaction, std::string_view id, std::string_view holder,
                                        std::string_view next) const {
  return transaction.Run(kWaitFor, {id, holder, next});
}

Result<std::vector<DueRow>> QualificationRepository::DueBy(storage::Transaction& transaction, std::int64_t now_us,
                                                           const std::optional<DueRow>& after, int limit) const {
  std::vector<DueRow> due;
  const auto note = [&](const storage::Row& row) {
    due.push_back(
        {.id = row.String(0), .redrive_time_us = row.Int(1), .waits_for = row.String(2), .size_bytes = row.Int(3)});
  };
  const std::int64_t after_us = after ? after->redrive_time_us : 0;
  const std::string_view after_id = after ? after->id : std::string_view();
  QUARTET_RETURN_IF_ERROR(transaction.Query(kDue, {now_us, after_us, after_id, std::int64_t{limit}}, note));
  const std::int64_t left = limit - static_cast<std::int64_t>(due.size());
  if (left > 0) {
    QUARTET_RETURN_IF_ERROR(transaction.Query(kDueBeyond, {now_us + kRedriveAheadMax_us, left}, note));
  }
  return due;
}

Status QualificationRepository::Postpone(storage::Transaction& transaction, std::string_view id,
                                         std::int64_t redrive_time_us) const {
  return transaction.Run(kPostpone, {id, redrive_time_us});
}

Result<std::int64_t> QualificationRepository::CountPending(storage::Transaction& transaction,
                                                           std::int64_t limit) const {
  std::int64_t count = 0;
  QUARTET_RETURN_IF_ERROR(
      transaction.Query(kCountPending, {limit}, [&](const storage::Row& row) { count = row.Int(0); }));
  return count;
}

Result<std::vector<std::string>> QualificationRepository::Undecided(storage::Transaction& transaction,
                                                                    std::int64_t limit) const {
  return SelectIds(transaction, kUndecided, {limit});
}

Result<std::optional<Request>> QualificationRepository::FindRequest(storage::Transaction& transaction,
                                                                    std::string_view request_id) const {
  std::optional<Request> found;
  QUARTET_RETURN_IF_ERROR(transaction.Query(kFindRequest, {request_id}, [&](const storage::Row& row) {
    found = Request{.content = row.String(0), .qualification_id = row.String(1)};
  }));
  return found;
}

Status QualificationRepository::InsertRequest(storage::Transaction& transaction, std::string_view request_id,
                                              const Request& request) const {
  return transaction.Run(kInsertRequest,
                         {request_id, std::string_view(request.content), std::string_view(request.qualification_id)});
}

Result<std::vector<v1::Qualification>> QualificationRepository::List(storage::Transaction& transaction,
                                                                     const resource::PageRequest& page,
                                                                     std::optional<std::int64_t> stuck_at_us,
                                                                     std::string& next_page_token) const {
  const auto wanted = static_cast<std::size_t>(page.page_size);
  std::vector<v1::Qualification> found;
  std::size_t bytes = 0;
  std::optional<resource::PageToken> after = page.after;
  for (bool ends = false; !ends;) {
    // One more than the page has, so that it is known whether there are more.
    const std::size_t piece = std::min(wanted + 1 - found.size(), kListPiece);
    const ListQuery query = QueryOf(page, after, stuck_at_us, static_cast<std::int64_t>(piece));
    after = page.after.value_or(resource::PageToken{});
    std::size_t rows = 0;
    QUARTET_RETURN_IF_ERROR(transaction.Query(query.sql, query.params(), [&](const storage::Row& row) {
      ++rows;
      if (ends) return;
      v1::Qualification one = Listed(row);
      bytes += one.ByteSizeLong();
      if (found.size() == wanted || (bytes > limits::kPageBytesMax && !found.empty())) {
        next_page_token = page.NextPageToken(after->create_time_us, after->id);
        ends = true;
        return;
      }
      after->create_time_us = row.Int(1);
      after->id = row.String(0);
      found.push_back(std::move(one));
    }));
    ends = ends || rows < piece;
  }
  return found;
}

}  // namespace quartet::qualification
