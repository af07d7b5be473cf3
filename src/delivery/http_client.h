// SPDX-License-Identifier: Apache-2.0
#pragma once

// Port: one HTTP call out. The real one (connectors/http) drives libcurl on a thread of its own;
// the simulated one answers from a script. Redirects are never followed.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace hence::delivery {

using Headers = std::vector<std::pair<std::string, std::string>>;

struct HttpCall {
  std::string method = "POST";
  std::string url;  ///< http or https
  Headers headers;
  std::string body;
  Duration timeout = Duration::seconds(10);
  uint64_t response_bytes_max = 1 << 20;
  /// Username and password of HTTP Digest (RFC 7616): the client answers the challenge.
  std::optional<std::pair<std::string, std::string>> digest = std::nullopt;
  std::string token_policy;  ///< how to get the bearer token, for the dispatcher; never sent
  std::string destination;  ///< whom it is for ("sink shop"): for simulations; never sent
  /// What nothing said of a failure may show (redaction.h); the dispatcher keeps it, never sent.
  std::vector<std::string> hidden = {};
  std::string_view response_setting = {};  ///< where response_bytes_max comes from; none: it is fixed
  /// The status is what counts: an answer that is too large is cut off and handed on, no failure.
  bool truncate_answer = false;
};

struct HttpAnswer {
  int status = 0;
  Headers headers;  ///< names in lower case
  std::string body;
};

class HttpClient {
 public:
  virtual ~HttpClient() = default;
  /// Starts a call; done runs exactly once, on any thread, also after cancel().
  /// Errors given to done: AddressRefused and RequestInvalid (http_call_check.h; never sent),
  /// Overloaded (refused here, never sent: it is made again and no attempt counted), CallFailed
  /// (connect, TLS, timeout, cut short, answer over the limit or over the memory that all may
  /// have; the sentence says which).
  virtual void start(uint64_t call_id, HttpCall call,
                     std::function<void(Result<HttpAnswer>)> done) = 0;
  /// Gives up a call; its done gets CallFailed.
  virtual void cancel(uint64_t call_id) = 0;
};

}  // namespace hence::delivery
