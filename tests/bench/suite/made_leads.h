#pragma once

#include <cstdint>
#include <random>

#include "quartet/lead/v1/lead.pb.h"

namespace quartet::bench {

// How the leads of a list share companies.
enum class Companies {
  kShared,    // as at a trade show: about one lead in 13 names a company that nobody named before
  kDistinct,  // every lead names its own
};

// Invented people with the fields that a list from a trade show has. No two have
// an e-mail address or phone number in common. The same calls give the same leads.
class MadeLeads {
 public:
  // `series` tells lists apart that go into one suite: 0 to 99.
  MadeLeads(Companies companies, int series) : companies_(companies), series_(series) {}

  lead::v1::Lead Next();

 private:
  int CompanyOfNext();

  const Companies companies_;
  const int series_;
  int made_ = 0;
  int companies_named_ = 0;
  std::mt19937 random_{20'240'513};
};

}  // namespace quartet::bench
