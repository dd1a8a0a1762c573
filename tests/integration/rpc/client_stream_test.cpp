// What a call may send: streams, and metadata either way.
#include "common/rpc/client_stream.h"

#include <gmock/gmock.h>
#include <grpcpp/create_channel.h>

#include "common/base/limits.h"
#include "common/rpc/error_mapping.h"
#include "tests/integration/rpc/dispatch_fixture.h"
#include "tests/support/eventually.h"

namespace quartet::rpc {
namespace {

using ::testing::HasSubstr;

// Sends messages of one lead each, whose name has so many characters, until the server wants no more.
class Import {
 public:
  Import(LeadService::Stub& stub, milliseconds timeout = std::chrono::seconds(30)) {
    context_.set_deadline(std::chrono::system_clock::now() + timeout);
    writer_ = stub.ImportLeads(&context_, &response_);
  }
  bool Write(std::size_t bytes, int leads = 1) {
    ImportLeadsRequest request;
    for (int i = 0; i < leads; ++i) request.add_leads()->set_name(std::string(bytes, 'x'));
    return writer_->Write(request);
  }
  grpc::Status End() {
    writer_->WritesDone();
    return writer_->Finish();
  }
  // Without having said that there is no more.
  grpc::Status Answer() { return writer_->Finish(); }
  const ImportLeadsResponse& response() const { return response_; }

 private:
  grpc::ClientContext context_;
  ImportLeadsResponse response_;
  std::unique_ptr<grpc::ClientWriter<ImportLeadsRequest>> writer_;
};

TEST_F(Dispatch, AStreamIsHandledWholeAndHasALimitOfMessages) {
  Serve(1, 8, {});
  Import full(*stub_);
  for (int i = 0; i < 3; ++i) full.Write(10);
  EXPECT_TRUE(full.End().ok());
  EXPECT_EQ(full.response().results_size(), 3);
  Import over(*stub_);
  for (int i = 0; i < 4; ++i) over.Write(10);
  EXPECT_EQ(over.End().error_code(), grpc::StatusCode::INVALID_ARGUMENT);
}

TEST_F(Dispatch, AStreamHasALimitOfBytes) {
  Serve(1, 8, {});
  Import full(*stub_);
  full.Write(450);
  full.Write(450);
  EXPECT_TRUE(full.End().ok());
  Import over(*stub_);
  over.Write(450);
  over.Write(600);
  EXPECT_EQ(over.End().error_code(), grpc::StatusCode::INVALID_ARGUMENT);
}

TEST_F(Dispatch, AStreamIsRefusedAsSoonAsALimitIsPassedThoughItsCallerGoesOn) {
  Serve(1, 8, {});
  Import endless(*stub_);
  // Ends only because the server has: the client never says that it has sent all.
  while (endless.Write(100)) {
  }
  EXPECT_EQ(endless.Answer().error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  Import unwanted(*stub_);
  while (unwanted.Write(1, 6)) {
  }
  EXPECT_EQ(FromGrpcStatus(unwanted.Answer()).violations.at(0).field, "leads");
  EXPECT_EQ(service_->streams(), 0) << "nothing of them was handled";
}

TEST_F(Dispatch, StreamsShareARoomAndGiveBackWhatTheyTook) {
  Serve(1, 8, {});
  ASSERT_TRUE(service_->room().Take(1'600));
  Import refused(*stub_);
  refused.Write(450);
  const Error error = FromGrpcStatus(refused.End());
  EXPECT_EQ(error.code, Code::kResourceExhausted);
  EXPECT_TRUE(error.retry_after.has_value());
  service_->room().Give(1'600);
  for (int i = 0; i < 3; ++i) {
    Import accepted(*stub_);
    accepted.Write(450);
    accepted.Write(450);
    ASSERT_TRUE(accepted.End().ok());
    // An answer comes a moment before its stream has given back its room.
    ASSERT_TRUE(test::Eventually([&] { return service_->room().Take(2'000); }));
    service_->room().Give(2'000);
  }
}

TEST_F(Dispatch, AnErrorOfAnySizeReachesAClientThatTakesEightKilobytesOfHeaders) {
  Error error = InvalidArgument({});
  std::string everything;
  for (int i = 0; i < 20'000; ++i) everything += i % 2 == 0 ? "ü" : "%";
  error.message = everything;
  for (int i = 0; i < 100; ++i) error.metadata["key" + std::to_string(i)] = std::string(100, 'm');
  for (int i = 0; i < 1'000; ++i) error.violations.push_back({"field" + std::to_string(i), everything});
  error.retry_after = milliseconds(50);
  Serve(1, 8, [&](const GetLeadRequest&, Lead&, const Responder& responder) { responder.Finish(error); });
  // As clients in other languages are, unless they are told otherwise.
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_MAX_METADATA_SIZE, 8 * 1024);
  const auto stub =
      LeadService::NewStub(grpc::CreateCustomChannel(Address(), grpc::InsecureChannelCredentials(), arguments));
  grpc::ClientContext context;
  Lead lead;
  const Error received = FromGrpcStatus(stub->GetLead(&context, GetLeadRequest(), &lead));
  EXPECT_EQ(received.code, Code::kInvalidArgument) << received.message;
  EXPECT_EQ(received.reason, "INVALID_INPUT");
  EXPECT_EQ(received.retry_after, milliseconds(50));
  EXPECT_EQ(received.metadata.at("cut"), "true");
  ASSERT_GT(received.violations.size(), 1U);
  EXPECT_THAT(received.violations.back().description, HasSubstr("more"));
}

TEST_F(Dispatch, MetadataHaveALimit) {
  Serve(1, 8, [](const GetLeadRequest&, Lead&, const Responder& responder) { responder.Finish({}); });
  const auto call = [&](std::size_t bytes) {
    grpc::ClientContext context;
    context.AddMetadata("note", std::string(bytes, 'x'));
    Lead lead;
    return stub_->GetLead(&context, GetLeadRequest(), &lead).error_code();
  };
  EXPECT_EQ(call(limits::kMetadataBytesMax - 1'024), grpc::StatusCode::OK);
  EXPECT_EQ(call(limits::kMetadataBytesMax), grpc::StatusCode::RESOURCE_EXHAUSTED);
}

}  // namespace
}  // namespace quartet::rpc
