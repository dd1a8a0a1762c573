#include "common/config/database_target.h"

#include <memory>

#include <libpq-fe.h>

namespace quartet::config {
namespace {

struct OptionsCloser {
  void operator()(PQconninfoOption* options) const { PQconninfoFree(options); }
};

Error Mistake(std::string description) {
  return InvalidArgument({{.field = "database", .description = std::move(description)}});
}

}  // namespace

Result<std::string> DatabaseTarget(std::string_view text, std::string_view service) {
  std::string target(text);
  for (std::size_t at = target.find(kServicePlace); at != std::string::npos; at = target.find(kServicePlace)) {
    target.replace(at, kServicePlace.size(), service);
  }
  // libpq's own message would quote what it does not understand.
  const std::unique_ptr<PQconninfoOption, OptionsCloser> options(PQconninfoParse(target.c_str(), nullptr));
  if (options == nullptr) {
    return Mistake(
        "is neither a connection string (host=… dbname=…) nor a URI (postgresql://…) of PostgreSQL; special "
        "characters of a URI's user and password are written as %XX");
  }
  bool has_name = false;
  for (const PQconninfoOption* option = options.get(); option->keyword != nullptr; ++option) {
    const std::string_view keyword = option->keyword;
    if (option->val == nullptr) continue;
    if (keyword == "dbname") has_name = true;
    // A password with an unescaped '@' has moved into the host, which errors would show.
    if (keyword == "host" && std::string_view(option->val).find('@') != std::string_view::npos) {
      return Mistake("has an '@' in its host; in a URI's password it is written as %40");
    }
  }
  if (!has_name) return Mistake("names no database");
  return target;
}

}  // namespace quartet::config
