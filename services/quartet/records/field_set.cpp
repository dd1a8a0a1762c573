#include "services/quartet/records/field_set.h"

#include <charconv>

#include <fmt/core.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include "services/quartet/values/text.h"
#include "services/quartet/values/values.h"

#include "quartet/type/v1/contact_point.pb.h"

namespace quartet::cli {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

constexpr std::pair<std::string_view, std::string_view> kShortNames[] = {
    {"given_name", "person.given_name"},
    {"first_name", "person.given_name"},
    {"family_name", "person.family_name"},
    {"last_name", "person.family_name"},
    {"email", "emails"},
    {"phone", "phones"},
    {"tag", "tags"},
    {"value", "estimated_value"},
    {"close_date", "expected_close_date"},
    {"street", "address.address_lines"},
    {"postal_code", "address.postal_code"},
    {"city", "address.locality"},
    {"country", "address.region_code"},
};

Error Wrong(std::string_view field, std::string why) {
  return InvalidArgument({{std::string(field), std::move(why)}});
}

std::string LongName(const Message& record, std::string_view path) {
  for (const auto& [brief, full] : kShortNames) {
    const std::string top(full.substr(0, full.find('.')));
    if (path == brief && record.GetDescriptor()->FindFieldByName(top) != nullptr) return std::string(full);
  }
  return std::string(path);
}

std::vector<std::string> SplitList(std::string_view text) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const auto end = std::min(text.find(','), text.size());
    if (const auto part = Trim(text.substr(0, end)); !part.empty()) parts.emplace_back(part);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parts;
}

template <typename T>
Status Assign(Message& target, Result<T> value) {
  if (!value.ok()) return std::move(value).error();
  static_cast<T&>(target) = std::move(value).value();
  return {};
}

// Writes a value into a field that is a message standing for one value.
Status SetValueMessage(Message& target, const FieldDescriptor& field, std::string_view value) {
  const auto* type = field.message_type();
  if (type == google::type::Money::descriptor()) return Assign(target, ParseMoney(value, ""));
  if (type == google::type::Date::descriptor()) return Assign(target, ParseDate(value));
  if (type == google::protobuf::Timestamp::descriptor()) return Assign(target, ParseTime(value));
  return Wrong("",
               fmt::format("it has parts; set one of them, for instance {}.{}", field.name(), type->field(0)->name()));
}

Status AddItems(Message& record, const FieldDescriptor& field, std::string_view value) {
  const auto* reflection = record.GetReflection();
  for (const auto& item : SplitList(value)) {
    if (field.cpp_type() == FieldDescriptor::CPPTYPE_STRING) {
      reflection->AddString(&record, &field, item);
    } else if (field.message_type() == type::v1::EmailAddress::descriptor()) {
      static_cast<type::v1::EmailAddress*>(reflection->AddMessage(&record, &field))->set_address(item);
    } else if (field.message_type() == type::v1::PhoneNumber::descriptor()) {
      static_cast<type::v1::PhoneNumber*>(reflection->AddMessage(&record, &field))->set_number(item);
    } else {
      return Wrong("", "it cannot be set here; use --json");
    }
  }
  return {};
}

Status SetScalar(Message& record, const FieldDescriptor& field, std::string_view value) {
  const auto* reflection = record.GetReflection();
  if (field.cpp_type() == FieldDescriptor::CPPTYPE_STRING) {
    reflection->SetString(&record, &field, std::string(value));
    return {};
  }
  if (field.cpp_type() == FieldDescriptor::CPPTYPE_ENUM) {
    if (field.enum_type() == type::v1::Source_descriptor()) {
      if (const auto source = ParseSource(value)) {
        reflection->SetEnumValue(&record, &field, *source);
        return {};
      }
    }
    QUARTET_ASSIGN_OR_RETURN(const int number, ParseEnum(*field.enum_type(), value));
    reflection->SetEnumValue(&record, &field, number);
    return {};
  }
  return Wrong("", "it cannot be set here; use --json");
}

void SetMapEntry(Message& record, const FieldDescriptor& field, const std::string& key, std::string_view value) {
  const auto* reflection = record.GetReflection();
  const auto* entry_type = field.message_type();
  for (int i = reflection->FieldSize(record, &field) - 1; i >= 0; --i) {
    const Message& entry = reflection->GetRepeatedMessage(record, &field, i);
    if (entry.GetReflection()->GetString(entry, entry_type->map_key()) != key) continue;
    reflection->SwapElements(&record, &field, i, reflection->FieldSize(record, &field) - 1);
    reflection->RemoveLast(&record, &field);
  }
  if (value.empty()) return;
  Message* entry = reflection->AddMessage(&record, &field);
  entry->GetReflection()->SetString(entry, entry_type->map_key(), key);
  entry->GetReflection()->SetString(entry, entry_type->map_value(), std::string(value));
}

Status SetPath(Message& record, std::string_view path, std::string_view value) {
  const auto dot = path.find('.');
  const auto* field = record.GetDescriptor()->FindFieldByName(std::string(path.substr(0, dot)));
  if (field == nullptr) return Wrong("", "there is no such field");
  const auto* reflection = record.GetReflection();
  if (dot != std::string_view::npos) {
    const auto rest = path.substr(dot + 1);
    if (field->is_map()) {
      SetMapEntry(record, *field, std::string(rest), value);
      return {};
    }
    if (field->is_repeated() || field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) {
      return Wrong("", fmt::format("{} has no parts", field->name()));
    }
    return SetPath(*reflection->MutableMessage(&record, field), rest, value);
  }
  if (field->is_map()) return Wrong("", fmt::format("set one of its keys: {}.KEY=VALUE", field->name()));
  reflection->ClearField(&record, field);
  if (value.empty()) return {};
  if (field->is_repeated()) return AddItems(record, *field, value);
  if (field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) return SetScalar(record, *field, value);
  return SetValueMessage(*reflection->MutableMessage(&record, field), *field, value);
}

}  // namespace

Result<std::string> SetField(Message& record, std::string_view assignment) {
  const auto equals = assignment.find('=');
  if (equals == std::string_view::npos || equals == 0) {
    return Wrong("--set", fmt::format("\"{}\" is not of the form FIELD=VALUE", Printable(assignment)));
  }
  const std::string given(Trim(assignment.substr(0, equals)));
  const std::string path = LongName(record, given);
  if (auto status = SetPath(record, path, Trim(assignment.substr(equals + 1))); !status.ok()) {
    Error error = std::move(status).error();
    for (auto& violation : error.violations) violation.field = given;
    return error;
  }
  return path.substr(0, path.find('.'));
}

bool SetsPartOfField(const Message& record, std::string_view assignment) {
  return LongName(record, Trim(assignment.substr(0, assignment.find('=')))).find('.') != std::string::npos;
}

}  // namespace quartet::cli
