#include "common/config/settings.h"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "common/config/address.h"
#include "common/config/database_target.h"
#include "common/config/ports.h"
#include "common/config/settings_parser.h"
#include "common/telemetry/log.h"

namespace quartet::config {
namespace {

const std::vector<Flag> kCommonFlags = {
    {"base-port",
     "The port that the default addresses count from: lead N, contact N+1, account N+2, "
     "opportunity N+3, qualification N+4, Redis N+9; 7400 unless told"},
    {"database",
     "PostgreSQL connection string or URI, {service} in it standing for the service's name, for instance "
     "postgresql://quartet@db/quartet_{service}; unless told, each service has a SQLite file in its data directory"},
    {"database-connections", "Connections to PostgreSQL, at most; 8 unless told"},
    {"database-statement-timeout", "Seconds after which PostgreSQL gives a statement up; 10 unless told"},
    {"redis",
     "host:port of Redis, unix:///path, sentinel://host:port,…/name or cluster://host:port,…; rediss://, sentinels:// "
     "and clusters:// encrypt; user@ before the first host logs in, with the password in QUARTET_REDIS_PASSWORD (and "
     "QUARTET_REDIS_SENTINEL_PASSWORD); 127.0.0.1:<base port + 9> unless told"},
    {"redis-ca-file", "Certificates (PEM) that Redis's own is checked against; the system's unless told"},
    {"redis-cert-file", "Certificate (PEM) to show to Redis; none unless told"},
    {"redis-key-file", "Its private key (PEM)"},
    {"allow-insecure-listen", "Listen on a non-loopback address although nothing is encrypted", true},
    {"log-level", "debug, info, warning or error; info unless told"},
    {"pipeline",
     "Stages of opportunities and their probabilities in percent; "
     "QUALIFY=10,DEVELOP=35,PROPOSE=65,CLOSE=85 unless told"},
    {"partitions", "Partitions of every topic, the same for all services; 4 unless told"},
    {"workers", "Threads that run calls; 32 unless told"},
    {"queue-max", "Calls that may wait for a worker before new ones are refused; 1024 unless told"},
    {"pending-max",
     "Qualifications of the suite that may be not decided or not acknowledged by all before new ones are refused; "
     "10000 unless told"},
    {"pending-per-caller-max",
     "The same of one caller (an address) at one replica, not decided; half of --pending-max unless told"},
    {"qualification-retention",
     "Days after which qualifications are deleted that are over, with their request_ids: from then on they cannot be "
     "reverted, shown or repeated; 0: never; 90 unless told"},
    {"connection-age",
     "Seconds after which a client's connection is ended, once its calls are, so that it finds new replicas; 0: never; "
     "60 unless told"},
};

std::vector<Flag> With(std::vector<Flag> own) {
  own.insert(own.end(), kCommonFlags.begin(), kCommonFlags.end());
  return own;
}

int BasePort(SettingsParser& parser) {
  return parser.Int("base-port", kDefaultBasePort, 1, 65'535 - kRedisPortOffset);
}

// Where the data of all services lie by default, as the XDG base directories have it.
std::string DefaultDataRoot(const Environment& environment) {
  const char* xdg = environment("XDG_DATA_HOME");
  if (xdg != nullptr && *xdg == '/') return std::string(xdg) + "/quartet";
  const char* home = environment("HOME");
  if (home != nullptr && *home == '/') return std::string(home) + "/.local/share/quartet";
  return "";
}

std::string DataDir(SettingsParser& parser, const Environment& environment, std::string_view below,
                    const std::string& database) {
  const std::string root = DefaultDataRoot(environment);
  const std::string fallback = root.empty() || below.empty() ? root : fmt::format("{}/{}", root, below);
  std::string directory = parser.Text("data-dir", fallback);
  if (directory.empty() && database.empty())
    parser.Mistake("data-dir", "is needed, because neither XDG_DATA_HOME nor HOME is set");
  return directory;
}

// What is given as --database, for one service.
std::string DatabaseOf(SettingsParser& parser, const std::string& given, std::string_view service) {
  if (given.empty()) return "";
  auto target = DatabaseTarget(given, service);
  if (target.ok()) return *std::move(target);
  for (const FieldViolation& violation : target.error().violations) parser.Mistake("database", violation.description);
  return "";
}

void CheckListenHost(SettingsParser& parser, const std::string& host, bool allow_insecure) {
  if (IsLoopback(host) || allow_insecure) return;
  parser.Mistake("listen", fmt::format("'{}' can be reached from other machines and nothing would be encrypted; "
                                       "use 127.0.0.1, or say --allow-insecure-listen",
                                       host));
}

// Secrets have no flag, for the arguments of a process are no secret.
std::string Secret(const Environment& environment, const char* variable, std::string fallback) {
  const char* value = environment(variable);
  return value != nullptr && *value != '\0' ? value : std::move(fallback);
}

RedisAddress ReadRedis(SettingsParser& parser, const Environment& environment, int base_port) {
  auto parsed = ParseRedisAddress(parser.Text("redis", FormatAddress("127.0.0.1", DefaultPort("redis", base_port))));
  if (!parsed.ok()) {
    parser.Mistake("redis", parsed.error().violations.front().description);
    return {};
  }
  RedisAddress redis = std::move(parsed).value();
  redis.password = Secret(environment, "QUARTET_REDIS_PASSWORD", std::move(redis.password));
  redis.sentinel_password = Secret(environment, "QUARTET_REDIS_SENTINEL_PASSWORD", "");
  redis.ca_file = parser.Text("redis-ca-file", "");
  redis.cert_file = parser.Text("redis-cert-file", "");
  redis.key_file = parser.Text("redis-key-file", "");
  if (!redis.user.empty() && redis.password.empty()) {
    parser.Mistake("redis", "names a user, but there is no password; set QUARTET_REDIS_PASSWORD");
  }
  if (redis.cert_file.empty() != redis.key_file.empty()) {
    parser.Mistake("redis-cert-file", "and --redis-key-file come together");
  }
  if (!redis.tls && !(redis.ca_file + redis.cert_file).empty()) {
    parser.Mistake("redis", "is not encrypted, so certificates make no sense; rediss:// encrypts");
  }
  return redis;
}

// What all services of a process share.
ServiceSettings CommonSettings(SettingsParser& parser, const Environment& environment, int base_port) {
  ServiceSettings settings;
  settings.database = parser.Text("database", "");
  settings.database_connections = parser.Int("database-connections", settings.database_connections, 2, 1'000);
  settings.database_statement_timeout_s =
      parser.Int("database-statement-timeout", settings.database_statement_timeout_s, 1, 3'600);
  settings.redis = ReadRedis(parser, environment, base_port);
  settings.allow_insecure_listen = parser.Switch("allow-insecure-listen");
  settings.log_level = parser.Text("log-level", settings.log_level);
  if (!telemetry::ParseLevel(settings.log_level).ok()) {
    parser.Mistake("log-level", fmt::format("'{}' is none of debug, info, warning, error", settings.log_level));
  }
  settings.pipeline = parser.Text("pipeline", settings.pipeline);
  settings.partitions = parser.Int("partitions", settings.partitions, 1, 256);
  settings.workers = parser.Int("workers", settings.workers, 1, 1'024);
  settings.queue_max = parser.Int("queue-max", settings.queue_max, 1, 1'000'000);
  settings.pending_max = parser.Int("pending-max", settings.pending_max, 1, 1'000'000);
  settings.pending_per_caller_max =
      parser.Int("pending-per-caller-max", std::max(1, settings.pending_max / 2), 1, 1'000'000);
  settings.qualification_retention_days =
      parser.Int("qualification-retention", settings.qualification_retention_days, 0, 36'500);
  settings.connection_age_s = parser.Int("connection-age", settings.connection_age_s, 0, 86'400);
  return settings;
}

// Where each of kServices has its address.
constexpr std::array<std::string ServiceSettings::*, kServices.size()> kAddresses = {
    &ServiceSettings::lead, &ServiceSettings::contact, &ServiceSettings::account, &ServiceSettings::opportunity,
    &ServiceSettings::qualification};

}  // namespace

const std::string& ServiceSettings::AddressOf(std::string_view name) const {
  static const std::string kNone;
  for (std::size_t i = 0; i < kServices.size(); ++i) {
    if (kServices[i] == name) return this->*kAddresses[i];
  }
  return kNone;
}

Result<ParsedSettings> ParseServiceSettings(std::string_view service, int argc, const char* const* argv,
                                            const Environment& environment) {
  const std::string program = fmt::format("quartet-{}", service);
  std::vector<Flag> flags = With({
      {"listen", "host:port to listen on; 127.0.0.1:<the service's default port> unless told"},
      {"data-dir",
       fmt::format("Folder of the database; ${{XDG_DATA_HOME:-~/.local/share}}/quartet/{} unless told", service)},
  });
  for (const std::string_view name : kServices) {
    flags.push_back(
        {std::string(name),
         fmt::format("host:port of the {} service, or those of its replicas by number, a comma between", name)});
  }
  const std::string examples = fmt::format(
      "Examples:\n"
      "  {0}                                   on this machine, with the default ports\n"
      "  {0} --base-port 8400                  a second suite beside the first\n"
      "  {0} --listen 0.0.0.0:7400 --data-dir /data --redis redis:6379 --allow-insecure-listen\n"
      "  {0} --database 'postgresql://quartet@db1,db2/quartet_{{service}}?sslmode=verify-full'\n",
      program);
  SettingsParser parser(program, examples, std::move(flags));
  ParsedSettings parsed;
  if (parser.Parse(argc, argv, environment, fmt::format("{} {}", program, QUARTET_VERSION), parsed.help)) return parsed;

  const int base_port = BasePort(parser);
  ServiceSettings settings = CommonSettings(parser, environment, base_port);
  settings.service = service;
  settings.data_dir = DataDir(parser, environment, service, settings.database);
  settings.database = DatabaseOf(parser, settings.database, service);
  settings.listen = parser.AddressText("listen", FormatAddress("127.0.0.1", DefaultPort(service, base_port)), 0);
  if (const auto address = ParseAddress(settings.listen)) {
    CheckListenHost(parser, address->host, settings.allow_insecure_listen);
  }
  for (std::size_t i = 0; i < kServices.size(); ++i) {
    settings.*kAddresses[i] = parser.AddressesText(std::string(kServices[i]),
                                                   FormatAddress("127.0.0.1", DefaultPort(kServices[i], base_port)));
  }
  if (!parser.mistakes().empty()) return InvalidArgument(parser.mistakes());
  parsed.services.push_back(std::move(settings));
  return parsed;
}

Result<ParsedSettings> ParseAllSettings(int argc, const char* const* argv, const Environment& environment) {
  SettingsParser parser("quartet-all",
                        "Examples:\n"
                        "  quartet-all                           all five services, with the default ports\n"
                        "  quartet-all --base-port 8400 --data-dir /tmp/quartet --redis 127.0.0.1:6379\n",
                        With({{"listen", "Host to listen on, without a port; 127.0.0.1 unless told"},
                              {"data-dir",
                               "Folder that holds a folder for each service; "
                               "${XDG_DATA_HOME:-~/.local/share}/quartet unless told"}}));
  ParsedSettings parsed;
  if (parser.Parse(argc, argv, environment, fmt::format("quartet-all {}", QUARTET_VERSION), parsed.help)) return parsed;

  const int base_port = BasePort(parser);
  ServiceSettings common = CommonSettings(parser, environment, base_port);
  const std::string root = DataDir(parser, environment, "", common.database);
  if (!common.database.empty() && common.database.find(kServicePlace) == std::string::npos) {
    parser.Mistake("database",
                   fmt::format("has no {} in it, but each service needs a database of its own", kServicePlace));
  }
  // Every service's is as right as the first one's.
  (void)DatabaseOf(parser, common.database, kServices.front());
  const std::string host = parser.Text("listen", "127.0.0.1");
  // A host is right if a port makes it an address; IPv6 is written without brackets here.
  if (const auto address = ParseAddress(FormatAddress(host, 1)); !address || address->host != host) {
    parser.Mistake("listen", fmt::format("'{}' is not a host without a port", host));
  } else {
    CheckListenHost(parser, host, common.allow_insecure_listen);
  }
  if (!parser.mistakes().empty()) return InvalidArgument(parser.mistakes());

  // The services find each other where they listen; "every interface" is no address to call.
  const std::string peer = !IsWildcard(host) ? host : host == "0.0.0.0" ? "127.0.0.1" : "::1";
  for (std::size_t i = 0; i < kServices.size(); ++i) {
    common.*kAddresses[i] = FormatAddress(peer, DefaultPort(kServices[i], base_port));
  }
  for (const std::string_view name : kServices) {
    ServiceSettings settings = common;
    settings.service = name;
    settings.listen = FormatAddress(host, DefaultPort(name, base_port));
    settings.data_dir = fmt::format("{}/{}", root, name);
    settings.database = DatabaseOf(parser, common.database, name);
    parsed.services.push_back(std::move(settings));
  }
  return parsed;
}

}  // namespace quartet::config
