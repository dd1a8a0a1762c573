// What the orchestrator's database says about who may begin.
#include <memory>
#include <string>

#include <gmock/gmock.h>

#include "common/resource/resource_name.h"
#include "services/qualification/pending/admission.h"
#include "tests/simulation/orchestrator_node.h"
#include "tests/support/database_backend.h"

namespace quartet::test {
namespace {

using qualification::Admission;

class AdmissionSurvey : public EveryDatabase {
 protected:
  std::string Begin(const std::string& request_id = "") {
    return orchestrator_.Begin("leads/" + ids_.NewUuid(), {}, request_id);
  }
  std::int64_t Survey() {
    EXPECT_TRUE(qualification::Survey(admission_, orchestrator_.database(), repository_).ok());
    return admission_.pending();
  }

  ManualClock clock_;
  UuidV7Source ids_{clock_, 1};
  const std::unique_ptr<DatabaseBackend> backend_ = GetParam().make();
  OrchestratorNode orchestrator_{*backend_, clock_, ids_};
  const qualification::QualificationRepository repository_{};
  Admission admission_{{.pending_max = 3, .pending_per_caller_max = 3}};
};

QUARTET_INSTANTIATE_FOR_EVERY_DATABASE(AdmissionSurvey);

TEST_P(AdmissionSurvey, WhatWasBegunBeforeARestartCounts) {
  for (int i = 0; i < 3; ++i) Begin();
  orchestrator_.Restart();
  EXPECT_EQ(Survey(), 3);
  EXPECT_FALSE(admission_.Enter("ann").ok());
}

TEST_P(AdmissionSurvey, WhatIsDecidedCountsUntilAllHaveAcknowledged) {
  const std::string id = Begin();
  ASSERT_TRUE(orchestrator_.coordinator().Cancel(id).ok());
  EXPECT_EQ(Survey(), 1);
}

TEST_P(AdmissionSurvey, ACallersPlaceIsFreeWhenWhatItBeganIsDecidedSomewhere) {
  const std::string id = Begin();
  const std::string other = Begin();
  for (const std::string& begun : {id, other}) {
    ASSERT_TRUE(admission_.Enter("ann").ok());
    admission_.Began("ann", begun, /*decided=*/false);
  }
  ASSERT_TRUE(orchestrator_.coordinator().Cancel(id).ok());
  Survey();
  Survey();
  // The suite's limit is higher now, the caller's is not.
  admission_.BeginSurvey();
  admission_.EndSurvey(0, nullptr);
  EXPECT_TRUE(admission_.Enter("ann").ok());
  EXPECT_TRUE(admission_.Enter("ann").ok());
  EXPECT_FALSE(admission_.Enter("ann").ok());
}

TEST_P(AdmissionSurvey, ManyMoreThanTheLimitAreCountedUpToTwiceOfIt) {
  for (int i = 0; i < 10; ++i) Begin();
  EXPECT_EQ(Survey(), 6);
}

TEST_P(AdmissionSurvey, WhatARequestBeganIsFoundWithoutBeginningAnything) {
  const std::string lead = "leads/" + ids_.NewUuid();
  const std::string request = ids_.NewUuid();
  const auto& coordinator = orchestrator_.coordinator();
  const auto before = coordinator.FindQualify(lead, {}, request);
  ASSERT_TRUE(before.ok());
  EXPECT_FALSE(before->has_value());
  const std::string id = orchestrator_.Begin(lead, {}, request);
  const auto found = coordinator.FindQualify(lead, {}, request);
  ASSERT_TRUE(found.ok() && found->has_value());
  EXPECT_EQ((*found)->name(), resource::NameOf("qualifications", id));
  const auto other = coordinator.FindQualify("leads/" + ids_.NewUuid(), {}, request);
  ASSERT_FALSE(other.ok());
  EXPECT_EQ(other.error().reason, "REQUEST_ID_REUSED");
  const auto revert = coordinator.FindRevert(id, request);
  ASSERT_FALSE(revert.ok());
  EXPECT_EQ(revert.error().reason, "REQUEST_ID_REUSED");
  EXPECT_EQ(orchestrator_.Rows().size(), 1u);
}

}  // namespace
}  // namespace quartet::test
