// common/app: the life of a service process. A Host owns what one service runs
// on (database, outbox, worker pool, server, consumers, timers) and starts and
// stops them in order; a service's bind() hangs its handlers into it. The same
// bind() runs in the service's own process (run.h), in the all-in-one process
// and in tests.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "common/base/clock.h"
#include "common/base/id_source.h"
#include "common/base/result.h"
#include "common/config/settings.h"
#include "common/events/bus.h"
#include "common/events/inbox/consumer.h"
#include "common/events/membership/membership.h"
#include "common/events/outbox/outbox.h"
#include "common/rpc/worker_pool.h"
#include "common/storage/database.h"
#include "common/telemetry/contradictions.h"
#include "common/telemetry/counters.h"

namespace grpc {
class Channel;
class Service;
}  // namespace grpc

namespace quartet::app {

class Host {
 public:
  // Opens the database that the settings name, or <data_dir>/<service>.db, and
  // brings its common tables up to date. `clock`, `ids` and `bus` must outlive the host. Errors: those of
  // opening and migrating (UNAVAILABLE, FAILED_PRECONDITION).
  static Result<std::unique_ptr<Host>> Open(config::ServiceSettings settings, const Clock& clock, IdSource& ids,
                                            events::Bus& bus);
  // Stops.
  ~Host();
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;

  // For bind(), before Start. ------------------------------------------------

  const config::ServiceSettings& settings() const;
  const Clock& clock() const;
  IdSource& ids() const;
  storage::Database& database() const;
  events::Outbox& outbox() const;
  events::Bus& bus() const;
  // Which replica of its service this is.
  const events::Membership& membership() const;
  rpc::WorkerPool& workers() const;
  telemetry::Counters& counters() const;
  telemetry::Contradictions& contradictions() const;

  // Serves `service` once started.
  void AddService(std::shared_ptr<grpc::Service> service);

  // Gives the messages of `topic` to `handler`, in the group named after the
  // service, on a thread of their own.
  void AddConsumer(std::string topic, events::Handler handler, events::ConsumerOptions options = {});

  // Calls `action` every `interval` (> 0) on the one timer thread; a call that
  // takes long delays the next, none overlap. Exceptions are logged, and so, under the
  // name `trouble`, are errors: once for as long as they last (telemetry::Trouble).
  void AddTimer(std::chrono::milliseconds interval, std::function<void()> action);
  void AddTimer(std::chrono::milliseconds interval, std::string trouble, std::function<Status()> action);

  // The same for what one replica need do for all of them: only the leader calls
  // `action`. For a moment two may, or none.
  void AddLeaderTimer(std::chrono::milliseconds interval, std::function<void()> action);
  void AddLeaderTimer(std::chrono::milliseconds interval, std::string trouble, std::function<Status()> action);

  // Calls `start` when the host starts, after the timers, and `stop` when it stops,
  // before them, for what has a thread of its own.
  void AddBackground(std::function<void()> start, std::function<void()> stop);

  // A channel to one of the five services by its name, at the address that the
  // settings give; one per name. `service` must be one of config::kServices.
  std::shared_ptr<grpc::Channel> ChannelTo(std::string_view service);

  // Keeps `object` alive until the host ends; such objects die in the reverse
  // order of their coming.
  template <class T>
  T& Own(std::shared_ptr<T> object) {
    T& reference = *object;
    Keep(std::move(object));
    return reference;
  }

  // Life cycle. ---------------------------------------------------------------

  // Listens, starts relay, consumers and timers, then says SERVING. Redis may be
  // absent: what needs it tries again in the background. Errors: UNAVAILABLE
  // LISTEN_FAILED; the host is then stopped. Once only.
  Status Start();

  // Lets running calls finish (those that take longer than `drain_grace` find
  // themselves cancelled), then stops timers, consumers, workers and relay, and
  // closes the database. Safe to call twice, by one thread.
  void Stop(std::chrono::milliseconds drain_grace = std::chrono::seconds(10));

  // The port it listens on, once started.
  int port() const;

 private:
  struct Parts;
  explicit Host(std::unique_ptr<Parts> parts);
  void Keep(std::shared_ptr<void> object);

  std::unique_ptr<Parts> parts_;
};

// Wires a service into its host: creates its tables, repositories, handlers and
// consumers. An error ends the start.
using Bind = Status (*)(Host&);

}  // namespace quartet::app
