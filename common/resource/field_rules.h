// What holds for the fields that all resources share; each service's *_rules calls these. Every function trims and
// normalises its field in place and adds what is wrong with it to `violations` under the path `field`; texts must be
// valid UTF-8 without NUL, lengths are in characters (Unicode code points), and what is too long is refused, never cut.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "common/base/limits.h"
#include "common/resource/violations.h"

#include "google/protobuf/map.h"
#include "google/protobuf/message.h"
#include "google/protobuf/repeated_ptr_field.h"
#include "google/protobuf/timestamp.pb.h"
#include "google/type/date.pb.h"
#include "google/type/money.pb.h"
#include "google/type/postal_address.pb.h"
#include "quartet/type/v1/contact_point.pb.h"
#include "quartet/type/v1/person_name.pb.h"

namespace quartet::resource {

// The limits that the protos' comments promise.
using limits::kLongTextMax;
using limits::kNotesMax;
using limits::kShortTextMax;
using limits::kStateNoteMax;

// A record as a whole, which has been checked field by field.
void CheckSize(const google::protobuf::Message& record, Violations& violations);

void CheckText(std::string& text, std::size_t characters_max, const FieldPath& field, Violations& violations);
// As CheckText, and not empty.
void CheckRequiredText(std::string& text, std::size_t characters_max, const FieldPath& field, Violations& violations);

void CheckPersonName(type::v1::PersonName& name, std::string_view field, Violations& violations);

// At most 20, each normalisable, no two with one normal form. The spelling is kept, trimmed.
void CheckEmails(google::protobuf::RepeatedPtrField<type::v1::EmailAddress>& emails, std::string_view field,
                 Violations& violations);

// At most 20, rewritten in E.164 form, no two alike. National numbers are read in the country `region`, the region code
// of the record's address (check that first); it may be empty or wrong.
void CheckPhones(google::protobuf::RepeatedPtrField<type::v1::PhoneNumber>& phones, std::string_view region,
                 std::string_view field, Violations& violations);

// Empty, or an http(s) URL or host name with a registrable domain; at most 500 characters.
void CheckWebsite(std::string& website, std::string_view field, Violations& violations);

// The region code is empty or two letters, put in capitals. Each text has at most 500 characters, and there are at most
// 20 address lines and as many recipients.
void CheckAddress(google::type::PostalAddress& address, std::string_view field, Violations& violations);

// 0 to 10^12 units, nanos below 10^9, a currency of three capital letters.
void CheckMoney(const google::type::Money& money, std::string_view field, Violations& violations);

// A day that exists: year 1 to 9999, month and day given.
void CheckDate(const google::type::Date& date, std::string_view field, Violations& violations);

// From 0001-01-01 to 9999-12-31, nanos 0 to 999,999,999.
void CheckTime(const google::protobuf::Timestamp& time, const FieldPath& field, Violations& violations);

// A value that the type declares (proto3 lets others through).
void CheckEnum(int value, const google::protobuf::EnumDescriptor& type, std::string_view field, Violations& violations);

// At most 100, none empty, each at most 100 characters, no two alike.
void CheckTags(google::protobuf::RepeatedPtrField<std::string>& tags, std::string_view field, Violations& violations);

// At most 100; keys not empty, without space at their ends, at most 100 characters; values at most 2,000 characters.
void CheckCustomAttributes(google::protobuf::Map<std::string, std::string>& attributes, std::string_view field,
                           Violations& violations);

}  // namespace quartet::resource
