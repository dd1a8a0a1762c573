#include "services/quartet/records/resource_kind.h"

#include <cstdlib>

#include <fmt/core.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include "services/quartet/values/text.h"

#include "quartet/account/v1/service.pb.h"
#include "quartet/contact/v1/service.pb.h"
#include "quartet/lead/v1/service.pb.h"
#include "quartet/opportunity/v1/service.pb.h"
#include "quartet/qualification/v1/service.pb.h"

namespace quartet::cli {

using google::protobuf::Message;
using google::protobuf::MessageFactory;

std::unique_ptr<Message> ResourceKind::NewMessage(std::string_view type_name) const {
  const auto* descriptor = api.FindMessageTypeByName(std::string(type_name));
  if (descriptor == nullptr) std::abort();  // this kind has no such method
  return std::unique_ptr<Message>(MessageFactory::generated_factory()->GetPrototype(descriptor)->New());
}

std::unique_ptr<Message> ResourceKind::NewRecord() const {
  return std::unique_ptr<Message>(record.New());
}

std::string ResourceKind::FullName(std::string_view name_or_id) const {
  const auto trimmed = Trim(name_or_id);
  if (trimmed.find('/') != std::string_view::npos) return std::string(trimmed);
  return fmt::format("{}/{}", plural, trimmed);
}

const ResourceKind& LeadKind() {
  static const ResourceKind kKind = {
      .service = Service::kLead,
      .singular = "lead",
      .plural = "leads",
      .type = "Lead",
      .plural_type = "Leads",
      .record = lead::v1::Lead::default_instance(),
      .api = *lead::v1::GetLeadRequest::descriptor()->file(),
      .columns = {{"ID", "name"},
                  {"PERSON", "person", false, 14},
                  {"COMPANY", "company", false, 12, 1},
                  {"STATE", "state"},
                  {"EMAIL", "emails", false, 18, 2},
                  {"VALUE", "estimated_value", true, 0, 3},
                  {"SOURCE", "source", false, 8, 5},
                  {"PHONE", "phones", false, 0, 4},
                  {"CREATED", "create_time", false, 0, 6}},
      .filter_fields = "state, owner, source, email, phone, company, create_time",
      .create_example = "--set given_name=Jane --set company=Acme --set email=jane@acme.example",
  };
  return kKind;
}

const ResourceKind& ContactKind() {
  static const ResourceKind kKind = {
      .service = Service::kContact,
      .singular = "contact",
      .plural = "contacts",
      .type = "Contact",
      .plural_type = "Contacts",
      .record = contact::v1::Contact::default_instance(),
      .api = *contact::v1::GetContactRequest::descriptor()->file(),
      .columns = {{"ID", "name"},
                  {"PERSON", "person", false, 14},
                  {"EMAIL", "emails", false, 18, 1},
                  {"TITLE", "title", false, 8, 3},
                  {"PHONE", "phones", false, 0, 2},
                  {"ACCOUNT", "account", false, 0, 4},
                  {"OWNER", "owner", false, 6, 5},
                  {"CREATED", "create_time", false, 0, 6}},
      .filter_fields = "owner, source, email, phone, account, create_time",
      .create_example =
          "--set given_name=Jane --set email=jane@acme.example\n"
          "      --set basis.kind=existing-relationship --set basis.reference=\"order 4711\"",
  };
  return kKind;
}

const ResourceKind& AccountKind() {
  static const ResourceKind kKind = {
      .service = Service::kAccount,
      .singular = "account",
      .plural = "accounts",
      .type = "Account",
      .plural_type = "Accounts",
      .record = account::v1::Account::default_instance(),
      .api = *account::v1::GetAccountRequest::descriptor()->file(),
      .columns = {{"ID", "name"},
                  {"NAME", "display_name", false, 12},
                  {"WEBSITE", "website", false, 12, 1},
                  {"PHONE", "phones", false, 0, 3},
                  {"INDUSTRY", "industry", false, 8, 2},
                  {"OWNER", "owner", false, 6, 4},
                  {"CREATED", "create_time", false, 0, 5}},
      .filter_fields = "owner, domain, company, create_time",
      .create_example = "--set display_name=\"Acme Corporation\" --set website=acme.example",
  };
  return kKind;
}

const ResourceKind& OpportunityKind() {
  static const ResourceKind kKind = {
      .service = Service::kOpportunity,
      .singular = "opportunity",
      .plural = "opportunities",
      .type = "Opportunity",
      .plural_type = "Opportunities",
      .record = opportunity::v1::Opportunity::default_instance(),
      .api = *opportunity::v1::GetOpportunityRequest::descriptor()->file(),
      .columns = {{"ID", "name"},
                  {"NAME", "display_name", false, 12},
                  {"STATE", "state", false, 0, 3},
                  {"STAGE", "stage"},
                  {"AMOUNT", "amount", true, 0, 1},
                  {"CLOSE DATE", "expected_close_date", false, 0, 2},
                  {"OWNER", "owner", false, 6, 4},
                  {"CREATED", "create_time", false, 0, 5}},
      .filter_fields = "state, stage, owner, source, account, contact, create_time",
      .create_example = "--set display_name=\"200 seats\" --set amount=\"12000 EUR\" --set account=accounts/…",
  };
  return kKind;
}

const ResourceKind& QualificationKind() {
  static const ResourceKind kKind = {
      .service = Service::kQualification,
      .singular = "qualification",
      .plural = "qualifications",
      .type = "Qualification",
      .plural_type = "Qualifications",
      .record = qualification::v1::Qualification::default_instance(),
      .api = *qualification::v1::GetQualificationRequest::descriptor()->file(),
      .columns = {{"ID", "name"},
                  {"KIND", "kind", false, 0, 4},
                  {"STATE", "state"},
                  {"LEAD", "lead", false, 0, 2},
                  {"CREATED", "create_time", false, 0, 3},
                  {"FAILURE", "failure", false, 10, 1}},
      .filter_fields = "state, lead, kind",
      .create_example = "",
  };
  return kKind;
}

}  // namespace quartet::cli
