#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/commit/references.h"
#include "common/resource/schema.h"

#include "quartet/qualification/v1/participant_service.grpc.pb.h"

namespace quartet::methods {

// Asks the services themselves. Thread-safe.
class RemoteReferences final : public commit::ReferenceSource {
 public:
  using ChannelTo = std::function<std::shared_ptr<grpc::Channel>(std::string_view service)>;

  // For the records of `schema`.
  RemoteReferences(const ChannelTo& channel_to, const resource::Schema& schema);

  Result<commit::ReferenceStates> LookUp(std::span<const std::string> names) override;
  bool MayBeUsed() const override { return !users_.empty(); }
  Result<std::map<std::string, commit::Uses>> CountUses(const std::string& name) override;

 private:
  using Stub = qualification::v1::ParticipantService::Stub;
  std::map<std::string, std::unique_ptr<Stub>, std::less<>> named_;   // by collection
  std::vector<std::pair<std::string, std::unique_ptr<Stub>>> users_;  // with what they have
};

}  // namespace quartet::methods
