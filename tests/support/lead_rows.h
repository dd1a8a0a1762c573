// Rows of imports as they come: some fields, few people, told of again and again in other words.
#pragma once

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "common/identity/identity.h"

#include "quartet/lead/v1/lead.pb.h"

namespace quartet::test {

class LeadRows {
 public:
  explicit LeadRows(unsigned seed, int people = 6) : random_(seed), people_(people) {}

  lead::v1::Lead Next() {
    lead::v1::Lead row;
    row.set_company(Pick("Acme", "Acme AG", "Umbrella", "Initech"));
    for (int i = Below(3); i >= 0; --i) AddEmail(row);
    for (int i = Below(3); i > 0; --i) AddPhone(row);
    if (Coin()) row.mutable_person()->set_family_name(Pick("Doe", "Smith", "Müller", ""));
    if (row.has_person() && Coin()) row.mutable_person()->set_given_name(Pick("Jane", "John", "", "Ann"));
    if (Coin()) FillAddress(*row.mutable_address());
    if (Coin()) {
      row.mutable_estimated_value()->set_units(Below(9));
      row.mutable_estimated_value()->set_nanos(Coin() ? 500'000'000 : 0);
      row.mutable_estimated_value()->set_currency_code(Pick("EUR", "USD", "EUR", "GBP"));
    }
    if (Coin()) {
      row.mutable_expected_close_date()->set_year(2027 + Below(3));
      row.mutable_expected_close_date()->set_month(1 + Below(12));
      row.mutable_expected_close_date()->set_day(1 + Below(28));
    }
    if (Coin()) row.mutable_next_touch_time()->set_seconds(Below(5));
    if (Coin()) row.set_title(Pick("CEO", "CTO", "buyer", ""));
    if (Coin()) row.set_topic(Pick("pumps", "valves", "", "pipes"));
    if (Coin()) row.set_notes(Pick("called", "wrote", "", "met"));
    if (Coin()) row.set_owner(Pick("ann", "bob", "", "eve"));
    if (Coin()) row.set_source(static_cast<type::v1::Source>(Below(14)));
    if (Coin()) row.set_rating(static_cast<type::v1::Rating>(Below(4)));
    for (int i = Below(3); i > 0; --i) AddOnce(Pick("fair", "hot", "Fair", "vip"), *row.mutable_tags());
    for (int i = Below(3); i > 0; --i)
      (*row.mutable_custom_attributes())[Pick("floor", "size", "colour", "desk")] = Pick("1", "2", "3", "");
    return row;
  }

 private:
  int Below(int bound) { return static_cast<int>(random_() % static_cast<unsigned>(bound)); }
  bool Coin() { return Below(2) == 0; }
  std::string Pick(const char* a, const char* b, const char* c, const char* d) {
    const char* const all[] = {a, b, c, d};
    return all[Below(4)];
  }
  static void AddOnce(const std::string& value, google::protobuf::RepeatedPtrField<std::string>& list) {
    if (std::find(list.begin(), list.end(), value) == list.end()) *list.Add() = value;
  }
  void AddEmail(lead::v1::Lead& row) {
    const std::string who = "p" + std::to_string(Below(people_)) + Pick("", "", "-home", "");
    for (const auto& email : row.emails()) {
      if (identity::NormaliseEmail(email.address()).value() == who + "@example.com") return;
    }
    auto& email = *row.add_emails();
    email.set_address(who + Pick("@example.com", "@Example.com", "@EXAMPLE.com", "@example.COM"));
    email.set_label(Pick("work", "home", "", ""));
  }
  void AddPhone(lead::v1::Lead& row) {
    const std::string number = "+493012345" + std::to_string(100 + Below(people_ * 2));
    for (const auto& phone : row.phones()) {
      if (phone.number() == number) return;
    }
    row.add_phones()->set_number(number);
    if (Coin()) row.mutable_phones(row.phones_size() - 1)->mutable_since()->set_seconds(Below(3));
  }
  void FillAddress(google::type::PostalAddress& address) {
    address.set_region_code(Pick("DE", "DE", "AT", "CH"));
    if (Coin()) address.set_locality(Pick("Berlin", "Köln", "Wien", "Bern"));
    for (int i = Below(3); i > 0; --i) address.add_address_lines(Pick("Hauptstr. 1", "Ring 2", "Gasse 3", "Weg 4"));
  }

  std::mt19937 random_;
  const int people_;
};

// That `after` is `before` with the row written into it, each field as a whole and lists added to.
inline void ExpectWritten(const lead::v1::Lead& before, const lead::v1::Lead& row, const lead::v1::Lead& after) {
  const auto* reflection = lead::v1::Lead::GetReflection();
  std::vector<const google::protobuf::FieldDescriptor*> fields;
  reflection->ListFields(row, &fields);
  for (const auto* field : fields) {
    if (field->is_repeated() || field->name() == "state" || field->name() == "reason") continue;
    lead::v1::Lead of_row;
    lead::v1::Lead of_after;
    of_row = row;
    of_after = after;
    if (field->name() == "address" && row.address().locality().empty() && row.address().address_lines().empty() &&
        before.has_address())
      of_row = before;
    const auto only = [&](lead::v1::Lead& message) {
      std::vector<const google::protobuf::FieldDescriptor*> set;
      reflection->ListFields(message, &set);
      for (const auto* each : set) {
        if (each != field) reflection->ClearField(&message, each);
      }
      return message.ShortDebugString();
    };
    EXPECT_EQ(only(of_row), only(of_after)) << field->name();
  }
  const auto emails = [](const lead::v1::Lead& lead) {
    std::multiset<std::string> values;
    for (const auto& email : lead.emails()) values.insert(identity::NormaliseEmail(email.address()).value());
    return values;
  };
  const auto phones = [](const lead::v1::Lead& lead) {
    std::multiset<std::string> values;
    for (const auto& phone : lead.phones()) values.insert(phone.number());
    return values;
  };
  const auto tags = [](const lead::v1::Lead& lead) {
    return std::multiset<std::string>(lead.tags().begin(), lead.tags().end());
  };
  const auto expect_union = [&](const auto& of, const char* list) {
    auto both = of(before);
    for (const std::string& value : of(row)) {
      if (!both.contains(value)) both.insert(value);
    }
    EXPECT_EQ(of(after), both) << list;
  };
  expect_union(emails, "emails");
  expect_union(phones, "phones");
  expect_union(tags, "tags");
  std::map<std::string, std::string> attributes(before.custom_attributes().begin(), before.custom_attributes().end());
  for (const auto& [key, value] : row.custom_attributes()) attributes[key] = value;
  EXPECT_EQ((std::map<std::string, std::string>(after.custom_attributes().begin(), after.custom_attributes().end())),
            attributes);
}

}  // namespace quartet::test
