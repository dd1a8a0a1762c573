#include "tests/support/event_service.h"

#include <stdexcept>
#include <utility>

namespace quartet::test {
namespace {

void RequireOk(const Status& status) {
  if (!status.ok()) throw std::runtime_error(ToString(status.error()));
}

}  // namespace

EventService::EventService(events::Bus& bus, const Clock& clock, const DatabaseBackendFactory& backend,
                           events::RelayOptions options)
    : bus_(bus), clock_(clock), options_(std::move(options)), backend_(backend.make()), ids_(clock, 7) {
  Open();
  RequireOk(database_->Write([](storage::Transaction& transaction) -> Status {
    const auto made = transaction.Execute("CREATE TABLE fact (id TEXT NOT NULL PRIMARY KEY)", {});
    return made.ok() ? Status() : Status(made.error());
  }));
}

EventService::~EventService() = default;

void EventService::Open() {
  auto database = backend_->Open();
  if (!database.ok()) throw std::runtime_error(ToString(database.error()));
  database_ = std::move(*database);
  RequireOk(events::MigrateEvents(*database_, clock_));
  relay_ = std::make_unique<events::Relay>(bus_, *database_, alone_, ids_, clock_, options_);
  outbox_ = std::make_unique<events::Outbox>(*database_, *relay_, ids_, clock_);
}

events::Message EventService::MakeMessage(const std::string& topic, const std::string& id) {
  return {.id = id,
          .topic = topic,
          .type = "quartet.test.v1.Said",
          .source = "/lead",
          .subject = "leads/" + id,
          .data = "about " + id};
}

Status EventService::Say(const std::string& topic, const std::string& id) {
  return outbox_->Write([&](storage::Transaction& transaction, std::vector<events::Message>& messages) -> Status {
    const auto written = transaction.Execute("INSERT INTO fact (id) VALUES ($1)", {std::string_view(id)});
    if (!written.ok()) return written.error();
    messages.push_back(MakeMessage(topic, id));
    return {};
  });
}

void EventService::Restart() {
  outbox_.reset();
  // Its thread, if there is one, is not asked to finish anything: what is left to
  // do is in the database in any case.
  relay_.reset();
  database_.reset();
  Open();
}

void EventService::Settle() {
  RequireOk(database_->Write([](storage::Transaction&) { return Status(); }));
}

std::int64_t EventService::Count(const std::string& table) {
  std::int64_t count = 0;
  RequireOk(database_->Read([&](storage::Transaction& transaction) {
    return transaction.Query("SELECT COUNT(*) FROM " + table, {}, [&](const storage::Row& row) { count = row.Int(0); });
  }));
  return count;
}

std::vector<std::string> IdsOf(const std::vector<events::Message>& messages) {
  std::vector<std::string> ids;
  ids.reserve(messages.size());
  for (const events::Message& message : messages) ids.push_back(message.id);
  return ids;
}

}  // namespace quartet::test
