#include "common/commit/intent_repository.h"

#include <charconv>
#include <iterator>

#include <fmt/format.h>

#include "common/commit/migrations.h"
#include "common/resource/identities.h"
#include "common/storage/migrations.h"

namespace quartet::commit {
namespace {

// `reserved` is text: one "kind value" per line. Normalised identities hold no
// line breaks.
constexpr storage::Statement kOnRecord = {
    "SELECT record_id, qualification_id, attempt, kind, age, proposal, reserved FROM intent "
    "WHERE record_id = $1 ORDER BY qualification_id",
    storage::Reads("intent").By("record_id", 1)};
constexpr storage::Statement kFind = {
    "SELECT record_id, qualification_id, attempt, kind, age, proposal, reserved FROM intent "
    "WHERE record_id = $1 AND qualification_id = $2",
    storage::Reads("intent").By("record_id", 1).By("qualification_id", 2)};
// A record that is not there yet: all that is read of one is NULL.
constexpr std::string_view kOpening =
    "SELECT record_id, qualification_id, attempt, kind, age, proposal, reserved, NULL FROM intent WHERE kind = 2";
constexpr storage::Statement kOlderThan = {
    "SELECT DISTINCT qualification_id FROM intent WHERE write_time < $1 "
    "ORDER BY qualification_id LIMIT $2",
    storage::Reads("intent")};
constexpr storage::Statement kInsert = {
    "INSERT INTO intent (record_id, qualification_id, attempt, kind, age, proposal, reserved, "
    "write_time) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    storage::Inserts("intent").By("record_id", 1).By("qualification_id", 2)};
constexpr storage::Statement kDelete = {"DELETE FROM intent WHERE record_id = $1 AND qualification_id = $2",
                                        storage::Deletes("intent").By("record_id", 1).By("qualification_id", 2)};
constexpr storage::Statement kFindParticipation = {
    "SELECT void_through, attempt, state, reply, records, undo FROM participation WHERE qualification_id = $1",
    storage::Reads("participation").By("qualification_id", 1)};
constexpr storage::Statement kSaveParticipation = {
    "INSERT INTO participation (qualification_id, void_through, attempt, state, reply, records, "
    "update_time, undo) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) "
    "ON CONFLICT (qualification_id) DO UPDATE SET void_through = excluded.void_through, "
    "attempt = excluded.attempt, state = excluded.state, reply = excluded.reply, "
    "records = excluded.records, update_time = excluded.update_time, undo = excluded.undo",
    storage::Upserts("participation").By("qualification_id", 1)};

std::string FormatReserved(const std::vector<identity::Identity>& identities) {
  std::string text;
  for (const auto& identity : identities)
    text += std::to_string(static_cast<int>(identity.kind)) + " " + identity.value + "\n";
  return text;
}

std::vector<identity::Identity> ParseReserved(std::string_view text) {
  std::vector<identity::Identity> identities;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(line.size() + 1);
    int kind = 0;
    const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), kind);
    identities.push_back({static_cast<identity::Kind>(kind), std::string(end + 1, line.end())});
  }
  return identities;
}

Intent ReadIntent(const storage::Row& row) {
  return Intent{.record_id = row.String(0),
                .qualification_id = row.String(1),
                .attempt = row.Int(2),
                .kind = static_cast<IntentKind>(row.Int(3)),
                .age_us = row.Int(4),
                .proposal = row.String(5),
                .reserved = ParseReserved(row.Bytes(6))};
}

std::string JoinLines(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

std::vector<std::string> SplitLines(std::string_view text) {
  std::vector<std::string> lines;
  for (; !text.empty(); text.remove_prefix(lines.back().size() + 1))
    lines.emplace_back(text.substr(0, text.find('\n')));
  return lines;
}

}  // namespace

Status MigrateTables(storage::Database& database, const Clock& clock) {
  return storage::Migrate(database, "commit", kMigrations, clock);
}

IntentRepository::IntentRepository(std::string_view record_table) {
  constexpr std::string_view kColumns =
      "SELECT i.record_id, i.qualification_id, i.attempt, i.kind, i.age, i.proposal, i.reserved, "
      "r.id, r.version, r.create_time, r.update_time, r.delete_time, r.body";
  all_ = fmt::format("{} FROM intent i LEFT JOIN {} r ON r.id = i.record_id", kColumns, record_table);
  // SQLite reads the tables of a CROSS JOIN in the order in which they are written.
  constexpr std::string_view kJoined = "{} FROM {} CROSS JOIN {} WHERE r.id = i.record_id AND i.kind IN (1, 4, 5, 6)";
  const std::string records = fmt::format("{} r", record_table);
  from_records_ = fmt::format(kJoined, kColumns, records, "intent i");
  from_intents_ = fmt::format(kJoined, kColumns, "intent i", records);
}

void IntentRepository::ExpectOnRecord(storage::Transaction& transaction, std::string_view record_id) const {
  transaction.Expect(kOnRecord, {record_id});
}

void IntentRepository::ExpectOf(storage::Transaction& transaction, const Participation& participation) const {
  for (const std::string& record : participation.records)
    transaction.Expect(kFind, {std::string_view(record), std::string_view(participation.qualification_id)});
}

void IntentRepository::ExpectParticipation(storage::Transaction& transaction, std::string_view qualification_id) const {
  transaction.Expect(kFindParticipation, {qualification_id});
}

Result<std::vector<Intent>> IntentRepository::OnRecord(storage::Transaction& transaction,
                                                       std::string_view record_id) const {
  std::vector<Intent> intents;
  QUARTET_RETURN_IF_ERROR(
      transaction.Query(kOnRecord, {record_id}, [&](const storage::Row& row) { intents.push_back(ReadIntent(row)); }));
  return intents;
}

Result<std::vector<Intent>> IntentRepository::OnIdentities(storage::Transaction& transaction,
                                                           const resource::RecordRepository& records,
                                                           std::span<const identity::Identity> identities,
                                                           std::string_view id) const {
  std::vector<Intent> found;
  for (const identity::Identity& identity : identities) {
    if (!records.schema().IsExclusive(identity.kind)) continue;
    QUARTET_ASSIGN_OR_RETURN(const auto owner, records.Owner(transaction, identity));
    if (!owner || *owner == id) continue;
    QUARTET_ASSIGN_OR_RETURN(auto intents, OnRecord(transaction, *owner));
    std::erase_if(intents, [](const Intent& i) { return !ChangesContent(i.kind); });
    found.insert(found.end(), std::make_move_iterator(intents.begin()), std::make_move_iterator(intents.end()));
  }
  return found;
}

Result<std::vector<Intent>> IntentRepository::Of(storage::Transaction& transaction,
                                                 const Participation& participation) const {
  std::vector<Intent> intents;
  for (const std::string& record : participation.records) {
    QUARTET_RETURN_IF_ERROR(
        transaction.Query(kFind, {std::string_view(record), std::string_view(participation.qualification_id)},
                          [&](const storage::Row& row) { intents.push_back(ReadIntent(row)); }));
  }
  return intents;
}

Result<std::vector<IntentOnRecord>> IntentRepository::Select(storage::Transaction& transaction, std::string_view sql,
                                                             std::span<const storage::Param> params) const {
  std::vector<IntentOnRecord> found;
  QUARTET_RETURN_IF_ERROR(transaction.Query(sql, params, [&](const storage::Row& row) {
    IntentOnRecord entry{.intent = ReadIntent(row), .record = {}};
    entry.has_record = !row.IsNull(7);
    if (entry.has_record) entry.record = resource::ReadRecord(row, 7);
    found.push_back(std::move(entry));
  }));
  return found;
}

Result<std::vector<IntentOnRecord>> IntentRepository::All(storage::Transaction& transaction) const {
  return Select(transaction, all_, {});
}

Result<std::vector<IntentOnRecord>> IntentRepository::OnRecords(storage::Transaction& transaction,
                                                                const std::string& where,
                                                                std::span<const storage::Param> params,
                                                                bool scan_records) const {
  std::string sql = scan_records ? from_records_ : from_intents_;
  if (!where.empty()) sql += " AND " + where;
  return Select(transaction, sql, params);
}

Result<std::vector<IntentOnRecord>> IntentRepository::Opening(storage::Transaction& transaction,
                                                              const std::string& where,
                                                              std::span<const storage::Param> params) const {
  std::string sql(kOpening);
  if (!where.empty()) sql += " AND " + where;
  return Select(transaction, sql, params);
}

Result<std::vector<std::string>> IntentRepository::OlderThan(storage::Transaction& transaction, std::int64_t before_us,
                                                             int limit) const {
  std::vector<std::string> ids;
  QUARTET_RETURN_IF_ERROR(transaction.Query(kOlderThan, {before_us, static_cast<std::int64_t>(limit)},
                                            [&](const storage::Row& row) { ids.push_back(row.String(0)); }));
  return ids;
}

Status IntentRepository::Insert(storage::Transaction& transaction, const Intent& intent, std::int64_t now_us) const {
  const std::string reserved = FormatReserved(intent.reserved);
  return transaction.Run(kInsert, {std::string_view(intent.record_id), std::string_view(intent.qualification_id),
                                   intent.attempt, static_cast<std::int64_t>(intent.kind), intent.age_us,
                                   storage::Blob{intent.proposal}, std::string_view(reserved), now_us});
}

Status IntentRepository::DeleteAllOf(storage::Transaction& transaction, const Participation& participation) const {
  for (const std::string& record : participation.records) {
    QUARTET_RETURN_IF_ERROR(
        transaction.Run(kDelete, {std::string_view(record), std::string_view(participation.qualification_id)}));
  }
  return {};
}

Result<Participation> IntentRepository::FindParticipation(storage::Transaction& transaction,
                                                          std::string_view qualification_id) const {
  Participation found{.qualification_id = std::string(qualification_id), .reply = {}};
  QUARTET_RETURN_IF_ERROR(transaction.Query(kFindParticipation, {qualification_id}, [&](const storage::Row& row) {
    found.void_through = row.Int(0);
    found.attempt = row.Int(1);
    found.state = static_cast<Participation::State>(row.Int(2));
    found.reply = row.String(3);
    found.records = SplitLines(row.Bytes(4));
    found.undo = row.String(5);
  }));
  return found;
}

Status IntentRepository::SaveParticipation(storage::Transaction& transaction, const Participation& participation,
                                           std::int64_t now_us) const {
  const std::string records = JoinLines(participation.records);
  return transaction.Run(
      kSaveParticipation,
      {std::string_view(participation.qualification_id), participation.void_through, participation.attempt,
       static_cast<std::int64_t>(participation.state), storage::Blob{participation.reply}, std::string_view(records),
       now_us, storage::Blob{participation.undo}});
}

}  // namespace quartet::commit
