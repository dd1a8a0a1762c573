#pragma once

#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace quartet::test {

// A list of invented people as a trade show hands it out: duplicates, mistakes
// and odd spellings included. The same each time. What must come of it is known
// from how it is made, not from the code under test.
struct LeadList {
  std::string csv;
  int rows = 0;
  int accepted = 0;
  int duplicates = 0;
  // The lines where the rejected rows begin, and words that the reasons of each must contain.
  std::map<std::size_t, std::vector<std::string>> rejected;
  // The companies of the accepted rows, each in one spelling.
  std::set<std::string> companies;
  // Accepted rows without a company, by family name, which no two rows share.
  std::set<std::string> private_people;
};

LeadList MakeLeadList();

}  // namespace quartet::test
