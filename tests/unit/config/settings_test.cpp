#include "common/config/settings.h"

#include <map>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/config/address.h"
#include "common/config/ports.h"

namespace quartet::config {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::StartsWith;
using ::testing::UnorderedElementsAre;

class Settings : public ::testing::Test {
 protected:
  Result<ParsedSettings> Parse(std::vector<const char*> arguments) {
    arguments.insert(arguments.begin(), "quartet-contact");
    return ParseServiceSettings("contact", static_cast<int>(arguments.size()), arguments.data(), Environment());
  }
  Result<ParsedSettings> ParseAll(std::vector<const char*> arguments) {
    arguments.insert(arguments.begin(), "quartet-all");
    return ParseAllSettings(static_cast<int>(arguments.size()), arguments.data(), Environment());
  }
  ServiceSettings Good(const std::vector<const char*>& arguments) {
    Result<ParsedSettings> parsed = Parse(arguments);
    if (!parsed.ok()) {
      ADD_FAILURE() << ToString(parsed.error());
      return {};
    }
    return parsed->services.at(0);
  }
  // The fields of all mistakes.
  static std::vector<std::string> Mistakes(const Result<ParsedSettings>& parsed) {
    std::vector<std::string> fields;
    if (parsed.ok()) return fields;
    for (const FieldViolation& violation : parsed.error().violations) fields.push_back(violation.field);
    return fields;
  }
  config::Environment Environment() {
    return [this](const char* name) -> const char* {
      const auto found = environment_.find(name);
      return found == environment_.end() ? nullptr : found->second.c_str();
    };
  }

  std::map<std::string, std::string> environment_ = {{"HOME", "/home/ann"}};
};

TEST_F(Settings, NothingSaidMeansTheDefaultPorts) {
  const ServiceSettings settings = Good({});
  EXPECT_EQ(settings.service, "contact");
  EXPECT_EQ(settings.listen, "127.0.0.1:7401");
  EXPECT_EQ(settings.lead, "127.0.0.1:7400");
  EXPECT_EQ(settings.qualification, "127.0.0.1:7404");
  EXPECT_EQ(settings.redis.ToString(), "127.0.0.1:7409");
  EXPECT_EQ(settings.data_dir, "/home/ann/.local/share/quartet/contact");
  EXPECT_EQ(settings.partitions, 4);
  EXPECT_EQ(settings.workers, 32);
}

TEST_F(Settings, ADatabaseIsTheServicesOwn) {
  EXPECT_EQ(Good({}).database, "");
  EXPECT_EQ(Good({"--database", "postgresql://crm@db1,db2/quartet_{service}?sslmode=require"}).database,
            "postgresql://crm@db1,db2/quartet_contact?sslmode=require");
  environment_["QUARTET_DATABASE"] = "host=db dbname={service}";
  EXPECT_EQ(Good({}).database, "host=db dbname=contact");
  const auto all = ParseAll({});
  ASSERT_TRUE(all.ok());
  EXPECT_EQ(all->services.at(4).database, "host=db dbname=qualification");
}

TEST_F(Settings, WithADatabaseNoDataDirectoryIsNeeded) {
  environment_.clear();
  EXPECT_THAT(Mistakes(Parse({})), ElementsAre("--data-dir"));
  EXPECT_EQ(Good({"--database", "dbname=contact"}).data_dir, "");
}

TEST_F(Settings, ADatabaseThatCannotBeIsNamedWithoutItsPassword) {
  for (const char* target : {"postgresql://crm:hunter2@[x/db", "host=db password=hunter2 nonsense=1 dbname=x",
                             "postgresql://crm:hunter2@secret@db/crm", "host=db password=hunter2"}) {
    const auto parsed = Parse({"--database", target, "--workers", "0"});
    EXPECT_THAT(Mistakes(parsed), UnorderedElementsAre("--database", "--workers")) << target;
    ASSERT_FALSE(parsed.ok());
    EXPECT_THAT(ToString(parsed.error()), ::testing::Not(HasSubstr("hunter2")));
  }
}

TEST_F(Settings, FiveServicesNeedFiveDatabases) {
  EXPECT_THAT(Mistakes(ParseAll({"--database", "dbname=crm"})), ElementsAre("--database"));
}

TEST_F(Settings, TheBasePortMovesAllDefaultAddresses) {
  const ServiceSettings settings = Good({"--base-port", "8400", "--account", "accounts:90"});
  EXPECT_EQ(settings.listen, "127.0.0.1:8401");
  EXPECT_EQ(settings.redis.ToString(), "127.0.0.1:8409");
  EXPECT_EQ(settings.account, "accounts:90");
  EXPECT_EQ(settings.AddressOf("opportunity"), "127.0.0.1:8403");
  EXPECT_EQ(settings.AddressOf("invoice"), "");
}

TEST_F(Settings, AFlagWinsOverItsTwin) {
  environment_["QUARTET_WORKERS"] = "8";
  environment_["QUARTET_QUEUE_MAX"] = "99";
  environment_["QUARTET_LOG_LEVEL"] = "";
  const ServiceSettings settings = Good({"--workers=16"});
  EXPECT_EQ(settings.workers, 16);
  EXPECT_EQ(settings.queue_max, 99);
  EXPECT_EQ(settings.log_level, "info");
}

TEST_F(Settings, ACallerMayHaveHalfOfWhatMayBePendingUnlessTold) {
  EXPECT_EQ(Good({}).pending_max, 10'000);
  EXPECT_EQ(Good({}).pending_per_caller_max, 5'000);
  EXPECT_EQ(Good({"--pending-max", "50"}).pending_per_caller_max, 25);
  EXPECT_EQ(Good({"--pending-max", "1"}).pending_per_caller_max, 1);
  EXPECT_EQ(Good({"--pending-max", "50", "--pending-per-caller-max", "40"}).pending_per_caller_max, 40);
  EXPECT_THAT(Mistakes(Parse({"--pending-max", "0", "--pending-per-caller-max", "0"})),
              UnorderedElementsAre("--pending-max", "--pending-per-caller-max"));
}

TEST_F(Settings, QualificationsAreKeptForThreeMonthsUnlessTold) {
  EXPECT_EQ(Good({}).qualification_retention_days, 90);
  environment_["QUARTET_QUALIFICATION_RETENTION"] = "0";
  EXPECT_EQ(Good({}).qualification_retention_days, 0);
  EXPECT_THAT(Mistakes(Parse({"--qualification-retention", "-1"})), ElementsAre("--qualification-retention"));
}

TEST_F(Settings, ThePipelineOfOpportunitiesCanBeChosen) {
  EXPECT_EQ(Good({"--pipeline", "TALK=20,SIGN=90"}).pipeline, "TALK=20,SIGN=90");
  environment_["QUARTET_PIPELINE"] = "TALK=30";
  EXPECT_EQ(Good({}).pipeline, "TALK=30");
}

TEST_F(Settings, DataGoWhereXdgSays) {
  environment_["XDG_DATA_HOME"] = "/srv/data";
  EXPECT_EQ(Good({}).data_dir, "/srv/data/quartet/contact");
  EXPECT_EQ(Good({"--data-dir", "here"}).data_dir, "here");
}

TEST_F(Settings, ReplicasOfAServiceCanBeListedByNumber) {
  EXPECT_EQ(Good({"--lead", "10.0.0.1:7400,10.0.0.2:7400"}).lead, "10.0.0.1:7400,10.0.0.2:7400");
  EXPECT_EQ(Good({"--lead", "[::1]:7400,[::2]:7400"}).lead, "[::1]:7400,[::2]:7400");
  for (const char* wrong : {"10.0.0.1:7400,lead-1:7400", "10.0.0.1:7400,[::2]:7400", "10.0.0.1:7400,",
                            "10.0.0.1:1,10.0.0.2", "10.0.0.1:7400,10.0.0.2:0", ",10.0.0.1:7400"}) {
    EXPECT_THAT(Mistakes(Parse({"--lead", wrong})), UnorderedElementsAre("--lead")) << wrong;
  }
}

TEST_F(Settings, AllMistakesAreNamedAtOnce) {
  environment_["QUARTET_PARTITIONS"] = "0";
  environment_["QUARTET_ALLOW_INSECURE_LISTEN"] = "perhaps";
  environment_.erase("HOME");
  const auto parsed = Parse({"--listen", "here", "--redis", "localhost:0", "--workers", "many", "--log-level", "loud",
                             "--lead", "a:b", "--colour", "--base-port", "65530"});
  EXPECT_THAT(Mistakes(parsed),
              UnorderedElementsAre("QUARTET_PARTITIONS", "QUARTET_ALLOW_INSECURE_LISTEN", "--data-dir", "--listen",
                                   "--redis", "--workers", "--log-level", "--lead", "--colour", "--base-port"));
}

TEST_F(Settings, RedisIsNamedInOneNotationWithItsSecretsInTheEnvironment) {
  environment_["QUARTET_REDIS_PASSWORD"] = "secret";
  environment_["QUARTET_REDIS_SENTINEL_PASSWORD"] = "other";
  const RedisAddress redis =
      Good({"--redis", "sentinels://ann:former@a:1,b:2/main", "--redis-ca-file", "ca.pem"}).redis;
  EXPECT_EQ(redis.ToString(), "sentinels://a:1,b:2/main");
  EXPECT_EQ(redis.user, "ann");
  EXPECT_EQ(redis.password, "secret");
  EXPECT_EQ(redis.sentinel_password, "other");
  EXPECT_EQ(redis.ca_file, "ca.pem");
}

TEST_F(Settings, WhatIsSaidOfRedisMustFitTogether) {
  EXPECT_THAT(Mistakes(Parse({"--redis", "cluster://ann@a:1"})), ElementsAre("--redis")) << "no password";
  EXPECT_THAT(Mistakes(Parse({"--redis", "a:1", "--redis-ca-file", "ca.pem"})), ElementsAre("--redis"));
  EXPECT_THAT(Mistakes(Parse({"--redis", "rediss://a:1", "--redis-key-file", "key.pem"})),
              ElementsAre("--redis-cert-file"));
}

TEST_F(Settings, AFlagWithoutItsValueIsAMistake) {
  EXPECT_THAT(Mistakes(Parse({"--listen"})), ElementsAre("command line"));
}

TEST_F(Settings, ANonLoopbackListenerMustBeAllowedInSoManyWords) {
  for (const char* listen : {"0.0.0.0:7400", "[::]:7400", "10.1.2.3:7400", "crm.example.com:7400"}) {
    EXPECT_THAT(Mistakes(Parse({"--listen", listen})), ElementsAre("--listen")) << listen;
    EXPECT_EQ(Good({"--listen", listen, "--allow-insecure-listen"}).listen, listen);
  }
  for (const char* listen : {"localhost:0", "127.8.9.1:7400", "[::1]:7400"}) {
    EXPECT_EQ(Good({"--listen", listen}).listen, listen);
  }
  environment_["QUARTET_ALLOW_INSECURE_LISTEN"] = "true";
  EXPECT_TRUE(Good({"--listen", "0.0.0.0:7400"}).allow_insecure_listen);
}

TEST_F(Settings, HelpBeginsWithExamplesAndRunsNothing) {
  const auto parsed = Parse({"--help"});
  ASSERT_TRUE(parsed.ok());
  EXPECT_THAT(parsed->help, StartsWith("Examples:"));
  EXPECT_THAT(parsed->help, HasSubstr("QUARTET_DATA_DIR"));
  EXPECT_THAT(parsed->services, IsEmpty());
}

TEST_F(Settings, OneParseGivesAllFive) {
  const auto parsed = ParseAll({"--base-port", "9000", "--data-dir", "/data"});
  ASSERT_TRUE(parsed.ok()) << ToString(parsed.error());
  ASSERT_THAT(parsed->services, SizeIs(5));
  for (std::size_t i = 0; i < kServices.size(); ++i) {
    const ServiceSettings& settings = parsed->services[i];
    EXPECT_EQ(settings.service, kServices[i]);
    EXPECT_EQ(settings.listen, "127.0.0.1:" + std::to_string(9000 + i));
    EXPECT_EQ(settings.data_dir, "/data/" + std::string(kServices[i]));
    EXPECT_EQ(settings.qualification, "127.0.0.1:9004");
  }
}

TEST_F(Settings, AllOnEveryInterfaceFindEachOtherOnLoopback) {
  EXPECT_THAT(Mistakes(ParseAll({"--listen", "0.0.0.0"})), ElementsAre("--listen"));
  EXPECT_THAT(Mistakes(ParseAll({"--listen", "127.0.0.1:7400"})), ElementsAre("--listen"));
  const auto four = ParseAll({"--listen", "0.0.0.0", "--allow-insecure-listen"});
  ASSERT_TRUE(four.ok());
  EXPECT_EQ(four->services[1].listen, "0.0.0.0:7401");
  EXPECT_EQ(four->services[1].lead, "127.0.0.1:7400");
  const auto six = ParseAll({"--listen", "::", "--allow-insecure-listen"});
  ASSERT_TRUE(six.ok());
  EXPECT_EQ(six->services[0].listen, "[::]:7400");
  EXPECT_EQ(six->services[0].contact, "[::1]:7401");
}

TEST(Address, OnlyHostColonPortIsOne) {
  for (const char* text : {"", "7400", ":7400", "host:", "host:x", "host:65536", "host:-1", "::1:7400", "a b:1",
                           "http://host:80", "[]:1"}) {
    EXPECT_FALSE(ParseAddress(text).has_value()) << text;
  }
  const auto address = ParseAddress("[fe80::1]:65535");
  ASSERT_TRUE(address.has_value());
  EXPECT_EQ(address->host, "fe80::1");
  EXPECT_EQ(FormatAddress(address->host, address->port), "[fe80::1]:65535");
}

}  // namespace
}  // namespace quartet::config
