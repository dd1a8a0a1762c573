#include "tests/simulation/orchestrator_node.h"

#include <array>
#include <future>

#include "common/events/migrations.h"
#include "common/resource/resource_name.h"
#include "common/storage/migrations.h"
#include "services/qualification/migrations.h"
#include "tests/support/participant_node.h"

namespace quartet::test {
namespace {

constexpr std::array kTopics = {"lead.commands", "account.commands", "contact.commands", "opportunity.commands"};

}  // namespace

OrchestratorNode::OrchestratorNode(DatabaseBackend& backend, const Clock& clock, IdSource& ids)
    : backend_(backend), clock_(clock), ids_(ids), bus_(clock, 1), taken_(kTopics.size()) {
  Open();
}

OrchestratorNode::~OrchestratorNode() {
  Close();
}

void OrchestratorNode::Restart() {
  Close();
  Open();
}

void OrchestratorNode::Keep() {
  Close();
  backend_.Keep();
  Open();
}

void OrchestratorNode::PutBack() {
  Close();
  backend_.PutBack();
  Open();
}

void OrchestratorNode::Open() {
  database_ = Require(backend_.Open());
  Require(storage::Migrate(*database_, "events", events::kMigrations, clock_));
  Require(storage::Migrate(*database_, "qualification", qualification::kMigrations, clock_));
  relay_ = std::make_unique<events::Relay>(bus_, *database_, alone_, ids_, clock_,
                                           events::RelayOptions{.service = "qualification", .linger = {}});
  outbox_ = std::make_unique<events::Outbox>(*database_, *relay_, ids_, clock_);
  waiters_ = std::make_unique<qualification::Waiters>();
  coordinator_ = std::make_unique<qualification::Coordinator>(repository_, *database_, *outbox_, *waiters_,
                                                              contradictions_, clock_, ids_);
  decisions_ = std::make_unique<qualification::DecisionLog>(repository_, *database_, contradictions_, clock_);
}

void OrchestratorNode::Close() {
  database_->Close();
  coordinator_.reset();
  decisions_.reset();
  waiters_.reset();
  outbox_.reset();
  relay_.reset();
  database_.reset();
}

std::string OrchestratorNode::Await(const std::function<void(qualification::Coordinator::Begun)>& begin,
                                    Status& status) {
  std::promise<Result<qualification::v1::Qualification>> promise;
  begin([&](Result<qualification::v1::Qualification> begun) { promise.set_value(std::move(begun)); });
  const auto begun = promise.get_future().get();
  if (begun.ok()) return resource::IdOf(begun.value().name());
  status = begun.error();
  return "";
}

std::string OrchestratorNode::Begin(const std::string& lead, const qualification::v1::QualifyOptions& options,
                                    const std::string& request_id) {
  Status status;
  std::string id =
      Await([&](auto done) { coordinator_->BeginQualify(lead, options, request_id, std::move(done)); }, status);
  Require(status);
  return id;
}

Result<std::string> OrchestratorNode::BeginRevert(const std::string& qualification_id) {
  Status status;
  std::string id = Await([&](auto done) { coordinator_->BeginRevert(qualification_id, "", std::move(done)); }, status);
  if (!status.ok()) return status.error();
  return id;
}

std::vector<Status> OrchestratorNode::Handle(std::span<const events::Delivery> deliveries,
                                             qualification::Coordinator& coordinator) {
  std::vector<events::Message> commands;
  auto statuses = coordinator.Handle(deliveries, &commands);
  Require(bus_.Publish(commands));
  return statuses;
}

std::unique_ptr<qualification::Coordinator> OrchestratorNode::AnotherCoordinator() {
  return std::make_unique<qualification::Coordinator>(repository_, *database_, *outbox_, *waiters_, contradictions_,
                                                      clock_, ids_);
}

std::vector<std::pair<std::string, std::string>> OrchestratorNode::TakeCommands() {
  while (relay_->Step()) {
  }
  std::vector<std::pair<std::string, std::string>> commands;
  for (std::size_t i = 0; i < kTopics.size(); ++i) {
    const auto messages = bus_.Messages(kTopics[i]);
    for (; taken_[i] < messages.size(); ++taken_[i]) commands.emplace_back(kTopics[i], messages[taken_[i]].data);
  }
  return commands;
}

std::vector<std::string> OrchestratorNode::Events() {
  while (relay_->Step()) {
  }
  std::vector<std::string> events;
  for (const events::Message& message : bus_.Messages("qualification.events")) events.push_back(message.subject);
  return events;
}

std::vector<qualification::Row> OrchestratorNode::Rows() {
  std::vector<std::string> ids;
  std::vector<qualification::Row> rows;
  Require(database_->Read([&](storage::Transaction& transaction) -> Status {
    QUARTET_RETURN_IF_ERROR(transaction.Query(
        "SELECT id FROM qualification ORDER BY CASE WHEN kind = 0 THEN 1 ELSE 0 END, create_time, id",
        std::initializer_list<storage::Param>{}, [&](const storage::Row& row) { ids.push_back(row.String(0)); }));
    for (const std::string& id : ids) {
      QUARTET_ASSIGN_OR_RETURN(auto row, repository_.Find(transaction, id));
      rows.push_back(*std::move(row));
    }
    return {};
  }));
  return rows;
}

}  // namespace quartet::test
