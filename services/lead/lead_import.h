#pragma once

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

  // The rows of one stream, in order. Errors: INVALID_ARGUMENT (no options, too
  // many rows); those of the database, and then rows before may have been taken.
  Status Run(std::vector<v1::ImportLeadsRequest>& stream, v1::ImportLeadsResponse& response);

 private:
  struct Batch;

  Status Match(storage::Transaction& transaction, Batch& batch) const;
  Status CreateRows(storage::Transaction& transaction, Batch& batch, std::vector<events::Message>& out) const;
  void UpdateDuplicates(Batch& batch);

  commit::RecordStore& store_;
  methods::StandardMethods<LeadTraits>& methods_;
  storage::Database& database_;
  events::Outbox& outbox_;
  const Clock& clock_;
  IdSource& ids_;
};

}  // namespace quartet::lead
