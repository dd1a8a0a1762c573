#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>

#include "common/base/result.h"

namespace quartet::commit {

// What became of a record of another service that is named here.
enum class ReferenceState { kLive, kDeleted, kMissing };

// By the record's name.
using ReferenceStates = std::map<std::string, ReferenceState>;

// Records of other services that name one of this service's.
struct Uses {
  std::int64_t count = 0;
  bool more = false;  // than `count`
};

// Where one asks about the records of other services. Blocks. The answers are
// those of some moment after the call began; nothing keeps them true.
class ReferenceSource {
 public:
  virtual ~ReferenceSource() = default;
  // The states of all of `names`, each "{collection}/{uuid}" of a service that
  // records here may name. Errors: UNAVAILABLE REFERENCES_UNAVAILABLE (RetryInfo).
  virtual Result<ReferenceStates> LookUp(std::span<const std::string> names) = 0;
  // Whether records of any service may name records of this one at all.
  virtual bool MayBeUsed() const = 0;
  // How many live records name `name`, by what they are called ("contacts", "open
  // opportunities"); none that have no use. Errors: as above.
  virtual Result<std::map<std::string, Uses>> CountUses(const std::string& name) = 0;
};

}  // namespace quartet::commit
