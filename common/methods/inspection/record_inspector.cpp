#include "common/methods/inspection/record_inspector.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <span>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "common/base/id_source.h"
#include "common/base/limits.h"
#include "common/commit/intent.h"
#include "common/resource/resource_name.h"

namespace quartet::methods {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using identity::Identity;
using qualification::v1::IdentityFault;
using qualification::v1::RecordInspection;

constexpr int kRecordColumns = 4;  // id, version, delete_time, body
constexpr std::string_view kIntents =
    "SELECT i.record_id, i.qualification_id, i.attempt, i.kind, i.write_time, i.reserved, p.state, p.attempt, "
    "p.records "
    "FROM intent i LEFT JOIN participation p ON p.qualification_id = i.qualification_id WHERE {} "
    "ORDER BY i.record_id, i.qualification_id";
constexpr std::string_view kIntentSizes = "SELECT record_id, length(reserved) FROM intent";
constexpr std::string_view kIdentities =
    "SELECT record_id, kind, value, former FROM identity WHERE {} ORDER BY record_id";
constexpr std::string_view kIdentitySizes = "SELECT record_id, length(value) FROM identity";
constexpr std::string_view kOwners =
    "SELECT record_id FROM identity WHERE kind = $1 AND value = $2 "
    "ORDER BY record_id LIMIT 3";
// Up to where second holders of what may be shared have been given their rows (see IdentityBackfill); no row: all.
constexpr std::string_view kBackfill = "SELECT through FROM identity_backfill";

// A record's fields that name others.
constexpr std::string_view kReferences[] = {"lead", "contact", "account", "opportunities", "qualification"};

// One "kind value" per line; nothing if it is not so.
std::optional<std::vector<Identity>> ParseReserved(std::string_view text) {
  std::vector<Identity> identities;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    if (line.size() == text.size()) return std::nullopt;
    text.remove_prefix(line.size() + 1);
    int kind = 0;
    const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), kind);
    if (error != std::errc() || end == line.data() + line.size() || *end != ' ') return std::nullopt;
    identities.push_back({static_cast<identity::Kind>(kind), std::string(end + 1, line.end())});
  }
  return identities;
}

bool HasLine(std::string_view text, std::string_view line) {
  while (!text.empty()) {
    const std::string_view next = text.substr(0, text.find('\n'));
    if (next == line) return true;
    text.remove_prefix(std::min(text.size(), next.size() + 1));
  }
  return false;
}

std::string TextOf(const resource::ColumnValue& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  return std::to_string(std::get<std::int64_t>(value));
}

void AddReferences(const Message& message, RecordInspection& out) {
  const auto& reflection = *message.GetReflection();
  const auto add = [&out](const FieldDescriptor& field, const std::string& name) {
    if (name.empty()) return;
    auto& reference = *out.add_references();
    reference.set_field(field.name());
    reference.set_name(name);
  };
  for (const std::string_view name : kReferences) {
    const FieldDescriptor* field = message.GetDescriptor()->FindFieldByName(std::string(name));
    if (field == nullptr || field->cpp_type() != FieldDescriptor::CPPTYPE_STRING) continue;
    if (!field->is_repeated()) {
      add(*field, reflection.GetString(message, field));
      continue;
    }
    for (int i = 0; i < reflection.FieldSize(message, field); ++i)
      add(*field, reflection.GetRepeatedString(message, field, i));
  }
}

std::string StateOf(const Message& message) {
  const FieldDescriptor* field = message.GetDescriptor()->FindFieldByName("state");
  if (field == nullptr || field->cpp_type() != FieldDescriptor::CPPTYPE_ENUM) return "";
  return message.GetReflection()->GetEnum(message, field)->name();
}

std::string NameIn(const Message& message) {
  return message.GetReflection()->GetString(message, message.GetDescriptor()->FindFieldByName("name"));
}

bool Has(const std::vector<Identity>& list, const Identity& wanted) {
  return std::ranges::find(list, wanted) != list.end();
}

void AddFault(std::vector<IdentityFault>& faults, IdentityFault::Kind kind, const Identity& identity,
              const std::string& other = "") {
  IdentityFault& fault = faults.emplace_back();
  fault.set_kind(kind);
  fault.set_identity(std::string(identity::KindName(identity.kind)));
  fault.set_digest(UuidV5(identity.value).substr(0, 8));
  fault.set_other(other);
}

}  // namespace

struct RecordInspector::Found {
  struct StoredIdentity {
    Identity identity;
    bool former = false;
  };
  RecordInspection described;  // but for its name and the faults of its identities
  std::vector<Identity> derived;
  std::vector<Identity> reserved;  // by the intents on it
  std::vector<StoredIdentity> identities;
  std::vector<IdentityFault> faults;
};

RecordInspector::RecordInspector(InspectedKind kind, storage::Database& database, const Clock& clock)
    : kind_(kind), database_(database), clock_(clock) {
  std::string columns;
  for (const std::string_view column : kind_.schema.columns) columns += fmt::format(", {}", column);
  records_ = fmt::format("SELECT id, version, delete_time, body{} FROM {} WHERE {{}} ORDER BY id", columns,
                         kind_.schema.table);
  sizes_ = fmt::format("SELECT id, length(body) FROM {}", kind_.schema.table);
}

Status RecordInspector::Records(const resource::InspectionRequest& request, bool identities,
                                qualification::v1::InspectRecordsResponse& response) const {
  response.Clear();
  response.set_read_time_us(clock_.NowMicros());
  if (!request.by_name) {
    return database_.Read(
        [&](storage::Transaction& transaction) { return ReadPage(transaction, request, identities, response); });
  }
  // What a remote database has answered is kept to the end of the transaction, so they are many.
  for (std::span<const std::string> rest = request.ids; !rest.empty();) {
    const auto ids = rest.first(std::min(rest.size(), limits::kInspectionExpectedMax));
    rest = rest.subspan(ids.size());
    QUARTET_RETURN_IF_ERROR(database_.Read([&](storage::Transaction& transaction) -> Status {
      for (const std::string& id : ids) Expect(transaction, Range::Of(id), identities);
      for (const std::string& id : ids) {
        Entries entries;
        QUARTET_RETURN_IF_ERROR(Read(transaction, Range::Of(id), identities, entries));
        *response.add_records() = Describe(id, entries[id]);
      }
      return {};
    }));
  }
  return {};
}

Status RecordInspector::ReadPage(storage::Transaction& transaction, const resource::InspectionRequest& request,
                                 bool identities, qualification::v1::InspectRecordsResponse& response) const {
  constexpr std::size_t kBytesMax = limits::kInspectionBytesMax;
  constexpr int kRowsMax = limits::kInspectionRowsMax;
  Range range = Range::After(request.after);
  QUARTET_RETURN_IF_ERROR(range.Shorten(transaction, sizes_, "id", request.page_size, kBytesMax));
  QUARTET_RETURN_IF_ERROR(range.Shorten(transaction, kIntentSizes, "record_id", kRowsMax, kBytesMax));
  if (identities) QUARTET_RETURN_IF_ERROR(range.Shorten(transaction, kIdentitySizes, "record_id", kRowsMax, kBytesMax));
  Entries entries;
  QUARTET_RETURN_IF_ERROR(Read(transaction, range, identities, entries));
  for (const auto& [id, found] : entries) *response.add_records() = Describe(id, found);
  response.set_next_page_token(range.last());
  return {};
}

void RecordInspector::Expect(storage::Transaction& transaction, const Range& range, bool identities) const {
  const auto params = range.Params();
  transaction.Expect(fmt::format(fmt::runtime(records_), range.Condition("id")), params);
  transaction.Expect(fmt::format(kIntents, range.Condition("i.record_id")), params);
  if (identities) transaction.Expect(fmt::format(kIdentities, range.Condition("record_id")), params);
}

Status RecordInspector::Read(storage::Transaction& transaction, const Range& range, bool identities,
                             Entries& entries) const {
  const auto params = range.Params();
  QUARTET_RETURN_IF_ERROR(transaction.Query(fmt::format(fmt::runtime(records_), range.Condition("id")), params,
                                            [&](const storage::Row& row) { AddRecord(row, entries); }));
  QUARTET_RETURN_IF_ERROR(transaction.Query(fmt::format(kIntents, range.Condition("i.record_id")), params,
                                            [&](const storage::Row& row) { AddIntent(row, entries); }));
  if (!identities) return {};
  QUARTET_RETURN_IF_ERROR(
      transaction.Query(fmt::format(kIdentities, range.Condition("record_id")), params, [&](const storage::Row& row) {
        entries[row.String(0)].identities.push_back(
            {.identity = {.kind = static_cast<identity::Kind>(row.Int(1)), .value = row.String(2)},
             .former = row.Int(3) == 1});
      }));
  return CompareIdentities(transaction, entries);
}

void RecordInspector::AddRecord(const storage::Row& row, Entries& entries) const {
  const std::string id = row.String(0);
  Found& found = entries[id];
  RecordInspection& out = found.described;
  out.set_exists(true);
  out.set_version(row.Int(1));
  out.set_deleted(row.Int(2) != 0);
  const auto body = row.Bytes(3);
  const auto message = kind_.make();
  if (!message->ParseFromArray(body.data(), static_cast<int>(body.size())) ||
      NameIn(*message) != resource::NameOf(kind_.schema.collection, id))
    return;
  out.set_readable(true);
  out.set_state(StateOf(*message));
  AddReferences(*message, out);
  if (!out.deleted()) found.derived = kind_.identities(*message);
  const auto columns = kind_.columns(*message);
  for (std::size_t i = 0; i < columns.size() && i < kind_.schema.columns.size(); ++i) {
    if (row.Bytes(kRecordColumns + static_cast<int>(i)) != TextOf(columns[i]))
      out.add_differing_columns(std::string(kind_.schema.columns[i]));
  }
}

void RecordInspector::AddIntent(const storage::Row& row, Entries& entries) {
  Found& found = entries[row.String(0)];
  auto& intent = *found.described.add_intents();
  intent.set_qualification(resource::NameOf("qualifications", row.Bytes(1)));
  intent.set_attempt(row.Int(2));
  intent.set_write_time_us(row.Int(4));
  auto reserved = ParseReserved(row.Bytes(5));
  intent.set_readable(row.Int(3) > 0 && reserved);
  using State = commit::Participation::State;
  intent.set_held(row.Int(6) == static_cast<std::int64_t>(State::kHeld) && row.Int(7) == row.Int(2) &&
                  HasLine(row.Bytes(8), row.Bytes(0)));
  if (!reserved) return;
  found.reserved.insert(found.reserved.end(), std::make_move_iterator(reserved->begin()),
                        std::make_move_iterator(reserved->end()));
}

Status RecordInspector::CompareIdentities(storage::Transaction& transaction, Entries& entries) const {
  for (const auto& [id, found] : entries) {
    for (const Identity& identity : found.derived) {
      if (kind_.schema.IsExclusive(identity.kind))
        transaction.Expect(kOwners, {static_cast<std::int64_t>(identity.kind), std::string_view(identity.value)});
    }
  }
  for (auto& [id, found] : entries) {
    // What it should have is not known.
    if (found.described.exists() && !found.described.readable()) continue;
    for (const Found::StoredIdentity& stored : found.identities) {
      // A record that is there keeps leading to itself by what it had formerly.
      const bool may_be_former = stored.former && found.described.exists() && !found.described.deleted();
      if (!may_be_former && !Has(found.derived, stored.identity) && !Has(found.reserved, stored.identity))
        AddFault(found.faults, IdentityFault::STRAY, stored.identity);
    }
    for (const Identity& identity : found.derived) {
      const bool is_stored = std::ranges::any_of(
          found.identities, [&](const Found::StoredIdentity& stored) { return stored.identity == identity; });
      if (!is_stored) {
        QUARTET_ASSIGN_OR_RETURN(const bool is_to_come, IsToCome(transaction, identity, id));
        if (!is_to_come) AddFault(found.faults, IdentityFault::MISSING, identity);
      }
      if (!kind_.schema.IsExclusive(identity.kind)) continue;
      std::vector<std::string> owners;
      QUARTET_RETURN_IF_ERROR(
          transaction.Query(kOwners, {static_cast<std::int64_t>(identity.kind), std::string_view(identity.value)},
                            [&](const storage::Row& row) { owners.push_back(row.String(0)); }));
      for (const std::string& owner : owners) {
        if (owner != id)
          AddFault(found.faults, IdentityFault::SHARED, identity, resource::NameOf(kind_.schema.collection, owner));
      }
    }
  }
  return {};
}

Result<bool> RecordInspector::IsToCome(storage::Transaction& transaction, const Identity& identity,
                                       const std::string& id) const {
  if (!kind_.schema.exclusive_identities || kind_.schema.IsExclusive(identity.kind)) return false;
  bool is_to_come = false;
  QUARTET_RETURN_IF_ERROR(
      transaction.Query(kBackfill, {}, [&](const storage::Row& row) { is_to_come = row.Bytes(0) < id; }));
  return is_to_come;
}

RecordInspection RecordInspector::Describe(const std::string& id, const Found& found) const {
  RecordInspection out = found.described;
  out.set_name(resource::NameOf(kind_.schema.collection, id));
  for (const IdentityFault& fault : found.faults) *out.add_identity_faults() = fault;
  return out;
}

}  // namespace quartet::methods
