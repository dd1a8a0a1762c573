#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/base/clock.h"
#include "common/base/result.h"
#include "common/resource/inspection_range.h"
#include "common/resource/inspection_request.h"
#include "common/resource/schema.h"
#include "common/storage/database.h"

#include "quartet/qualification/v1/inspection_service.pb.h"

namespace quartet::methods {

// Reads what a service has stored of its part in qualifications, good or bad; see RecordInspector.
class ParticipationInspector {
 public:
  ParticipationInspector(const resource::Schema& schema, storage::Database& database, const Clock& clock)
      : schema_(schema), database_(database), clock_(clock) {}

  Status Participations(const resource::InspectionRequest& request,
                        qualification::v1::InspectParticipationsResponse& response) const;

 private:
  // A participation, and the ids of the records that it holds.
  struct Found {
    qualification::v1::ParticipationInspection described;
    std::vector<std::string> records;
  };
  static Found Describe(const storage::Row& row);
  static Found Unknown(const std::string& id);
  static Status Read(storage::Transaction& transaction, const resource::InspectionRange& range,
                     std::vector<Found>& found);
  // Looks for the intents of those that hold some.
  Status Add(storage::Transaction& transaction, std::vector<Found>& found,
             qualification::v1::InspectParticipationsResponse& response) const;

  const resource::Schema schema_;
  storage::Database& database_;
  const Clock& clock_;
};

}  // namespace quartet::methods
