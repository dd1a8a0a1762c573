#pragma once

#include "common/base/clock.h"
#include "common/base/result.h"
#include "common/resource/inspection_request.h"
#include "common/storage/database.h"

#include "quartet/qualification/v1/inspection_service.pb.h"

namespace quartet::qualification {

// Reads what lies in the orchestrator's database, good or bad; see methods::RecordInspector. Thread-safe. Errors:
// UNAVAILABLE of the database.
class QualificationInspector {
 public:
  QualificationInspector(storage::Database& database, const Clock& clock) : database_(database), clock_(clock) {}

  Status Qualifications(const resource::InspectionRequest& request, v1::InspectQualificationsResponse& response) const;

 private:
  storage::Database& database_;
  const Clock& clock_;
};

}  // namespace quartet::qualification
