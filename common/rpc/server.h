#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common/base/result.h"

namespace grpc {
class Server;
class Service;
}  // namespace grpc

namespace quartet::rpc {

// One listening gRPC server with health and reflection. Messages may have up to
// 16 MiB. Not thread-safe except where said.
class Server {
 public:
  struct Options {
    // A connection that is older is ended as soon as its calls are, give or take a
    // tenth, so that clients look up addresses again and find new replicas; 0:
    // never. Calls that last longer than `call_grace` after that are cut off.
    std::chrono::milliseconds connection_age{0};
    std::chrono::milliseconds call_grace{300'000};
  };

  // Listens on `listen` ("host:port"; port 0 takes a free one) and serves
  // `services`, which live as long as the server. Health says NOT_SERVING until
  // SetServing(true). Errors: UNAVAILABLE LISTEN_FAILED (the port is taken, or
  // the host is not of this machine).
  static Result<std::unique_ptr<Server>> Listen(const std::string& listen,
                                                std::vector<std::shared_ptr<grpc::Service>> services, Options options);
  static Result<std::unique_ptr<Server>> Listen(const std::string& listen,
                                                std::vector<std::shared_ptr<grpc::Service>> services) {
    return Listen(listen, std::move(services), Options());
  }
  // Shuts down without waiting for calls, if it has not been done.
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // The port it listens on.
  int port() const { return port_; }

  // What health answers for "" and for every service. Thread-safe.
  void SetServing(bool serving);

  // Health says NOT_SERVING, new calls are refused, running ones may go on for
  // `grace` and are then cancelled. Returns when the last has ended. Safe to
  // call again.
  void Shutdown(std::chrono::milliseconds grace);

 private:
  Server();

  std::vector<std::shared_ptr<grpc::Service>> services_;
  std::unique_ptr<grpc::Server> server_;
  std::vector<std::string> names_;
  int port_ = 0;
};

}  // namespace quartet::rpc
