// SPDX-License-Identifier: Apache-2.0
#pragma once

// hence.yaml: every setting with its default, checked whole. docs/configuration.md lists them; a key
// that is not in the one table (config_keys.cc) is refused with the nearest one that is.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/http_limits.h"
#include "base/result.h"
#include "base/time.h"
#include "expr/program.h"
#include "json/value.h"

namespace hence::server {

struct Config {
  std::string listen = "127.0.0.1:4362";
  std::string token_file;                    ///< empty: no token
  std::vector<std::string> egress_allow;     ///< CIDRs beyond the public addresses
  std::string egress_ca_file;                ///< PEM trusted besides the system's; empty: none
  std::vector<std::string> egress_connect_to;  ///< "HOST:PORT:ADDRESS:PORT"
  bool run_shell = false;
  bool run_script = false;
  std::string workflow_catalog;              ///< folder or URL of `@default` functions; empty: none
  std::vector<std::string> workflow_files;   ///< folders of file: documents
  std::vector<std::string> secret_env;       ///< names or prefixes ending in *
  std::vector<std::string> secret_files;     ///< folders
  uint16_t partitions = 64;
  Duration dedup_window = Duration::days(7);
  uint64_t dedup_memory_bytes = 256 << 20;
  uint64_t disk_reserve_bytes = 1 << 30;
  uint64_t log_segment_bytes = 64 << 20;
  bool log_compression = true;
  std::string checkpoint_folder;             ///< empty: in the data folder
  std::optional<Duration> retention_age;
  std::optional<uint64_t> retention_bytes;
  std::optional<Duration> retention_instances;
  Duration shutdown_grace = Duration::seconds(20);
  std::string log_level = "info";

  // limits
  uint64_t event_bytes = 1 << 20;
  uint64_t webhook_bytes = 25 << 20;
  uint64_t batch_bytes = 16 << 20;
  uint64_t resource_bytes = 8 << 20;
  uint64_t queue_commands = 100'000;
  uint64_t queue_bytes = 256 << 20;
  api::HttpLimits http;
  uint64_t response_bytes = 1 << 20;
  uint64_t process_output_bytes = 1 << 20;
  Duration process_time = Duration::minutes(10);
  uint64_t processes = 16;
  uint64_t event_depth = 16;
  bool secrets_anywhere = false;
  uint64_t workflow_steps = 10'000'000;
  uint64_t workflow_branches = 20'000;
  uint64_t workflow_context_bytes = 16 << 20;
  uint64_t workflow_call_bytes = 16 << 20;
  uint64_t workflow_listen_bytes = 16 << 20;
  uint64_t workflow_compensations = 10'000;
  uint64_t workflow_children = 1'000;
  expr::Budget when_budget = expr::kWhenBudget;
  expr::Budget workflow_budget = expr::kWorkflowBudget;
  Duration schedule_grace = Duration::minutes(1);
  uint64_t schedule_queue = 100;
  uint64_t deliveries_in_memory = 10'000;
};

/// One setting: where it stands, what it is, and how it is read.
struct ConfigKey {
  std::string_view path;   ///< "limits.eventBytes"
  std::string_view form;   ///< "bytes (1MiB)", for messages and the docs
  std::string_view meaning;
  bool reloads;            ///< SIGHUP may change it
  std::function<Status(Config&, json::View)> read;
  std::function<std::string(const Config&)> show;
};
/// All settings, in the order of the documentation.
const std::vector<ConfigKey>& config_keys();

/// Reads a configuration over the defaults in base. file: its name, for messages.
/// Errors: ConfigurationInvalid, with every fault, its line, and the nearest known key.
Result<Config> parse_config(std::string_view text, std::string_view file, const Config& base = {});

/// Where the HTTP interface listens.
struct ListenAddress {
  std::string host;  ///< an IP address without brackets, or localhost
  uint16_t port = 0;
  bool loopback() const;
};
/// config.listen, which without a token is one of the loopback: for the start and for each reload.
/// Errors: ConfigurationInvalid.
Result<ListenAddress> listen_address(const Config& config);

/// Settings that differ and cannot change while running.
std::vector<std::string> fixed_differences(const Config& running, const Config& wanted);

/// "1MiB", "50GiB", "4096": a number of bytes. Errors: ConfigurationInvalid.
Result<uint64_t> parse_bytes(std::string_view text);

}  // namespace hence::server
