#include "common/resource/resource_name.h"

#include "common/base/id_source.h"

namespace quartet::resource {

std::string NameOf(std::string_view collection, std::string_view id) {
  std::string name;
  name.reserve(collection.size() + 1 + id.size());
  return name.append(collection).append("/").append(id);
}

std::string IdOf(std::string_view name) {
  const auto slash = name.rfind('/');
  return std::string(slash == std::string_view::npos ? name : name.substr(slash + 1));
}

std::optional<std::string> ParseName(std::string_view collection, std::string_view name) {
  if (name.size() != collection.size() + 1 + 36 || !name.starts_with(collection) || name[collection.size()] != '/')
    return std::nullopt;
  const std::string_view id = name.substr(collection.size() + 1);
  if (!IsUuid(id)) return std::nullopt;
  return std::string(id);
}

}  // namespace quartet::resource
