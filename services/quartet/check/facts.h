#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "common/base/result.h"
#include "services/quartet/check/inspections.h"
#include "services/quartet/connection/suite_address.h"

#include "quartet/qualification/v1/inspection_service.pb.h"

namespace quartet::cli {

using Row = qualification::v1::QualificationInspection;
using StoredRecord = qualification::v1::RecordInspection;
using Participation = qualification::v1::ParticipationInspection;

// The service that keeps the records of a name's collection ("leads/…"); nothing if it is no such name.
std::optional<Service> ServiceOfName(const std::string& name);
// The service that takes part.
Service ServiceOf(int participant);

// What is stored of all that a batch of subjects has to do with: first it is said what is wanted, then it is fetched,
// in an order that what has happened since can only look newer.
class Facts {
 public:
  void Want(const std::string& name);  // a record or a qualification; others are left out
  void WantParticipation(Service service, const std::string& qualification);
  Status Fetch(Inspections& inspections);

  // What is known already.
  void Put(Row row);
  void Put(StoredRecord record);
  void Put(Service service, Participation participation);
  // When the orchestrator, or a service, was last read, by its own clock.
  void PutTime(Service service, std::int64_t time_us) { times_[service] = time_us; }
  void PutWatermark(std::int64_t watermark_us) { watermark_us_ = watermark_us; }

  // One that was not wanted does not exist.
  const Row& RowOf(const std::string& name) const;
  const StoredRecord& RecordOf(const std::string& name) const;
  const Participation& ParticipationOf(Service service, const std::string& qualification) const;
  std::int64_t TimeOf(Service service) const;
  // Whether the qualification is so old that services may have deleted what they knew of it, once all was over.
  bool MayBeForgotten(const std::string& qualification) const;

 private:
  std::map<std::string, Row> rows_;
  std::map<std::string, StoredRecord> records_;
  std::map<Service, std::map<std::string, Participation>> participations_;
  std::map<Service, std::int64_t> times_;
  std::int64_t watermark_us_ = 0;
  std::set<std::string> wanted_rows_;
  std::map<Service, std::set<std::string>> wanted_records_;
  std::map<Service, std::set<std::string>> wanted_participations_;
};

}  // namespace quartet::cli
