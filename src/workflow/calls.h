// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a task asks of the outside and what comes back.
//
// CallRequested::request of kind http, ready to send:
//   {"method":"GET", "url":"https://…?a=b", "headers":{"content-type":"application/json"},
//    "body":"text"? or "bodyBase64":"…"?, "authorization":{"scheme","parameter"}?,
//    "digest":{"username","password"}?, "token":{…}?, "echo":{"method","uri","headers"}?}
//   bodyBase64: a body that is no text; token: how to get one (token_request.cc);
//   authorization and echo are for the machine: `$authorization`, and output `response`.
// of kind shell:
//   {"command":"…", "arguments":["…"], "environment":{"K":"V"}, "input":"…"}
// of kind workflow, a subflow that the engine starts:
//   {"workflow":"ns/name:version", "input":…}
// Deferred (kind http that reads secrets): see deferred.h.

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/codec.h"
#include "base/error.h"
#include "base/ids.h"
#include "json/value.h"

namespace hence::workflow {

struct HttpOutcome {
  int32_t status = 0;
  std::vector<std::pair<std::string, std::string>> headers;  ///< names in lower case
  std::string body;
};
struct ProcessOutcome {
  int32_t exit_code = 0;
  std::string output;
  std::string error_output;
};
/// The call did not come to an answer.
struct CallFailure {
  ErrorCode code = ErrorCode::CallFailed;
  std::string message;
};
/// A subflow ended: with an output, with an error, or, where there is neither, it was cancelled.
struct ChildOutcome {
  Address instance;
  std::optional<json::Value> output;
  std::optional<json::Value> error;
  std::string reason;  ///< of the cancel
};
using CallOutcome = std::variant<HttpOutcome, ProcessOutcome, CallFailure, ChildOutcome>;

void encode_value(Encoder& encoder, const CallOutcome& outcome);
void decode_value(Decoder& decoder, CallOutcome& outcome);

}  // namespace hence::workflow
