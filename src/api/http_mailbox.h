// SPDX-License-Identifier: Apache-2.0
#pragma once

// Brings answers to the I/O thread that owns the connection. Answers given on that thread while
// its session is at work skip the queue; others are queued, and the thread is woken once for all
// that gather until it looks. Outlives the server: answers to a closed mailbox are swallowed.

#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "api/http_answer.h"
#include "os/clock.h"

namespace hence::api {

class HttpSession;

struct AnswerMessage {
  enum class Kind : uint8_t { answer, open_stream, stream_ready };
  Kind kind = Kind::answer;
  RequestToken token;
  HttpResponse response;                 ///< of answer and open_stream
  std::shared_ptr<StreamBuffer> buffer;  ///< of open_stream
};

/// Gives the message to the session it is for.
void deliver(AnswerMessage message, HttpSession& session, os::MonotonicTime now);

class Mailbox : public AnswerSink, public std::enable_shared_from_this<Mailbox> {
 public:
  /// While alive, this thread's answers are kept; then they are handed over all at once, and each
  /// I/O thread is woken once. Not nested.
  class Gathered {
   public:
    Gathered();
    ~Gathered();
    Gathered(const Gathered&) = delete;
    Gathered& operator=(const Gathered&) = delete;
  };

  /// wake: makes the I/O thread call take() soon; called from any thread, not after close().
  explicit Mailbox(std::function<void()> wake) : wake_(std::move(wake)) {}

  void answer(const RequestToken& token, HttpResponse response) override;
  void open_stream(const RequestToken& token, HttpResponse head,
                   std::shared_ptr<StreamBuffer> buffer) override;
  void stream_ready(const RequestToken& token) override;

  std::vector<AnswerMessage> take();
  void close();

  /// While alive, this thread's answers to that session are delivered at once.
  class Active {
   public:
    Active(Mailbox& mailbox, HttpSession& session, const RequestToken& token,
           os::MonotonicTime now);
    ~Active();
    Active(const Active&) = delete;
    Active& operator=(const Active&) = delete;
  };

 private:
  void send(AnswerMessage message);
  void hand_over(std::vector<AnswerMessage> messages);

  std::mutex mutex_;
  std::vector<AnswerMessage> messages_;
  bool closed_ = false;
  const std::function<void()> wake_;
};

}  // namespace hence::api
