#pragma once

#include <array>
#include <span>
#include <string_view>
#include <vector>

#include "common/base/result.h"
#include "common/resource/filter/filter.h"
#include "common/resource/record.h"
#include "common/resource/schema.h"
#include "common/resource/violations.h"

#include "quartet/contact/v1/contact.pb.h"
#include "quartet/contact/v1/events.pb.h"
#include "quartet/qualification/v1/participant.pb.h"

namespace quartet::contact {

// What holds for a contact whoever opens it; a caller's own basis is checked by
// ContactTraits::Check.
void CheckFields(v1::Contact& contact, resource::Violations& violations);

// See methods::TypedRecord, StandardMethods and RecordChanges.
struct ContactTraits {
  using Message = v1::Contact;
  using Event = v1::ContactEvent;

  static constexpr std::array<std::string_view, 3> kColumns = {"owner", "source", "account"};
  static constexpr std::array<resource::Reference, 1> kReferences = {{{"account", "accounts", "account"}}};
  static constexpr std::array<resource::User, 1> kUsers = {{{"opportunity", "open opportunities"}}};
  static constexpr resource::Schema kSchema = {
      .table = "contact", .collection = "contacts", .columns = kColumns, .references = kReferences, .users = kUsers};
  static constexpr std::string_view kTopic = "contact.events";
  static constexpr std::string_view kPackage = "quartet.contact.v1";
  static constexpr std::string_view kIsInUse = "";
  static constexpr bool kHasIdentities = true;
  // What a qualification fills, or its revert takes back.
  static constexpr std::array<std::string_view, 6> kChangeableFields = {"account", "email",  "owner",
                                                                        "phone",   "source", "update_time"};
  static const std::span<const resource::FilterField> kFilterFields;

  static std::vector<resource::ColumnValue> Columns(const v1::Contact& contact);
  // E-mail addresses and phone numbers.
  static std::vector<identity::Identity> Identities(const v1::Contact& contact);
  static v1::Contact& Of(v1::ContactEvent& event) { return *event.mutable_contact(); }
  // Nobody becomes a contact without a basis; that of a qualification is set by
  // the server alone.
  static void Check(v1::Contact& contact, resource::Violations& violations);
  static void PrepareNew(v1::Contact&) {}
  static Status CheckUpdate(const v1::Contact& before, const v1::Contact& after);
  static void SetReferences(v1::Contact& contact, const v1::Contact& proposal, const qualification::v1::Names& names);
};

}  // namespace quartet::contact
