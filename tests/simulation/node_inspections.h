#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <string>

#include "common/methods/inspection/participation_inspector.h"
#include "common/methods/inspection/record_inspector.h"
#include "common/resource/inspection_request.h"
#include "services/qualification/inspection/qualification_inspector.h"
#include "services/quartet/check/inspections.h"
#include "tests/support/participant_node.h"

namespace quartet::test {

// The databases of nodes, as `quartet check` reads those of services.
class NodeInspections final : public cli::Inspections {
 public:
  // It and the nodes must outlive this.
  explicit NodeInspections(const Clock& clock) : clock_(clock) {}

  template <class Traits>
  void Add(cli::Service service, ParticipantNode<Traits>& node) {
    using Typed = methods::TypedRecord<Traits>;
    answers_[service] = [this, &node](const google::protobuf::Message& request, google::protobuf::Message& response) {
      if (const auto* records = dynamic_cast<const qualification::v1::InspectRecordsRequest*>(&request)) {
        const methods::RecordInspector inspector(methods::InspectedKind::Of<Typed, Traits>(), node.database(), clock_);
        return inspector.Records(Asked(Traits::kSchema.collection, *records), records->identities(),
                                 dynamic_cast<qualification::v1::InspectRecordsResponse&>(response));
      }
      const methods::ParticipationInspector inspector(Traits::kSchema, node.database(), clock_);
      return inspector.Participations(
          Asked("qualifications", dynamic_cast<const qualification::v1::InspectParticipationsRequest&>(request)),
          dynamic_cast<qualification::v1::InspectParticipationsResponse&>(response));
    };
  }
  // The orchestrator's.
  void Add(storage::Database& database) {
    answers_[cli::Service::kQualification] = [this, &database](const google::protobuf::Message& request,
                                                               google::protobuf::Message& response) {
      const qualification::QualificationInspector inspector(database, clock_);
      return inspector.Qualifications(
          Asked("qualifications", dynamic_cast<const qualification::v1::InspectQualificationsRequest&>(request)),
          dynamic_cast<qualification::v1::InspectQualificationsResponse&>(response));
    };
  }

  bool WaitFor(std::chrono::milliseconds /*duration*/) override { return true; }

 private:
  using Answer = std::function<Status(const google::protobuf::Message&, google::protobuf::Message&)>;

  template <class Request>
  static resource::InspectionRequest Asked(std::string_view collection, const Request& request) {
    return Require(
        resource::InspectionRequest::Parse(collection, request.page_size(), request.page_token(), request.names()));
  }

  Status Call(cli::Service service, const google::protobuf::Message& request,
              google::protobuf::Message& response) override {
    return answers_.at(service)(request, response);
  }

  const Clock& clock_;
  std::map<cli::Service, Answer> answers_;
};

}  // namespace quartet::test
