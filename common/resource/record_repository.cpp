#include "common/resource/record_repository.h"

#include <algorithm>

#include <fmt/format.h>

namespace quartet::resource {
namespace {

constexpr std::string_view kFixedColumns = "id, version, create_time, update_time, delete_time, body";
constexpr int kFixedColumnCount = 6;

// The first in the order of the key: the owner, unless it has the identity no more, or not yet. Nothing is sorted.
constexpr storage::Statement kFirst = {
    "SELECT record_id, former FROM identity WHERE kind = $1 AND value = $2 ORDER BY record_id LIMIT 1",
    storage::Reads("identity").By("kind", 1).By("value", 2)};
constexpr storage::Statement kOwner = {
    "SELECT record_id FROM identity WHERE kind = $1 AND value = $2 ORDER BY former, record_id LIMIT 1",
    storage::Reads("identity").By("kind", 1).By("value", 2)};
constexpr storage::Statement kClaim = {
    "INSERT INTO identity (value, kind, record_id, former, first) VALUES ($2, $1, $3, $5, $4) "
    "ON CONFLICT (value, kind, record_id) DO NOTHING",
    storage::Inserts("identity").By("value", 2).By("kind", 1)};
constexpr storage::Statement kIdentitiesOf = {"SELECT kind, value, former FROM identity WHERE record_id = $1",
                                              storage::Reads("identity").By("record_id", 1)};
constexpr storage::Statement kHas = {"SELECT record_id FROM identity WHERE kind = $1 AND value = $2 AND record_id = $3",
                                     storage::Reads("identity").By("kind", 1).By("value", 2).By("record_id", 3)};
// Where nobody owns any.
constexpr storage::Statement kShare = {
    "INSERT INTO identity (value, kind, record_id, former) VALUES ($2, $1, $3, 0) "
    "ON CONFLICT (value, kind, record_id) DO NOTHING",
    storage::Inserts("identity").By("value", 2).By("kind", 1).By("record_id", 3)};
constexpr storage::Statement kFree = {"DELETE FROM identity WHERE kind = $1 AND value = $2 AND record_id = $3",
                                      storage::Deletes("identity").By("kind", 1).By("value", 2).By("record_id", 3)};
constexpr storage::Statement kFreeAll = {"DELETE FROM identity WHERE record_id = $1",
                                         storage::Deletes("identity").By("record_id", 1)};
constexpr storage::Statement kMarkFormer = {
    "UPDATE identity SET former = $4 WHERE kind = $1 AND value = $2 AND record_id = $3",
    storage::Updates("identity").By("kind", 1).By("value", 2).By("record_id", 3)};

std::int64_t KindNumber(const identity::Identity& identity) {
  return static_cast<std::int64_t>(identity.kind);
}

std::string TextOf(const ColumnValue& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  return std::to_string(std::get<std::int64_t>(value));
}

std::vector<storage::Param> Params(const Record& record) {
  std::vector<storage::Param> params = {std::string_view(record.id), record.version,
                                        record.create_time_us,       record.update_time_us,
                                        record.delete_time_us,       storage::Blob{record.bytes}};
  for (const ColumnValue& value : record.columns) params.push_back(ParamOf(value));
  return params;
}

}  // namespace

storage::Param ParamOf(const ColumnValue& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return std::string_view(*text);
  return std::get<std::int64_t>(value);
}

Record ReadRecord(const storage::Row& row, int first) {
  Record record;
  record.id = row.String(first);
  record.version = row.Int(first + 1);
  record.create_time_us = row.Int(first + 2);
  record.update_time_us = row.Int(first + 3);
  record.delete_time_us = row.Int(first + 4);
  record.bytes = row.String(first + 5);
  return record;
}

RecordRepository::RecordRepository(const Schema& schema) : schema_(schema) {
  std::string columns(kFixedColumns);
  std::string values = "$1, $2, $3, $4, $5, $6";
  int next = kFixedColumnCount;
  for (const std::string_view column : schema.columns) {
    ++next;
    columns += fmt::format(", {}", column);
    values += fmt::format(", ${}", next);
  }
  select_ = fmt::format("SELECT {} FROM {}", kFixedColumns, schema.table);
  find_ = {fmt::format("SELECT {} FROM {} WHERE id = $1", columns, schema.table),
           storage::Reads(schema.table).By("id", 1)};
  read_ = {fmt::format("{} WHERE id = $1", select_), storage::Reads(schema.table).By("id", 1)};
  after_ = {fmt::format("{} WHERE id > $1 ORDER BY id LIMIT $2", select_), storage::Reads(schema.table)};
  insert_ = {fmt::format("INSERT INTO {} ({}) VALUES ({})", schema.table, columns, values),
             storage::Inserts(schema.table).By("id", 1)};
  touch_ = {fmt::format("UPDATE {} SET version = version WHERE id = $1", schema.table),
            storage::Updates(schema.table).By("id", 1)};
  remove_ = {fmt::format("DELETE FROM {} WHERE id = $1", schema.table), storage::Deletes(schema.table).By("id", 1)};
}

void RecordRepository::ExpectFind(storage::Transaction& transaction, std::string_view id) const {
  transaction.Expect(find_, {id});
}

void RecordRepository::ExpectRead(storage::Transaction& transaction, std::string_view id) const {
  transaction.Expect(read_, {id});
}

void RecordRepository::ExpectOwner(storage::Transaction& transaction, const identity::Identity& identity) const {
  transaction.Expect(kFirst, {KindNumber(identity), std::string_view(identity.value)});
}

Result<std::optional<Record>> RecordRepository::Find(storage::Transaction& transaction, std::string_view id) const {
  std::optional<Record> found;
  const int columns = static_cast<int>(schema_.columns.size());
  QUARTET_RETURN_IF_ERROR(transaction.Query(find_, {id}, [&](const storage::Row& row) {
    found = ReadRecord(row);
    for (int i = 0; i < columns; ++i) found->stored_columns.push_back(row.String(kFixedColumnCount + i));
  }));
  return found;
}

Result<std::optional<Record>> RecordRepository::Read(storage::Transaction& transaction, std::string_view id) const {
  std::optional<Record> found;
  QUARTET_RETURN_IF_ERROR(transaction.Query(read_, {id}, [&](const storage::Row& row) { found = ReadRecord(row); }));
  return found;
}

Result<std::vector<Record>> RecordRepository::Select(storage::Transaction& transaction, const std::string& where,
                                                     std::span<const storage::Param> params, bool descending,
                                                     int limit) const {
  std::string sql = select_;
  if (!where.empty()) sql += " WHERE " + where;
  sql += descending ? " ORDER BY create_time DESC, id DESC" : " ORDER BY create_time, id";
  sql += fmt::format(" LIMIT ${}", params.size() + 1);
  std::vector<storage::Param> all(params.begin(), params.end());
  all.emplace_back(static_cast<std::int64_t>(limit));
  std::vector<Record> records;
  QUARTET_RETURN_IF_ERROR(
      transaction.Query(sql, all, [&](const storage::Row& row) { records.push_back(ReadRecord(row)); }));
  return records;
}

Result<std::vector<Record>> RecordRepository::After(storage::Transaction& transaction, std::string_view id,
                                                    int limit) const {
  std::vector<Record> records;
  QUARTET_RETURN_IF_ERROR(transaction.Query(after_, {id, std::int64_t{limit}},
                                            [&](const storage::Row& row) { records.push_back(ReadRecord(row)); }));
  return records;
}

Result<bool> RecordRepository::HasAtMost(storage::Transaction& transaction, const std::string& where,
                                         std::span<const storage::Param> params, int limit) const {
  const std::string sql = fmt::format("SELECT COUNT(*) FROM (SELECT 1 FROM {}{}{} LIMIT {}) AS counted", schema_.table,
                                      where.empty() ? "" : " WHERE ", where, limit + 1);
  std::int64_t count = 0;
  QUARTET_RETURN_IF_ERROR(transaction.Query(sql, params, [&](const storage::Row& row) { count = row.Int(0); }));
  return count <= limit;
}

Result<std::vector<std::string>> RecordRepository::Referring(storage::Transaction& transaction,
                                                             std::string_view reference, std::string_view name,
                                                             int limit) const {
  std::vector<std::string> ids;
  const std::string sql =
      fmt::format("SELECT id FROM {} WHERE {} = $1 AND delete_time = 0 ORDER BY create_time, id LIMIT $2",
                  schema_.table, reference);
  QUARTET_RETURN_IF_ERROR(transaction.Query(sql, {name, std::int64_t{limit}},
                                            [&](const storage::Row& row) { ids.push_back(row.String(0)); }));
  return ids;
}

Result<std::vector<RecordRepository::OwnIdentity>> RecordRepository::IdentitiesOf(storage::Transaction& transaction,
                                                                                  std::string_view id) const {
  std::vector<OwnIdentity> found;
  QUARTET_RETURN_IF_ERROR(transaction.Query(kIdentitiesOf, {id}, [&](const storage::Row& row) {
    found.push_back({.identity = {static_cast<identity::Kind>(row.Int(0)), row.String(1)}, .former = row.Int(2) != 0});
  }));
  return found;
}

Status RecordRepository::Insert(storage::Transaction& transaction, const Record& record) const {
  const auto params = Params(record);
  return transaction.Run(insert_, params);
}

Status RecordRepository::Update(storage::Transaction& transaction, const Record& record, const Record& before) const {
  std::string sql =
      fmt::format("UPDATE {} SET version = $2, update_time = $3, delete_time = $4, body = $5", schema_.table);
  std::vector<storage::Param> params = {std::string_view(record.id), record.version, record.update_time_us,
                                        record.delete_time_us, storage::Blob{record.bytes}};
  for (std::size_t i = 0; i < record.columns.size(); ++i) {
    if (i < before.stored_columns.size() && TextOf(record.columns[i]) == before.stored_columns[i]) continue;
    params.push_back(ParamOf(record.columns[i]));
    sql += fmt::format(", {} = ${}", schema_.columns[i], params.size());
  }
  params.emplace_back(before.version);
  sql += fmt::format(" WHERE id = $1 AND version = ${}", params.size());
  return transaction.Change(storage::Statement::Declared(sql, storage::Updates(schema_.table).By("id", 1)), params,
                            Aborted("ETAG_MISMATCH", "the record was changed meanwhile; read it again"));
}

Status RecordRepository::Touch(storage::Transaction& transaction, std::string_view id) const {
  return transaction.Touch(touch_, {id});
}

Status RecordRepository::Remove(storage::Transaction& transaction, std::string_view id) const {
  QUARTET_RETURN_IF_ERROR(FreeAll(transaction, id));
  return transaction.Run(remove_, {id});
}

Result<std::optional<std::string>> RecordRepository::Owner(storage::Transaction& transaction,
                                                           const identity::Identity& identity) const {
  std::optional<std::string> owner;
  bool is_shown = true;
  QUARTET_RETURN_IF_ERROR(
      transaction.Query(kFirst, {KindNumber(identity), std::string_view(identity.value)}, [&](const storage::Row& row) {
        owner = row.String(0);
        is_shown = row.Int(1) == 0;
      }));
  if (is_shown) return owner;
  QUARTET_RETURN_IF_ERROR(transaction.Query(kOwner, {KindNumber(identity), std::string_view(identity.value)},
                                            [&](const storage::Row& row) { owner = row.String(0); }));
  return owner;
}

Result<bool> RecordRepository::Claim(storage::Transaction& transaction, const identity::Identity& identity,
                                     std::string_view id, Claimed claimed) const {
  if (!schema_.exclusive_identities) {
    QUARTET_RETURN_IF_ERROR(transaction.Run(kShare, {KindNumber(identity), std::string_view(identity.value), id}));
    return true;
  }
  QUARTET_ASSIGN_OR_RETURN(const auto owner, Owner(transaction, identity));
  if (owner && schema_.IsExclusive(identity.kind)) return owner == id;
  // If another process claims it at this moment, and nobody has it yet, the transaction collides with that one's and
  // runs again. Where no other process writes, the index of those that are first stays empty.
  const std::int64_t first = !owner && transaction.IsShared() ? 1 : 0;
  QUARTET_RETURN_IF_ERROR(transaction.Run(
      kClaim, {KindNumber(identity), std::string_view(identity.value), id, first, static_cast<std::int64_t>(claimed)}));
  return true;
}

Result<bool> RecordRepository::Has(storage::Transaction& transaction, std::string_view id,
                                   const identity::Identity& identity) const {
  bool has = false;
  QUARTET_RETURN_IF_ERROR(transaction.Query(kHas, {KindNumber(identity), std::string_view(identity.value), id},
                                            [&](const storage::Row&) { has = true; }));
  return has;
}

Status RecordRepository::Free(storage::Transaction& transaction, const identity::Identity& identity,
                              std::string_view id) const {
  return transaction.Run(kFree, {KindNumber(identity), std::string_view(identity.value), id});
}

Status RecordRepository::FreeAll(storage::Transaction& transaction, std::string_view id) const {
  return transaction.Run(kFreeAll, {id});
}

Status RecordRepository::MarkFormer(storage::Transaction& transaction, const identity::Identity& identity,
                                    std::string_view id, bool former) const {
  return transaction.Run(
      kMarkFormer, {KindNumber(identity), std::string_view(identity.value), id, static_cast<std::int64_t>(former)});
}

}  // namespace quartet::resource
