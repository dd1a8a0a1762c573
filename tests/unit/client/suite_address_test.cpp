#include "services/quartet/connection/suite_address.h"

#include <filesystem>
#include <fstream>
#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/temp_directory.h"

namespace quartet::cli {
namespace {

using ::testing::HasSubstr;

class CliSuiteAddress : public ::testing::Test {
 protected:
  Result<SuiteAddress> Find(std::optional<int> flag = std::nullopt) {
    return FindSuite(std::nullopt, flag, [this](const char* name) -> std::optional<std::string> {
      const auto found = variables_.find(name);
      if (found == variables_.end()) return std::nullopt;
      return found->second;
    });
  }

  void WriteState(const std::string& text) {
    std::filesystem::create_directories(directory_.path() / "quartet");
    std::ofstream(directory_.path() / "quartet/suite") << text;
    variables_["XDG_STATE_HOME"] = directory_.path().string();
  }

  test::TempDirectory directory_;
  std::map<std::string, std::string> variables_;
};

TEST_F(CliSuiteAddress, IsTheDefaultWhereNothingIsKnown) {
  const auto suite = Find();
  ASSERT_TRUE(suite.ok());
  EXPECT_EQ(suite->Of(Service::kLead), "127.0.0.1:7400");
  EXPECT_EQ(suite->Of(Service::kContact), "127.0.0.1:7401");
  EXPECT_EQ(suite->Of(Service::kAccount), "127.0.0.1:7402");
  EXPECT_EQ(suite->Of(Service::kOpportunity), "127.0.0.1:7403");
  EXPECT_EQ(suite->Of(Service::kQualification), "127.0.0.1:7404");
  EXPECT_EQ(suite->redis, "127.0.0.1:7409");
}

TEST_F(CliSuiteAddress, FlagBeatsEnvironmentBeatsStateFile) {
  WriteState("data=/somewhere\nbase_port=7700\n");
  EXPECT_EQ(Find()->base_port, 7700);
  EXPECT_THAT(Find()->origin, HasSubstr("/quartet/suite"));
  variables_["QUARTET_BASE_PORT"] = "7600";
  EXPECT_EQ(Find()->base_port, 7600);
  EXPECT_EQ(Find(7500)->base_port, 7500);
  EXPECT_EQ(Find(7500)->origin, "--base-port");
}

TEST_F(CliSuiteAddress, TheStateFileTellsTheRedisOfItsOwnSuiteOnly) {
  WriteState("base_port=7700\nredis=cluster://a:1,b:2\n");
  EXPECT_EQ(Find()->redis, "cluster://a:1,b:2");
  EXPECT_EQ(Find(7500)->redis, "127.0.0.1:7509");
  variables_["QUARTET_REDIS"] = "sentinel://c:3/crm";
  EXPECT_EQ(Find()->redis, "sentinel://c:3/crm");
  EXPECT_EQ(Find(7500)->redis, "sentinel://c:3/crm");
}

TEST_F(CliSuiteAddress, TheStateFileIsFoundBelowHomeToo) {
  std::filesystem::create_directories(directory_.path() / ".local/state/quartet");
  std::ofstream(directory_.path() / ".local/state/quartet/suite") << "base_port=7800\n";
  variables_["HOME"] = directory_.path().string();
  EXPECT_EQ(Find()->base_port, 7800);
}

TEST_F(CliSuiteAddress, NonsenseIsRefusedWithItsOrigin) {
  for (const char* text : {"", "no", "0", "65535", "7400x"}) {
    variables_["QUARTET_BASE_PORT"] = text;
    const auto suite = Find();
    ASSERT_FALSE(suite.ok()) << text;
    EXPECT_EQ(suite.error().violations[0].field, "QUARTET_BASE_PORT");
  }
}

TEST_F(CliSuiteAddress, IPv6AddressesGetBrackets) {
  variables_["QUARTET_HOST"] = "::1";
  EXPECT_EQ(Find()->Of(Service::kLead), "[::1]:7400");
}

}  // namespace
}  // namespace quartet::cli
