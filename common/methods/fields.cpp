#include "common/methods/fields.h"

#include <algorithm>
#include <map>
#include <mutex>

#include <fmt/format.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/util/field_mask_util.h>
#include <google/protobuf/util/message_differencer.h>
#include <google/protobuf/wire_format_lite.h>

#include "common/base/limits.h"

#include "google/api/field_behavior.pb.h"

namespace quartet::methods {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::FieldMask;
using google::protobuf::Message;
using google::protobuf::Reflection;
using google::protobuf::util::FieldMaskUtil;

bool HasBehavior(const FieldDescriptor& field, google::api::FieldBehavior behavior) {
  const auto& options = field.options();
  for (int i = 0; i < options.ExtensionSize(google::api::field_behavior); ++i) {
    if (options.GetExtension(google::api::field_behavior, i) == behavior) return true;
  }
  return false;
}

bool IsServerField(const FieldDescriptor& field) {
  return field.name() == "etag" || HasBehavior(field, google::api::OUTPUT_ONLY) ||
         HasBehavior(field, google::api::IDENTIFIER);
}

// All of a message's, remembered: to read a field's options takes longer than to clear it.
const std::vector<const FieldDescriptor*>& ServerFields(const Descriptor& descriptor) {
  static std::mutex mutex;
  static std::map<const Descriptor*, std::vector<const FieldDescriptor*>> known;
  const std::lock_guard lock(mutex);
  const auto [entry, is_new] = known.try_emplace(&descriptor);
  for (int i = 0; is_new && i < descriptor.field_count(); ++i) {
    if (IsServerField(*descriptor.field(i))) entry->second.push_back(descriptor.field(i));
  }
  return entry->second;
}

bool IsPopulated(const Message& message, const FieldDescriptor& field) {
  const Reflection& reflection = *message.GetReflection();
  return field.is_repeated() ? reflection.FieldSize(message, &field) > 0 : reflection.HasField(message, &field);
}

// The paths to write, without server fields.
Result<FieldMask> PathsOf(const Message& from, const FieldMask& mask) {
  const Descriptor& descriptor = *from.GetDescriptor();
  const bool all = mask.paths_size() == 1 && mask.paths(0) == "*";
  FieldMask paths;
  if (all || mask.paths().empty()) {
    for (int i = 0; i < descriptor.field_count(); ++i) {
      const FieldDescriptor& field = *descriptor.field(i);
      if (!IsServerField(field) && (all || IsPopulated(from, field))) paths.add_paths(field.name());
    }
    return paths;
  }
  if (mask.paths_size() > limits::kUpdateMaskPathsMax)
    return InvalidArgument(
        {{"update_mask", fmt::format("has {} paths; {} is the most", mask.paths_size(), limits::kUpdateMaskPathsMax)}});
  std::vector<FieldViolation> violations;
  for (const std::string& path : mask.paths()) {
    std::vector<const FieldDescriptor*> fields;
    if (!FieldMaskUtil::GetFieldDescriptors(&descriptor, path, &fields)) {
      violations.push_back({"update_mask", "there is no field \"" + path + "\""});
    } else if (!IsServerField(*fields.front())) {
      paths.add_paths(path);
    }
  }
  if (!violations.empty()) return InvalidArgument(std::move(violations));
  return paths;
}

}  // namespace

void ClearServerFields(Message& message) {
  for (const FieldDescriptor* field : ServerFields(*message.GetDescriptor()))
    message.GetReflection()->ClearField(&message, field);
}

Status MergeFields(const Message& from, const FieldMask& mask, Message& to) {
  QUARTET_ASSIGN_OR_RETURN(const FieldMask paths, PathsOf(from, mask));
  // An empty mask would mean everything to MergeMessageTo.
  if (paths.paths().empty()) return {};
  FieldMaskUtil::MergeOptions options;
  options.set_replace_message_fields(true);
  options.set_replace_repeated_fields(true);
  FieldMaskUtil::MergeMessageTo(from, paths, options, &to);
  return {};
}

bool IsWellFormed(std::string_view bytes) {
  google::protobuf::io::CodedInputStream stream(reinterpret_cast<const std::uint8_t*>(bytes.data()),
                                                static_cast<int>(bytes.size()));
  for (std::uint32_t tag = stream.ReadTag(); tag != 0; tag = stream.ReadTag()) {
    if (!google::protobuf::internal::WireFormatLite::SkipField(&stream, tag)) return false;
  }
  return stream.ConsumedEntireMessage();
}

std::vector<const FieldDescriptor*> FieldsThatDiffer(const Message& a, const Message& b) {
  std::vector<const FieldDescriptor*> fields;
  const Descriptor& descriptor = *a.GetDescriptor();
  for (int i = 0; i < descriptor.field_count(); ++i) {
    const FieldDescriptor& field = *descriptor.field(i);
    if (IsServerField(field)) continue;
    google::protobuf::util::MessageDifferencer differencer;
    if (!differencer.CompareWithFields(a, b, {&field}, {&field})) fields.push_back(&field);
  }
  return fields;
}

void CopyField(const Message& from, const FieldDescriptor& field, Message& to) {
  FieldMask paths;
  paths.add_paths(field.name());
  to.GetReflection()->ClearField(&to, &field);
  FieldMaskUtil::MergeMessageTo(from, paths, {}, &to);
}

std::vector<std::string> FillEmptyFields(const Message& from, Message& to) {
  std::vector<std::string> filled;
  FieldMask paths;
  const Descriptor& descriptor = *from.GetDescriptor();
  for (int i = 0; i < descriptor.field_count(); ++i) {
    const FieldDescriptor& field = *descriptor.field(i);
    if (IsServerField(field) || HasBehavior(field, google::api::IMMUTABLE)) continue;
    if (!IsPopulated(from, field) || IsPopulated(to, field)) continue;
    filled.push_back(field.name());
    paths.add_paths(field.name());
  }
  if (!filled.empty()) FieldMaskUtil::MergeMessageTo(from, paths, {}, &to);
  return filled;
}

}  // namespace quartet::methods
