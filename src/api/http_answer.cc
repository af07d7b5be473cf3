// SPDX-License-Identifier: Apache-2.0
#include "api/http_answer.h"

#include "api/http_stream.h"
#include "api/problem.h"
#include "base/check.h"

namespace hence::api {

Stream& Stream::operator=(Stream&& other) noexcept {
  if (this != &other) {
    end();
    buffer_ = std::move(other.buffer_);
  }
  return *this;
}

bool Stream::write(std::string_view text) { return buffer_ && buffer_->write(text); }
bool Stream::closed() const { return !buffer_ || buffer_->closed(); }
size_t Stream::unsent_bytes() const { return buffer_ ? buffer_->unsent_bytes() : 0; }
void Stream::end() {
  if (buffer_) buffer_->end();
}

Responder::Responder(std::shared_ptr<AnswerSink> sink, RequestToken token, std::string request_id,
                     size_t stream_buffer_bytes)
    : sink_(std::move(sink)),
      token_(token),
      request_id_(std::move(request_id)),
      stream_buffer_bytes_(stream_buffer_bytes) {}

Responder::~Responder() {
  if (!sink_) return;
  answer(problem(Error(ErrorCode::Internal, "the request was dropped without an answer"),
                 request_id_));
}

void Responder::answer(HttpResponse response) {
  HENCE_CHECK(sink_ != nullptr);
  const auto sink = std::move(sink_);
  sink->answer(token_, std::move(response));
}

Stream Responder::start_stream(HttpResponse head, StreamOptions options) {
  HENCE_CHECK(sink_ != nullptr);
  const auto sink = std::move(sink_);
  auto buffer =
      std::make_shared<StreamBuffer>(sink, token_, stream_buffer_bytes_, std::move(options));
  sink->open_stream(token_, std::move(head), buffer);
  return Stream(std::move(buffer));
}

namespace {

/// Gathers a whole answer, streamed or not, and hands it on when it has ended.
class Capture : public AnswerSink {
 public:
  explicit Capture(std::function<void(HttpResponse)> done) : done_(std::move(done)) {}

  void answer(const RequestToken&, HttpResponse response) override { done_(std::move(response)); }
  void open_stream(const RequestToken&, HttpResponse head,
                   std::shared_ptr<StreamBuffer> buffer) override {
    head_ = std::move(head);
    buffer_ = std::move(buffer);
  }
  void stream_ready(const RequestToken&) override {
    const auto buffer = buffer_;
    if (!buffer) return;
    StreamBuffer::Taken taken = buffer->take();
    head_.body += taken.text;
    if (!taken.finished && !taken.overflowed) return;
    buffer_.reset();
    done_(std::move(head_));
  }

 private:
  std::function<void(HttpResponse)> done_;
  HttpResponse head_;
  std::shared_ptr<StreamBuffer> buffer_;
};

}  // namespace

Responder capture_answer(std::function<void(HttpResponse)> done) {
  return Responder(std::make_shared<Capture>(std::move(done)), RequestToken{}, "0000000000000001",
                   1 << 20);
}

}  // namespace hence::api
