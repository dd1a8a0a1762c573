#include <libpsl.h>

#include <algorithm>
#include <array>

#include "common/base/text.h"
#include "common/identity/host.h"
#include "common/identity/identity.h"
#include "common/identity/shared_domains.h"
#include "common/identity/unicode.h"

namespace quartet::identity {
namespace {

static_assert(std::is_sorted(kFreeMailBrands.begin(), kFreeMailBrands.end()));
static_assert(std::is_sorted(kFreeMailDomains.begin(), kFreeMailDomains.end()));
static_assert(std::is_sorted(kPlatformDomains.begin(), kPlatformDomains.end()));

// Bounds the work that a hostile web site costs.
constexpr std::size_t kWebsiteBytesMax = 8192;

Error InvalidDomain(std::string_view what) {
  return Invalid("INVALID_WEBSITE", std::string(what));
}

// The authority of a URL (RFC 3986), or of what is typed in its place: a host without a scheme.
Result<std::string_view> HostOf(std::string_view website) {
  std::string_view rest = website;
  bool has_scheme = false;
  if (const std::size_t colon = rest.find("://");
      colon != std::string_view::npos && colon <= rest.find_first_of("/?#")) {
    const std::string scheme = AsciiLower(rest.substr(0, colon));
    if (scheme != "http" && scheme != "https") return InvalidDomain("it must begin with https:// or http://");
    rest.remove_prefix(colon + 3);
    has_scheme = true;
  }
  rest = rest.substr(0, rest.find_first_of("/?#\\"));
  if (const std::size_t at = rest.rfind('@'); at != std::string_view::npos) {
    if (!has_scheme) return InvalidDomain("it is an e-mail address, not a web site");
    rest.remove_prefix(at + 1);
  }
  if (rest.starts_with('[')) return InvalidDomain("the domain is an IP address");
  if (const std::size_t colon = rest.rfind(':'); colon != std::string_view::npos) {
    const std::string_view port = rest.substr(colon + 1);
    if (port.find_first_not_of("0123456789") != std::string_view::npos) {
      return InvalidDomain("it must be an http(s) address or a host name, for instance www.example.com");
    }
    rest = rest.substr(0, colon);
  }
  if (rest.ends_with('.')) rest.remove_suffix(1);
  return rest;
}

// Nothing if the host is a public suffix itself. `host` is the lower-case ASCII form.
std::optional<std::string> RegistrableDomain(const std::string& host) {
  const psl_ctx_t* const list = psl_builtin();
  if (const char* domain = psl_registrable_domain(list, host.c_str())) return domain;
  // A platform's own domain, under which it lets others register ("github.io"), is one that was registered.
  if (psl_is_public_suffix2(list, host.c_str(), PSL_TYPE_ICANN) == 0) return host;
  return std::nullopt;
}

bool IsFreeMail(std::string_view domain) {
  return std::ranges::binary_search(kFreeMailDomains, domain) ||
         std::ranges::binary_search(kFreeMailBrands, domain.substr(0, domain.find('.')));
}

}  // namespace

Result<std::string> NormaliseDomain(std::string_view website) {
  if (website.size() > kWebsiteBytesMax) return InvalidDomain("it is too long");
  if (!CountCodePoints(website)) return InvalidDomain("it is not valid UTF-8");
  const std::string_view text = Trim(website);
  if (text.empty()) return InvalidDomain("it is empty");
  QUARTET_ASSIGN_OR_RETURN(const std::string_view host, HostOf(text));
  QUARTET_ASSIGN_OR_RETURN(const std::string ascii, AsciiHost(host, Underscores::kAllowed, "INVALID_WEBSITE"));
  std::optional<std::string> domain = RegistrableDomain(ascii);
  if (!domain) return InvalidDomain("\"" + ascii + "\" is open to everybody and is no company's own domain");
  return *std::move(domain);
}

std::optional<std::string> CompanyDomainOfEmail(std::string_view normalised_email) {
  const std::size_t at = normalised_email.rfind('@');
  if (at == std::string_view::npos) return std::nullopt;
  Result<std::string> domain = NormaliseDomain(normalised_email.substr(at + 1));
  if (!domain.ok() || IsFreeMail(*domain)) return std::nullopt;
  return *std::move(domain);
}

std::optional<std::string> CompanyDomainOfWebsite(std::string_view website) {
  Result<std::string> domain = NormaliseDomain(website);
  if (!domain.ok() || IsFreeMail(*domain) || std::ranges::binary_search(kPlatformDomains, *domain)) return std::nullopt;
  return *std::move(domain);
}

}  // namespace quartet::identity
