#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "common/base/clock.h"
#include "common/base/id_source.h"
#include "common/events/outbox/outbox.h"
#include "common/methods/standard_methods.h"
#include "services/lead/lead_rules.h"

#include "quartet/lead/v1/service.pb.h"

namespace quartet::lead {

// Takes rows into the database, many in one transaction, each with its own
// result.
class LeadImport {
 public:
  LeadImport(commit::RecordStore& store, methods::StandardMethods<LeadTraits>& methods, storage::Database& database,
             events::Outbox& outbox, const Clock& clock, IdSource& ids)
      : store_(store), methods_(methods), database_(database), outbox_(outbox), clock_(clock), ids_(ids) {}

  // Looks at the messages of one stream as they come. Errors: INVALID_ARGUMENT (no
  // options in the first one, too many rows so far).
  static std::function<Status(const v1::ImportLeadsRequest&)> Admission();

  // The rows of one stream that was admitted, in order. `gone` says whether the
  // caller has given up; then what is not begun is left. Errors: INVALID_ARGUMENT
  // (an empty stream); CANCELLED; those of the database. After the latter two rows
  // before may have been taken.
  Status Run(std::vector<v1::ImportLeadsRequest>& stream, const std::function<bool()>& gone,
             v1::ImportLeadsResponse& response);

 private:
  struct Row;
  struct Batch;

  static Error CallerGone(std::size_t matched, std::size_t rows);
  static std::vector<Row> TakeRows(std::vector<v1::ImportLeadsRequest>& stream, v1::ImportLeadsResponse& response);
  static void MergeRow(Row& row, v1::Lead& lead);
  Status TakeBatch(Batch& batch);
  Result<std::optional<std::string>> OwnerOf(storage::Transaction& transaction, const Batch& batch,
                                             const identity::Identity& identity) const;
  Status Match(storage::Transaction& transaction, Batch& batch) const;
  Status CreateRows(storage::Transaction& transaction, Batch& batch, std::vector<events::Message>& out) const;
  void UpdateLead(const std::string& name, std::span<Row* const> rows);

  commit::RecordStore& store_;
  methods::StandardMethods<LeadTraits>& methods_;
  storage::Database& database_;
  events::Outbox& outbox_;
  const Clock& clock_;
  IdSource& ids_;
};

}  // namespace quartet::lead
