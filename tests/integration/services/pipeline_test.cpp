// The pipeline's sums through the opportunity service as it runs, over both stores.
#include <array>
#include <limits>

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>

#include "common/base/limits.h"
#include "common/rpc/error_mapping.h"
#include "services/opportunity/service.h"
#include "tests/support/hosted_suite.h"

#include "quartet/opportunity/v1/service.grpc.pb.h"

namespace quartet::test {
namespace {

using opportunity::v1::Opportunity;
using opportunity::v1::Pipeline;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr std::array<app::NamedBind, 1> kServices = {{{"opportunity", opportunity::Bind}}};

class PipelineTest : public EveryDatabase {
 protected:
  Status Create(std::int64_t units, std::int32_t nanos, const std::string& currency) {
    opportunity::v1::CreateOpportunityRequest request;
    request.mutable_opportunity()->set_display_name("pumps");
    auto& amount = *request.mutable_opportunity()->mutable_amount();
    amount.set_units(units);
    amount.set_nanos(nanos);
    amount.set_currency_code(currency);
    grpc::ClientContext context;
    Opportunity created;
    const grpc::Status status = stub_->CreateOpportunity(&context, request, &created);
    return status.ok() ? Status() : Status(rpc::FromGrpcStatus(status));
  }
  // As it may lie there from the time when amounts had no limit.
  void SetStoredUnits(std::int64_t units, const std::string& currency) {
    const Status status = suite_.host("opportunity")
                              .outbox()
                              .Write([&](storage::Transaction& transaction, std::vector<events::Message>&) {
                                return transaction.Run("UPDATE opportunity SET amount_units = $1 WHERE currency = $2",
                                                       {units, std::string_view(currency)});
                              });
    ASSERT_TRUE(status.ok()) << ToString(status.error());
  }
  // The first stage.
  Pipeline::Bucket Bucket() {
    grpc::ClientContext context;
    Pipeline pipeline;
    const grpc::Status status = stub_->GetPipeline(&context, {}, &pipeline);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return pipeline.buckets_size() == 0 ? Pipeline::Bucket() : pipeline.buckets(0);
  }

  HostedSuite suite_{GetParam(), kServices};
  std::unique_ptr<opportunity::v1::OpportunityService::Stub> stub_ =
      opportunity::v1::OpportunityService::NewStub(suite_.ChannelTo("opportunity"));
};

QUARTET_INSTANTIATE_FOR_EVERY_DATABASE(PipelineTest);

TEST_P(PipelineTest, SumsAreExact) {
  ASSERT_TRUE(Create(limits::kMoneyUnitsMax, 0, "EUR").ok());
  ASSERT_TRUE(Create(limits::kMoneyUnitsMax - 1, 600'000'000, "EUR").ok());
  ASSERT_TRUE(Create(3'999'999'999, 700'000'000, "EUR").ok());
  ASSERT_TRUE(Create(0, 1, "USD").ok());

  const auto bucket = Bucket();
  ASSERT_EQ(bucket.amounts_size(), 2);
  EXPECT_EQ(bucket.amounts(0).units(), 2'003'999'999'999);
  EXPECT_EQ(bucket.amounts(0).nanos(), 300'000'000);
  EXPECT_EQ(bucket.amounts(1).nanos(), 1);
  EXPECT_EQ(bucket.count(), 4);
  EXPECT_THAT(bucket.currencies_beyond(), IsEmpty());
}

TEST_P(PipelineTest, AnAmountHasALimit) {
  EXPECT_TRUE(Create(limits::kMoneyUnitsMax, 0, "EUR").ok());
  for (const std::int64_t units :
       {limits::kMoneyUnitsMax + 1, std::int64_t{9'000'000'000'000'000'000}, std::int64_t{-1}}) {
    const Status status = Create(units, 0, "EUR");
    ASSERT_FALSE(status.ok());
    EXPECT_EQ(status.error().violations.at(0).field, "amount.units");
  }
}

TEST_P(PipelineTest, AmountsOfOldWhoseSumIsTooLargeHarmNobodyElses) {
  ASSERT_TRUE(Create(1, 0, "EUR").ok());
  ASSERT_TRUE(Create(1, 0, "EUR").ok());
  ASSERT_TRUE(Create(5, 0, "USD").ok());
  SetStoredUnits(9'000'000'000'000'000'000, "EUR");

  const auto bucket = Bucket();
  ASSERT_EQ(bucket.amounts_size(), 2);
  EXPECT_EQ(bucket.count(), 3);
  EXPECT_EQ(bucket.amounts(0).units(), std::numeric_limits<std::int64_t>::max());
  EXPECT_THAT(bucket.currencies_beyond(), ElementsAre("EUR"));
  EXPECT_EQ(bucket.amounts(1).units(), 5);
}

TEST_P(PipelineTest, TheLargestSumThatMoneyHoldsIsShownAsItIs) {
  ASSERT_TRUE(Create(1, 999'999'999, "EUR").ok());
  SetStoredUnits(std::numeric_limits<std::int64_t>::max(), "EUR");
  const auto bucket = Bucket();
  ASSERT_EQ(bucket.amounts_size(), 1);
  EXPECT_EQ(bucket.amounts(0).units(), std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(bucket.amounts(0).nanos(), 999'999'999);
  EXPECT_THAT(bucket.currencies_beyond(), IsEmpty());
}

}  // namespace
}  // namespace quartet::test
