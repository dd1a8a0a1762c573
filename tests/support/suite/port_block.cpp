#include "tests/support/suite/port_block.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>

namespace quartet::test {
namespace {

constexpr int kFirst = 20'000;
constexpr int kBlocks = 1'200;

bool IsFree(int port) {
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  // What lingers of connections that were closed does not keep a server from listening.
  const int yes = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const bool is_free = bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0;
  close(listener);
  return is_free;
}

}  // namespace

PortBlock::PortBlock() {
  for (int i = 0; i < kBlocks; ++i) {
    if (Claim(kFirst + (getpid() + i) % kBlocks * kSize)) return;
  }
  throw std::runtime_error("there are no ten free ports in a row");
}

PortBlock::~PortBlock() {
  close(lock_);
}

bool PortBlock::Claim(int base) {
  // A name that only one socket can have, and that is gone with its process.
  const std::string name = "quartet-test-ports-" + std::to_string(base);
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  std::copy(name.begin(), name.end(), &address.sun_path[1]);  // the leading NUL keeps it out of the file system
  lock_ = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
  bool is_mine = bind(lock_, reinterpret_cast<sockaddr*>(&address), size) == 0;
  for (int port = base; is_mine && port < base + kSize; ++port) is_mine = IsFree(port);
  if (is_mine) {
    base_ = base;
  } else {
    close(lock_);
  }
  return is_mine;
}

}  // namespace quartet::test
