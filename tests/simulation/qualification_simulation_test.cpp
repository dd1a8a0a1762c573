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

// QUARTET_SIMULATION_SEEDS: how many histories over SQLite, and an eighth of them
// over PostgreSQL, where each takes longer; more than these find more.
std::vector<History> Histories() {
  const char* const told = std::getenv("QUARTET_SIMULATION_SEEDS");
  const unsigned seeds = told == nullptr ? 16 : static_cast<unsigned>(std::strtoul(told, nullptr, 10));
  std::vector<History> histories;
  for (const DatabaseBackendFactory& backend : EveryDatabaseBackend()) {
    const unsigned last = backend.name == "Postgres" ? (seeds + 7) / 8 : seeds;
    for (unsigned seed = 1; seed <= last; ++seed) histories.emplace_back(backend, seed);
  }
  return histories;
}

INSTANTIATE_TEST_SUITE_P(Seeds, QualificationSimulation, ::testing::ValuesIn(Histories()), [](const auto& test) {
  return std::get<0>(test.param).name + "_" + std::to_string(std::get<1>(test.param));
});

}  // namespace
}  // namespace quartet::test
