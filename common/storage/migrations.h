#pragma once

#include <span>
#include <string_view>
#include <utility>

#include "common/base/clock.h"
#include "common/base/result.h"
#include "common/storage/database.h"

namespace quartet::storage {

// One step of a schema: {"NNNN_title.sql", its text}. quartet_embed_migrations
// (common/cmake) makes arrays of these from files. The text holds statements,
// each ended by a semicolon, that mean the same to SQLite and PostgreSQL: types
// BIGINT, TEXT and BYTEA, no triggers, no functions.
using MigrationFile = std::pair<std::string_view, std::string_view>;

// Brings the part of the schema that is called `set` ("events", "lead", …) to
// the last of `files`, which are numbered from 1 without gaps. Each one that is
// missing runs in a transaction of its own; several processes may try at once.
// Table schema_migration remembers them:
//   set_name, number, title, checksum of the text, applied_at in microseconds.
// Errors: FAILED_PRECONDITION SCHEMA_NEWER if the database has steps that
// `files` has not (it was written by a newer program), SCHEMA_CHANGED if the
// text of an applied step differs, SCHEMA_GAP if an earlier step is missing;
// INTERNAL for files with wrong names or a step that fails; and those of Write.
Status Migrate(Database& database, std::string_view set, std::span<const MigrationFile> files, const Clock& clock);

}  // namespace quartet::storage
