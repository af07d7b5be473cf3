// SPDX-License-Identifier: Apache-2.0
#include "api/http_mailbox.h"

#include <iterator>
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

/// What a thread keeps while it gathers, by mailbox: there are as many as I/O threads.
struct Kept {
  std::shared_ptr<Mailbox> mailbox;
  std::vector<AnswerMessage> messages;
};
thread_local std::vector<Kept> kept;
thread_local bool gathering = false;

void keep(std::shared_ptr<Mailbox> mailbox, AnswerMessage message) {
  for (Kept& one : kept) {
    if (one.mailbox == mailbox) return one.messages.push_back(std::move(message));
  }
  kept.push_back({std::move(mailbox), {}});
  kept.back().messages.push_back(std::move(message));
}

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
  if (gathering) return keep(shared_from_this(), std::move(message));
  std::vector<AnswerMessage> one;
  one.push_back(std::move(message));
  hand_over(std::move(one));
}

void Mailbox::hand_over(std::vector<AnswerMessage> messages) {
  {
    const std::lock_guard lock(mutex_);
    if (!closed_) {
      if (messages_.empty()) wake_();
      std::move(messages.begin(), messages.end(), std::back_inserter(messages_));
      return;
    }
  }
  for (AnswerMessage& message : messages) {
    if (message.buffer) message.buffer->close();
  }
}

Mailbox::Gathered::Gathered() {
  HENCE_CHECK(!gathering);
  gathering = true;
}

Mailbox::Gathered::~Gathered() {
  gathering = false;
  for (Kept& one : std::exchange(kept, {})) one.mailbox->hand_over(std::move(one.messages));
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
