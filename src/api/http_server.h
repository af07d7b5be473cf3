// SPDX-License-Identifier: Apache-2.0
#pragma once

// The one port: an HTTP/1.1 server with a few I/O threads. Bytes are read, checked and parsed on
// the connection's thread, the handler is called there, and answers come back from any thread.
//
//   socket ─► HttpSession (framing, limits, timeouts) ─► HttpHandler ─► Responder ─► socket
//
// A connection belongs to one I/O thread for life and has one request in the handler at a time, so
// pipelined requests are answered in order.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "api/http_answer.h"
#include "api/http_limits.h"
#include "api/http_message.h"
#include "base/result.h"
#include "base/time.h"

namespace hence::api {

/// What the handler allows before a byte of the body is kept.
struct BodyLimit {
  uint64_t bytes = 1 << 20;              ///< beyond it: 413
  std::optional<HttpResponse> refusal;   ///< answered instead of reading the body (401, 404, 405 …)
  std::string_view setting = {};         ///< that says how many bytes; named where there are more
};

class HttpHandler {
 public:
  virtual ~HttpHandler() = default;
  /// Called with the headers, on an I/O thread. Must not block.
  virtual BodyLimit body_limit(const RequestHead& head) = 0;
  /// Called with the whole request, on an I/O thread. Must not block; may answer later.
  virtual void handle(HttpRequest request, Responder responder) = 0;
};

struct HttpServerOptions {
  std::string address = "127.0.0.1";  ///< an IP address, or "localhost" (127.0.0.1)
  uint16_t port = 4362;               ///< 0 takes any free one
  int io_threads = 2;
  HttpLimits limits;
};

/// Counters since the start, but for connections_open.
struct HttpStats {
  uint64_t connections_open = 0;
  uint64_t connections_refused = 0;  ///< over HttpLimits::connections
  uint64_t requests = 0;             ///< that reached the handler
  uint64_t requests_refused = 0;     ///< answered by the server itself: framing, limits, timeouts
  uint64_t request_memory_bytes = 0; ///< held by requests not yet answered
};

class HttpServer {
 public:
  /// Listens and serves at once. Borrows handler, which must outlive the server.
  /// Errors: PortInUse, ConfigurationInvalid (address, thread count), Internal (no descriptors).
  static Result<std::unique_ptr<HttpServer>> start(const HttpServerOptions& options,
                                                   HttpHandler& handler);
  /// Stops without grace if stop() was not called.
  ~HttpServer();

  uint16_t port() const;
  HttpStats stats() const;

  /// Accepts no more, closes idle connections, ends streams, lets requests in flight finish for
  /// `grace`, then drops what is left and joins the threads. Not from an I/O thread. Returns how
  /// many connections were dropped. Answers given later are swallowed.
  size_t stop(Duration grace);

 private:
  struct State;
  explicit HttpServer(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace hence::api
