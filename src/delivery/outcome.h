// SPDX-License-Identifier: Apache-2.0
#pragma once

// Answers as the engine wants to hear of them.

#include "delivery/http_client.h"
#include "delivery/process_runner.h"
#include "engine/effect.h"

namespace hence::delivery {

/// Of a delivery: done, retryable or permanent, with what the other side said.
engine::Outcome delivery_outcome(const Result<HttpAnswer>& answer, UtcTime now);
/// Of a workflow's call: any answer is done, whatever its status; the task judges it.
engine::Outcome call_outcome(const Result<HttpAnswer>& answer);
engine::Outcome process_outcome(const Result<ProcessAnswer>& answer);
/// Of an attempt that could not leave at all.
engine::Outcome refused_outcome(engine::EffectKind kind, const Error& error);

}  // namespace hence::delivery
