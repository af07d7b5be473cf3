// SPDX-License-Identifier: Apache-2.0
#pragma once

// One server: opens a data folder, recovers, and runs engine, deliveries and HTTP interface until
// told to stop. The only place where everything is known by name.
//
//   HTTP server ─► Endpoints ─► EngineThread ─► log, store
//                                   │ effects ▲ outcomes
//                                   ▼         │
//                              DispatchThread ─► HTTP calls, shell commands

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "api/endpoints.h"
#include "api/http_server.h"
#include "connectors/http/curl_http_client.h"
#include "connectors/shell/supervised_process_runner.h"
#include "os/real_disk.h"
#include "server/config.h"
#include "server/data_folder.h"
#include "server/dispatch_thread.h"
#include "server/engine_thread.h"
#include "server/housekeeper.h"
#include "server/rule_merger.h"
#include "server/secrets.h"
#include "server/switchable.h"

namespace hence::server {

inline constexpr std::string_view kVersion = "0.1.0";

class Node {
 public:
  /// Opens, recovers, listens. Errors: everything that opening a folder, a log, a store or a port
  /// can come to; each names what and what to do.
  static Result<std::unique_ptr<Node>> start(const std::string& data_dir, const Config& config);
  ~Node();

  uint16_t port() const { return http_->port(); }
  const std::string& recovery() const { return recovery_; }  ///< a sentence for people

  /// Takes new settings, whole or not at all. Errors: ConfigurationInvalid.
  Status reload(const Config& config);

  /// Accepts no more, finishes what it has within config.shutdown_grace, closes the log.
  void stop();

 private:
  explicit Node(DataFolder folder) : folder_(std::move(folder)) {}
  Status open_storage();
  Status open_clients();
  static Result<std::shared_ptr<delivery::HttpClient>> make_http_client(const Config& config);
  Status open_http();
  Result<std::string> read_token(const Config& config) const;
  std::string metrics() const;

  DataFolder folder_;
  Config config_;                  ///< of the thread that starts, reloads and stops, no other
  Duration dedup_window_;          ///< fixed ones that others read while a reload writes config_
  std::string checkpoint_folder_;
  std::string recovery_;
  os::SystemClock clock_;
  std::unique_ptr<os::Disk> log_disk_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<log::Log> log_;
  std::unique_ptr<engine::Engine> engine_;
  std::unique_ptr<EngineThread> engine_thread_;
  std::unique_ptr<RuleMerger> rule_merger_;
  std::unique_ptr<Housekeeper> housekeeper_;
  SwitchableSecrets secrets_;
  SwitchableDocuments documents_;
  SwitchableHttpClient http_client_;
  GatedProcessRunner processes_;
  std::unique_ptr<DispatchThread> dispatch_thread_;
  std::unique_ptr<api::Endpoints> endpoints_;
  std::unique_ptr<api::HttpServer> http_;
  std::atomic<const api::HttpServer*> serving_{nullptr};  ///< http_, for the threads it runs itself
  bool stopped_ = false;
};

}  // namespace hence::server
