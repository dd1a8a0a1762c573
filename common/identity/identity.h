// common/identity: the normal forms by which records are matched: an e-mail
// address, a phone number, a web domain, a company's name. Pure functions over
// text; the tables that own identities are in common/resource.
#pragma once

#include <compare>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/result.h"

namespace quartet::identity {

// Stored as numbers; never renumber.
enum class Kind : int { kEmail = 1, kPhone = 2, kDomain = 3, kCompanyName = 4 };

// "email", "phone", "domain", "company name".
std::string_view KindName(Kind kind);

// A normalised identity.
struct Identity {
  Kind kind;
  std::string value;
  auto operator<=>(const Identity&) const = default;
};

// Normal form of an RFC 5321 address: trimmed, lower case, the domain in its
// ASCII form (RFC 5891). Errors: INVALID_ARGUMENT whose message says what is
// wrong, fit for a field violation's description. Any bytes are allowed here
// and in every function below, and normalising twice changes nothing.
Result<std::string> NormaliseEmail(std::string_view address);

// E.164 form ("+4915112345678") of a phone number. `region` is the ISO 3166-1
// alpha-2 country that a national number is read in; may be empty. Numbers need
// only be possible by length, not assigned. Errors: as above.
Result<std::string> NormalisePhone(std::string_view number, std::string_view region);

// Registrable domain (public suffix list) of an http(s) URL or bare host name,
// lower case, ASCII form: "https://www.Example.co.uk/x" → "example.co.uk".
// Errors: as above.
Result<std::string> NormaliseDomain(std::string_view website);

// The part after '@' of a normalised address, reduced to its registrable
// domain; nothing for a free-mail provider's, for that names no company.
std::optional<std::string> CompanyDomainOfEmail(std::string_view normalised_email);

// The registrable domain of a web site by which its company may be known;
// nothing for what cannot be normalised, for a free-mail provider's, and for a
// page on a platform that companies share (a social network, a site builder).
std::optional<std::string> CompanyDomainOfWebsite(std::string_view website);

// Case-folded (Unicode NFKC), without diacritical marks, punctuation, spaces
// and the legal forms at its ends ("GmbH & Co. KG", "Inc.", "株式会社"); '&'
// reads as "and": "ACME, Inc." → "acme". Empty if nothing is left or `name` is
// not valid UTF-8.
std::string NormaliseCompanyName(std::string_view name);

}  // namespace quartet::identity
