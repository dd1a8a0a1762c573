#pragma once

namespace quartet::test {

// Ten ports of the loopback interface in a row, this process's own until the
// object ends: other test processes that use this class leave them alone. They
// lie below the range from which the system takes the ports of outgoing
// connections, so a service that was killed finds its port free.
class PortBlock {
 public:
  static constexpr int kSize = 10;
  // Throws std::runtime_error if there is no such block.
  PortBlock();
  ~PortBlock();
  PortBlock(const PortBlock&) = delete;
  PortBlock& operator=(const PortBlock&) = delete;

  // The first of them.
  int base() const { return base_; }

 private:
  bool Claim(int base);

  int base_ = 0;
  int lock_ = -1;
};

}  // namespace quartet::test
