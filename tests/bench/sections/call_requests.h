#pragma once

#include <array>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "tests/bench/suite/bench_suite.h"
#include "tests/bench/suite/load.h"

namespace quartet::bench {

// A method whose cost is measured.
struct CallMethod {
  const char* name;
  const char* service;
  const char* full_name;  // "/package.Service/Method"
  bool repeatable;        // the same requests can be sent again and do the same work
};

inline constexpr std::array<CallMethod, 6> kCallMethods = {{
    {"GetLead", "lead", "/quartet.lead.v1.LeadService/GetLead", true},
    {"CreateLead", "lead", "/quartet.lead.v1.LeadService/CreateLead", false},
    {"UpdateLead", "lead", "/quartet.lead.v1.LeadService/UpdateLead", true},
    {"ListLeads", "lead", "/quartet.lead.v1.LeadService/ListLeads", true},
    {"BatchGetLeads", "lead", "/quartet.lead.v1.LeadService/BatchGetLeads", true},
    {"PreviewQualification", "qualification", "/quartet.qualification.v1.QualificationService/PreviewQualification",
     true},
}};

// The one of that name; it must be there.
const CallMethod& MethodOf(std::string_view name);

// Serialised requests about leads that it imports.
class CallRequests {
 public:
  // `stored`: leads that are read; the imported ones unless told.
  explicit CallRequests(BenchSuite& suite, std::vector<std::string> stored = {});

  // Enough for a run of `length`; valid until the next call.
  const std::vector<std::string>& Of(const CallMethod& method, Duration length);

 private:
  void AddGets();
  void AddUpdates();
  void AddPages();
  void AddBatches();
  void AddPreviews();
  std::vector<std::string> Creates(int count);

  BenchSuite& suite_;
  std::vector<std::string> leads_;
  std::vector<std::string> stored_;
  MadeLeads new_leads_;
  std::map<std::string_view, std::vector<std::string>> lists_;
};

}  // namespace quartet::bench
