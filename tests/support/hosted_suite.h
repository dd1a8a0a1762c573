#pragma once

#include <map>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "common/app/host.h"
#include "common/app/run.h"
#include "common/base/clock.h"
#include "common/base/id_source.h"
#include "common/config/ports.h"
#include "common/events/memory_bus.h"
#include "common/rpc/channel.h"
#include "tests/support/database_backend.h"
#include "tests/support/suite/port_block.h"
#include "tests/support/temp_directory.h"

namespace quartet::test {

// Services as their processes would run them, in this one: each over a database of its own, all on a bus in memory,
// reached by gRPC. Those that are not given are not there. Throws where a test cannot go on.
class HostedSuite {
 public:
  HostedSuite(const DatabaseBackendFactory& factory, std::span<const app::NamedBind> services) {
    for (const app::NamedBind& service : services) {
      backends_.push_back(factory.make());
      auto host = app::Host::Open(SettingsOf(std::string(service.name), *backends_.back()), clock_, ids_, bus_);
      if (!host.ok()) throw std::runtime_error(ToString(host.error()));
      app::Host& opened = *hosts_.emplace(service.name, std::move(host).value()).first->second;
      if (const Status bound = service.bind(opened); !bound.ok()) throw std::runtime_error(ToString(bound.error()));
      if (const Status started = opened.Start(); !started.ok()) throw std::runtime_error(ToString(started.error()));
    }
  }
  ~HostedSuite() {
    for (auto& [name, host] : hosts_) host->Stop(std::chrono::seconds(1));
  }
  HostedSuite(const HostedSuite&) = delete;
  HostedSuite& operator=(const HostedSuite&) = delete;

  std::shared_ptr<grpc::Channel> ChannelTo(const std::string& service) const {
    return rpc::MakeChannel(AddressOf(service));
  }
  app::Host& host(const std::string& service) { return *hosts_.at(service); }
  events::MemoryBus& bus() { return bus_; }

 private:
  std::string AddressOf(std::string_view service) const {
    return "127.0.0.1:" + std::to_string(config::DefaultPort(service, ports_.base()));
  }
  config::ServiceSettings SettingsOf(const std::string& service, const DatabaseBackend& backend) const {
    config::ServiceSettings settings{.service = service,
                                     .listen = AddressOf(service),
                                     .data_dir = folder_.path() / service,
                                     .database = backend.Target(),
                                     .redis = {.hosts = {{.host = "127.0.0.1", .port = 1}}}};
    settings.lead = AddressOf("lead");
    settings.contact = AddressOf("contact");
    settings.account = AddressOf("account");
    settings.opportunity = AddressOf("opportunity");
    settings.qualification = AddressOf("qualification");
    return settings;
  }

  const TempDirectory folder_;
  const PortBlock ports_;
  const SystemClock clock_;
  UuidV7Source ids_{clock_};
  events::MemoryBus bus_{clock_};
  std::vector<std::unique_ptr<DatabaseBackend>> backends_;
  std::map<std::string, std::unique_ptr<app::Host>, std::less<>> hosts_;
};

}  // namespace quartet::test
