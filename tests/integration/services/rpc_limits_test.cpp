// Every RPC of the suite as it runs, over both stores: one more than each limit is refused, as much as it is taken; and
// no text of any request gets through unchecked.
#include <array>
#include <future>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>

#include "common/base/limits.h"
#include "common/rpc/error_mapping.h"
#include "services/account/service.h"
#include "services/contact/service.h"
#include "services/lead/service.h"
#include "services/opportunity/service.h"
#include "services/qualification/service.h"
#include "tests/support/hosted_suite.h"

#include "google/api/field_behavior.pb.h"
#include "quartet/account/v1/service.pb.h"
#include "quartet/contact/v1/service.pb.h"
#include "quartet/lead/v1/service.pb.h"
#include "quartet/operations/v1/service.pb.h"
#include "quartet/opportunity/v1/service.pb.h"
#include "quartet/qualification/v1/participant_service.pb.h"
#include "quartet/qualification/v1/service.pb.h"

namespace quartet::test {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::MethodDescriptor;

constexpr std::array<app::NamedBind, 5> kServices = {{{"lead", lead::Bind},
                                                      {"contact", contact::Bind},
                                                      {"account", account::Bind},
                                                      {"opportunity", opportunity::Bind},
                                                      {"qualification", qualification::Bind}}};

// Longer than any text may be, and more than any list.
constexpr std::size_t kTooLong = 40'000;
constexpr int kTooMany = 10'001;

class RpcLimitsTest : public EveryDatabase {
 protected:
  // Sends a request to `service` ("lead") whatever its type is.
  Error Send(const std::string& service, const MethodDescriptor& method, const Message& request,
             std::string* answer = nullptr) {
    const std::string bytes = request.SerializeAsString();
    const grpc::Slice slice(bytes);
    const grpc::ByteBuffer sent(&slice, 1);
    grpc::ByteBuffer received;
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(30));
    std::promise<grpc::Status> done;
    auto& channel = channels_[service];
    if (channel == nullptr) channel = suite_.ChannelTo(service);
    grpc::GenericStub stub(channel);
    stub.UnaryCall(&context, "/" + method.service()->full_name() + "/" + method.name(), {}, &sent, &received,
                   [&](grpc::Status status) { done.set_value(std::move(status)); });
    const grpc::Status status = done.get_future().get();
    if (!status.ok()) return rpc::FromGrpcStatus(status);
    grpc::Slice whole;
    if (answer != nullptr && received.DumpToSingleSlice(&whole).ok())
      answer->assign(reinterpret_cast<const char*>(whole.begin()), whole.size());
    return {.code = Code::kOk};
  }
  template <class Request>
  Error Send(const std::string& service, const std::string& method, const Request& request,
             std::string* answer = nullptr) {
    const auto& rpc = *Request::descriptor()->file()->service(0)->FindMethodByName(method);
    return Send(service, rpc, request, answer);
  }

  lead::v1::Lead CreateLead() {
    lead::v1::CreateLeadRequest request;
    request.mutable_lead()->set_company("Acme");
    request.mutable_lead()->add_emails()->set_address("jane@acme.example");
    return Created<lead::v1::Lead>("lead", "CreateLead", request);
  }
  template <class Record, class Request>
  Record Created(const std::string& service, const std::string& method, const Request& request) {
    std::string answer;
    const Error error = Send(service, method, request, &answer);
    EXPECT_EQ(error.code, Code::kOk) << ToString(error);
    Record record;
    EXPECT_TRUE(record.ParseFromString(answer));
    return record;
  }

  HostedSuite suite_{GetParam(), kServices};
  std::map<std::string, std::shared_ptr<grpc::Channel>> channels_;
};

QUARTET_INSTANTIATE_FOR_EVERY_DATABASE(RpcLimitsTest);

// What a caller cannot set: ignored wherever it stands in a request.
bool IsIgnored(const FieldDescriptor& field, bool is_create) {
  const auto& options = field.options();
  for (int i = 0; i < options.ExtensionSize(google::api::field_behavior); ++i) {
    const auto behavior = options.GetExtension(google::api::field_behavior, i);
    if (behavior == google::api::OUTPUT_ONLY || (is_create && behavior == google::api::IDENTIFIER)) return true;
  }
  return is_create && field.name() == "etag";
}

// Calls `use` with copies of a request in each of which one field has been given a wrong text, or too many entries.
class WrongRequests {
 public:
  using Use = std::function<void(const Message& request, const std::string& what)>;

  WrongRequests(const Message& valid, bool is_create, const Use& use)
      : request_(valid.New()), is_create_(is_create), use_(use) {
    request_->CopyFrom(valid);
    Walk(*request_, "", 0);
  }

 private:
  void Walk(Message& message, const std::string& path, int depth) {
    const auto& descriptor = *message.GetDescriptor();
    const auto& reflection = *message.GetReflection();
    for (int i = 0; i < descriptor.field_count(); ++i) {
      const FieldDescriptor& field = *descriptor.field(i);
      if (IsIgnored(field, is_create_)) continue;
      const std::string name = path + field.name();
      const bool is_text = field.cpp_type() == FieldDescriptor::CPPTYPE_STRING;
      const std::unique_ptr<Message> before(message.New());
      before->CopyFrom(message);
      const auto try_it = [&](const std::string& what, const std::function<void()>& change) {
        change();
        use_(*request_, name + what);
        message.CopyFrom(*before);
      };
      if (field.is_repeated()) {
        try_it(" has too many entries", [&] { Fill(message, field); });
        if (is_text) {
          try_it(" is too long", [&] { reflection.AddString(&message, &field, std::string(kTooLong, 'x')); });
          try_it(" has a NUL", [&] { reflection.AddString(&message, &field, std::string("a\0b", 3)); });
        } else if (field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE && depth < 4) {
          if (reflection.FieldSize(message, &field) == 0) {
            Walk(*reflection.AddMessage(&message, &field), name + "[0].", depth + 1);
          } else {
            Walk(*reflection.MutableRepeatedMessage(&message, &field, 0), name + "[0].", depth + 1);
          }
          message.CopyFrom(*before);
        }
      } else if (is_text) {
        try_it(" is too long", [&] { reflection.SetString(&message, &field, std::string(kTooLong, 'x')); });
        try_it(" has a NUL", [&] { reflection.SetString(&message, &field, std::string("a\0b", 3)); });
      } else if (field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE && depth < 4 && !IsTime(field)) {
        Walk(*reflection.MutableMessage(&message, &field), name + ".", depth + 1);
        message.CopyFrom(*before);
      }
    }
  }

  static bool IsTime(const FieldDescriptor& field) {
    return field.message_type()->full_name() == "google.protobuf.Timestamp";
  }

  static void Fill(Message& message, const FieldDescriptor& field) {
    const auto& reflection = *message.GetReflection();
    for (int i = 0; i < kTooMany; ++i) {
      const std::string text = std::to_string(i);
      if (field.cpp_type() == FieldDescriptor::CPPTYPE_STRING) {
        reflection.AddString(&message, &field, text);
        continue;
      }
      Message& entry = *reflection.AddMessage(&message, &field);
      if (field.is_map()) entry.GetReflection()->SetString(&entry, entry.GetDescriptor()->map_key(), text);
    }
  }

  const std::unique_ptr<Message> request_;
  const bool is_create_;
  const Use use_;
};

// The reason why a request was refused that was answered all the same: previews and batches answer for each part.
Code CodeInside(const MethodDescriptor& method, const std::string& answer) {
  int code = 0;
  if (method.name() == "PreviewPrepare") {
    qualification::v1::PreviewPrepareResponse response;
    if (response.ParseFromString(answer)) code = response.refusal().code();
  } else if (method.name() == "BatchQualifyLeads") {
    qualification::v1::BatchQualifyLeadsResponse response;
    if (response.ParseFromString(answer) && response.results_size() > 0) code = response.results(0).status().code();
  }
  return static_cast<Code>(code);
}

// A request of each method that is right but for what a test makes of it.
class ValidRequests {
 public:
  ValidRequests(const lead::v1::Lead& lead, const std::map<std::string, std::string>& names)
      : lead_(lead), names_(names) {}

  std::unique_ptr<Message> Of(const MethodDescriptor& method, const std::string& service) const {
    const Message* prototype = google::protobuf::MessageFactory::generated_factory()->GetPrototype(method.input_type());
    std::unique_ptr<Message> request(prototype->New());
    if (method.name() == "PreviewPrepare") {
      FillPrepare(static_cast<qualification::v1::Prepare&>(*request), service);
      return request;
    }
    for (const char* field : {"name", "lead"}) Set(*request, field, NameFor(method, service));
    SetRecord(*request, method, service);
    if (method.name() == "BatchQualifyLeads")
      static_cast<qualification::v1::BatchQualifyLeadsRequest&>(*request).add_requests()->set_lead(lead_.name());
    if (method.name() == "DisqualifyLead")
      static_cast<lead::v1::DisqualifyLeadRequest&>(*request).set_reason(lead::v1::Lead::REASON_LOST);
    if (method.name() == "CloseOpportunity") {
      auto& close = static_cast<opportunity::v1::CloseOpportunityRequest&>(*request);
      close.set_outcome(opportunity::v1::Opportunity::STATE_WON);
      close.set_reason("won");
    }
    Set(*request, "stage", "DEVELOP");
    return request;
  }

 private:
  std::string NameFor(const MethodDescriptor& method, const std::string& service) const {
    return method.name().starts_with("Qualify") || method.name().starts_with("PreviewQ") ? lead_.name()
                                                                                         : names_.at(service);
  }
  static void Set(Message& message, const std::string& field, const std::string& text) {
    const FieldDescriptor* descriptor = message.GetDescriptor()->FindFieldByName(field);
    if (descriptor == nullptr || descriptor->cpp_type() != FieldDescriptor::CPPTYPE_STRING) return;
    message.GetReflection()->SetString(&message, descriptor, text);
  }
  void SetRecord(Message& request, const MethodDescriptor& method, const std::string& service) const {
    const FieldDescriptor* field = request.GetDescriptor()->FindFieldByName(service);
    if (field == nullptr || field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) return;
    Message& record = *request.GetReflection()->MutableMessage(&request, field);
    if (method.name().starts_with("Update")) {
      Set(record, "name", names_.at(service));
      return;
    }
    Set(record, "company", "Umbrella");
    Set(record, "display_name", "Umbrella");
    if (service == "lead") static_cast<lead::v1::Lead&>(record).add_emails()->set_address("john@umbrella.example");
    if (service != "contact") return;
    auto& contact = static_cast<contact::v1::Contact&>(record);
    contact.mutable_person()->set_family_name("Doe");
    contact.mutable_basis()->set_kind(contact::v1::Basis::KIND_EXISTING_RELATIONSHIP);
    contact.mutable_basis()->set_reference("order 1");
  }
  void FillPrepare(qualification::v1::Prepare& prepare, const std::string& service) const {
    prepare.set_qualification("qualifications/018f2f3e-0000-7000-8000-000000000001");
    if (service == "lead") prepare.mutable_lead()->set_name(lead_.name());
    if (service == "account") prepare.mutable_account()->mutable_record()->set_display_name("Umbrella");
    if (service == "contact") prepare.mutable_contact()->mutable_record()->mutable_person()->set_family_name("Doe");
    if (service == "opportunity") prepare.mutable_opportunities()->add_records()->set_display_name("pumps");
  }

  const lead::v1::Lead& lead_;
  const std::map<std::string, std::string>& names_;
};

// The participant's own work only: the others are not its.
bool IsOfThisWork(const std::string& what, const std::string& service) {
  for (const std::string work : {"lead", "account", "contact", "opportunities", "revert"}) {
    if (what.starts_with(work + ".")) return work.starts_with(service.substr(0, 6));
  }
  return true;
}

// A field that is added to a request without a bound fails this test.
TEST_P(RpcLimitsTest, NoTextAndNoListOfAnyRequestGetsThroughUnchecked) {
  const lead::v1::Lead lead = CreateLead();
  std::map<std::string, std::string> names = {{"lead", lead.name()},
                                              {"qualification", "qualifications/018f2f3e-0000-7000-8000-000000000001"}};
  {
    contact::v1::CreateContactRequest request;
    request.mutable_contact()->mutable_person()->set_family_name("Doe");
    request.mutable_contact()->mutable_basis()->set_kind(contact::v1::Basis::KIND_EXISTING_RELATIONSHIP);
    request.mutable_contact()->mutable_basis()->set_reference("order 1");
    names["contact"] = Created<contact::v1::Contact>("contact", "CreateContact", request).name();
    account::v1::CreateAccountRequest account;
    account.mutable_account()->set_display_name("Acme");
    names["account"] = Created<account::v1::Account>("account", "CreateAccount", account).name();
    opportunity::v1::CreateOpportunityRequest opportunity;
    opportunity.mutable_opportunity()->set_display_name("pumps");
    names["opportunity"] =
        Created<opportunity::v1::Opportunity>("opportunity", "CreateOpportunity", opportunity).name();
  }
  const ValidRequests valid(lead, names);
  const std::array<std::pair<std::string, const google::protobuf::FileDescriptor*>, 6> files = {
      {{"lead", lead::v1::GetLeadRequest::descriptor()->file()},
       {"contact", contact::v1::GetContactRequest::descriptor()->file()},
       {"account", account::v1::GetAccountRequest::descriptor()->file()},
       {"opportunity", opportunity::v1::GetOpportunityRequest::descriptor()->file()},
       {"qualification", qualification::v1::GetQualificationRequest::descriptor()->file()},
       {"lead", operations::v1::ListDeadLettersRequest::descriptor()->file()}}};
  int tried = 0;
  const auto try_method = [&](const std::string& service, const MethodDescriptor& method) {
    if (method.client_streaming()) return;
    const bool is_create = method.name().starts_with("Create") || method.name() == "PreviewPrepare";
    WrongRequests(*valid.Of(method, service), is_create, [&](const Message& request, const std::string& what) {
      if (method.name() == "PreviewPrepare" && !IsOfThisWork(what, service)) return;
      std::string answer;
      const Error error = Send(service, method, request, &answer);
      if (error.code == Code::kUnimplemented) return;
      const Code code = error.code == Code::kOk ? CodeInside(method, answer) : error.code;
      // No record has such an etag, which is for the record to say.
      const Code expected = what.find("etag") != std::string::npos ? Code::kAborted : Code::kInvalidArgument;
      EXPECT_EQ(CodeName(code), CodeName(expected)) << method.full_name() << ": " << what << ": " << ToString(error);
      ++tried;
    });
  };
  for (const auto& [service, file] : files) {
    for (int i = 0; i < file->service(0)->method_count(); ++i) try_method(service, *file->service(0)->method(i));
  }
  const auto& participants = *google::protobuf::DescriptorPool::generated_pool()->FindServiceByName(
      "quartet.qualification.v1.ParticipantService");
  for (const char* service : {"lead", "contact", "account", "opportunity"}) {
    for (int i = 0; i < participants.method_count(); ++i) try_method(service, *participants.method(i));
  }
  EXPECT_GT(tried, 400);
}

// As much as a limit allows is taken, and one more is refused.
TEST_P(RpcLimitsTest, EveryLimitIsWhereItIsSaidToBe) {
  const lead::v1::Lead lead = CreateLead();
  const lead::v1::Lead closing = CreateLead();
  using Change = std::function<void(lead::v1::Lead&, std::size_t)>;
  const auto text = [](std::size_t n) {
    std::string characters;
    for (std::size_t i = 0; i < n; ++i) characters += "ü";
    return characters;
  };
  const auto create = [&](const Change& change) {
    return [this, change](std::size_t n) {
      lead::v1::CreateLeadRequest request;
      request.set_validate_only(true);
      request.mutable_lead()->set_company("Acme");
      request.mutable_lead()->add_emails()->set_address("jane@acme.example");
      change(*request.mutable_lead(), n);
      return Send("lead", "CreateLead", request);
    };
  };
  const auto list = [&](const std::function<void(lead::v1::ListLeadsRequest&, std::size_t)>& change) {
    return [this, change](std::size_t n) {
      lead::v1::ListLeadsRequest request;
      change(request, n);
      return Send("lead", "ListLeads", request);
    };
  };
  const std::string uuid = "018f2f3e-0000-7000-8000-000000000001";
  struct Case {
    std::string name;
    std::size_t limit;
    std::function<Error(std::size_t)> send;
  };
  const std::vector<Case> cases = {
      {"company", limits::kShortTextMax, create([&](auto& l, auto n) { l.set_company(text(n)); })},
      {"topic", limits::kLongTextMax, create([&](auto& l, auto n) { l.set_topic(text(n)); })},
      {"notes", limits::kNotesMax, create([&](auto& l, auto n) { l.set_notes(text(n)); })},
      {"given name", limits::kNameMax, create([&](auto& l, auto n) { l.mutable_person()->set_given_name(text(n)); })},
      {"prefix", limits::kNameAffixMax, create([&](auto& l, auto n) { l.mutable_person()->set_prefix(text(n)); })},
      {"e-mail address", limits::kEmailMax, create([&](auto& l, auto n) {
         const std::string label(60, 'd');
         const std::string local(n - (3 * 61 + 7) - 1, 'l');
         l.mutable_emails(0)->set_address(local + "@" + label + "." + label + "." + label + ".example");
       })},
      {"label", limits::kLabelMax, create([&](auto& l, auto n) { l.mutable_emails(0)->set_label(text(n)); })},
      {"e-mail addresses", limits::kContactPointsMax, create([&](auto& l, auto n) {
         l.clear_emails();
         for (std::size_t i = 0; i < n; ++i) l.add_emails()->set_address(fmt::format("p{}@acme.example", i));
       })},
      {"phone numbers", limits::kContactPointsMax, create([&](auto& l, auto n) {
         for (std::size_t i = 0; i < n; ++i) l.add_phones()->set_number(fmt::format("+493012345{:03}", i + 100));
       })},
      {"address lines", limits::kAddressLinesMax, create([&](auto& l, auto n) {
         for (std::size_t i = 0; i < n; ++i) l.mutable_address()->add_address_lines("line");
       })},
      {"tags", limits::kTagsMax, create([&](auto& l, auto n) {
         for (std::size_t i = 0; i < n; ++i) l.add_tags(std::to_string(i));
       })},
      {"tag", limits::kTagMax, create([&](auto& l, auto n) { l.add_tags(text(n)); })},
      {"custom attributes", limits::kAttributesMax, create([&](auto& l, auto n) {
         for (std::size_t i = 0; i < n; ++i) (*l.mutable_custom_attributes())[std::to_string(i)] = "x";
       })},
      {"key", limits::kAttributeKeyMax, create([&](auto& l, auto n) { (*l.mutable_custom_attributes())[text(n)]; })},
      {"value", limits::kAttributeValueMax,
       create([&](auto& l, auto n) { (*l.mutable_custom_attributes())["k"] = text(n); })},
      {"amount", limits::kMoneyUnitsMax, create([&](auto& l, auto n) {
         l.mutable_estimated_value()->set_currency_code("EUR");
         l.mutable_estimated_value()->set_units(static_cast<std::int64_t>(n));
       })},
      {"record", limits::kRecordBytesMax, create([&](auto& l, auto n) {
         std::string value;
         for (int i = 0; i < 2'000; ++i) value += "😀";
         for (int i = 0; i < 62; ++i) (*l.mutable_custom_attributes())[std::to_string(i)] = value;
         l.set_state(lead::v1::Lead::STATE_OPEN);
         l.set_reason(lead::v1::Lead::REASON_NEW);
         l.set_notes(std::string(20'000, 'x'));
         l.mutable_notes()->resize(20'000 + n - l.ByteSizeLong(), 'x');
         EXPECT_EQ(l.ByteSizeLong(), n);
       })},
      {"filter", limits::kFilterBytesMax, list([&](auto& r, auto n) { r.set_filter(std::string(n, ' ')); })},
      {"restrictions", limits::kFilterRestrictionsMax, list([&](auto& r, auto n) {
         std::string filter = "owner = a";
         for (std::size_t i = 1; i < n; ++i) filter += " AND owner = a";
         r.set_filter(filter);
       })},
      {"names", limits::kBatchNamesMax,
       [&](std::size_t n) {
         lead::v1::BatchGetLeadsRequest request;
         for (std::size_t i = 0; i < n; ++i) request.add_names(lead.name());
         return Send("lead", "BatchGetLeads", request);
       }},
      {"paths", limits::kUpdateMaskPathsMax,
       [&](std::size_t n) {
         lead::v1::UpdateLeadRequest request;
         request.mutable_lead()->set_name(lead.name());
         request.mutable_lead()->set_topic("pumps");
         for (std::size_t i = 0; i < n; ++i) request.mutable_update_mask()->add_paths("topic");
         return Send("lead", "UpdateLead", request);
       }},
      {"note", limits::kStateNoteMax,
       [&](std::size_t n) {
         lead::v1::DisqualifyLeadRequest request;
         request.set_name(closing.name());
         request.set_reason(lead::v1::Lead::REASON_LOST);
         request.set_note(text(n));
         return Send("lead", "DisqualifyLead", request);
       }},
      {"opportunities", limits::kOpportunitiesMax,
       [&](std::size_t n) {
         qualification::v1::PreviewQualificationRequest request;
         request.set_lead(lead.name());
         for (std::size_t i = 0; i < n; ++i) request.mutable_options()->add_opportunities();
         return Send("qualification", "PreviewQualification", request);
       }},
      {"stage", limits::kStageMax,
       [&](std::size_t n) {
         qualification::v1::PreviewQualificationRequest request;
         request.set_lead(lead.name());
         request.mutable_options()->add_opportunities()->set_stage(text(n));
         return Send("qualification", "PreviewQualification", request);
       }},
      {"decisions", limits::kDecisionsMax,
       [&](std::size_t n) {
         qualification::v1::GetDecisionsRequest request;
         for (std::size_t i = 0; i < n; ++i) request.add_qualifications("qualifications/" + uuid);
         return Send("qualification", "GetDecisions", request);
       }},
      {"qualifications", limits::kBatchQualifyMax,
       [&](std::size_t n) {
         qualification::v1::BatchQualifyLeadsRequest request;
         for (std::size_t i = 0; i < n; ++i) request.add_requests();
         return Send("qualification", "BatchQualifyLeads", request);
       }},
      {"dead letters", limits::kBatchNamesMax,
       [&](std::size_t n) {
         operations::v1::DropDeadLettersRequest request;
         for (std::size_t i = 0; i < n; ++i) request.add_ids(std::to_string(i));
         return Send("lead", "DropDeadLetters", request);
       }},
  };
  for (const Case& each : cases) {
    const Error at = each.send(each.limit);
    EXPECT_NE(at.code, Code::kInvalidArgument) << each.name << ": " << ToString(at);
    EXPECT_NE(at.code, Code::kInternal) << each.name << ": " << ToString(at);
    const Error beyond = each.send(each.limit + 1);
    EXPECT_EQ(beyond.code, Code::kInvalidArgument) << each.name << ": " << ToString(beyond);
  }
}

TEST_P(RpcLimitsTest, ABatchThatIsTooLargeSaysHowManyToAskFor) {
  lead::v1::BatchGetLeadsRequest request;
  for (int i = 0; i < 20; ++i) {
    lead::v1::CreateLeadRequest create;
    auto& lead = *create.mutable_lead();
    lead.set_company("Acme");
    lead.add_emails()->set_address(fmt::format("p{}@acme.example", i));
    std::string value;
    for (int j = 0; j < 2'000; ++j) value += "😀";
    for (int j = 0; j < 62; ++j) (*lead.mutable_custom_attributes())[std::to_string(j)] = value;
    request.add_names(Created<lead::v1::Lead>("lead", "CreateLead", create).name());
  }
  const Error refused = Send("lead", "BatchGetLeads", request);
  ASSERT_EQ(refused.code, Code::kFailedPrecondition) << ToString(refused);
  EXPECT_EQ(refused.reason, "BATCH_TOO_LARGE");
  const int names_max = std::stoi(refused.metadata.at("names_max"));
  EXPECT_EQ(names_max, 16) << "of half a megabyte each";
  request.mutable_names()->DeleteSubrange(names_max, request.names_size() - names_max);
  EXPECT_EQ(Send("lead", "BatchGetLeads", request).code, Code::kOk);
  request.add_names(request.names(0));
  EXPECT_EQ(Send("lead", "BatchGetLeads", request).code, Code::kFailedPrecondition);
}

}  // namespace
}  // namespace quartet::test
