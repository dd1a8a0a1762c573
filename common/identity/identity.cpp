#include "common/identity/identity.h"

namespace quartet::identity {

std::string_view KindName(Kind kind) {
  switch (kind) {
    case Kind::kEmail:
      return "email";
    case Kind::kPhone:
      return "phone";
    case Kind::kDomain:
      return "domain";
    case Kind::kCompanyName:
      return "company name";
  }
  return "identity";
}

}  // namespace quartet::identity
