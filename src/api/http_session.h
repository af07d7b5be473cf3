// SPDX-License-Identifier: Apache-2.0
#pragma once

// One connection without its socket: bytes in, bytes out, time as data. What a client can do to us
// is decided here, so it is tested and fuzzed without a network.
//
//            bytes            head whole          body whole          answered
//   ► head ─────────► head ─────────────► body ─────────────► answering ───────► head
//       │ idle: closed  │ refused           │ refused, slow      │ start_stream      ▲ keep-alive
//       ▼               ▼                   ▼                    ▼                   │
//     closed ◄──────── closing (answer flushed, input drained) ◄── streaming ────────┘
//
// Not thread-safe: owned by the connection's I/O thread.

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "api/http_chunked.h"
#include "api/http_parse.h"
#include "api/http_respond.h"
#include "api/http_server.h"
#include "api/http_stream.h"
#include "os/clock.h"

namespace hence::api {

/// Memory of requests not yet answered, over all connections and threads.
class RequestMemory {
 public:
  explicit RequestMemory(uint64_t bytes_max) : bytes_max_(bytes_max) {}
  /// False, and nothing changed, where it would go over the bound.
  bool grow(uint64_t bytes) {
    if (used_.fetch_add(bytes, std::memory_order_relaxed) + bytes <= bytes_max_) return true;
    shrink(bytes);
    return false;
  }
  void shrink(uint64_t bytes) { used_.fetch_sub(bytes, std::memory_order_relaxed); }
  uint64_t used() const { return used_.load(std::memory_order_relaxed); }

 private:
  const uint64_t bytes_max_;
  std::atomic<uint64_t> used_{0};
};

struct HttpCounters {
  std::atomic<uint64_t> requests{0};
  std::atomic<uint64_t> requests_refused{0};
};

/// What the sessions of one I/O thread share. Must outlive them.
struct SessionContext {
  const HttpLimits& limits;
  HttpHandler& handler;
  RequestMemory& memory;
  HttpCounters& counters;
  std::shared_ptr<AnswerSink> sink;
  uint64_t next_request_id = 0;  ///< scrambled into the ids that clients see
  std::string date;              ///< of now, as responses carry it
};

class HttpSession {
 public:
  /// token.request is ignored; the session numbers its requests.
  HttpSession(SessionContext& context, RequestToken token, std::string remote_address,
              os::MonotonicTime now);
  ~HttpSession();
  HttpSession(const HttpSession&) = delete;
  HttpSession& operator=(const HttpSession&) = delete;

  // ---- from the socket
  void receive(std::string_view bytes, os::MonotonicTime now);
  /// The client sends no more.
  void end_of_input();
  /// The connection broke.
  void abort();
  /// How much to read at most; 0 while input is not wanted.
  size_t wanted_input_bytes() const;

  // ---- to the socket
  std::string_view output() const { return std::string_view(output_).substr(sent_); }
  void output_sent(size_t bytes, os::MonotonicTime now);
  /// The output is complete: send FIN, and read on until the client closes.
  bool wants_shutdown() const { return phase_ == Phase::closing && output().empty(); }
  bool closed() const { return phase_ == Phase::closed; }

  // ---- from the handler, by way of the I/O thread; a stale request number is ignored
  void answer(uint64_t request, HttpResponse response, os::MonotonicTime now);
  void open_stream(uint64_t request, HttpResponse head, std::shared_ptr<StreamBuffer> buffer,
                   os::MonotonicTime now);
  void stream_ready(uint64_t request, os::MonotonicTime now);

  // ---- time and end
  /// Judges the timeouts.
  void tick(os::MonotonicTime now);
  /// Answers 503 to a connection that is one too many.
  void refuse_connection(os::MonotonicTime now);
  /// Closes when idle; otherwise after the request in flight. Ends a stream.
  void begin_stop(os::MonotonicTime now);

 private:
  enum class Phase : uint8_t { head, body, answering, streaming, closing, closed };

  void process_held();
  size_t process(std::string_view data);
  size_t take_head(std::string_view data);
  void begin_request(RequestHead head, const BodyFraming& framing, bool body_is_here);
  size_t take_body(std::string_view data);
  void dispatch();

  void refuse(const Refusal& refusal);
  void respond(HttpResponse response);
  void finish_response();
  void close_stream();
  void pump_stream();
  void begin_closing();
  void note_output();
  void judge_output();
  std::string make_request_id();
  bool hold(uint64_t bytes);
  void settle_held_input();
  bool blocked_by_output() const;

  SessionContext& context_;
  const RequestToken token_;
  const std::string remote_address_;
  Phase phase_ = Phase::head;
  bool processing_ = false;     // inside process(): answers must not recurse into it
  bool input_ended_ = false;
  bool stopping_ = false;
  bool keep_alive_ = true;      // of the current request
  bool http_1_0_ = false;
  bool head_only_ = false;
  bool chunked_ = false;        // the request's body
  bool skipped_empty_line_ = false;
  os::MonotonicTime now_;
  os::MonotonicTime phase_since_;   // of head: the first byte, or the last answer
  os::MonotonicTime output_since_;  // begin of the window in which the output is judged
  uint64_t request_ = 0;            // number of the current one
  uint64_t body_max_ = 0;
  std::string_view body_setting_;  ///< that says body_max_
  uint64_t body_remaining_ = 0;
  uint64_t window_bytes_ = 0;       // of the body, in the current window
  uint64_t output_window_bytes_ = 0;
  uint64_t request_bytes_ = 0;      // of the current request
  uint64_t held_bytes_ = 0;         // taken from context_.memory
  uint64_t drained_bytes_ = 0;
  HeadScanner scanner_;
  std::string input_;               // read and not yet understood
  std::string output_;
  size_t sent_ = 0;
  std::string request_id_;
  /// The parts of a request whose body arrives; absent otherwise, so that idle costs little.
  struct Arriving {
    HttpRequest request;
    ChunkedDecoder decoder;
  };
  std::unique_ptr<Arriving> arriving_;
  std::shared_ptr<StreamBuffer> stream_;
};

}  // namespace hence::api
