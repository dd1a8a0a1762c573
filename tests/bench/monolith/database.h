// The database of the monolith: the tables of all services in one PostgreSQL, from the services' own migrations, each
// in a schema of its own.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "common/identity/identity.h"
#include "common/resource/record.h"
#include "tests/bench/monolith/pg_session.h"

namespace quartet::bench {

// Makes the tables, and the function of monolith/qualify.sql, in an empty database.
void MakeMonolithTables(PgSession& session);

// What COPY takes of leads and of their identities, in its text format.
struct LeadRows {
  std::string leads;
  std::string identities;
};
LeadRows RowsOf(std::span<const resource::Record> leads);

// Puts leads in, with their identities; in the transaction that is open, if there is one.
void CopyLeads(PgSession& session, const LeadRows& rows);

// Prepares what monolith/monolith.cpp runs, by the names that it uses.
void PrepareMonolith(PgSession& session);

// The values of a record's row, in the order of its table's columns.
void AddRow(const resource::Record& record, PgParams& params);
void AddColumns(std::span<const resource::ColumnValue> columns, PgParams& params);

// Two arrays, kinds and values, as PostgreSQL writes them.
void AddIdentities(std::span<const identity::Identity> identities, PgParams& params);

}  // namespace quartet::bench
