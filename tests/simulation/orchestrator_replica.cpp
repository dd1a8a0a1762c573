#include "tests/simulation/orchestrator_replica.h"

#include <future>

namespace quartet::test {

storage::WriteOperation FlakyDatabase::Flaky(storage::WriteOperation operation) {
  if (!fails_()) return operation;
  // It is not done, or nobody knows that it is, in turn.
  was_done_ = !was_done_;
  if (was_done_) {
    operation.done = [done = std::move(operation.done)](const Status& status) {
      done(status.ok() ? Broken() : status);
    };
  } else {
    operation.run = [run = std::move(operation.run)](storage::Transaction& transaction) -> Status {
      QUARTET_RETURN_IF_ERROR(run(transaction));
      return Broken();
    };
  }
  return operation;
}

OrchestratorReplica::OrchestratorReplica(storage::Database& database, const Shared& shared,
                                         qualification::Waiters::IsNear is_near)
    : database_(database, shared.database_fails),
      bus_(shared.clock),
      relay_(bus_, database, alone_, shared.ids, shared.clock,
             events::RelayOptions{.service = "qualification", .linger = {}}),
      outbox_(database_, relay_, shared.ids, shared.clock),
      waiters_(std::move(is_near)),
      coordinator_(repository_, database_, outbox_, waiters_, shared.contradictions, shared.clock, shared.ids,
                   shared.memory),
      decisions_(repository_, database_, shared.contradictions, shared.clock) {}

Result<qualification::v1::Qualification> OrchestratorReplica::Await(
    const std::function<void(qualification::Coordinator::Begun)>& begin) {
  std::promise<Result<qualification::v1::Qualification>> promise;
  begin([&](Result<qualification::v1::Qualification> begun) { promise.set_value(std::move(begun)); });
  return promise.get_future().get();
}

Result<qualification::v1::Qualification> OrchestratorReplica::Begin(const std::string& lead,
                                                                    const std::string& request_id) {
  return Await([&](auto done) { coordinator_.BeginQualify(lead, {}, request_id, std::move(done)); });
}

Result<qualification::v1::Qualification> OrchestratorReplica::BeginRevert(const std::string& id) {
  return Await([&](auto done) { coordinator_.BeginRevert(id, "", std::move(done)); });
}

std::vector<Status> OrchestratorReplica::Handle(const std::vector<qualification::v1::Reply>& replies) {
  std::vector<events::Delivery> deliveries;
  for (const auto& reply : replies) deliveries.emplace_back().message.data = reply.SerializeAsString();
  std::vector<events::Message> commands;
  auto statuses = coordinator_.Handle(deliveries, &commands);
  if (!bus_.Publish(commands).ok()) std::abort();
  return statuses;
}

std::vector<std::pair<std::string, qualification::v1::Command>> OrchestratorReplica::TakeCommands() {
  while (relay_.Step()) {
  }
  std::vector<std::pair<std::string, qualification::v1::Command>> commands;
  for (const events::Message& message : std::exchange(bus_.sent, {})) {
    if (!message.topic.ends_with(".commands")) continue;
    auto& command = commands.emplace_back(message.topic, qualification::v1::Command()).second;
    if (!command.ParseFromString(message.data)) std::abort();
  }
  return commands;
}

}  // namespace quartet::test
