#include "common/methods/reference_source.h"

#include <algorithm>
#include <chrono>

#include <grpcpp/client_context.h>

namespace quartet::methods {
namespace {

namespace v1 = qualification::v1;

// One look-up; who does not answer by now is not there.
constexpr std::chrono::seconds kDeadline{2};
constexpr std::size_t kNamesMax = 1'000;

void SetDeadline(grpc::ClientContext& context) {
  context.set_deadline(std::chrono::system_clock::now() + kDeadline);
}

Error Unanswered(const std::string& what, const grpc::Status& status) {
  return Unavailable("REFERENCES_UNAVAILABLE", what + " cannot be asked about: " + status.error_message());
}

commit::ReferenceState StateOf(v1::LookUpRecordsResponse::State state) {
  switch (state) {
    case v1::LookUpRecordsResponse::LIVE:
      return commit::ReferenceState::kLive;
    case v1::LookUpRecordsResponse::DELETED:
      return commit::ReferenceState::kDeleted;
    default:
      return commit::ReferenceState::kMissing;
  }
}

}  // namespace

RemoteReferences::RemoteReferences(const ChannelTo& channel_to, const resource::Schema& schema) {
  for (const resource::Reference& reference : schema.references)
    named_.emplace(reference.collection, v1::ParticipantService::NewStub(channel_to(reference.service)));
  for (const resource::User& user : schema.users)
    users_.emplace_back(user.what, v1::ParticipantService::NewStub(channel_to(user.service)));
}

Result<commit::ReferenceStates> RemoteReferences::LookUp(std::span<const std::string> names) {
  std::map<std::string, std::vector<std::string>> by_collection;
  for (const std::string& name : names) by_collection[name.substr(0, name.find('/'))].push_back(name);
  commit::ReferenceStates states;
  for (auto& [collection, asked] : by_collection) {
    const auto stub = named_.find(collection);
    if (stub == named_.end()) return Internal("records named \"" + collection + "\" are nobody's");
    std::ranges::sort(asked);
    asked.erase(std::ranges::unique(asked).begin(), asked.end());
    for (std::size_t begin = 0; begin < asked.size(); begin += kNamesMax) {
      const std::size_t end = std::min(asked.size(), begin + kNamesMax);
      v1::LookUpRecordsRequest request;
      for (std::size_t i = begin; i < end; ++i) request.add_names(asked[i]);
      grpc::ClientContext context;
      SetDeadline(context);
      v1::LookUpRecordsResponse response;
      const grpc::Status status = stub->second->LookUpRecords(&context, request, &response);
      if (!status.ok()) return Unanswered(asked[begin], status);
      if (response.states_size() != request.names_size())
        return Internal("another number of records was answered about than was asked for");
      for (int i = 0; i < response.states_size(); ++i) states[request.names(i)] = StateOf(response.states(i));
    }
  }
  return states;
}

Result<std::map<std::string, commit::Uses>> RemoteReferences::CountUses(const std::string& name) {
  std::map<std::string, commit::Uses> uses;
  for (const auto& [what, stub] : users_) {
    grpc::ClientContext context;
    SetDeadline(context);
    v1::CountReferencesRequest request;
    request.set_name(name);
    v1::CountReferencesResponse response;
    const grpc::Status status = stub->CountReferences(&context, request, &response);
    if (!status.ok()) return Unanswered("whether " + what + " name " + name, status);
    if (response.count() > 0) uses[what] = {.count = response.count(), .more = response.more()};
  }
  return uses;
}

}  // namespace quartet::methods
