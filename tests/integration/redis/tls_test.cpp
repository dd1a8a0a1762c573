// Redis over TLS: the bus believes a server only if the named root vouches for it
// and for its name, and shows a certificate of its own where that is asked for.
#include <chrono>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/events/redis/bus.h"
#include "tests/support/servers/certificate.h"
#include "tests/support/servers/redis_server.h"

namespace quartet::test {
namespace {

using events::RedisBus;
using ::testing::HasSubstr;

constexpr const char* kTopic = "lead.events";

class RedisTls : public ::testing::Test {
 protected:
  config::RedisAddress Address(const std::string& host = "localhost") const {
    config::RedisAddress address;
    address.hosts = {{.host = host, .port = port_}};
    address.tls = true;
    address.ca_file = own_.certificate();
    return address;
  }
  static Status Check(const config::RedisAddress& address) { return RedisBus({.address = address}).Check(); }
  static void ExpectRefused(const config::RedisAddress& address, const std::string& why) {
    const Status checked = Check(address);
    ASSERT_FALSE(checked.ok());
    EXPECT_EQ(checked.error().reason, "BROKER_UNAVAILABLE");
    EXPECT_THAT(checked.error().message, HasSubstr(why));
  }

  const Certificate own_;
  const int port_ = FreePort();
  // Encrypted on one port; the other is the test's own way in.
  RedisServer redis_{false,
                     {"--tls-port", std::to_string(port_), "--tls-cert-file", own_.certificate(), "--tls-key-file",
                      own_.key(), "--tls-ca-cert-file", own_.certificate(), "--tls-auth-clients", "no"}};
};

TEST_F(RedisTls, MessagesLargerThanARecordArriveWhole) {
  RedisBus bus({.address = Address()});
  const auto subscription = bus.Subscribe(kTopic, "listener", "0");
  ASSERT_TRUE(bus.Check().ok());
  std::vector<events::Message> sent;
  for (int i = 0; i < 20; ++i) {
    sent.push_back({.id = std::to_string(i),
                    .topic = kTopic,
                    .type = "quartet.test.v1.Said",
                    .source = "/lead",
                    .subject = "leads/1",
                    .data = std::string(100'000, static_cast<char>('a' + i))});
  }
  ASSERT_TRUE(bus.Publish(sent).ok());
  std::vector<events::Message> received;
  while (received.size() < sent.size()) {
    const auto some = subscription->Receive(100, std::chrono::seconds(5));
    ASSERT_TRUE(some.ok()) << ToString(some.error());
    ASSERT_FALSE(some->empty());
    for (const events::Delivery& delivery : *some) received.push_back(delivery.message);
  }
  EXPECT_EQ(received, sent);
}

TEST_F(RedisTls, AForeignRootVouchesForNothing) {
  const Certificate foreign;
  config::RedisAddress address = Address();
  address.ca_file = foreign.certificate();
  ExpectRefused(address, "certificate verify failed");
}

TEST_F(RedisTls, AnotherNameIsNotBelieved) {
  ExpectRefused(Address("127.0.0.1"), "certificate verify failed");
}

TEST_F(RedisTls, AServerWithoutItIsNotSpokenTo) {
  config::RedisAddress address = Address();
  address.hosts[0].port = redis_.port();
  ExpectRefused(address, "TLS");
}

TEST_F(RedisTls, AServerThatAsksWhoComesIsShownACertificate) {
  redis_.Command({"CONFIG", "SET", "tls-auth-clients", "yes"});
  config::RedisAddress address = Address();
  // Refused in the handshake, or after it.
  const Status anonymous = Check(address);
  ASSERT_FALSE(anonymous.ok());
  EXPECT_EQ(anonymous.error().reason, "BROKER_UNAVAILABLE");
  address.cert_file = own_.certificate();
  address.key_file = own_.key();
  const Status shown = Check(address);
  EXPECT_TRUE(shown.ok()) << ToString(shown.error());
}

}  // namespace
}  // namespace quartet::test
