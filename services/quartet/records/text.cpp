#include "services/quartet/records/text.h"

#include <algorithm>
#include <cstdlib>
#include <map>

#include <fmt/chrono.h>
#include <fmt/core.h>
#include <fmt/ranges.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>
#include <google/protobuf/util/json_util.h>
#include <google/protobuf/util/time_util.h>

#include "services/quartet/values/text.h"
#include "services/quartet/values/values.h"

#include "google/type/postal_address.pb.h"
#include "quartet/type/v1/contact_point.pb.h"
#include "quartet/type/v1/person_name.pb.h"

namespace quartet::cli {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::util::TimeUtil;
using Pairs = std::vector<std::pair<std::string, std::string>>;

// `message` as a T, if it is one.
template <typename T>
const T* As(const Message& message) {
  return message.GetDescriptor() == T::descriptor() ? static_cast<const T*>(&message) : nullptr;
}

template <typename Range>
std::string JoinFilled(const Range& parts, std::string_view separator) {
  std::string text;
  for (const auto& part : parts) {
    if (part.empty()) continue;
    if (!text.empty()) text += separator;
    text += part;
  }
  return text;
}

std::string CompactJson(const Message& message) {
  std::string text;
  const auto status = google::protobuf::util::MessageToJsonString(message, &text);
  return status.ok() ? text : status.ToString();
}

std::string LocalTime(const google::protobuf::Timestamp& time) {
  return fmt::format("{:%Y-%m-%d %H:%M}", fmt::localtime(static_cast<std::time_t>(time.seconds())));
}

std::string AddressText(const google::type::PostalAddress& address) {
  std::vector<std::string> parts(address.address_lines().begin(), address.address_lines().end());
  parts.push_back(JoinFilled(std::array{address.postal_code(), address.locality()}, " "));
  parts.push_back(address.administrative_area());
  parts.push_back(address.region_code());
  return JoinFilled(parts, ", ");
}

std::string Labelled(const std::string& value, const std::string& label) {
  return label.empty() ? value : fmt::format("{} ({})", value, label);
}

// "kind: EXISTING_RELATIONSHIP, reference: order 4711".
std::string PartsText(const Message& message) {
  std::vector<std::string> parts;
  for (const auto& [label, text] : Card(message)) parts.push_back(label + ": " + text);
  return JoinFilled(parts, ", ");
}

// What a sub-message that stands for one value says, the way it is shown to people or (with `for_machines`) in CSV.
std::string MessageText(const Message& message, bool for_machines) {
  using type::v1::EmailAddress;
  using type::v1::PersonName;
  using type::v1::PhoneNumber;
  if (const auto* time = As<google::protobuf::Timestamp>(message)) {
    return for_machines ? TimeUtil::ToString(*time) : LocalTime(*time);
  }
  if (const auto* date = As<google::type::Date>(message)) return DateText(*date);
  if (const auto* money = As<google::type::Money>(message)) return MoneyText(*money);
  if (const auto* address = As<google::type::PostalAddress>(message)) return AddressText(*address);
  if (const auto* email = As<EmailAddress>(message)) {
    return for_machines ? email->address() : Labelled(email->address(), email->label());
  }
  if (const auto* phone = As<PhoneNumber>(message)) {
    return for_machines ? phone->number() : Labelled(phone->number(), phone->label());
  }
  if (const auto* name = As<PersonName>(message)) {
    return JoinFilled(std::array{name->prefix(), name->given_name(), name->family_name(), name->suffix()}, " ");
  }
  // The outcome of a qualification for one record, and a status: the one field that matters to a reader.
  for (const char* telling : {"name", "message"}) {
    const auto* field = message.GetDescriptor()->FindFieldByName(telling);
    if (field != nullptr && field->cpp_type() == FieldDescriptor::CPPTYPE_STRING && !field->is_repeated()) {
      return message.GetReflection()->GetString(message, field);
    }
  }
  return for_machines ? CompactJson(message) : PartsText(message);
}

std::string ScalarText(const Message& message, const FieldDescriptor& field) {
  const auto& reflection = *message.GetReflection();
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_STRING:
      return reflection.GetString(message, &field);
    case FieldDescriptor::CPPTYPE_ENUM: {
      const int number = reflection.GetEnumValue(message, &field);
      return number == 0 ? "" : EnumText(*field.enum_type(), number);
    }
    case FieldDescriptor::CPPTYPE_INT32:
      return std::to_string(reflection.GetInt32(message, &field));
    case FieldDescriptor::CPPTYPE_INT64:
      return std::to_string(reflection.GetInt64(message, &field));
    case FieldDescriptor::CPPTYPE_BOOL:
      return reflection.GetBool(message, &field) ? "true" : "";
    default:
      std::abort();  // no resource has a field of another type
  }
}

// The values of a repeated field, one text each; "key=value", sorted, for a map.
std::vector<std::string> Values(const Message& message, const FieldDescriptor& field, bool for_machines) {
  const auto& reflection = *message.GetReflection();
  std::vector<std::string> values;
  for (int i = 0; i < reflection.FieldSize(message, &field); ++i) {
    if (field.cpp_type() == FieldDescriptor::CPPTYPE_STRING) {
      values.push_back(reflection.GetRepeatedString(message, &field, i));
      continue;
    }
    if (field.cpp_type() == FieldDescriptor::CPPTYPE_ENUM) {
      values.push_back(EnumText(*field.enum_type(), reflection.GetRepeatedEnumValue(message, &field, i)));
      continue;
    }
    const Message& item = reflection.GetRepeatedMessage(message, &field, i);
    if (field.is_map()) {
      const auto* entry = item.GetDescriptor();
      values.push_back(
          fmt::format("{}={}", ScalarText(item, *entry->map_key()), ScalarText(item, *entry->map_value())));
    } else {
      values.push_back(MessageText(item, for_machines));
    }
  }
  if (field.is_map()) std::sort(values.begin(), values.end());
  return values;
}

bool IsOneValue(const FieldDescriptor& field) {
  static const std::vector<const google::protobuf::Descriptor*> kValueTypes = {
      google::protobuf::Timestamp::descriptor(), google::type::Date::descriptor()};
  const auto* type = field.message_type();
  const bool has_name = type->FindFieldByName("name") != nullptr || type->full_name() == "google.rpc.Status";
  return has_name || std::find(kValueTypes.begin(), kValueTypes.end(), type) != kValueTypes.end();
}

void Flatten(const Message& message, const std::string& prefix, Pairs& cells) {
  const auto& reflection = *message.GetReflection();
  const auto* type = message.GetDescriptor();
  for (int i = 0; i < type->field_count(); ++i) {
    const FieldDescriptor& field = *type->field(i);
    if (type == google::type::PostalAddress::descriptor() && field.name() == "revision")
      continue;  // the form's, always 0
    const std::string name = prefix + field.name();
    if (field.is_repeated()) {
      cells.emplace_back(name, fmt::format("{}", fmt::join(Values(message, field, true), "; ")));
    } else if (field.cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) {
      cells.emplace_back(name, ScalarText(message, field));
    } else {
      const bool present = reflection.HasField(message, &field);
      const Message& child = reflection.GetMessage(message, &field);
      if (const auto* money = As<google::type::Money>(child)) {
        cells.emplace_back(name, present ? AmountText(*money) : "");
        cells.emplace_back(name + "_currency", money->currency_code());
      } else if (IsOneValue(field)) {
        cells.emplace_back(name, present ? MessageText(child, true) : "");
      } else {
        const bool lies_open =
            As<type::v1::PersonName>(child) != nullptr || As<google::type::PostalAddress>(child) != nullptr;
        Flatten(child, lies_open ? prefix : name + ".", cells);
      }
    }
  }
}

}  // namespace

std::string PeopleText(const Message& record, const FieldDescriptor& field, bool brief) {
  if (!field.is_repeated()) {
    if (field.cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) return Printable(ScalarText(record, field));
    if (!record.GetReflection()->HasField(record, &field)) return "";
    return Printable(MessageText(record.GetReflection()->GetMessage(record, &field), false));
  }
  const auto values = Values(record, field, brief);
  const bool is_short = field.cpp_type() == FieldDescriptor::CPPTYPE_ENUM;
  if (!brief || is_short || values.size() < 2) return Printable(fmt::format("{}", fmt::join(values, ", ")));
  return Printable(fmt::format("{} +{}", values.front(), values.size() - 1));
}

std::string CellText(const Message& record, std::string_view field) {
  const auto* descriptor = record.GetDescriptor()->FindFieldByName(std::string(field));
  if (descriptor == nullptr) std::abort();  // the tables of columns and the protos have come apart
  return IdOf(PeopleText(record, *descriptor, true));
}

Pairs Card(const Message& record) {
  std::vector<const FieldDescriptor*> fields;
  record.GetReflection()->ListFields(record, &fields);
  std::sort(fields.begin(), fields.end(), [](const auto* a, const auto* b) { return a->index() < b->index(); });
  Pairs card;
  for (const auto* field : fields) {
    std::string label = field->name();
    std::replace(label.begin(), label.end(), '_', ' ');
    card.emplace_back(std::move(label), PeopleText(record, *field, false));
  }
  return card;
}

Pairs FlatCells(const Message& record) {
  Pairs cells;
  Flatten(record, "", cells);
  return cells;
}

std::string JsonText(const Message& record) {
  google::protobuf::util::JsonPrintOptions options;
  options.add_whitespace = true;
  std::string text;
  const auto status = google::protobuf::util::MessageToJsonString(record, &text, options);
  // Only a detail of an error whose type a newer server knows and this client does not.
  if (!status.ok()) return R"({"@error": "this record holds a message of a type that this client does not know"})";
  text.erase(text.find_last_not_of('\n') + 1);
  return text;
}

std::string IdOf(std::string_view name) {
  const auto slash = name.find('/');
  const bool is_name = slash != std::string_view::npos && slash > 0 && name.size() - slash - 1 == 36 &&
                       name.find_first_of(" /", slash + 1) == std::string_view::npos;
  return std::string(is_name ? name.substr(slash + 1) : name);
}

}  // namespace quartet::cli
