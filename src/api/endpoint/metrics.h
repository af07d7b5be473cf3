// SPDX-License-Identifier: Apache-2.0
#pragma once

// Counts answers by route and class of status, and writes /metrics as OpenMetrics text. Labels hold
// patterns of routes and classes only: nothing that a client chooses.

#include <array>
#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "api/backend.h"
#include "api/endpoint/route.h"

namespace hence::api {

class Metrics {
 public:
  Metrics() : answers_(all_routes().size() + 1) {}

  /// route: none where nothing was found. Any thread.
  void count_answer(const Route* route, int status);

  /// Families of the endpoints and the engine, without the closing "# EOF".
  std::string text(const EngineCounters& engine, std::string_view version) const;

 private:
  /// By route, the last for none, and by 1xx … 5xx.
  std::vector<std::array<std::atomic<uint64_t>, 5>> answers_;
};

}  // namespace hence::api
