// The whole protocol under everything that can happen to it: many histories,
// each made by one seed, with the real machine, participants, record stores and
// databases. After each step what readers see is compared with the decisions.
#include <cstdlib>
#include <filesystem>
#include <string>
#include <tuple>
#include <vector>

#include <gtest/gtest.h>

#include "common/telemetry/log.h"
#include "tests/simulation/world.h"
#include "tests/support/database_backend.h"

namespace quartet::test {
namespace {

// The simulation's crashes are those of processes, not of machines: memory is as
// good as a disk, and quicker.
void UseMemory() {
  const char* const memory = "/dev/shm";
  if (std::filesystem::is_directory(memory)) ::setenv("TMPDIR", memory, 0);
}

using History = std::tuple<DatabaseBackendFactory, unsigned>;

class QualificationSimulation : public ::testing::TestWithParam<History> {};

TEST_P(QualificationSimulation, StaysWholeAndComesToRest) {
  UseMemory();
  telemetry::SetLogLevel(telemetry::Level::kError);
  const auto& [backend, seed] = GetParam();
  World world(backend, seed);
  for (int step = 0; step < 700; ++step) {
    world.Step();
    if (step % 4 == 0) world.CheckInvariants();
    ASSERT_FALSE(HasFailure()) << "seed " << seed << ", step " << step << ":\n" << world.Trace();
  }
  EXPECT_TRUE(world.ComeToRest()) << "seed " << seed << "\n" << world.Trace();
  world.CheckInvariants();
  world.CheckRest();
  ASSERT_FALSE(HasFailure()) << "seed " << seed << ":\n" << world.Trace();
  EXPECT_GT(world.committed(), 0);
  RecordProperty("committed", world.committed());
  RecordProperty("gave_way", world.gave_way());
}

class RestoreSimulation : public ::testing::TestWithParam<History> {
 protected:
  // Runs a history in which a database is restored to an earlier moment, and brings it to rest as far as that goes.
  // Whether anything is torn apart then, which must have been found.
  static bool IsTorn(const DatabaseBackendFactory& backend, unsigned seed) {
    World world(backend, seed);
    const int kept = 50 + static_cast<int>(seed * 37 % 350);
    const int put_back = kept + 10 + static_cast<int>(seed * 101 % 240);
    for (int step = 0; step < 700; ++step) {
      if (step == kept) world.KeepOne();
      if (step == put_back) world.PutBackKept();
      world.Step();
    }
    world.ComeToRest();
    const std::vector<std::string> torn = world.Torn();
    const std::vector<cli::Finding> findings = world.Findings();
    EXPECT_TRUE(torn.empty() || !findings.empty())
        << "seed " << seed << ": " << torn.front() << ", and nothing is found:\n"
        << world.Trace();
    for (const cli::Finding& finding : findings) {
      if (finding.kind != cli::FindingKind::kDatabaseBehind) continue;
      EXPECT_EQ(finding.service, world.kept()) << "seed " << seed << ": " << finding.what << "\n" << world.Trace();
    }
    return !torn.empty();
  }
};

TEST_P(RestoreSimulation, WhatItTearsApartIsFound) {
  UseMemory();
  telemetry::SetLogLevel(telemetry::Level::kError);
  const auto& [backend, seed] = GetParam();
  RecordProperty("torn", IsTorn(backend, seed) ? 1 : 0);
}

// QUARTET_SIMULATION_SEEDS: how many histories over SQLite, and an eighth of them
// over PostgreSQL, where each takes longer; QUARTET_SIMULATION_FIRST: the first of
// them. More than these find more.
std::vector<History> Histories() {
  const auto number = [](const char* name, unsigned otherwise) {
    const char* const told = std::getenv(name);
    return told == nullptr ? otherwise : static_cast<unsigned>(std::strtoul(told, nullptr, 10));
  };
  const unsigned seeds = number("QUARTET_SIMULATION_SEEDS", 16);
  const unsigned first = number("QUARTET_SIMULATION_FIRST", 1);
  std::vector<History> histories;
  for (const DatabaseBackendFactory& backend : EveryDatabaseBackend()) {
    const unsigned count = backend.name == "Postgres" ? (seeds + 7) / 8 : seeds;
    for (unsigned seed = first; seed < first + count; ++seed) histories.emplace_back(backend, seed);
  }
  return histories;
}

std::string NameOf(const ::testing::TestParamInfo<History>& test) {
  return std::get<0>(test.param).name + "_" + std::to_string(std::get<1>(test.param));
}

INSTANTIATE_TEST_SUITE_P(Seeds, QualificationSimulation, ::testing::ValuesIn(Histories()), NameOf);
INSTANTIATE_TEST_SUITE_P(Seeds, RestoreSimulation, ::testing::ValuesIn(Histories()), NameOf);

}  // namespace
}  // namespace quartet::test
