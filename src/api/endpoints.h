// SPDX-License-Identifier: Apache-2.0
#pragma once

// Everything a client can ask of the server, on one port: events and webhooks in, resources
// applied, questions answered. One table (endpoint/route_table.cc) says which routes there are and
// who may use them; what is not in it is refused.
//
//   HttpServer ─► Endpoints: route, credentials ─► ingest ──────────────► Backend (engine thread)
//                                               ├► queries, apply ─► QueryWorkers ─► snapshot, log
//                                               └► event stream ───► EventTail ────► log, read once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "api/apply.h"
#include "api/backend.h"
#include "api/http_server.h"
#include "base/ids.h"
#include "engine/effect.h"
#include "json/value.h"
#include "os/clock.h"

namespace hence::api {

/// Bounds of request bodies; beyond them 413, before anything is kept.
struct EndpointLimits {
  uint64_t event_bytes = 1 << 20;     ///< one event, also inside a batch
  uint64_t batch_bytes = 16 << 20;
  uint64_t webhook_bytes = 25 << 20;
  uint64_t resource_bytes = 8 << 20;
};

/// Checkpoints of the data folder; both may take as long as the disk does.
struct CheckpointFunctions {
  /// name: empty for one made of the time. Errors: RequestInvalid, Conflict, DiskFull, DiskFailed.
  std::function<Result<json::Value>(const std::string& name)> create = {};
  std::function<Result<json::Value>()> list = {};  ///< {"items": […]}
};

/// How a workflow's call that may leave is doing outside.
struct CallState {
  bool under_way = false;
  UtcTime since = {};                  ///< when the attempt under way left
  std::string limit = {};              ///< what it waits for: "limits.processes"
  uint32_t limit_max = 0;              ///< so many at once; 0: it waits for no limit
  std::vector<Address> held_by = {};   ///< instances whose calls are under way meanwhile, some of them
};
using CallStates = std::map<engine::EffectId, CallState>;  ///< those of which something is known
/// then runs once, on any thread, and must not block.
using AskCallStates = std::function<void(std::vector<engine::EffectId> ids,
                                         std::function<void(const CallStates&)> then)>;

struct EndpointOptions {
  Backend& backend;
  os::Disk& log_disk;            ///< the log's folder, for readers
  Hash128 hash_key = {};         ///< of the data folder
  uint16_t partitions = 64;
  EndpointLimits limits = {};
  std::string token = {};        ///< empty: none is wanted
  SecretLookup secrets = {};
  std::function<ImportReader()> imports = {};  ///< one for each apply, which may keep what it learns
  bool secrets_anywhere = false; ///< workflows may read secrets outside of calls
  std::string version = {};      ///< of the program
  std::function<std::string()> extra_metrics = {};  ///< OpenMetrics families of other parts
  CheckpointFunctions checkpoints = {};             ///< none: refused
  AskCallStates call_states = {};                   ///< none: not told
  const os::Clock* clock = nullptr;                 ///< must be set
};

/// Borrows what the options refer to. Destroy it after the HTTP server has stopped and after the
/// backend has answered or dropped everything it was given.
class Endpoints : public HttpHandler {
 public:
  explicit Endpoints(EndpointOptions options);
  ~Endpoints() override;

  BodyLimit body_limit(const RequestHead& head) override;
  void handle(HttpRequest request, Responder responder) override;

  /// For requests that come from now on. Any thread.
  void set_limits(const EndpointLimits& limits);
  void set_token(std::string token);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace hence::api
