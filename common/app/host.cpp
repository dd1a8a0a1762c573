#include "common/app/host.h"

#include <sys/utsname.h>

#include <cstdlib>
#include <map>
#include <mutex>
#include <utility>
#include <vector>

#include "common/app/operations_handlers.h"
#include "common/app/service_counters.h"
#include "common/app/timers.h"
#include "common/config/address.h"
#include "common/events/inbox/dead_letters.h"
#include "common/events/membership/member_lease.h"
#include "common/events/migrations.h"
#include "common/events/outbox/relay.h"
#include "common/rpc/channel.h"
#include "common/rpc/server.h"
#include "common/storage/migrations.h"
#include "common/storage/postgres/database.h"
#include "common/storage/sqlite/database.h"
#include "common/telemetry/log.h"

namespace quartet::app {

namespace {

// Lets go of the last first.
struct Kept {
  Kept() = default;
  ~Kept() {
    while (!objects.empty()) objects.pop_back();
  }
  Kept(const Kept&) = delete;
  Kept& operator=(const Kept&) = delete;

  std::vector<std::shared_ptr<void>> objects;
};

// Where a process of these settings listens, which two cannot at once; "" if that
// is not known yet.
std::string PlaceOf(const config::ServiceSettings& settings) {
  utsname machine{};
  if (settings.listen.ends_with(":0") || uname(&machine) != 0) return "";
  return std::string(machine.nodename) + " " + settings.listen;
}

}  // namespace

// Members die in reverse order: what uses comes after what is used.
struct Host::Parts {
  Parts(config::ServiceSettings host_settings, const Clock& host_clock, IdSource& host_ids, events::Bus& host_bus,
        std::unique_ptr<storage::Database> host_database)
      : settings(std::move(host_settings)),
        clock(host_clock),
        ids(host_ids),
        bus(host_bus),
        database(std::move(host_database)),
        lease(database->IsShared() ? MakeLease() : nullptr),
        relay(bus, *database, membership(), ids, clock, events::RelayOptions{.service = settings.service}),
        outbox(*database, relay, ids, clock),
        dead_letters(*database, bus),
        workers(settings.workers, settings.queue_max, &counters),
        timers(settings.service) {}

  struct ConsumerSpec {
    std::string topic;
    events::Handler handler;
    events::ConsumerOptions options;
  };

  const events::Membership& membership() const {
    if (lease == nullptr) return alone;
    return *lease;
  }
  std::unique_ptr<events::MemberLease> MakeLease() {
    return std::make_unique<events::MemberLease>(
        *database, ids, events::LeaseOptions{.service = settings.service, .place = PlaceOf(settings)});
  }

  struct Background {
    std::function<void()> start;
    std::function<void()> stop;
  };

  const config::ServiceSettings settings;
  const Clock& clock;
  IdSource& ids;
  events::Bus& bus;
  telemetry::Counters counters;
  telemetry::Contradictions contradictions{counters};
  std::unique_ptr<storage::Database> database;
  const events::FixedMembership alone;
  std::unique_ptr<events::MemberLease> lease;  // none: nobody else can have the database
  events::Relay relay;
  events::Outbox outbox;
  events::DeadLetters dead_letters;
  rpc::WorkerPool workers;
  std::mutex channels_mutex;
  std::map<std::string, std::shared_ptr<grpc::Channel>, std::less<>> channels;
  Kept kept;
  std::vector<std::shared_ptr<grpc::Service>> services;
  std::vector<ConsumerSpec> consumer_specs;
  std::unique_ptr<rpc::Server> server;
  std::vector<std::unique_ptr<events::Consumer>> consumers;
  Timers timers;
  std::vector<Background> background;
  bool stopped = false;
};

namespace {

Result<std::unique_ptr<storage::Database>> OpenDatabase(const config::ServiceSettings& settings) {
  std::unique_ptr<storage::Database> database;
  if (settings.database.empty()) {
    QUARTET_ASSIGN_OR_RETURN(
        database, storage::SqliteDatabase::Open({.path = settings.data_dir + "/" + settings.service + ".db"}));
  } else {
    QUARTET_ASSIGN_OR_RETURN(database,
                             storage::PostgresDatabase::Open(
                                 {.target = settings.database,
                                  .application = "quartet-" + settings.service,
                                  .connections = static_cast<std::size_t>(settings.database_connections),
                                  .statement_timeout = std::chrono::seconds(settings.database_statement_timeout_s)}));
  }
  return database;
}

}  // namespace

Result<std::unique_ptr<Host>> Host::Open(config::ServiceSettings settings, const Clock& clock, IdSource& ids,
                                         events::Bus& bus) {
  QUARTET_ASSIGN_OR_RETURN(std::unique_ptr<storage::Database> database, OpenDatabase(settings));
  QUARTET_RETURN_IF_ERROR(storage::Migrate(*database, "events", events::kMigrations, clock));
  auto parts = std::make_unique<Parts>(std::move(settings), clock, ids, bus, std::move(database));
  parts->services.push_back(
      MakeOperationsService(parts->dead_letters, parts->counters, *parts->database, parts->workers));
  return std::unique_ptr<Host>(new Host(std::move(parts)));
}

Host::Host(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

Host::~Host() {
  Stop();
}

const config::ServiceSettings& Host::settings() const {
  return parts_->settings;
}
const Clock& Host::clock() const {
  return parts_->clock;
}
IdSource& Host::ids() const {
  return parts_->ids;
}
storage::Database& Host::database() const {
  return *parts_->database;
}
events::Outbox& Host::outbox() const {
  return parts_->outbox;
}
events::Bus& Host::bus() const {
  return parts_->bus;
}
const events::Membership& Host::membership() const {
  return parts_->membership();
}
rpc::WorkerPool& Host::workers() const {
  return parts_->workers;
}
telemetry::Counters& Host::counters() const {
  return parts_->counters;
}

telemetry::Contradictions& Host::contradictions() const {
  return parts_->contradictions;
}
int Host::port() const {
  return parts_->server == nullptr ? 0 : parts_->server->port();
}

void Host::AddService(std::shared_ptr<grpc::Service> service) {
  parts_->services.push_back(std::move(service));
}

void Host::AddConsumer(std::string topic, events::Handler handler, events::ConsumerOptions options) {
  options.counters = &parts_->counters;
  parts_->consumer_specs.push_back({std::move(topic), std::move(handler), options});
}

void Host::AddTimer(std::chrono::milliseconds interval, std::function<void()> action) {
  parts_->timers.Add(interval, std::move(action));
}

void Host::AddTimer(std::chrono::milliseconds interval, std::string trouble, std::function<Status()> action) {
  parts_->timers.Add(interval, std::move(trouble), std::move(action));
}

void Host::AddLeaderTimer(std::chrono::milliseconds interval, std::function<void()> action) {
  AddTimer(interval, [this, action = std::move(action)] {
    if (parts_->membership().Now()->leads()) action();
  });
}

void Host::AddLeaderTimer(std::chrono::milliseconds interval, std::string trouble, std::function<Status()> action) {
  AddTimer(interval, std::move(trouble),
           [this, action = std::move(action)] { return parts_->membership().Now()->leads() ? action() : Status(); });
}

void Host::AddBackground(std::function<void()> start, std::function<void()> stop) {
  parts_->background.push_back({std::move(start), std::move(stop)});
}

void Host::Keep(std::shared_ptr<void> object) {
  parts_->kept.objects.push_back(std::move(object));
}

std::shared_ptr<grpc::Channel> Host::ChannelTo(std::string_view service) {
  const std::string& address = parts_->settings.AddressOf(service);
  if (address.empty()) {
    telemetry::LogError("no such service", {{"service", std::string(service)}});
    std::abort();
  }
  const std::lock_guard lock(parts_->channels_mutex);
  auto found = parts_->channels.find(service);
  if (found == parts_->channels.end()) {
    found = parts_->channels.emplace(std::string(service), rpc::MakeChannel(address)).first;
  }
  return found->second;
}

Status Host::Start() {
  Parts& parts = *parts_;
  // First what can fail, and what shows that no other process is at work here.
  auto server = rpc::Server::Listen(parts.settings.listen, parts.services,
                                    {.connection_age = std::chrono::seconds(parts.settings.connection_age_s)});
  if (!server.ok()) {
    Stop();
    return std::move(server).error();
  }
  parts.server = std::move(server).value();

  if (parts.lease != nullptr) {
    if (Status joined = parts.lease->Join(); !joined.ok()) {
      Stop();
      return joined;
    }
    parts.lease->Start();
  }
  parts.relay.Start();
  const std::string& group = parts.settings.service;
  for (Parts::ConsumerSpec& spec : parts.consumer_specs) {
    parts.consumers.push_back(std::make_unique<events::Consumer>(parts.bus, *parts.database, parts.membership(),
                                                                 spec.topic, group, std::move(spec.handler),
                                                                 spec.options, parts.clock));
    parts.consumers.back()->Start();
  }
  parts.timers.Start();
  for (const auto& background : parts.background) background.start();
  parts.server->SetServing(true);
  const auto address = config::ParseAddress(parts.settings.listen);
  telemetry::LogInfo("ready", {{"service", parts.settings.service},
                               {"address", config::FormatAddress(address ? address->host : "", parts.server->port())}});
  return {};
}

void Host::Stop(std::chrono::milliseconds drain_grace) {
  Parts& parts = *parts_;
  if (std::exchange(parts.stopped, true)) return;
  // Calls that wait for another service's answer need consumers and timers to get it, so the server goes first.
  if (parts.server != nullptr) parts.server->Shutdown(drain_grace);
  for (const auto& background : parts.background) background.stop();
  parts.timers.Stop();
  for (const auto& consumer : parts.consumers) consumer->Stop();
  if (parts.lease != nullptr) {
    parts.lease->Stop();
    // The others take over at once; what is in the relay's hands still goes out.
    if (const Status left = parts.lease->Leave(); !left.ok()) {
      telemetry::LogWarning("a slot cannot be given back; it will be found dead",
                            {{"service", parts.settings.service}, {"error", ToString(left.error())}});
    }
  }
  parts.workers.Stop();
  // What was written without waiting is in the relay's hands once this has passed through the queue behind it.
  if (const Status passed = parts.database->Write([](storage::Transaction&) { return Status(); }); !passed.ok()) {
    telemetry::LogWarning("last write failed",
                          {{"service", parts.settings.service}, {"error", ToString(passed.error())}});
  }
  parts.relay.Stop();
  parts.database->Close();
  if (parts.server == nullptr) return;
  LogTotals(parts.settings.service, *parts.database);
  telemetry::LogInfo("stopped", {{"service", parts.settings.service}});
}

}  // namespace quartet::app
