// How an imported row is written into a lead that exists.
#include <algorithm>
#include <string>

#include "common/identity/identity.h"
#include "services/lead/lead_rules.h"

namespace quartet::lead {
namespace {

using google::protobuf::RepeatedPtrField;
using v1::Lead;

std::string NormalForm(const type::v1::EmailAddress& email) {
  auto normalised = identity::NormaliseEmail(email.address());
  return normalised.ok() ? *std::move(normalised) : email.address();
}

// Checked numbers are in E.164 form.
std::string NormalForm(const type::v1::PhoneNumber& phone) {
  return phone.number();
}

// What is known of an entry already stays: a row adds to it what it lacks.
template <class ContactPoint>
void AddContactPoints(const RepeatedPtrField<ContactPoint>& given, RepeatedPtrField<ContactPoint>& points) {
  for (const ContactPoint& point : given) {
    const auto same = [form = NormalForm(point)](const ContactPoint& p) { return NormalForm(p) == form; };
    const auto known = std::find_if(points.begin(), points.end(), same);
    if (known == points.end()) {
      *points.Add() = point;
      continue;
    }
    if (known->label().empty()) known->set_label(point.label());
    if (!known->has_since() && point.has_since()) *known->mutable_since() = point.since();
  }
}

void AddTags(const RepeatedPtrField<std::string>& given, RepeatedPtrField<std::string>& tags) {
  for (const std::string& tag : given) {
    if (std::find(tags.begin(), tags.end(), tag) == tags.end()) *tags.Add() = tag;
  }
}

// An address that is no more than a country tells how the row's phone numbers are read, not where anybody lives.
bool IsCountryOnly(const google::type::PostalAddress& address) {
  google::type::PostalAddress rest = address;
  rest.clear_region_code();
  return rest.ByteSizeLong() == 0;
}

}  // namespace

Status MergeImported(Lead& lead, const Lead& row) {
  QUARTET_RETURN_IF_ERROR(CheckOpen(lead));
  Lead given = row;
  given.clear_state();
  given.clear_reason();
  if (lead.has_address() && IsCountryOnly(given.address())) given.clear_address();

  AddContactPoints(given.emails(), *lead.mutable_emails());
  AddContactPoints(given.phones(), *lead.mutable_phones());
  AddTags(given.tags(), *lead.mutable_tags());
  given.clear_emails();
  given.clear_phones();
  given.clear_tags();

  // What is left replaces the lead's fields, each as a whole: MergeFrom would mix a message with the one that is there.
  // Maps are the exception, of which it replaces single keys.
  const auto* reflection = Lead::GetReflection();
  std::vector<const google::protobuf::FieldDescriptor*> fields;
  reflection->ListFields(given, &fields);
  for (const auto* field : fields) {
    if (!field->is_map()) reflection->ClearField(&lead, field);
  }
  lead.MergeFrom(given);
  return {};
}

}  // namespace quartet::lead
