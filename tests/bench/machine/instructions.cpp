#include "tests/bench/machine/instructions.h"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <stdexcept>

#include <fmt/core.h>

#include "common/config/ports.h"
#include "tests/bench/suite/bench_suite.h"
#include "tests/bench/suite/load.h"
#include "tests/support/servers/child_process.h"
#include "tests/support/temp_directory.h"

#include "quartet/qualification/v1/service.pb.h"

namespace quartet::bench {
namespace {

constexpr int kCountedListOfLeads = 10;
constexpr int kCallsBefore = 64;
constexpr Duration kLimit{600};

// Programs that run the services under callgrind, and where the test's support looks for them meanwhile.
class Wrapped {
 public:
  Wrapped() : programs_(test::ProgramFolder()) {
    for (const std::string_view service : config::kServices) {
      const auto path = folder_.path() / fmt::format("quartet-{}", service);
      std::ofstream script(path);
      script << fmt::format(
          "#!/bin/sh\necho $$ > '{0}/{1}.pid'\nexec valgrind --tool=callgrind "
          "--callgrind-out-file='{0}/{1}.out' '{2}/quartet-{1}' \"$@\"\n",
          folder_.path().string(), service, programs_.string());
      script.close();
      std::filesystem::permissions(path, std::filesystem::perms::owner_all);
    }
    setenv("QUARTET_BIN_DIR", folder_.path().c_str(), /*replace=*/1);
  }
  ~Wrapped() { setenv("QUARTET_BIN_DIR", programs_.c_str(), /*replace=*/1); }
  Wrapped(const Wrapped&) = delete;
  Wrapped& operator=(const Wrapped&) = delete;

  // `option`: -z sets the counters to zero, -d writes them.
  void Control(const char* option) const {
    for (const std::string_view service : config::kServices) {
      std::string pid = test::ReadFile(folder_.path() / fmt::format("{}.pid", service));
      pid.resize(std::min(pid.size(), pid.find('\n')));
      const auto result = test::RunProgram({"/usr/bin/callgrind_control", option, pid}, folder_.path());
      if (result.exit_code != 0)
        throw std::runtime_error(fmt::format("callgrind_control: {}{}", result.out, result.err));
    }
  }

  // What the first dump of a service says.
  double Total(std::string_view service) const {
    std::ifstream dump(folder_.path() / fmt::format("{}.out.1", service));
    for (std::string line; std::getline(dump, line);) {
      if (line.starts_with("totals: ")) return std::stod(line.substr(8));
    }
    throw std::runtime_error(fmt::format("callgrind has written nothing about {}", service));
  }

 private:
  const std::filesystem::path programs_;
  test::TempDirectory folder_;
};

std::vector<std::string> Import(BenchSuite& suite, MadeLeads& leads, int count) {
  std::vector<std::string> requests;
  for (const std::string& lead : suite.Import(leads, count)) {
    qualification::v1::QualifyLeadRequest request;
    request.set_lead(lead);
    request.set_request_id(test::NewRequestId());
    requests.push_back(request.SerializeAsString());
  }
  suite.Settle();
  return requests;
}

void ConvertOnce(BenchSuite& suite, const std::vector<std::string>& requests, int open, const std::stop_token& stop) {
  const LoadResult result = RunLoad({.addresses = {suite.processes().AddressOf("qualification")},
                                     .method = "/quartet.qualification.v1.QualificationService/QualifyLead",
                                     .requests = requests,
                                     .in_flight = open,
                                     .length = kLimit,
                                     .count = {}},
                                    stop);
  if (result.failures > 0) throw std::runtime_error(result.first_failure);
  suite.Settle();
}

}  // namespace

Instructions CountInstructions(int open, int conversions, const std::stop_token& stop) {
  if (!std::filesystem::exists("/usr/bin/callgrind_control"))
    throw std::runtime_error("instructions are counted by valgrind, which is not installed");
  const Wrapped wrapped;
  BenchSuite suite;
  MadeLeads leads(Companies::kShared, kCountedListOfLeads);
  ConvertOnce(suite, Import(suite, leads, kCallsBefore), open, stop);
  const auto requests = Import(suite, leads, conversions);
  wrapped.Control("-z");
  ConvertOnce(suite, requests, open, stop);
  wrapped.Control("-d");
  Instructions result{.open = open, .conversions = conversions, .per_conversion = {}};
  for (const std::string_view service : config::kServices)
    result.per_conversion[std::string(service)] = wrapped.Total(service) / conversions;
  return result;
}

}  // namespace quartet::bench
