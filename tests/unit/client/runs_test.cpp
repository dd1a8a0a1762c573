#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/limits.h"
#include "common/rpc/error_mapping.h"
#include "services/lead/lead_rules.h"
#include "services/quartet/import/run.h"
#include "services/quartet/qualify/run.h"
#include "services/quartet/shell/interrupt.h"

#include "google/rpc/status.pb.h"

namespace quartet::cli {
namespace {

using lead::v1::ImportLeadsResponse;
using lead::v1::ImportLeadsResult;
using qualification::v1::BatchQualifyLeadsRequest;
using qualification::v1::BatchQualifyLeadsResponse;
using qualification::v1::Qualification;
using qualification::v1::RecordOutcome;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

// A lead service that refuses addresses without '@', and knows duplicates by their first address.
class Importing : public ::testing::Test {
 protected:
  Result<ImportLeadsResponse> Import(std::span<const lead::v1::Lead> leads) {
    batches_.push_back(leads.size());
    if (fails_from_batch_ != 0 && batches_.size() >= fails_from_batch_) return Unavailable("GONE", "gone");
    ImportLeadsResponse response;
    for (const auto& lead : leads) {
      auto& result = *response.add_results();
      const auto& address = lead.emails(0).address();
      if (address.find('@') == std::string::npos) {
        result.set_outcome(ImportLeadsResult::OUTCOME_REJECTED);
        *result.mutable_status() = rpc::ToRpcStatus(InvalidArgument({{"emails[0].address", "no @"}}));
      } else {
        result.set_outcome(known_.insert(address).second ? ImportLeadsResult::OUTCOME_CREATED
                                                         : ImportLeadsResult::OUTCOME_SKIPPED);
      }
    }
    return response;
  }

  Status Run(const std::vector<CsvRow>& rows) {
    const std::vector<std::string> header = {"Company", "Email", "Value", "Currency"};
    ImportRun run([this](const auto&, auto leads) { return Import(leads); }, quartet::lead::CheckLead, interrupt_,
                  *RecognizeColumns(header, {}), {}, options_);
    auto status = run.Run(rows, {.on_rejected = [this](const RejectedRow& row) { rejected_.push_back(row); },
                                 .on_progress = [](std::size_t) {}});
    totals_ = run.totals();
    return status;
  }

  static std::vector<CsvRow> Good(std::size_t count) {
    std::vector<CsvRow> rows;
    for (std::size_t i = 0; i < count; ++i) {
      rows.push_back({.line = i + 2, .cells = {"Acme", "p" + std::to_string(i) + "@acme.example", "", ""}});
    }
    return rows;
  }

  Interrupt interrupt_;
  lead::v1::ImportOptions options_;
  std::vector<std::size_t> batches_;
  std::size_t fails_from_batch_ = 0;
  std::set<std::string> known_;
  std::vector<RejectedRow> rejected_;
  ImportRun::Totals totals_;
};

TEST_F(Importing, CountsEveryRowOnce) {
  auto rows = Good(3);
  rows.push_back(rows[0]);
  rows.push_back({.line = 9, .cells = {"Acme", "nobody", "", ""}});
  ASSERT_TRUE(Run(rows).ok());
  EXPECT_EQ(totals_.rows, 5U);
  EXPECT_EQ(totals_.created, 3U);
  EXPECT_EQ(totals_.skipped, 1U);
  EXPECT_EQ(totals_.rejected, 1U);
  ASSERT_THAT(rejected_, SizeIs(1));
  EXPECT_EQ(rejected_[0].row->line, 9U);
  EXPECT_THAT(rejected_[0].reasons, ElementsAre("Email: no @"));
}

TEST_F(Importing, ARowThatCannotBeReadGetsTheReasonsOfTheRulesToo) {
  ASSERT_TRUE(Run({{.line = 2, .cells = {"Acme", "nobody", "lots", "EUR"}}}).ok());
  EXPECT_THAT(batches_, SizeIs(0));
  ASSERT_THAT(rejected_, SizeIs(1));
  ASSERT_THAT(rejected_[0].reasons, SizeIs(2));
  EXPECT_THAT(rejected_[0].reasons[0], HasSubstr("Value: \"lots\""));
  EXPECT_THAT(rejected_[0].reasons[1], HasSubstr("Email: "));
}

TEST_F(Importing, RejectedRowsComeInTheOrderOfTheFile) {
  const std::vector<CsvRow> rows = {{.line = 2, .cells = {"Acme", "nobody", "", ""}},
                                    {.line = 3, .cells = {"Acme", "a@b.example", "lots", ""}}};
  ASSERT_TRUE(Run(rows).ok());
  ASSERT_THAT(rejected_, SizeIs(2));
  EXPECT_EQ(rejected_[0].row->line, 2U);
}

TEST_F(Importing, SendsBatchesAndSaysWhatIsLeftWhenOneFails) {
  fails_from_batch_ = 3;
  EXPECT_FALSE(Run(Good(1200)).ok());
  EXPECT_THAT(batches_, ElementsAre(500, 500, 200));
  EXPECT_EQ(totals_.created, 1000U);
  EXPECT_EQ(totals_.left, 200U);
  EXPECT_EQ(totals_.first_line_left, 1002U);
}

TEST_F(Importing, ABatchHasALimitOfBytes) {
  // As large as a lead may be, nearly: 64 times that is a quarter of what the service takes in one stream.
  std::vector<CsvRow> rows = Good(100);
  for (auto& row : rows) row.cells[0] = std::string(limits::kRecordBytesMax - 8'000, 'x');
  ASSERT_TRUE(Run(rows).ok());
  ASSERT_GT(batches_.size(), 2U);
  std::size_t sent = 0;
  for (const std::size_t batch : batches_) {
    EXPECT_LE(batch * limits::kRecordBytesMax, limits::kImportBytesMax);
    sent += batch;
  }
  EXPECT_EQ(sent, 100U);
}

TEST_F(Importing, ARowThatNoServiceWouldTakeIsNotSent) {
  auto rows = Good(2);
  rows[0].cells[0] = std::string(limits::kRecordBytesMax, 'x');
  ASSERT_TRUE(Run(rows).ok());
  EXPECT_THAT(batches_, ElementsAre(1));
  ASSERT_THAT(rejected_, SizeIs(1));
  EXPECT_THAT(rejected_[0].reasons.back(), HasSubstr("bytes in all"));
}

TEST_F(Importing, ADryRunLooksForDuplicatesInOneBatch) {
  options_.set_validate_only(true);
  ASSERT_TRUE(Run(Good(1200)).ok());
  EXPECT_THAT(batches_, ElementsAre(1200));
}

// A qualification service that gives each lead the answers queued for it, then commits.
class Qualifying : public ::testing::Test {
 protected:
  Result<BatchQualifyLeadsResponse> Qualify(const BatchQualifyLeadsRequest& request) {
    if (unknown_batches_ > 0) {
      --unknown_batches_;
      for (const auto& one : request.requests()) ids_[one.lead()].push_back(one.request_id());
      return Unavailable("GONE", "gone", std::chrono::milliseconds(1));
    }
    BatchQualifyLeadsResponse response;
    for (const auto& one : request.requests()) {
      ids_[one.lead()].push_back(one.request_id());
      auto& result = *response.add_results();
      auto& answers = answers_[one.lead()];
      if (!answers.empty()) {
        *result.mutable_status() = rpc::ToRpcStatus(answers.front());
        answers.erase(answers.begin());
        continue;
      }
      auto& qualification = *result.mutable_qualification();
      qualification.set_state(Qualification::COMMITTED);
      qualification.set_lead(one.lead());
      qualification.mutable_contact()->set_kind(RecordOutcome::OPENED);
      qualification.mutable_account()->set_kind(RecordOutcome::ATTACHED);
      qualification.add_opportunities()->set_kind(RecordOutcome::OPENED);
    }
    return response;
  }

  Status Run(const std::vector<std::string>& leads) {
    QualifyRun run([this](const auto& request) { return Qualify(request); },
                   [this](auto pause) {
                     waited_ += pause;
                     return !stopped_;
                   },
                   "run", {});
    auto status = run.Run(
        leads, {.on_qualified = [](const Qualification&) {},
                .on_failed = [this](const std::string& lead, const Error& error) { failures_[lead] = error.reason; },
                .on_progress = [](std::size_t) {}});
    totals_ = run.totals();
    return status;
  }

  std::chrono::milliseconds waited_{0};
  bool stopped_ = false;
  int unknown_batches_ = 0;
  std::map<std::string, std::vector<Error>> answers_;
  std::map<std::string, std::vector<std::string>> ids_;
  std::map<std::string, std::string> failures_;
  QualifyRun::Totals totals_;
};

TEST_F(Qualifying, CountsWhatWasOpenedAndAttached) {
  ASSERT_TRUE(Run({"leads/a", "leads/b"}).ok());
  EXPECT_EQ(totals_.qualified, 2U);
  EXPECT_EQ(totals_.contacts_opened, 2U);
  EXPECT_EQ(totals_.accounts_attached, 2U);
  EXPECT_EQ(totals_.opportunities_opened, 2U);
  EXPECT_EQ(totals_.left, 0U);
}

TEST_F(Qualifying, AQualifiedLeadIsNoFailure) {
  answers_["leads/a"] = {FailedPrecondition("LEAD_ALREADY_QUALIFIED", "it is")};
  ASSERT_TRUE(Run({"leads/a"}).ok());
  EXPECT_EQ(totals_.already, 1U);
  EXPECT_EQ(totals_.failed, 0U);
}

TEST_F(Qualifying, ARefusalIsReportedAndHarmsNoOther) {
  answers_["leads/a"] = {FailedPrecondition("DUPLICATE_FOUND", "there is one")};
  ASSERT_TRUE(Run({"leads/a", "leads/b"}).ok());
  EXPECT_EQ(failures_, (std::map<std::string, std::string>{{"leads/a", "DUPLICATE_FOUND"}}));
  EXPECT_EQ(totals_.qualified, 1U);
}

TEST_F(Qualifying, AfterAnUnknownOutcomeTheSameRequestIsSentAgain) {
  unknown_batches_ = 2;
  ASSERT_TRUE(Run({"leads/a"}).ok());
  EXPECT_EQ(totals_.qualified, 1U);
  EXPECT_THAT(ids_["leads/a"], SizeIs(3));
  EXPECT_THAT(std::set<std::string>(ids_["leads/a"].begin(), ids_["leads/a"].end()), SizeIs(1));
}

TEST_F(Qualifying, AfterADecidedRefusalThatPassesAnotherRequestIsSent) {
  answers_["leads/a"] = {Aborted("LEAD_BEING_QUALIFIED", "held", std::chrono::milliseconds(1))};
  ASSERT_TRUE(Run({"leads/a"}).ok());
  EXPECT_EQ(totals_.qualified, 1U);
  ASSERT_THAT(ids_["leads/a"], SizeIs(2));
  EXPECT_NE(ids_["leads/a"][0], ids_["leads/a"][1]);
}

TEST_F(Qualifying, TwoLeadsOfOneRunHaveDifferentRequests) {
  ASSERT_TRUE(Run({"leads/a", "leads/b"}).ok());
  EXPECT_NE(ids_["leads/a"][0], ids_["leads/b"][0]);
}

TEST_F(Qualifying, AServiceThatStaysAwayEndsTheRunWithWhatIsKnown) {
  unknown_batches_ = 100;
  EXPECT_FALSE(Run({"leads/a"}).ok());
  EXPECT_EQ(totals_.left, 1U);
  EXPECT_GT(waited_, std::chrono::seconds(5));
}

TEST_F(Qualifying, ARunThatIsStoppedSendsNothingMore) {
  stopped_ = true;
  EXPECT_TRUE(Run({"leads/a"}).ok());
  EXPECT_EQ(totals_.left, 1U);
  EXPECT_TRUE(ids_.empty());
}

}  // namespace
}  // namespace quartet::cli
