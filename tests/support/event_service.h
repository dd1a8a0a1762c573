#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/clock.h"
#include "common/base/id_source.h"
#include "common/events/bus.h"
#include "common/events/outbox/outbox.h"
#include "common/events/outbox/relay.h"
#include "common/storage/database.h"
#include "tests/support/database_backend.h"

namespace quartet::test {

// What a service has of the messaging: its database, the relay and the outbox. There is one more table, `fact (id
// TEXT)`, to stand for the service's own data.
class EventService {
 public:
  // `bus` and `clock` must outlive it.
  EventService(events::Bus& bus, const Clock& clock, const DatabaseBackendFactory& backend,
               events::RelayOptions options = {.service = "lead"});
  ~EventService();

  // Writes fact `id` and a message about it, in one transaction.
  Status Say(const std::string& topic, const std::string& id);
  // The process dies and comes back: memory is lost, the database is kept.
  void Restart();
  // Waits until every operation that was queued so far is done.
  void Settle();

  // Rows of a table.
  std::int64_t Count(const std::string& table);

  storage::Database& database() { return *database_; }
  events::Relay& relay() { return *relay_; }
  events::Outbox& outbox() { return *outbox_; }

  // What Say sends.
  static events::Message MakeMessage(const std::string& topic, const std::string& id);

 private:
  void Open();

  events::Bus& bus_;
  const Clock& clock_;
  const events::RelayOptions options_;
  const events::FixedMembership alone_;
  const std::unique_ptr<DatabaseBackend> backend_;
  UuidV7Source ids_;
  std::unique_ptr<storage::Database> database_;
  std::unique_ptr<events::Relay> relay_;
  std::unique_ptr<events::Outbox> outbox_;
};

// The ids of `messages`, in their order.
std::vector<std::string> IdsOf(const std::vector<events::Message>& messages);

}  // namespace quartet::test
