// With hiredis 1.0 or newer and OpenSSL; redis/tls_absent.cpp is built elsewhere.
#include "common/events/redis/servers/tls.h"

#include <arpa/inet.h>

#include <memory>
#include <utility>

#include <fmt/format.h>
#include <hiredis/hiredis.h>
#include <hiredis/hiredis_ssl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "common/events/redis/servers/connection.h"

namespace quartet::events {
namespace {

struct ContextDeleter {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};
using Context = std::unique_ptr<SSL_CTX, ContextDeleter>;

struct SessionDeleter {
  void operator()(SSL* session) const { SSL_free(session); }
};

Error BadCertificates(std::string_view what) {
  char reason[256] = "";
  ERR_error_string_n(ERR_get_error(), reason, sizeof(reason));
  return FailedPrecondition("BROKER_BAD_CERTIFICATES", fmt::format("TLS to Redis: {}: {}", what, reason));
}

// hiredis's own way checks the certificate but not whose it is, hence OpenSSL's.
Result<Context> MakeContext(const config::RedisAddress& address) {
  Context context(SSL_CTX_new(TLS_client_method()));
  if (context == nullptr) return BadCertificates("no context");
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  if (address.ca_file.empty()) {
    SSL_CTX_set_default_verify_paths(context.get());
  } else if (SSL_CTX_load_verify_locations(context.get(), address.ca_file.c_str(), nullptr) != 1) {
    return BadCertificates(address.ca_file);
  }
  if (address.cert_file.empty()) return context;
  if (SSL_CTX_use_certificate_chain_file(context.get(), address.cert_file.c_str()) != 1) {
    return BadCertificates(address.cert_file);
  }
  if (SSL_CTX_use_PrivateKey_file(context.get(), address.key_file.c_str(), SSL_FILETYPE_PEM) != 1) {
    return BadCertificates(address.key_file);
  }
  return context;
}

// A name is checked as a name, an address as an address.
bool ExpectHost(SSL* session, const std::string& host) {
  X509_VERIFY_PARAM* const parameters = SSL_get0_param(session);
  in6_addr any = {};
  if (inet_pton(AF_INET, host.c_str(), &any) == 1 || inet_pton(AF_INET6, host.c_str(), &any) == 1) {
    return X509_VERIFY_PARAM_set1_ip_asc(parameters, host.c_str()) == 1;
  }
  return SSL_set1_host(session, host.c_str()) == 1 && SSL_set_tlsext_host_name(session, host.c_str()) == 1;
}

}  // namespace

Status CheckTls(const config::RedisAddress& address) {
  QUARTET_ASSIGN_OR_RETURN(const Context context, MakeContext(address));
  return {};
}

Status StartTls(redisContext* context, const config::RedisAddress& address, const std::string& host) {
  // Made for each connection, so that a renewed certificate needs no restart.
  QUARTET_ASSIGN_OR_RETURN(const Context made, MakeContext(address));
  std::unique_ptr<SSL, SessionDeleter> session(SSL_new(made.get()));
  if (session == nullptr || !ExpectHost(session.get(), host)) return BadCertificates(host);
  // Owns the session, unless it fails.
  if (redisInitiateSSL(context, session.get()) != REDIS_OK) {
    return BrokerUnavailable(fmt::format("TLS: {}", context->errstr));
  }
  session.release();
  return {};
}

}  // namespace quartet::events
