// SPDX-License-Identifier: Apache-2.0
#include "server/node.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "api/zones.h"
#include "base/log_line.h"
#include "engine/place_keys.h"
#include "json/builder.h"
#include "store/rocks_store.h"
#include "workflow/deferred.h"

namespace hence::server {
namespace {

LogLevel level_of(const std::string& name) {
  if (name == "debug") return LogLevel::debug;
  if (name == "warning") return LogLevel::warning;
  if (name == "error") return LogLevel::error;
  return LogLevel::info;
}

api::EndpointLimits limits_of(const Config& config) {
  api::EndpointLimits limits;
  limits.event_bytes = config.event_bytes;
  limits.webhook_bytes = config.webhook_bytes;
  limits.batch_bytes = config.batch_bytes;
  limits.resource_bytes = config.resource_bytes;
  return limits;
}

log::RetentionPolicy retention_of(const Config& config) {
  return {config.retention_age, config.retention_bytes, config.retention_instances};
}

}  // namespace

Result<std::unique_ptr<Node>> Node::start(const std::string& data_dir, const Config& config) {
  HENCE_TRY_VOID(listen_address(config));
  HENCE_TRY(DataFolder folder, DataFolder::open(data_dir, config.partitions));
  std::unique_ptr<Node> node(new Node(std::move(folder)));
  node->config_ = config;
  node->dedup_window_ = config.dedup_window;
  node->checkpoint_folder_ =
      config.checkpoint_folder.empty() ? node->folder_.path() + "/checkpoints" : config.checkpoint_folder;
  set_log_level(level_of(config.log_level));
  HENCE_TRY_VOID(node->open_storage());
  HENCE_TRY_VOID(node->open_clients());
  HENCE_TRY_VOID(node->open_http());
  return node;
}

Node::~Node() { stop(); }

Status Node::open_storage() {
  HENCE_TRY(log_disk_, os::RealDisk::open_folder(folder_.log_path()));
  store::RocksOptions store_options;
  store_options.folder = folder_.state_path();
  store_options.prefix_tables = engine::kPlaceTables;
  store_options.prefix_bytes = engine::kPlaceBytes;
  store_options.write_failed = EngineThread::fail;
  HENCE_TRY(store_, store::open_rocks_store(store_options));
  log::LogOptions log_options;
  log_options.segment_bytes = config_.log_segment_bytes;
  log_options.filter_bytes_max = config_.dedup_memory_bytes;
  HENCE_TRY(log_options.acknowledged, engine::Overlay::applied_position(*store_));
  log::OpenReport report;
  HENCE_TRY(log_, log::Log::open(*log_disk_, log_options, report));
  if (!report.cut.empty()) log_line(LogLevel::warning, report.cut);
  for (const std::string& footer : report.rebuilt_footers) {
    log_line(LogLevel::warning, "the footer of " + footer + " was unreadable and is written anew");
  }
  engine::EngineOptions options;
  options.partitions = folder_.partitions();
  options.hash_key = folder_.hash_key();
  options.first_feature_level = folder_.first_feature_level();
  options.dedup_window = config_.dedup_window;
  options.depth_max = static_cast<uint32_t>(config_.event_depth);
  options.workflow_limits = {config_.workflow_steps,      config_.workflow_context_bytes, config_.workflow_branches,
                             config_.workflow_compensations, config_.workflow_call_bytes,
                             config_.workflow_listen_bytes};
  if (config_.secrets_anywhere) {
    log_line(LogLevel::warning, "secrets.anywhere is set: what workflows make of secrets outside of calls is recorded, in "
                                "the log, in checkpoints and in what `hence instance trace` shows");
    options.read_secrets = [this](const engine::Definitions& definitions, std::string_view name_space,
                                  const std::vector<std::string>& names) {
      return workflow::secrets_object(
          names, [&](const std::string& name) { return secrets_.read(definitions, name_space, name); });
    };
  }
  options.workflow_limits.children = config_.workflow_children;
  options.budgets = {config_.when_budget, config_.workflow_budget};
  options.zones = api::system_zones();
  options.schedule_grace = config_.schedule_grace;
  options.schedule_queue_max = static_cast<uint32_t>(config_.schedule_queue);
  HENCE_TRY(engine_, engine::Engine::open(*store_, *log_, options));
  const bool raises = engine_->feature_level() < engine::kFeatureLevel;
  recovery_ = "log of " + std::to_string(log_->durable().value - log_->begin().value) + " bytes, definitions version " +
              std::to_string(engine_->definitions()->version());
  EngineThreadOptions thread_options;
  thread_options.queue_commands_max = config_.queue_commands;
  thread_options.queue_bytes_max = config_.queue_bytes;
  thread_options.segment_bytes = config_.log_segment_bytes;
  thread_options.disk_reserve_bytes = config_.disk_reserve_bytes;
  engine_thread_ = std::make_unique<EngineThread>(*engine_, *log_, *store_, *log_disk_, clock_, thread_options);
  HousekeeperOptions housekeeping;
  housekeeping.compress = config_.log_compression;
  housekeeping.retention = retention_of(config_);
  housekeeping.checkpoint_folder = checkpoint_folder_;
  housekeeping.version = std::string(kVersion);
  housekeeper_ = std::make_unique<Housekeeper>(*engine_thread_, *log_, *store_, *log_disk_, clock_, housekeeping, &folder_);
  if (!raises) return {};
  log_line(LogLevel::info, "the data folder is raised to feature level " + std::to_string(engine::kFeatureLevel) +
                               ": older versions of hence refuse it from now on");
  engine::Command raise;
  raise.body = engine::RaiseFeatureLevel{engine::kFeatureLevel};
  return engine_thread_->submit(std::move(raise), 0, false, {});
}

Result<std::shared_ptr<delivery::HttpClient>> Node::make_http_client(const Config& config) {
  connectors::CurlHttpClientOptions options;
  HENCE_TRY(options.guard, connectors::AddressGuard::create(config.egress_allow));
  options.ca_file = config.egress_ca_file;
  options.connect_to = config.egress_connect_to;
  HENCE_TRY(std::shared_ptr<delivery::HttpClient> client, connectors::CurlHttpClient::create(std::move(options)));
  return client;
}

Status Node::open_clients() {
  secrets_.set(SecretReader(config_.secret_env, config_.secret_files));
  HENCE_TRY(std::shared_ptr<delivery::HttpClient> client, make_http_client(config_));
  http_client_.set(std::move(client));
  documents_.set(DocumentReader(config_.workflow_catalog, config_.workflow_files, http_client_));
  connectors::ProcessRunnerOptions processes;
  processes.shell = connectors::ProcessRunnerOptions::Shell::allow;
  processes.work_dir = std::filesystem::absolute(folder_.runs_path()).string();
  processes.calls_max = config_.processes * 2;
  HENCE_TRY(auto runner, connectors::SupervisedProcessRunner::create(std::move(processes)));
  processes_.set(std::move(runner));
  processes_.allow(config_.run_shell, config_.run_script);

  delivery::DispatcherOptions options;
  options.window_max = config_.deliveries_in_memory;
  options.shell_concurrency = static_cast<uint32_t>(config_.processes);
  options.outgoing.answer_bytes_max = config_.response_bytes;
  options.outgoing.output_bytes_max = config_.process_output_bytes;
  options.outgoing.process_timeout = config_.process_time;
  options.log_was_at = log_->last_sequences();
  dispatch_thread_ = std::make_unique<DispatchThread>(options, *engine_thread_, secrets_, documents_, http_client_, processes_,
                                                      clock_, folder_.partitions());
  engine_thread_->set_effect_sink([this](std::vector<engine::Effect> effects, std::vector<engine::EffectId> cancelled) {
    dispatch_thread_->take(std::move(effects), std::move(cancelled));
  });
  return {};
}

Result<std::string> Node::read_token(const Config& config) const {
  if (config.token_file.empty()) return std::string();
  std::ifstream file(config.token_file);
  std::string token;
  if (!file || !std::getline(file, token) || token.size() < 16) {
    return Error(ErrorCode::ConfigurationInvalid, "auth.tokenFile: " + config.token_file +
                                                      " must be readable and its first line a token of at least 16 characters");
  }
  if (token.back() == '\r') token.pop_back();
  return token;
}

Status Node::open_http() {
  HENCE_TRY(const std::string token, read_token(config_));
  api::EndpointOptions options{*engine_thread_, *log_disk_};
  options.hash_key = folder_.hash_key();
  options.partitions = folder_.partitions();
  options.limits = limits_of(config_);
  options.token = token;
  options.version = std::string(kVersion);
  options.secrets = [this](const engine::Definitions& definitions, std::string_view name_space, std::string_view name) {
    return secrets_.read(definitions, name_space, name);
  };
  options.secrets_anywhere = config_.secrets_anywhere;
  options.imports = [this]() -> api::ImportReader {
    return [this, tokens = std::make_shared<delivery::Tokens>()](const workflow::Import& import,
                                                                 const api::SecretOf& secret) {
      return documents_.read(import, secret, *tokens, clock_.now());
    };
  };
  options.extra_metrics = [this] { return metrics(); };
  options.checkpoints.create = [this](const std::string& name) -> Result<json::Value> {
    HENCE_TRY(const CheckpointInfo made, housekeeper_->checkpoint(name));
    log_line(LogLevel::info, "checkpoint written", {{"name", made.name}, {"position", std::to_string(made.position.value)}});
    return made.to_json();
  };
  options.checkpoints.list = [this]() -> Result<json::Value> {
    HENCE_TRY(const std::vector<CheckpointInfo> found, list_checkpoints(checkpoint_folder_));
    json::Builder builder;
    builder.begin_object().key("items").begin_array();
    for (const CheckpointInfo& checkpoint : found) builder.value(checkpoint.to_json());
    builder.end_array().end_object();
    return std::move(builder).finish();
  };
  options.call_states = [this](std::vector<engine::EffectId> ids, std::function<void(const api::CallStates&)> then) {
    dispatch_thread_->ask(std::move(ids), std::move(then));
  };
  options.clock = &clock_;
  endpoints_ = std::make_unique<api::Endpoints>(std::move(options));
  HENCE_TRY(const ListenAddress listen, listen_address(config_));
  api::HttpServerOptions http;
  http.address = listen.host;
  http.port = listen.port;
  http.limits = config_.http;
  rule_merger_ = std::make_unique<RuleMerger>(*engine_thread_);
  engine_thread_->set_definitions_hook([this](const auto& definitions) { rule_merger_->offer(definitions); });
  engine_thread_->start();
  rule_merger_->start();
  dispatch_thread_->start();
  housekeeper_->start();
  HENCE_TRY(http_, api::HttpServer::start(http, *endpoints_));
  serving_ = http_.get();
  return {};
}

std::string Node::metrics() const {
  size_t waiting = 0, in_flight = 0, open = 0;
  for (const delivery::DestinationReport& report : dispatch_thread_->destinations()) {
    waiting += report.waiting;
    in_flight += report.in_flight;
    open += report.breaker == delivery::Breaker::State::open ? 1 : 0;
  }
  const auto gauge = [](const std::string& name, uint64_t value) {
    return "# TYPE " + name + " gauge\n" + name + " " + std::to_string(value) + "\n";
  };
  std::string text = gauge("hence_destination_waiting", waiting) + gauge("hence_destination_in_flight", in_flight) +
                     gauge("hence_breakers_open", open);
  const Housekeeper::Report log = housekeeper_->report();
  const UtcTime now = clock_.now();
  const auto seconds_since = [now](UtcTime time) {
    return static_cast<uint64_t>(std::max<int64_t>(0, now.micros - time.micros) / 1'000'000);
  };
  text += gauge("hence_log_bytes", log.log_bytes) + gauge("hence_log_segments_compressed", log.segments_compressed) +
          gauge("hence_log_kept_seconds", log.log_begin ? seconds_since(*log.log_begin) : 0) +
          gauge("hence_dedup_horizon_seconds", seconds_since(std::max(log.dedup_horizon, now - dedup_window_))) +
          gauge("hence_retention_held", log.retention_held ? 1 : 0) +
          "# TYPE hence_log_segments_dropped counter\nhence_log_segments_dropped_total " +
          std::to_string(log.segments_dropped) + "\n";
  // The first request may come before start() has handed the server over.
  if (const api::HttpServer* http = serving_.load()) text += gauge("hence_http_connections_open", http->stats().connections_open);
  return text;
}

Status Node::reload(const Config& config) {
  const std::vector<std::string> fixed = fixed_differences(config_, config);
  if (!fixed.empty()) {
    std::string names;
    for (const std::string& name : fixed) names += (names.empty() ? "" : ", ") + name;
    return Error(ErrorCode::ConfigurationInvalid, names + " cannot change while the server runs; nothing was changed: restart it, or set the old value again");
  }
  HENCE_TRY_VOID(listen_address(config));
  HENCE_TRY(const std::string token, read_token(config));
  if (config.egress_allow != config_.egress_allow || config.egress_ca_file != config_.egress_ca_file ||
      config.egress_connect_to != config_.egress_connect_to) {
    HENCE_TRY(std::shared_ptr<delivery::HttpClient> client, make_http_client(config));
    http_client_.set(std::move(client));
  }
  config_ = config;
  set_log_level(level_of(config.log_level));
  secrets_.set(SecretReader(config.secret_env, config.secret_files));
  documents_.set(DocumentReader(config.workflow_catalog, config.workflow_files, http_client_));
  processes_.allow(config.run_shell, config.run_script);
  engine_thread_->set_disk_reserve(config.disk_reserve_bytes);
  endpoints_->set_limits(limits_of(config));
  endpoints_->set_token(token);
  housekeeper_->set_retention(retention_of(config));
  return {};
}

void Node::stop() {
  if (std::exchange(stopped_, true)) return;
  const os::MonotonicTime deadline = clock_.monotonic() + config_.shutdown_grace;
  if (http_) http_->stop(config_.shutdown_grace);
  if (dispatch_thread_) dispatch_thread_->stop(std::max(Duration{0}, deadline - clock_.monotonic()));
  if (rule_merger_) rule_merger_->stop();
  if (housekeeper_) housekeeper_->stop();
  if (engine_thread_) engine_thread_->stop();
  http_client_.close();
  processes_.close();
}

}  // namespace hence::server
