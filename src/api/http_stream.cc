// SPDX-License-Identifier: Apache-2.0
#include "api/http_stream.h"

#include <utility>

namespace hence::api {

StreamBuffer::StreamBuffer(std::shared_ptr<AnswerSink> sink, RequestToken token,
                           size_t capacity_bytes, StreamOptions options)
    : sink_(std::move(sink)),
      token_(token),
      capacity_bytes_(capacity_bytes),
      gap_marker_(std::move(options.gap_marker)),
      on_closed_(std::move(options.on_closed)) {}

bool StreamBuffer::write(std::string_view text) {
  bool taken = true;
  bool tell = false;
  {
    const std::lock_guard lock(mutex_);
    if (closed_ || state_ != State::open) return false;
    tell = pending_.empty();
    if (text.size() > capacity_bytes_ - pending_.size()) {
      state_ = State::overflowed;
      pending_ += gap_marker_;
      taken = false;
      tell = true;
    } else {
      pending_ += text;
    }
  }
  if (tell) sink_->stream_ready(token_);
  return taken;
}

void StreamBuffer::end() {
  {
    const std::lock_guard lock(mutex_);
    if (closed_ || state_ != State::open) return;
    state_ = State::ended;
  }
  sink_->stream_ready(token_);
}

bool StreamBuffer::closed() const {
  const std::lock_guard lock(mutex_);
  return closed_ || state_ != State::open;
}

size_t StreamBuffer::unsent_bytes() const {
  const std::lock_guard lock(mutex_);
  return pending_.size();
}

StreamBuffer::Taken StreamBuffer::take() {
  const std::lock_guard lock(mutex_);
  Taken taken;
  taken.text.swap(pending_);
  taken.finished = state_ == State::ended;
  taken.overflowed = state_ == State::overflowed;
  return taken;
}

bool StreamBuffer::overflowed() const {
  const std::lock_guard lock(mutex_);
  return state_ == State::overflowed;
}

void StreamBuffer::close() {
  std::function<void()> tell;
  {
    const std::lock_guard lock(mutex_);
    if (closed_) return;
    closed_ = true;
    if (state_ != State::ended) tell = std::move(on_closed_);
    on_closed_ = nullptr;
    if (state_ != State::overflowed) pending_ = std::string();
  }
  if (tell) tell();
}

}  // namespace hence::api
