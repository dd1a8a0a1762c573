#pragma once

#include <string>
#include <vector>

#include "common/base/result.h"

namespace CLI {
class App;
}
namespace quartet::qualification::v1 {
class QualifyOptions;
}

namespace quartet::cli {

// How leads are to be qualified, as the command line says it.
struct QualifyArguments {
  std::string account;
  std::string contact;
  std::string owner;
  std::string on_duplicate;
  std::string on_conflict;
  bool no_opportunity = false;
  std::string opportunity_name;
  std::string amount;
  std::string currency;
  std::string close_date;
  std::string stage;
};

// Adds the options to `qualify` and `preview` alike.
void AddQualifyOptions(CLI::App& command, QualifyArguments& arguments);

// Errors: a usage error naming every value that makes no sense.
Result<qualification::v1::QualifyOptions> ToQualifyOptions(const QualifyArguments& arguments);

}  // namespace quartet::cli
