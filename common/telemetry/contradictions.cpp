#include "common/telemetry/contradictions.h"

#include <string>

namespace quartet::telemetry {

void Contradictions::Report(std::string_view kind, std::initializer_list<Field> fields) {
  counters_.Get("contradictions_total{kind=\"" + std::string(kind) + "\"}").Add();
  LogError(std::string("contradiction ") + std::string(kind), fields);
}

}  // namespace quartet::telemetry
