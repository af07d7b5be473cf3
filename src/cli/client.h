// SPDX-License-Identifier: Apache-2.0
#pragma once

// The server's API as commands use it: paths inside a namespace, JSON both ways, problems as
// errors.

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "cli/flags.h"
#include "cli/http.h"
#include "json/value.h"

namespace hence::cli {

/// Query parameters; empty values are left out.
using UrlQuery = std::vector<std::pair<std::string_view, std::string>>;

/// A list's flags as query parameters, times made absolute. Errors: TimeInvalid, RequestInvalid.
Result<UrlQuery> list_query(const ListFlags& flags, UtcTime now);

class Client {
 public:
  explicit Client(ServerFlags server);

  /// path inside the namespace: "/instances/7-1". Errors: Unreachable, and what the server says.
  Result<json::Value> get(std::string_view path, const UrlQuery& query = {}) const;
  Result<json::Value> post(std::string_view path, const json::Value& body,
                           Duration timeout = Duration::seconds(30)) const;
  Result<json::Value> remove(std::string_view path) const;
  /// The answer as it is, whatever its status.
  Result<HttpReply> send(std::string method, std::string_view path, const UrlQuery& query,
                         std::string content_type, std::string body,
                         Duration timeout = Duration::seconds(30)) const;
  /// Server-sent events, until take says false or the server ends it.
  Result<HttpReply> stream(std::string_view path, const UrlQuery& query, std::string_view last_id,
                           const std::function<bool(std::string_view)>& take) const;

  const ServerFlags& server() const { return server_; }

 private:
  HttpAsk ask(std::string method, std::string_view path, const UrlQuery& query) const;
  ServerFlags server_;
};

/// The JSON of an answer; an answer that is a problem becomes its error.
Result<json::Value> read_reply(const HttpReply& reply);
/// The error a problem+json document, or a bare status, stands for.
Error problem_error(const HttpReply& reply);
/// A name in a path: '/' stays, the rest is escaped.
std::string path_escape(std::string_view name);

}  // namespace hence::cli
