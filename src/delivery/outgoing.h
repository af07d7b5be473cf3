// SPDX-License-Identifier: Apache-2.0
#pragma once

// Effects as calls: what exactly leaves. Every call carries the effect's id as Idempotency-Key and
// the trace it belongs to.

#include <string_view>

#include "base/result.h"
#include "delivery/directory.h"
#include "delivery/http_client.h"
#include "delivery/process_runner.h"
#include "engine/effect.h"

namespace hence::delivery {

struct OutgoingSettings {
  std::string user_agent = "hence/0.1.0";
  Duration call_timeout = Duration::minutes(2);    ///< of workflows' calls; tasks have their own
  Duration process_timeout = Duration::hours(24);  ///< likewise
  uint64_t answer_bytes_max = 1 << 20;  ///< limits.responseBytes
  uint64_t output_bytes_max = 1 << 20;
};

/// "sink shop", or in other namespaces "sink ns/shop".
std::string sink_destination(std::string_view name_space, std::string_view sink);

/// A delivery: the event in binary or structured mode, or the body the rule made (text as
/// text/plain, all else as JSON), with the sink's headers, authentication and signature. The
/// sink's headers replace those made here, but for the ones that authenticate and identify.
/// Errors: NotFound (no such sink), SecretUnavailable, ConfigurationInvalid (a secret that cannot
/// sign), EventInvalid (the event has been around too often).
Result<HttpCall> delivery_call(const engine::Effect& effect, Directory& directory, UtcTime now,
                               const OutgoingSettings& settings);

/// A request (workflow/calls.h) as a call, without what identifies it.
HttpCall call_of(json::View request);

/// A workflow's HTTP call; deferred ones are resolved with their secrets, which no error shows.
/// Errors: RequestInvalid, SecretUnavailable, NotFound, ExpressionFailed, BudgetExceeded.
Result<HttpCall> workflow_call(const engine::Effect& effect, Directory& directory,
                               const OutgoingSettings& settings);

/// A workflow's shell command. Errors: RequestInvalid.
Result<ProcessCall> process_call(const engine::Effect& effect, const OutgoingSettings& settings);

}  // namespace hence::delivery
