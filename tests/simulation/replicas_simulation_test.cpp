// The orchestrator's replicas and what each keeps in memory: rows, unwritten ones, replies. Many histories,
// each made by one seed, with the real coordinators over one database.
#include <cstdlib>
#include <filesystem>
#include <string>
#include <tuple>
#include <vector>

#include <gtest/gtest.h>

#include "common/telemetry/log.h"
#include "tests/simulation/replicas_world.h"
#include "tests/support/database_backend.h"

namespace quartet::test {
namespace {

class ReplicasSimulation : public ::testing::TestWithParam<std::tuple<DatabaseBackendFactory, unsigned>> {};

TEST_P(ReplicasSimulation, EveryRowIsFinishedWhoeverHasWhatInMemory) {
  // The crashes are those of processes, not of machines: memory is as good as a disk, and quicker.
  if (std::filesystem::is_directory("/dev/shm")) ::setenv("TMPDIR", "/dev/shm", 0);
  telemetry::SetLogLevel(telemetry::Level::kError);
  const auto& [backend, seed] = GetParam();
  ReplicasWorld world(backend, seed);
  for (int step = 0; step < 250; ++step) world.Step();
  EXPECT_TRUE(world.ComeToRest()) << "it never comes to rest";
  world.CheckRest();
  ASSERT_FALSE(HasFailure()) << "seed " << seed << ":\n" << world.Trace();
  RecordProperty("committed", world.committed());
}

// QUARTET_REPLICAS_SEEDS: how many histories over SQLite, and a sixteenth of them over PostgreSQL, where each
// takes longer; QUARTET_REPLICAS_FIRST: the first of them.
std::vector<std::tuple<DatabaseBackendFactory, unsigned>> Histories() {
  const auto number = [](const char* name, unsigned otherwise) {
    const char* const told = std::getenv(name);
    return told == nullptr ? otherwise : static_cast<unsigned>(std::strtoul(told, nullptr, 10));
  };
  const unsigned seeds = number("QUARTET_REPLICAS_SEEDS", 192);
  const unsigned first = number("QUARTET_REPLICAS_FIRST", 1);
  std::vector<std::tuple<DatabaseBackendFactory, unsigned>> histories;
  for (const DatabaseBackendFactory& backend : EveryDatabaseBackend()) {
    const unsigned count = backend.name == "Postgres" ? (seeds + 15) / 16 : seeds;
    for (unsigned seed = first; seed < first + count; ++seed) histories.emplace_back(backend, seed);
  }
  return histories;
}

INSTANTIATE_TEST_SUITE_P(Seeds, ReplicasSimulation, ::testing::ValuesIn(Histories()), [](const auto& test) {
  return std::get<0>(test.param).name + "_" + std::to_string(std::get<1>(test.param));
});

}  // namespace
}  // namespace quartet::test
