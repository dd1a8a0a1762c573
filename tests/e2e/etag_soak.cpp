// Writers by etag beside conversions, reverts and kills, for as long as one likes:
//   tests/soak etag --store postgres --seconds 600
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include <fmt/core.h>

#include "common/config/ports.h"
#include "tests/e2e/etag_writers.h"
#include "tests/e2e/lead_making.h"
#include "tests/support/suite/clients.h"
#include "tests/support/suite/process.h"
#include "tests/support/suite/records.h"

namespace quartet::test {
namespace {

using Time = std::chrono::steady_clock;

struct Options {
  bool postgres = false;
  int seconds = 60;
  int pause_ms = 4'000;  // between two kills
};

int Run(const Options& options) {
  const auto suite =
      options.postgres ? std::make_unique<Suite>(Suite::OnPostgres{.replicas = 2}) : std::make_unique<Suite>();
  SuiteClients clients(*suite);
  const auto end = Time::now() + std::chrono::seconds(options.seconds);
  std::atomic<int> next = 0;
  std::atomic<int> converted = 0;
  std::atomic<int> reverted = 0;
  std::atomic<int> failed = 0;
  int kills = 0;
  std::vector<std::string> violations;
  int acknowledged = 0;
  {
    EtagWriters writers(clients, 3);
    {
      std::vector<std::jthread> callers;
      for (int caller = 0; caller < 6; ++caller) {
        callers.emplace_back([&] {
          while (Time::now() < end) {
            const int number = next++;
            lead::v1::Lead lead = MakeLead(number);
            lead.set_company(MakeLead(number % 5).company());
            lead.set_website(MakeLead(number % 5).website());
            try {
              const auto answer = QualifyPatiently(clients, CreateLead(clients, lead), NewRequestId());
              ++(answer.ok() ? converted : failed);
              if (!answer.ok() || number % 10 != 0) continue;
              qualification::v1::RevertQualificationRequest revert;
              revert.set_name(answer->name());
              revert.set_request_id(NewRequestId());
              if (Call(*clients.qualifications, &qualification::v1::QualificationService::Stub::RevertQualification,
                       revert)
                      .ok())
                ++reverted;
            } catch (const std::exception&) {  // a service is away; the lead may be there or not
            }
          }
        });
      }
      std::mt19937 random(1);
      while (Time::now() + std::chrono::milliseconds(options.pause_ms) < end) {
        std::this_thread::sleep_until(Time::now() + std::chrono::milliseconds(options.pause_ms));
        const std::string victim(config::kServices[random() % config::kServices.size()]);
        suite->Kill(victim);
        suite->Restart(victim);
        ++kills;
      }
    }
    violations = writers.Stop();
    acknowledged = writers.acknowledged();
  }
  const auto records = ReadRecords(clients);
  for (const std::string& half : Contradictions(records)) violations.push_back(half);
  for (const std::string& violation : violations) fmt::print("VIOLATION {}\n", violation);
  fmt::print(
      "{} for {} s: {} writes by etag acknowledged, {} conversions, {} reverts, {} refused, {} kills: {} violations\n",
      options.postgres ? "postgres, two replicas of each service" : "sqlite", options.seconds, acknowledged,
      converted.load(), reverted.load(), failed.load(), kills, violations.size());
  return violations.empty() && acknowledged > 0 && converted > 0 ? 0 : 1;
}

}  // namespace
}  // namespace quartet::test

int main(int argc, char** argv) {
  quartet::test::Options options;
  for (int i = 1; i + 1 < argc; i += 2) {
    if (std::strcmp(argv[i], "--store") == 0) options.postgres = std::strcmp(argv[i + 1], "postgres") == 0;
    if (std::strcmp(argv[i], "--seconds") == 0) options.seconds = std::stoi(argv[i + 1]);
  }
  return quartet::test::Run(options);
}
