// SPDX-License-Identifier: Apache-2.0
#pragma once

// The bounded buffer between the writer of a streamed response (any thread) and the connection
// that sends it (its I/O thread). A client that does not keep up loses the stream, never the
// server's memory: beyond the capacity the gap marker is queued and the connection is dropped.

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "api/http_answer.h"

namespace hence::api {

class StreamBuffer {
 public:
  StreamBuffer(std::shared_ptr<AnswerSink> sink, RequestToken token, size_t capacity_bytes,
               StreamOptions options);

  /// The writer's side; see Stream.
  bool write(std::string_view text);
  void end();
  bool closed() const;
  size_t unsent_bytes() const;

  /// What the connection is to send next.
  struct Taken {
    std::string text;
    bool finished = false;  ///< the writer ended it, and text is the last of it
    bool overflowed = false;  ///< text ends with the gap marker; the connection is to be dropped
  };
  Taken take();
  /// True when the client was too slow.
  bool overflowed() const;
  /// Nothing more will be sent: tells the writer, once, unless it ended the stream itself.
  void close();

 private:
  enum class State : uint8_t { open, ended, overflowed };

  const std::shared_ptr<AnswerSink> sink_;
  const RequestToken token_;
  const size_t capacity_bytes_;
  const std::string gap_marker_;

  mutable std::mutex mutex_;
  std::string pending_;
  State state_ = State::open;
  bool closed_ = false;
  std::function<void()> on_closed_;
};

}  // namespace hence::api
