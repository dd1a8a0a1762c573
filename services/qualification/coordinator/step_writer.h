#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/base/clock.h"
#include "common/events/bus.h"
#include "common/storage/database.h"
#include "services/qualification/qualification_repository.h"

namespace quartet::qualification {

// What one operation wrote, for the moment at which that is durable.
struct Written {
  std::vector<Row> rows;
  std::vector<v1::Qualification> decided;
  std::vector<std::string> unknown;  // ids that somebody spoke of, and that have got a tombstone
};

// A row's searched part, as it was when the step began.
struct Before {
  explicit Before(const Row& row)
      : state(row.state()),
        waits_for(row.waits_for),
        redrive_time_us(row.redrive_time_us),
        redrive_count(row.redrive_count),
        unwritten(row.unwritten) {}

  v1::Qualification::State state;
  std::string waits_for;
  std::int64_t redrive_time_us;
  std::int64_t redrive_count;
  bool unwritten;
};

// Writes what the machine's steps come to, inside the caller's transaction. Keeps nothing.
class StepWriter {
 public:
  StepWriter(const QualificationRepository& repository, const Clock& clock) : repository_(repository), clock_(clock) {}

  // Writes what the step changed and sends what it says; wakes those who waited
  // for the row if it is decided or has made way now. ABORTED kMoved if the row is not the
  // stored one any more.
  Status Apply(storage::Transaction& transaction, Row row, const Step& step, const Before& before,
               std::vector<events::Message>& out, Written& written) const;

  // The holder `id`; decided, too, if there is none.
  Result<Holder> LookUpHolder(storage::Transaction& transaction, const std::string& id, Written& written) const;

  // The row that somebody spoke of. If there is none, and it was not deleted, it gets a tombstone:
  // it will not begin after it has been believed to be missing.
  Result<std::optional<Row>> FindOrFence(storage::Transaction& transaction, const std::string& id,
                                         Written& written) const;

 private:
  Status Wake(storage::Transaction& transaction, const Row& holder, std::vector<events::Message>& out,
              Written& written) const;

  const QualificationRepository& repository_;
  const Clock& clock_;
};

}  // namespace quartet::qualification
