#include "common/methods/prepare_rules.h"

#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "common/base/limits.h"
#include "common/resource/field_rules.h"
#include "common/resource/resource_name.h"
#include "common/resource/violations.h"

namespace quartet::methods {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using resource::Violations;

// Not every database takes a NUL for a text; that it is UTF-8 the parser has seen to.
void CheckTexts(const Message& message, const std::string& path, Violations& violations) {
  const auto& reflection = *message.GetReflection();
  std::vector<const FieldDescriptor*> fields;
  reflection.ListFields(message, &fields);
  for (const FieldDescriptor* field : fields) {
    const std::string name = path + field->name();
    const auto check = [&](const std::string& text) {
      if (text.find('\0') != std::string::npos) violations.Add(name, "contains a NUL character");
    };
    const bool is_text = field->cpp_type() == FieldDescriptor::CPPTYPE_STRING;
    const bool is_message = field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE;
    if (!field->is_repeated()) {
      if (is_text) check(reflection.GetString(message, field));
      if (is_message) CheckTexts(reflection.GetMessage(message, field), name + ".", violations);
      continue;
    }
    for (int i = 0; i < reflection.FieldSize(message, field); ++i) {
      if (is_text) check(reflection.GetRepeatedString(message, field, i));
      if (is_message) CheckTexts(reflection.GetRepeatedMessage(message, field, i), name + ".", violations);
    }
  }
}

void CheckName(const std::string& name, std::string_view collection, bool may_be_empty, std::string_view field,
               Violations& violations) {
  if ((may_be_empty && name.empty()) || resource::ParseName(collection, name)) return;
  violations.Add(std::string(field), fmt::format("must be \"{}/{{uuid}}\"", collection));
}

void CheckCount(int count, int count_max, std::string_view field, Violations& violations) {
  if (count > count_max)
    violations.Add(std::string(field), fmt::format("has {} entries; {} is the most", count, count_max));
}

}  // namespace

Status CheckPrepare(const qualification::v1::Prepare& prepare) {
  Violations violations;
  CheckTexts(prepare, "", violations);
  CheckName(prepare.qualification(), "qualifications", true, "qualification", violations);
  if (prepare.has_lead()) CheckName(prepare.lead().name(), "leads", false, "lead.name", violations);
  if (prepare.has_revert())
    CheckName(prepare.revert().qualification(), "qualifications", false, "revert.qualification", violations);
  CheckName(prepare.contact().given(), "contacts", true, "contact.given", violations);
  CheckName(prepare.account().given(), "accounts", true, "account.given", violations);
  // One for each e-mail address of the lead.
  CheckCount(prepare.account().match_domains_size(), limits::kContactPointsMax, "account.match_domains", violations);
  for (std::string domain : prepare.account().match_domains())
    resource::CheckText(domain, limits::kLongTextMax, "account.match_domains", violations);
  if (prepare.contact().record().has_basis()) {
    std::string reference = prepare.contact().record().basis().reference();
    resource::CheckText(reference, limits::kLongTextMax, "contact.record.basis.reference", violations);
  }
  CheckCount(prepare.opportunities().records_size(), limits::kOpportunitiesMax, "opportunities.records", violations);
  return violations.ToStatus();
}

}  // namespace quartet::methods
