// Where hiredis cannot encrypt; redis/tls.cpp is built where it can.
#include "common/events/redis/servers/tls.h"

namespace quartet::events {

Status CheckTls(const config::RedisAddress& address) {
  return FailedPrecondition("BROKER_NO_TLS", "this build cannot encrypt its connections to Redis (" +
                                                 address.ToString() +
                                                 "): it needs hiredis 1.0 or newer with libhiredis_ssl, which Debian "
                                                 "has since version 13");
}

Status StartTls(redisContext* /*context*/, const config::RedisAddress& address, const std::string& /*host*/) {
  return CheckTls(address);
}

}  // namespace quartet::events
