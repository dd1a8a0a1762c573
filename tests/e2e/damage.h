#pragma once

#include <functional>
#include <string>
#include <string_view>

#include <google/protobuf/message_lite.h>

#include "tests/support/suite/process.h"

namespace quartet::test {

// Wrong things put into the databases of a suite's services, over either store. No process of the service may run
// meanwhile.
class Damage {
 public:
  explicit Damage(const Suite& suite) : suite_(suite) {}

  // Runs a statement.
  void Run(std::string_view service, const std::string& sql) const { suite_.Execute(service, sql); }
  // Bytes as they are written in a statement.
  std::string Literal(std::string_view bytes) const;

  // Changes the message that a row holds, and perhaps other columns (", state = 1").
  template <class Message>
  void Edit(std::string_view service, const std::string& table, const std::string& name,
            const std::function<void(Message&)>& edit, const std::string& more = "") const {
    Message message;
    message.ParseFromString(BodyOf(service, table, name));
    edit(message);
    Run(service, "UPDATE " + table + " SET body = " + Literal(message.SerializeAsString()) + more + Where("id", name));
  }
  // " WHERE column = 'id'" of a resource name.
  static std::string Where(std::string_view column, std::string_view name);

 private:
  std::string BodyOf(std::string_view service, const std::string& table, const std::string& name) const;

  const Suite& suite_;
};

}  // namespace quartet::test
