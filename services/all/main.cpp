#include <array>

#include "common/app/run.h"
#include "services/account/service.h"
#include "services/contact/service.h"
#include "services/lead/service.h"
#include "services/opportunity/service.h"
#include "services/qualification/service.h"

// The all-in-one process, for development: the same bind() of each service.
int main(int argc, char** argv) {
  constexpr std::array<quartet::app::NamedBind, 5> kServices = {{
      {"lead", quartet::lead::Bind},
      {"contact", quartet::contact::Bind},
      {"account", quartet::account::Bind},
      {"opportunity", quartet::opportunity::Bind},
      {"qualification", quartet::qualification::Bind},
  }};
  return quartet::app::RunAll(argc, argv, kServices);
}
