// SPDX-License-Identifier: Apache-2.0
#pragma once

// How a handler answers: once, from any thread, now or later.
//
//   handle(request, responder) ──► responder.answer(response)             one response
//                              └─► responder.start_stream(head) ► Stream  text until somebody ends it
//
// A Responder dropped unanswered answers 500, so no client waits for ever. One whose connection is
// gone swallows the answer.

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "api/http_message.h"

namespace hence::api {

/// Names one request of one connection; stale ones are recognised and ignored.
struct RequestToken {
  uint32_t slot = 0;
  uint32_t generation = 0;
  uint64_t request = 0;
};

class StreamBuffer;

/// Where answers go: the connection's I/O thread, or a test. All functions from any thread.
class AnswerSink {
 public:
  virtual ~AnswerSink() = default;
  virtual void answer(const RequestToken& token, HttpResponse response) = 0;
  virtual void open_stream(const RequestToken& token, HttpResponse head,
                           std::shared_ptr<StreamBuffer> buffer) = 0;
  /// The buffer of an open stream went from empty to not empty, or ended.
  virtual void stream_ready(const RequestToken& token) = 0;
};

struct StreamOptions {
  /// Sent last when the client was too slow and the stream is dropped ("event: gap\ndata: {}\n\n").
  std::string gap_marker;
  /// Runs once, on an I/O thread, when nothing more can be sent: client gone, too slow, or the
  /// server stops. Not after end(). Must not block, nor take a lock held around write().
  std::function<void()> on_closed;
};

/// The writer's end of a streamed response. Ends the response when destroyed.
class Stream {
 public:
  Stream() = default;
  explicit Stream(std::shared_ptr<StreamBuffer> buffer) : buffer_(std::move(buffer)) {}
  Stream(Stream&&) noexcept = default;
  Stream& operator=(Stream&& other) noexcept;
  ~Stream() { end(); }

  /// Queues text. false when it was not taken: the client is gone or too slow (its buffer of
  /// HttpLimits::stream_buffer_bytes is full), and the stream is over. Any thread.
  bool write(std::string_view text);
  /// True once nothing more can be sent.
  bool closed() const;
  /// Of what was written, what the connection has not taken yet.
  size_t unsent_bytes() const;
  /// Finishes the response after what was written. Idempotent.
  void end();

 private:
  std::shared_ptr<StreamBuffer> buffer_;
};

class Responder {
 public:
  Responder(std::shared_ptr<AnswerSink> sink, RequestToken token, std::string request_id,
            size_t stream_buffer_bytes);
  Responder(Responder&&) noexcept = default;
  Responder& operator=(Responder&&) = delete;
  ~Responder();

  /// Sends the one answer. A second call is a bug (HENCE_CHECK).
  void answer(HttpResponse response);
  /// Sends the head now and keeps the response open; head.body goes out first.
  Stream start_stream(HttpResponse head, StreamOptions options = {});

  const std::string& request_id() const { return request_id_; }

 private:
  std::shared_ptr<AnswerSink> sink_;  // empty once answered
  RequestToken token_;
  std::string request_id_;
  size_t stream_buffer_bytes_;
};

/// For tests of handlers: a Responder that hands its answer to `done`, on the answering thread.
Responder capture_answer(std::function<void(HttpResponse)> done);

}  // namespace hence::api
