#pragma once

#include <string>

#include "common/base/result.h"
#include "common/config/redis_address.h"

struct redisContext;

namespace quartet::events {

// Encryption of connections to Redis. hiredis has it since 1.0, in a library of its
// own; a build without it (Debian 12) refuses here.

// Whether `address` can be encrypted as it asks for. Errors: FAILED_PRECONDITION
// BROKER_NO_TLS where the build cannot, BROKER_BAD_CERTIFICATES where a file is
// missing or not in the right form.
Status CheckTls(const config::RedisAddress& address);

// Encrypts the connection just made, and verifies that the other side is `host`.
// Errors: those of CheckTls; UNAVAILABLE BROKER_UNAVAILABLE.
Status StartTls(redisContext* context, const config::RedisAddress& address, const std::string& host);

}  // namespace quartet::events
