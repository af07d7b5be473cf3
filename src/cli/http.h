// SPDX-License-Identifier: Apache-2.0
#pragma once

// HTTP as the command line needs it: one call at a time, waiting for the answer.

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace hence::cli {

struct HttpAsk {
  std::string method = "GET";
  std::string url;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  Duration timeout = Duration::seconds(30);
};
struct HttpReply {
  int status = 0;
  std::string content_type;
  std::string body;
};

/// Errors: Unreachable (no connection, or no answer in time), RequestInvalid (the URL).
Result<HttpReply> http_call(const HttpAsk& ask);

/// Gives the body of a 200 answer to take, piece by piece; false from take ends it. Another status
/// comes back with its body. No time limit but for the connection. Errors: as http_call.
Result<HttpReply> http_stream(const HttpAsk& ask,
                              const std::function<bool(std::string_view)>& take);

/// Text inside a path segment or a query value.
std::string url_escape(std::string_view text);

}  // namespace hence::cli
