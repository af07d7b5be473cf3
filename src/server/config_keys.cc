// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <charconv>

#include "server/config.h"

namespace hence::server {
namespace {

constexpr uint64_t kBudgetBytesMin = 4 << 10;
constexpr uint64_t kResponseBytesMax = 64 << 20;  // a quarter of what the HTTP client holds of all answers
constexpr Duration kHttpTimeMin = Duration::milliseconds(100);
constexpr Duration kHttpTimeMax = Duration::hours(1);

Error wrong(std::string_view expected, json::View found) {
  return Error(ErrorCode::ConfigurationInvalid, "expected " + std::string(expected) + ", not " + found.to_text());
}

Result<uint64_t> read_count(json::View value, uint64_t low, uint64_t high) {
  const auto number = value.is_number() ? value.as_int64() : std::nullopt;
  if (!number || *number < 0 || static_cast<uint64_t>(*number) < low || static_cast<uint64_t>(*number) > high) {
    return wrong("a whole number from " + std::to_string(low) + " to " + std::to_string(high), value);
  }
  return static_cast<uint64_t>(*number);
}

std::string show_bytes(uint64_t bytes) {
  for (const auto& [unit, size] : {std::pair<const char*, uint64_t>{"GiB", 1ull << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}}) {
    if (bytes >= size && bytes % size == 0) return std::to_string(bytes / size) + unit;
  }
  return std::to_string(bytes);
}

Result<uint64_t> read_bytes(json::View value, uint64_t low, uint64_t high = UINT64_MAX) {
  if (!value.is_string() && !value.is_number()) return wrong("a number of bytes such as 1MiB", value);
  HENCE_TRY(const uint64_t bytes, parse_bytes(value.is_string() ? value.as_string() : value.number_text()));
  if (bytes < low) return wrong("at least " + show_bytes(low), value);
  if (bytes > high) return wrong("at most " + show_bytes(high), value);
  return bytes;
}

std::string show_list(const std::vector<std::string>& values) {
  std::string text = "[";
  for (const std::string& value : values) text += (text.size() > 1 ? ", " : "") + value;
  return text + "]";
}

ConfigKey text_key(std::string_view path, std::string_view meaning, bool reloads, std::string Config::*member) {
  return {path, "text", meaning, reloads,
          [member](Config& config, json::View value) -> Status {
            if (!value.is_string()) return wrong("text", value);
            config.*member = value.as_string();
            return {};
          },
          [member](const Config& config) { return config.*member; }};
}

ConfigKey list_key(std::string_view path, std::string_view meaning, bool reloads, std::vector<std::string> Config::*member) {
  return {path, "list of texts", meaning, reloads,
          [member](Config& config, json::View value) -> Status {
            if (!value.is_array()) return wrong("a list of texts", value);
            (config.*member).clear();
            for (const json::View item : value.elements()) {
              if (!item.is_string()) return wrong("a list of texts", value);
              (config.*member).emplace_back(item.as_string());
            }
            return {};
          },
          [member](const Config& config) { return show_list(config.*member); }};
}

ConfigKey bytes_key(std::string_view path, std::string_view meaning, bool reloads, uint64_t Config::*member, uint64_t low,
                    uint64_t high = UINT64_MAX) {
  return {path, "bytes", meaning, reloads,
          [member, low, high](Config& config, json::View value) -> Status {
            HENCE_TRY(config.*member, read_bytes(value, low, high));
            return {};
          },
          [member](const Config& config) { return show_bytes(config.*member); }};
}

ConfigKey count_key(std::string_view path, std::string_view meaning, bool reloads, uint64_t Config::*member,
                    uint64_t low, uint64_t high) {
  return {path, "number", meaning, reloads,
          [member, low, high](Config& config, json::View value) -> Status {
            HENCE_TRY(config.*member, read_count(value, low, high));
            return {};
          },
          [member](const Config& config) { return std::to_string(config.*member); }};
}

/// One bound of the budget of a place where expressions stand.
template <typename T>
ConfigKey budget_key(std::string_view path, std::string_view meaning, expr::Budget Config::*place, T expr::Budget::*member,
                     uint64_t low, uint64_t high) {
  return {path, "number", meaning, false,
          [=](Config& config, json::View value) -> Status {
            HENCE_TRY(const uint64_t count, read_count(value, low, high));
            config.*place.*member = static_cast<T>(count);
            return {};
          },
          [=](const Config& config) { return std::to_string(config.*place.*member); }};
}

ConfigKey budget_bytes_key(std::string_view path, std::string_view meaning, expr::Budget Config::*place,
                           uint64_t expr::Budget::*member) {
  return {path, "bytes", meaning, false,
          [=](Config& config, json::View value) -> Status {
            HENCE_TRY(config.*place.*member, read_bytes(value, kBudgetBytesMin));
            return {};
          },
          [=](const Config& config) { return show_bytes(config.*place.*member); }};
}

ConfigKey duration_key(std::string_view path, std::string_view meaning, bool reloads, Duration Config::*member) {
  return {path, "duration", meaning, reloads,
          [member](Config& config, json::View value) -> Status {
            if (!value.is_string()) return wrong("a duration such as PT10S or 10s", value);
            HENCE_TRY(config.*member, parse_duration(value.as_string()));
            return {};
          },
          [member](const Config& config) { return format_iso8601(config.*member); }};
}

ConfigKey duration_or_none_key(std::string_view path, std::string_view meaning, bool reloads,
                               std::optional<Duration> Config::*member) {
  return {path, "duration or none", meaning, reloads,
          [member](Config& config, json::View value) -> Status {
            if (!value.is_string()) return wrong("a duration such as P30D, or none", value);
            (config.*member).reset();
            if (value.as_string() == "none") return {};
            HENCE_TRY(config.*member, parse_duration(value.as_string()));
            return {};
          },
          [member](const Config& config) {
            return config.*member ? format_iso8601(*(config.*member)) : std::string("none");
          }};
}

ConfigKey bytes_or_none_key(std::string_view path, std::string_view meaning, bool reloads,
                            std::optional<uint64_t> Config::*member) {
  return {path, "bytes or none", meaning, reloads,
          [member](Config& config, json::View value) -> Status {
            if (!value.is_string() && !value.is_number()) return wrong("a number of bytes such as 50GiB, or none", value);
            (config.*member).reset();
            const std::string_view text = value.is_string() ? value.as_string() : value.number_text();
            if (text == "none") return {};
            HENCE_TRY(config.*member, parse_bytes(text));
            return {};
          },
          [member](const Config& config) {
            return config.*member ? show_bytes(*(config.*member)) : std::string("none");
          }};
}

/// A bound of the HTTP edge.
ConfigKey http_count_key(std::string_view path, std::string_view meaning, size_t api::HttpLimits::*member, uint64_t low,
                         uint64_t high) {
  return {path, "number", meaning, false,
          [=](Config& config, json::View value) -> Status {
            HENCE_TRY(config.http.*member, read_count(value, low, high));
            return {};
          },
          [=](const Config& config) { return std::to_string(config.http.*member); }};
}

ConfigKey http_bytes_key(std::string_view path, std::string_view meaning, uint64_t api::HttpLimits::*member, uint64_t low,
                         uint64_t high) {
  return {path, "bytes", meaning, false,
          [=](Config& config, json::View value) -> Status {
            HENCE_TRY(config.http.*member, read_bytes(value, low, high));
            return {};
          },
          [=](const Config& config) { return show_bytes(config.http.*member); }};
}

ConfigKey http_time_key(std::string_view path, std::string_view meaning, Duration api::HttpLimits::*member) {
  return {path, "duration", meaning, false,
          [=](Config& config, json::View value) -> Status {
            if (!value.is_string()) return wrong("a duration such as PT10S or 10s", value);
            HENCE_TRY(const Duration time, parse_duration(value.as_string()));
            if (time < kHttpTimeMin || time > kHttpTimeMax) return wrong("PT0.1S to PT1H", value);
            config.http.*member = time;
            return {};
          },
          [=](const Config& config) { return format_iso8601(config.http.*member); }};
}

ConfigKey compression_key(std::string_view path, std::string_view meaning) {
  return {path, "zstd | none", meaning, false,
          [](Config& config, json::View value) -> Status {
            if (!value.is_string() || (value.as_string() != "zstd" && value.as_string() != "none")) {
              return wrong("zstd or none", value);
            }
            config.log_compression = value.as_string() == "zstd";
            return {};
          },
          [](const Config& config) { return std::string(config.log_compression ? "zstd" : "none"); }};
}

ConfigKey log_level_key(std::string_view path, std::string_view meaning) {
  return {path, "debug | info | warning | error", meaning, true,
          [](Config& config, json::View value) -> Status {
            constexpr std::string_view kLevels[] = {"debug", "info", "warning", "error"};
            if (!value.is_string() || std::ranges::count(kLevels, value.as_string()) == 0) {
              return wrong("debug, info, warning or error", value);
            }
            config.log_level = value.as_string();
            return {};
          },
          [](const Config& config) { return config.log_level; }};
}

ConfigKey allow_key(std::string_view path, std::string_view meaning, bool Config::*member) {
  return {path, "allow | deny", meaning, true,
          [member](Config& config, json::View value) -> Status {
            if (!value.is_string() || (value.as_string() != "allow" && value.as_string() != "deny")) {
              return wrong("allow or deny", value);
            }
            config.*member = value.as_string() == "allow";
            return {};
          },
          [member](const Config& config) { return config.*member ? "allow" : "deny"; }};
}

ConfigKey flag_key(std::string_view path, std::string_view meaning, bool reloads, bool Config::*member) {
  return {path, "true | false", meaning, reloads,
          [member](Config& config, json::View value) -> Status {
            if (!value.is_bool()) return wrong("true or false", value);
            config.*member = value.as_bool();
            return {};
          },
          [member](const Config& config) { return config.*member ? "true" : "false"; }};
}

ConfigKey partitions_key() {
  return {"partitions", "number", "virtual partitions; fixed when the data folder is made", false,
          [](Config& config, json::View value) -> Status {
            HENCE_TRY(const uint64_t count, read_count(value, 1, 1024));
            config.partitions = static_cast<uint16_t>(count);
            return {};
          },
          [](const Config& config) { return std::to_string(config.partitions); }};
}

std::vector<ConfigKey> make_keys() {
  return {
      text_key("listen", "address and port of the HTTP interface", false, &Config::listen),
      text_key("auth.tokenFile", "file whose first line is the token every request must bring; needed to listen beyond loopback", true, &Config::token_file),
      list_key("egress.allow", "address blocks that calls may reach beyond the public ones", true, &Config::egress_allow),
      text_key("egress.caFile", "file of certificates (PEM) that calls trust besides the system's", true, &Config::egress_ca_file),
      list_key("egress.connectTo", "HOST:PORT:ADDRESS:PORT, where calls to a host go instead; the egress rules hold for the address", true, &Config::egress_connect_to),
      allow_key("run.shell", "whether workflows may run shell commands", &Config::run_shell),
      allow_key("run.script", "whether workflows may run scripts (js by node, python by python3)", &Config::run_script),
      text_key("workflows.catalog", "folder or URL of the functions called as NAME:VERSION@default", true, &Config::workflow_catalog),
      list_key("workflows.files", "folders whose files workflows may refer to as file:///…", true, &Config::workflow_files),
      list_key("secrets.env", "environment variables a Secret may name; a last * stands for any rest", true, &Config::secret_env),
      flag_key("secrets.anywhere", "whether workflows may read secrets outside of calls, whose results are recorded", false, &Config::secrets_anywhere),
      list_key("secrets.files", "folders whose files a Secret may name", true, &Config::secret_files),
      duration_key("dedup.window", "how long an event is known as seen before", false, &Config::dedup_window),
      bytes_key("dedup.memory", "memory for the filters that recognise seen events", false, &Config::dedup_memory_bytes, 1 << 20),
      bytes_key("disk.reserve", "free space below which new events are refused while running work goes on", true, &Config::disk_reserve_bytes, 0),
      bytes_key("log.segmentBytes", "size of a log file", false, &Config::log_segment_bytes, 64 << 10),
      compression_key("log.compression", "whether the log's full files are compressed"),
      text_key("checkpoint.folder", "where checkpoints are written; if empty, checkpoints in the data folder", false, &Config::checkpoint_folder),
      duration_or_none_key("retention.age", "the log's files whose newest record is older are dropped", true, &Config::retention_age),
      bytes_or_none_key("retention.bytes", "the log's oldest files go until the rest is within it", true, &Config::retention_bytes),
      duration_or_none_key("retention.instances", "how long ended instances and deliveries stay listed", true, &Config::retention_instances),
      log_level_key("log.level", "lines below it are not written"),
      partitions_key(),
      duration_key("shutdown.grace", "how long a stopping server finishes what it has", true, &Config::shutdown_grace),
      bytes_key("limits.eventBytes", "one event; beyond it 413", true, &Config::event_bytes, 1 << 10),
      bytes_key("limits.webhookBytes", "one webhook's body; beyond it 413", true, &Config::webhook_bytes, 1 << 10),
      bytes_key("limits.batchBytes", "the body of a batch of events; beyond it 413", true, &Config::batch_bytes, 1 << 10),
      bytes_key("limits.resourceBytes", "the body of an apply; beyond it 413", true, &Config::resource_bytes, 1 << 10),
      count_key("limits.queueCommands", "commands waiting for the engine; beyond it 503", false, &Config::queue_commands, 16, 10'000'000),
      bytes_key("limits.queueBytes", "bytes of commands waiting for the engine; beyond it 503", false, &Config::queue_bytes, 1 << 20),
      http_count_key("limits.connections", "open connections; beyond it 503", &api::HttpLimits::connections, 1, 1'000'000),
      http_bytes_key("limits.targetBytes", "path and query of a request; beyond it 414", &api::HttpLimits::target_bytes, 64, 64 << 10),
      http_bytes_key("limits.headerBytes", "request line and headers; beyond it 431", &api::HttpLimits::header_block_bytes, 1 << 10, 1 << 20),
      http_count_key("limits.headers", "headers of a request; beyond it 431", &api::HttpLimits::headers, 8, 10'000),
      http_time_key("limits.headerTime", "how long a request's headers may take to come; beyond it 408", &api::HttpLimits::header_timeout),
      http_bytes_key("limits.bodyRate", "bytes a second that a body and the taking of an answer must reach; below it 408, or the connection is closed", &api::HttpLimits::bytes_per_second, 1, 1 << 30),
      http_time_key("limits.idleTime", "how long a connection may be without a request; then it is closed", &api::HttpLimits::idle_timeout),
      http_time_key("limits.writeTime", "how long an answer may lie untaken before its rate is looked at", &api::HttpLimits::write_timeout),
      http_bytes_key("limits.requestMemory", "bytes of all requests not yet answered; beyond it 503", &api::HttpLimits::request_memory_bytes, 1 << 20, UINT64_MAX >> 1),
      bytes_key("limits.responseBytes", "the answer of a call out, `64MiB` at most; beyond it a workflow's call fails, and of a delivery's answer the rest is not read", false, &Config::response_bytes, 1 << 10, kResponseBytesMax),
      bytes_key("limits.processOutputBytes", "stdout and stderr of a shell command, each; beyond it the command is ended", false, &Config::process_output_bytes, 1 << 10),
      duration_key("limits.processTime", "how long a shell command may run", false, &Config::process_time),
      count_key("limits.processes", "shell commands running at once; others wait", false, &Config::processes, 1, 10'000),
      count_key("limits.eventDepth", "events and subflows between one and the outside; beyond it no rule is asked, no subflow started", false, &Config::event_depth, 1, 1'000),
      count_key("limits.workflowChildren", "subflows that one instance awaits at once; beyond it the task faults", false, &Config::workflow_children, 1, 1'000'000),
      count_key("limits.workflowSteps", "tasks of one instance; beyond it the instance faults", false, &Config::workflow_steps, 1, 1'000'000'000),
      count_key("limits.workflowBranches", "lists of one instance that run at once; beyond it the task faults", false, &Config::workflow_branches, 10, 1'000'000),
      bytes_key("limits.workflowContextBytes", "`$context` of one instance; beyond it the task faults", false, &Config::workflow_context_bytes, 1 << 10),
      bytes_key("limits.workflowCallBytes", "the request of one call, the details of one approval; beyond it the task faults", false, &Config::workflow_call_bytes, 1 << 10),
      bytes_key("limits.workflowListenBytes", "what one `listen` holds; beyond it the task faults", false, &Config::workflow_listen_bytes, 1 << 10),
      count_key("limits.workflowCompensations", "tasks of one instance that are registered to be undone; beyond it the task faults", false, &Config::workflow_compensations, 1, 1'000'000),
      budget_key("expressions.when.steps", "steps of a rule's `when`", &Config::when_budget, &expr::Budget::steps, 100, 1'000'000'000),
      budget_bytes_key("expressions.when.bytes", "memory a `when` may take in all", &Config::when_budget, &expr::Budget::bytes),
      budget_key("expressions.when.depth", "depth of calls and values of a `when`", &Config::when_budget, &expr::Budget::depth, 10, 10'000),
      budget_key("expressions.workflow.steps", "steps of one expression of a workflow or of a rule's actions", &Config::workflow_budget, &expr::Budget::steps, 100, 1'000'000'000),
      budget_bytes_key("expressions.workflow.bytes", "memory such an expression may take in all", &Config::workflow_budget, &expr::Budget::bytes),
      budget_key("expressions.workflow.depth", "depth of calls and values of such an expression", &Config::workflow_budget, &expr::Budget::depth, 10, 10'000),
      budget_bytes_key("expressions.workflow.outputBytes", "bytes of its results", &Config::workflow_budget, &expr::Budget::output_bytes),
      duration_key("limits.scheduleGrace", "how late a due time of a schedule may be before it counts as missed", false, &Config::schedule_grace),
      count_key("limits.scheduleQueue", "due times of one schedule that wait for its running instance; beyond it they are skipped", false, &Config::schedule_queue, 1, 10'000),
      count_key("limits.deliveriesInMemory", "calls out held ready in memory; the rest waits on disk", false, &Config::deliveries_in_memory, 16, 10'000'000),
  };
}

}  // namespace

const std::vector<ConfigKey>& config_keys() {
  static const std::vector<ConfigKey> keys = make_keys();
  return keys;
}

Result<uint64_t> parse_bytes(std::string_view text) {
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const std::string_view unit = text.substr(static_cast<size_t>(end - text.data()));
  const auto bad = [&] {
    return Error(ErrorCode::ConfigurationInvalid, "\"" + std::string(text) + "\" is no number of bytes; write 4096, 512KiB, 1MiB or 2GiB");
  };
  if (error != std::errc()) return bad();
  int shift = 0;
  if (unit == "KiB") shift = 10;
  else if (unit == "MiB") shift = 20;
  else if (unit == "GiB") shift = 30;
  else if (unit == "TiB") shift = 40;
  else if (!unit.empty() && unit != "B") return bad();
  if (number > (UINT64_MAX >> 1) >> shift) return bad();
  return number << shift;
}

}  // namespace hence::server
