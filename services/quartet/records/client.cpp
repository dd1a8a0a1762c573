#include "services/quartet/records/client.h"

#include <algorithm>
#include <iostream>

#include <fmt/core.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include "services/quartet/connection/rpc.h"
#include "services/quartet/records/resource_kind.h"
#include "services/quartet/values/text.h"

namespace quartet::cli {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

const FieldDescriptor& Field(const Message& message, std::string_view name) {
  const auto* field = message.GetDescriptor()->FindFieldByName(std::string(name));
  if (field == nullptr) std::abort();  // the commands and the protos have come apart
  return *field;
}

}  // namespace

void SetText(Message& message, std::string_view field, const std::string& value) {
  message.GetReflection()->SetString(&message, &Field(message, field), value);
}

std::string GetText(const Message& message, std::string_view field) {
  return message.GetReflection()->GetString(message, &Field(message, field));
}

Message& MutableChild(Message& message, std::string_view field) {
  return *message.GetReflection()->MutableMessage(&message, &Field(message, field));
}

Status ForEachRecord(Rpc& rpc, const ResourceKind& kind, const ListQuery& query,
                     const std::function<void(const Message&)>& take) {
  const auto request = kind.NewMessage(fmt::format("List{}Request", kind.plural_type));
  const auto response = kind.NewMessage(fmt::format("List{}Response", kind.plural_type));
  SetText(*request, "filter", query.filter);
  SetText(*request, "order_by", query.order_by);
  for (const auto& [is_set, field] : {std::pair(query.show_deleted, "show_deleted"), std::pair(query.stuck, "stuck")}) {
    if (is_set) request->GetReflection()->SetBool(request.get(), &Field(*request, field), true);
  }

  const auto& records = Field(*response, kind.plural);
  std::int64_t left = query.limit;
  for (;;) {
    const auto page_size = query.limit == 0 ? query.page_size : std::min<std::int64_t>(query.page_size, left);
    request->GetReflection()->SetInt32(request.get(), &Field(*request, "page_size"),
                                       static_cast<std::int32_t>(page_size));
    response->Clear();
    QUARTET_RETURN_IF_ERROR(rpc.Call(*request, *response));
    const int count = response->GetReflection()->FieldSize(*response, &records);
    for (int i = 0; i < count; ++i) {
      if (query.limit > 0 && left-- == 0) return {};
      take(response->GetReflection()->GetRepeatedMessage(*response, &records, i));
    }
    const std::string next = GetText(*response, "next_page_token");
    if (next.empty() || (query.limit > 0 && left == 0)) return {};
    SetText(*request, "page_token", next);
  }
}

Result<std::unique_ptr<Message>> GetRecord(Rpc& rpc, const ResourceKind& kind, const std::string& name) {
  const auto request = kind.NewMessage(fmt::format("Get{}Request", kind.type));
  SetText(*request, "name", name);
  auto record = kind.NewRecord();
  QUARTET_RETURN_IF_ERROR(rpc.Call(*request, *record));
  return record;
}

std::vector<std::string> ResolveNames(const ResourceKind& kind, const std::vector<std::string>& given) {
  std::vector<std::string> names;
  for (const auto& name : given) {
    if (name != "-") {
      names.push_back(kind.FullName(name));
      continue;
    }
    for (std::string line; std::getline(std::cin, line);) {
      if (!Trim(line).empty()) names.push_back(kind.FullName(line));
    }
  }
  return names;
}

}  // namespace quartet::cli
