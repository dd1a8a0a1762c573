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

#include "quartet/account/v1/account.pb.h"
#include "quartet/account/v1/events.pb.h"
#include "quartet/qualification/v1/participant.pb.h"

namespace quartet::account {

// See methods::TypedRecord, StandardMethods and RecordChanges.
struct AccountTraits {
  using Message = v1::Account;
  using Event = v1::AccountEvent;

  static constexpr std::array<std::string_view, 2> kColumns = {"owner", "company"};
  static constexpr std::array<resource::User, 2> kUsers = {
      {{"contact", "contacts"}, {"opportunity", "open opportunities"}}};
  static constexpr resource::Schema kSchema = {
      .table = "account", .collection = "accounts", .columns = kColumns, .users = kUsers};
  static constexpr std::string_view kTopic = "account.events";
  static constexpr std::string_view kPackage = "quartet.account.v1";
  static constexpr std::string_view kIsInUse = "";
  static constexpr bool kHasIdentities = true;
  // What a qualification fills, or its revert takes back.
  static constexpr std::array<std::string_view, 3> kChangeableFields = {"domain", "owner", "update_time"};
  static const std::span<const resource::FilterField> kFilterFields;

  static std::vector<resource::ColumnValue> Columns(const v1::Account& account);
  // The web site's domain, and the normalised name.
  static std::vector<identity::Identity> Identities(const v1::Account& account);
  static v1::Account& Of(v1::AccountEvent& event) { return *event.mutable_account(); }
  static void Check(v1::Account& account, resource::Violations& violations);
  static void PrepareNew(v1::Account&) {}
  static Status CheckUpdate(const v1::Account&, const v1::Account&) { return {}; }
  static void SetReferences(v1::Account&, const v1::Account&, const qualification::v1::Names&) {}
};

}  // namespace quartet::account
