// SPDX-License-Identifier: Apache-2.0
#pragma once

// Answers as a test says them. HTTP: 503, or {status, headers, body}, or {error: refused|timeout};
// a body that is no text is sent as JSON. Commands: 1, or {code, stdout, stderr}, or {error: …}.

#include <vector>

#include "base/result.h"
#include "delivery/http_client.h"
#include "delivery/process_runner.h"
#include "json/value.h"

namespace hence::harness {

/// Errors: RequestInvalid, naming the key.
Result<std::vector<Result<delivery::HttpAnswer>>> read_http_answers(json::View list);
Result<std::vector<Result<delivery::ProcessAnswer>>> read_process_answers(json::View list);

}  // namespace hence::harness
