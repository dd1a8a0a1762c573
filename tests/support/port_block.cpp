#include "tests/support/port_block.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <unistd.h>

#include <filesystem>
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
  const auto path = std::filesystem::temp_directory_path() / ("quartet-test-ports-" + std::to_string(base));
  lock_ = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  bool is_mine = lock_ >= 0 && flock(lock_, LOCK_EX | LOCK_NB) == 0;
  for (int port = base; is_mine && port < base + kSize; ++port) is_mine = IsFree(port);
  if (is_mine) {
    base_ = base;
  } else if (lock_ >= 0) {
    close(lock_);
  }
  return is_mine;
}

}  // namespace quartet::test
