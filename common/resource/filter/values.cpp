#include "common/resource/filter/values.h"

#include <string>
#include <utility>

#include <google/protobuf/descriptor.h>
#include <google/protobuf/timestamp.pb.h>
#include <google/protobuf/util/time_util.h>

#include "common/base/text.h"

namespace quartet::resource {
namespace {

Error InvalidValue(std::string message) {
  return Error{.code = Code::kInvalidArgument, .reason = "INVALID_FILTER", .message = std::move(message)};
}

// "PipelineState" → "PIPELINE_STATE_".
std::string PrefixOf(const google::protobuf::EnumDescriptor& type) {
  std::string prefix;
  for (const char c : type.name()) {
    if (c >= 'A' && c <= 'Z' && !prefix.empty()) prefix.push_back('_');
    prefix.push_back(c);
  }
  return AsciiUpper(prefix) + "_";
}

Result<ColumnValue> EnumValue(const google::protobuf::EnumDescriptor& type, std::string_view text) {
  const std::string name = AsciiUpper(text);
  const std::string prefix = PrefixOf(type);
  const google::protobuf::EnumValueDescriptor* value = type.FindValueByName(prefix + name);
  if (value == nullptr) value = type.FindValueByName(name);
  if (value != nullptr) return ColumnValue(static_cast<std::int64_t>(value->number()));
  std::string known;
  for (int i = 0; i < type.value_count(); ++i) {
    std::string_view each = type.value(i)->name();
    if (each.starts_with(prefix)) each.remove_prefix(prefix.size());
    known.append(known.empty() ? "" : ", ").append(each);
  }
  return InvalidValue("cannot be \"" + std::string(text) + "\"; it is one of " + known);
}

Result<ColumnValue> TimeValue(std::string_view comparison, std::string_view text) {
  google::protobuf::Timestamp time;
  if (!google::protobuf::util::TimeUtil::FromString(std::string(text), &time)) {
    return InvalidValue("needs an RFC 3339 time such as \"2026-01-31T08:00:00Z\", not \"" + std::string(text) + "\"");
  }
  const std::int64_t micros = time.seconds() * 1'000'000 + time.nanos() / 1'000;
  // t < 1.5 µs is t < 2 µs, and t >= 1.5 µs is t >= 2 µs, as what is stored is whole microseconds.
  const bool round_up = time.nanos() % 1'000 != 0 && (comparison == "<" || comparison == ">=");
  return ColumnValue(micros + (round_up ? 1 : 0));
}

}  // namespace

Result<std::string> FilterCompany(std::string_view value) {
  std::string normalised = identity::NormaliseCompanyName(value);
  if (normalised.empty() && !Trim(value).empty()) return InvalidValue("it has no letter or digit");
  return normalised;
}

Result<std::string> FilterPhone(std::string_view value) {
  return identity::NormalisePhone(value, "");
}

Result<ColumnValue> FilterValue(const FilterField& field, std::string_view comparison, std::string_view text) {
  switch (field.kind) {
    case FilterKind::kText:
      return ColumnValue(std::string(text));
    case FilterKind::kTextFold:
    case FilterKind::kIdentity: {
      Result<std::string> normalised = field.normalise(text);
      if (normalised.ok()) return ColumnValue(*std::move(normalised));
      return InvalidValue("cannot be \"" + std::string(text) + "\": " + normalised.error().message);
    }
    case FilterKind::kEnum:
      return EnumValue(*field.enum_type(), text);
    case FilterKind::kTime:
      break;
  }
  return TimeValue(comparison, text);
}

}  // namespace quartet::resource
