#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <google/protobuf/message.h>

#include "common/base/clock.h"
#include "common/base/result.h"
#include "common/resource/inspection_range.h"
#include "common/resource/inspection_request.h"
#include "common/resource/record.h"
#include "common/resource/schema.h"
#include "common/storage/database.h"

#include "quartet/qualification/v1/inspection_service.pb.h"

namespace quartet::methods {

// What an inspection must know of a service's records.
struct InspectedKind {
  resource::Schema schema;
  std::unique_ptr<google::protobuf::Message> (*make)();
  std::vector<identity::Identity> (*identities)(const google::protobuf::Message&);  // sorted, no two alike
  std::vector<resource::ColumnValue> (*columns)(const google::protobuf::Message&);

  // Of a resource as TypedRecord knows it.
  template <class Typed, class Traits>
  static InspectedKind Of() {
    return {.schema = Traits::kSchema,
            .make = +[]() -> std::unique_ptr<google::protobuf::Message> {
              return std::make_unique<typename Traits::Message>();
            },
            .identities =
                +[](const google::protobuf::Message& message) {
                  return Typed::Identities(static_cast<const typename Traits::Message&>(message));
                },
            .columns =
                +[](const google::protobuf::Message& message) {
                  return Traits::Columns(static_cast<const typename Traits::Message&>(message));
                }};
  }
};

// Reads what lies in the database of a service that keeps a resource, good or bad, for
// ParticipantInspectionService. Its statements are its own: what is to be examined is not read by
// what wrote it. Thread-safe. Errors: UNAVAILABLE of the database.
class RecordInspector {
 public:
  RecordInspector(InspectedKind kind, storage::Database& database, const Clock& clock);

  Status Records(const resource::InspectionRequest& request, bool identities,
                 qualification::v1::InspectRecordsResponse& response) const;

  const resource::Schema& schema() const { return kind_.schema; }

 private:
  struct Found;
  using Entries = std::map<std::string, Found>;
  using Range = resource::InspectionRange;

  Status ReadPage(storage::Transaction& transaction, const resource::InspectionRequest& request, bool identities,
                  qualification::v1::InspectRecordsResponse& response) const;
  // Reads all that lies in the range.
  Status Read(storage::Transaction& transaction, const Range& range, bool identities, Entries& entries) const;
  // Announces the same.
  void Expect(storage::Transaction& transaction, const Range& range, bool identities) const;
  void AddRecord(const storage::Row& row, Entries& entries) const;
  static void AddIntent(const storage::Row& row, Entries& entries);
  Status CompareIdentities(storage::Transaction& transaction, Entries& entries) const;
  // Whether the record is still to be given its row of an identity that it has.
  Result<bool> IsToCome(storage::Transaction& transaction, const identity::Identity& identity,
                        const std::string& id) const;
  qualification::v1::RecordInspection Describe(const std::string& id, const Found& found) const;

  const InspectedKind kind_;
  storage::Database& database_;
  const Clock& clock_;
  std::string records_;
  std::string sizes_;
};

}  // namespace quartet::methods
