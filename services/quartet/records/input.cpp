#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iostream>

#include <fmt/core.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>
#include <google/protobuf/util/json_util.h>
#include <nlohmann/json.hpp>

#include "common/base/limits.h"
#include "services/quartet/output/error_report.h"
#include "services/quartet/records/field_set.h"

#include "google/api/field_behavior.pb.h"

namespace quartet::cli {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

// Whether a caller may change the field, so that it belongs into a field mask.
bool IsChangeable(const FieldDescriptor& field) {
  if (field.name() == "etag") return false;
  const auto& options = field.options();
  for (int i = 0; i < options.ExtensionSize(google::api::field_behavior); ++i) {
    const auto behavior = options.GetExtension(google::api::field_behavior, i);
    if (behavior == google::api::OUTPUT_ONLY || behavior == google::api::IDENTIFIER ||
        behavior == google::api::IMMUTABLE) {
      return false;
    }
  }
  return true;
}

Result<JsonRecord> ParseRecord(const nlohmann::json& json, const Message& prototype) {
  JsonRecord parsed;
  parsed.record.reset(prototype.New());
  const auto status = google::protobuf::util::JsonStringToMessage(json.dump(), parsed.record.get());
  if (!status.ok()) {
    return UsageError(
        fmt::format("the JSON is no {}: {}", prototype.GetDescriptor()->name(), status.message().ToString()));
  }
  const auto* type = prototype.GetDescriptor();
  for (int i = 0; i < type->field_count(); ++i) {
    const FieldDescriptor& field = *type->field(i);
    if (IsChangeable(field) && (json.contains(field.json_name()) || json.contains(field.name()))) {
      parsed.fields.push_back(field.name());
    }
  }
  return parsed;
}

Result<std::string> ReadStream(std::istream& stream, const std::string& path) {
  std::string text;
  std::array<char, 1 << 16> piece{};
  while (stream.read(piece.data(), piece.size()) || stream.gcount() > 0) {
    text.append(piece.data(), static_cast<std::size_t>(stream.gcount()));
    if (text.size() > limits::kInputFileBytesMax)
      return UsageError(fmt::format("{} has more than {} MiB; split it", path == "-" ? "the input" : path,
                                    limits::kInputFileBytesMax / limits::kMiB));
  }
  if (stream.bad()) return UsageError(fmt::format("cannot read {} to its end", path));
  return text;
}

}  // namespace

Result<std::vector<JsonRecord>> ParseRecords(std::string_view json, const Message& prototype) {
  auto document = nlohmann::json::parse(json, nullptr, /*allow_exceptions=*/false);
  if (document.is_discarded()) return UsageError("this is no JSON");
  if (document.is_object()) document = nlohmann::json::array({std::move(document)});
  if (!document.is_array()) return UsageError("the JSON must be an object or an array of objects");
  std::vector<JsonRecord> records;
  for (const auto& item : document) {
    if (!item.is_object()) return UsageError("the JSON array must hold objects");
    QUARTET_ASSIGN_OR_RETURN(auto record, ParseRecord(item, prototype));
    records.push_back(std::move(record));
  }
  return records;
}

Result<std::string> ReadInput(const std::string& path) {
  if (path == "-") return ReadStream(std::cin, path);
  std::ifstream file(path, std::ios::binary);
  if (!file) return UsageError(fmt::format("cannot read {}: {}", path, std::generic_category().message(errno)));
  return ReadStream(file, path);
}

}  // namespace quartet::cli
