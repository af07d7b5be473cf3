// SPDX-License-Identifier: Apache-2.0
#include "api/http_mailbox.h"

#include <utility>

#include "api/http_session.h"
#include "base/check.h"

namespace hence::api {

namespace {

struct ActiveSession {
  const Mailbox* mailbox = nullptr;
  HttpSession* session = nullptr;
  RequestToken token;
  os::MonotonicTime now;
};
thread_local ActiveSession active;

}  // namespace

void deliver(AnswerMessage message, HttpSession& session, os::MonotonicTime now) {
  switch (message.kind) {
    case AnswerMessage::Kind::answer:
      session.answer(message.token.request, std::move(message.response), now);
      break;
    case AnswerMessage::Kind::open_stream:
      session.open_stream(message.token.request, std::move(message.response),
                          std::move(message.buffer), now);
      break;
    case AnswerMessage::Kind::stream_ready:
      session.stream_ready(message.token.request, now);
      break;
  }
}

Mailbox::Active::Active(Mailbox& mailbox, HttpSession& session, const RequestToken& token,
                        os::MonotonicTime now) {
  HENCE_CHECK(active.mailbox == nullptr);
  active = {&mailbox, &session, token, now};
}

Mailbox::Active::~Active() { active = {}; }

void Mailbox::answer(const RequestToken& token, HttpResponse response) {
  send({AnswerMessage::Kind::answer, token, std::move(response), nullptr});
}

void Mailbox::open_stream(const RequestToken& token, HttpResponse head,
                          std::shared_ptr<StreamBuffer> buffer) {
  send({AnswerMessage::Kind::open_stream, token, std::move(head), std::move(buffer)});
}

void Mailbox::stream_ready(const RequestToken& token) {
  send({AnswerMessage::Kind::stream_ready, token, {}, nullptr});
}

void Mailbox::send(AnswerMessage message) {
  if (active.mailbox == this && active.token.slot == message.token.slot &&
      active.token.generation == message.token.generation) {
    deliver(std::move(message), *active.session, active.now);
    return;
  }
  {
    const std::lock_guard lock(mutex_);
    if (!closed_) {
      messages_.push_back(std::move(message));
      if (messages_.size() == 1) wake_();
      return;
    }
  }
  if (message.buffer) message.buffer->close();
}

std::vector<AnswerMessage> Mailbox::take() {
  const std::lock_guard lock(mutex_);
  return std::exchange(messages_, {});
}

void Mailbox::close() {
  std::vector<AnswerMessage> left;
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    left.swap(messages_);
  }
  for (AnswerMessage& message : left) {
    if (message.buffer) message.buffer->close();
  }
}

}  // namespace hence::api
