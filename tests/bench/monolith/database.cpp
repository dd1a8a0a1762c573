#include "tests/bench/monolith/database.h"

#include <fmt/format.h>

#include "common/events/migrations.h"
#include "services/account/account_rules.h"
#include "services/account/migrations.h"
#include "services/contact/contact_rules.h"
#include "services/contact/migrations.h"
#include "services/lead/lead_rules.h"
#include "services/lead/migrations.h"
#include "services/opportunity/migrations.h"
#include "services/opportunity/opportunity_rules.h"
#include "services/qualification/migrations.h"
#include "tests/bench/migrations.h"

namespace quartet::bench {
namespace {

void MakeTables(PgSession& session, std::string_view schema, auto migrations) {
  session.Script(fmt::format("CREATE SCHEMA {0}; SET search_path TO {0}", schema));
  for (const auto& [name, text] : migrations) session.Script(std::string(text));
}

std::string InsertRecord(const resource::Schema& schema) {
  std::string columns = "id, version, create_time, update_time, delete_time, body";
  std::string values = "$1, $2, $3, $4, $5, $6";
  int next = 6;
  for (const std::string_view column : schema.columns) {
    columns += fmt::format(", {}", column);
    values += fmt::format(", ${}", ++next);
  }
  return fmt::format("INSERT INTO {0}.{0} ({1}) VALUES ({2})", schema.table, columns, values);
}

std::string FindByIdentity(std::string_view schema) {
  return fmt::format(
      "SELECT record_id FROM {}.identity WHERE (kind, value) IN "
      "(SELECT * FROM unnest($1::BIGINT[], $2::TEXT[])) ORDER BY kind, former LIMIT 1",
      schema);
}

std::string ClaimIdentities(std::string_view schema) {
  return fmt::format(
      "INSERT INTO {}.identity (kind, value, record_id, former, first) SELECT wanted.kind, wanted.value, $3, 0, 1 "
      "FROM unnest($1::BIGINT[], $2::TEXT[]) AS wanted (kind, value) ON CONFLICT DO NOTHING",
      schema);
}

}  // namespace

void MakeMonolithTables(PgSession& session) {
  MakeTables(session, "lead", lead::kMigrations);
  MakeTables(session, "account", account::kMigrations);
  MakeTables(session, "contact", contact::kMigrations);
  MakeTables(session, "opportunity", opportunity::kMigrations);
  MakeTables(session, "qualification", qualification::kMigrations);
  MakeTables(session, "events", events::kMigrations);
  session.Script("SET search_path TO public");
  for (const auto& [name, text] : kMigrations) session.Script(std::string(text));
}

LeadRows RowsOf(std::span<const resource::Record> leads) {
  LeadRows made;
  auto& [rows, identities] = made;
  for (const resource::Record& lead : leads) {
    rows += fmt::format("{}\t{}\t{}\t{}\t{}\t", lead.id, lead.version, lead.create_time_us, lead.update_time_us,
                        lead.delete_time_us);
    AppendCopyBytes(lead.bytes, rows);
    for (const resource::ColumnValue& value : lead.columns) {
      rows += '\t';
      if (const auto* text = std::get_if<std::string>(&value))
        AppendCopyText(*text, rows);
      else
        rows += std::to_string(std::get<std::int64_t>(value));
    }
    rows += '\n';
    for (const identity::Identity& identity : lead.identities) {
      identities += fmt::format("{}\t", static_cast<int>(identity.kind));
      AppendCopyText(identity.value, identities);
      identities += fmt::format("\t{}\t0\n", lead.id);
    }
  }
  return made;
}

void CopyLeads(PgSession& session, const LeadRows& rows) {
  session.Copy(
      "COPY lead.lead (id, version, create_time, update_time, delete_time, body, state, owner, source, company) FROM "
      "STDIN",
      rows.leads);
  session.Copy("COPY lead.identity (kind, value, record_id, former) FROM STDIN", rows.identities);
}

void PrepareMonolith(PgSession& session) {
  session.Prepare("begin", "BEGIN");
  session.Prepare("commit", "COMMIT");
  session.Prepare(
      "lock_lead",
      "SELECT version, create_time, update_time, delete_time, body FROM lead.lead WHERE id = $1 FOR UPDATE");
  session.Prepare("remember_request",
                  "INSERT INTO qualification.request (id, content, qualification_id) VALUES ($1, $2, $3)");
  session.Prepare("find_account", FindByIdentity("account"));
  session.Prepare("find_contact", FindByIdentity("contact"));
  session.Prepare("claim_for_account", ClaimIdentities("account"));
  session.Prepare("claim_for_contact", ClaimIdentities("contact"));
  session.Prepare("insert_account", InsertRecord(account::AccountTraits::kSchema));
  session.Prepare("insert_contact", InsertRecord(contact::ContactTraits::kSchema));
  session.Prepare("insert_opportunity", InsertRecord(opportunity::OpportunityTraits::kSchema));
  session.Prepare("close_lead",
                  "UPDATE lead.lead SET version = $2, update_time = $3, body = $4, state = $5 WHERE id = $1");
  session.Prepare("insert_events", "INSERT INTO events.outbox (slot, id, created_at, payload) VALUES (0, $1, $2, $3)");
  session.Prepare(
      "qualify",
      "SELECT qualify_lead($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, "
      "$19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $29, $30, $31, $32, $33)");
}

void AddColumns(std::span<const resource::ColumnValue> columns, PgParams& params) {
  for (const resource::ColumnValue& value : columns) {
    if (const auto* text = std::get_if<std::string>(&value))
      params.Text(*text);
    else
      params.Number(std::get<std::int64_t>(value));
  }
}

void AddRow(const resource::Record& record, PgParams& params) {
  params.Text(record.id).Number(record.version).Number(record.create_time_us).Number(record.update_time_us);
  params.Number(record.delete_time_us).Bytes(record.bytes);
  AddColumns(record.columns, params);
}

void AddIdentities(std::span<const identity::Identity> identities, PgParams& params) {
  std::string kinds;
  std::string values;
  for (const identity::Identity& identity : identities) {
    kinds += fmt::format("{}{}", kinds.empty() ? '{' : ',', static_cast<int>(identity.kind));
    values += values.empty() ? "{\"" : ",\"";
    for (const char c : identity.value) {
      if (c == '"' || c == '\\') values += '\\';
      values += c;
    }
    values += '"';
  }
  params.Literal(kinds.empty() ? "{}" : kinds + '}').Literal(values.empty() ? "{}" : values + '}');
}

}  // namespace quartet::bench
