// The whole protocol under everything that can happen to it: many histories,
// each made by one seed, with the real machine, participants, record stores and
// databases. After each step what readers see is compared with the decisions.
#include <cstdlib>
#include <filesystem>

#include <gtest/gtest.h>

#include "common/telemetry/log.h"
#include "tests/simulation/world.h"

namespace quartet::test {
namespace {

// The simulation's crashes are those of processes, not of machines: memory is as
// good as a disk, and quicker.
void UseMemory() {
  const char* const memory = "/dev/shm";
  if (std::filesystem::is_directory(memory)) ::setenv("TMPDIR", memory, 0);
}

class QualificationSimulation : public ::testing::TestWithParam<unsigned> {};

TEST_P(QualificationSimulation, StaysWholeAndComesToRest) {
  UseMemory();
  telemetry::SetLogLevel(telemetry::Level::kError);
  World world(GetParam());
  for (int step = 0; step < 700; ++step) {
    world.Step();
    if (step % 4 == 0) world.CheckInvariants();
    ASSERT_FALSE(HasFailure()) << "seed " << GetParam() << ", step " << step << ":\n" << world.Trace();
  }
  EXPECT_TRUE(world.ComeToRest()) << "seed " << GetParam() << "\n" << world.Trace();
  world.CheckInvariants();
  world.CheckRest();
  ASSERT_FALSE(HasFailure()) << "seed " << GetParam() << ":\n" << world.Trace();
  EXPECT_GT(world.committed(), 0);
  RecordProperty("committed", world.committed());
  RecordProperty("gave_way", world.gave_way());
}

// QUARTET_SIMULATION_SEEDS: how many histories; more than these find more.
unsigned Histories() {
  const char* const told = std::getenv("QUARTET_SIMULATION_SEEDS");
  return told == nullptr ? 16 : static_cast<unsigned>(std::strtoul(told, nullptr, 10));
}

INSTANTIATE_TEST_SUITE_P(Seeds, QualificationSimulation, ::testing::Range(1u, 1 + Histories()));

}  // namespace
}  // namespace quartet::test
