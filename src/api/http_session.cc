// SPDX-License-Identifier: Apache-2.0
#include "api/http_session.h"

#include <algorithm>
#include <array>
#include <utility>

#include "api/problem.h"
#include "base/check.h"
#include "base/log_line.h"

namespace hence::api {

namespace {

constexpr size_t kHeadReadBytes = 16 * 1024;
constexpr size_t kBodyReadBytes = 256 * 1024;
constexpr uint64_t kBodyReserveBytes = 1 << 20;
constexpr uint64_t kDrainBytesMax = 16 << 20;
constexpr size_t kSentBytesKept = 256 * 1024;

/// A bijection of 64-bit numbers, so that ids do not repeat and do not tell their order.
uint64_t scramble(uint64_t n) {
  n += 0x9E3779B97F4A7C15ull;
  n = (n ^ (n >> 30)) * 0xBF58476D1CE4E5B9ull;
  n = (n ^ (n >> 27)) * 0x94D049BB133111EBull;
  return n ^ (n >> 31);
}

uint64_t least_bytes(const HttpLimits& limits, Duration window) {
  return limits.bytes_per_second * static_cast<uint64_t>(window.micros) / 1'000'000;
}

Refusal overloaded() {
  return {Error(ErrorCode::Overloaded, "all requests under way hold more than limits.requestMemory allows; try again"), 0};
}

}  // namespace

HttpSession::HttpSession(SessionContext& context, RequestToken token, std::string remote_address,
                         os::MonotonicTime now)
    : context_(context),
      token_(token),
      remote_address_(std::move(remote_address)),
      now_(now),
      phase_since_(now),
      output_since_(now) {}

HttpSession::~HttpSession() { abort(); }

// ---- input

void HttpSession::receive(std::string_view bytes, os::MonotonicTime now) {
  now_ = now;
  if (phase_ == Phase::closing) {
    drained_bytes_ += bytes.size();
    if (drained_bytes_ > kDrainBytesMax) abort();
    return;
  }
  if (phase_ == Phase::closed || bytes.empty()) return;
  if (phase_ == Phase::streaming) {  // dropped, so that nothing may be read after the stream
    keep_alive_ = false;
    return;
  }
  if (input_.empty()) {
    if (phase_ == Phase::head) phase_since_ = now;
    const size_t used = process(bytes);
    input_.assign(bytes.substr(used));
  } else {
    input_.append(bytes);
    input_.erase(0, process(input_));
  }
  settle_held_input();
}

/// Goes on with what was read before: after an answer, or when the output has room again.
void HttpSession::process_held() {
  if (processing_ || input_.empty()) return;
  input_.erase(0, process(input_));
  settle_held_input();
}

void HttpSession::settle_held_input() {
  if (phase_ == Phase::closing || phase_ == Phase::closed || input_.empty()) input_ = std::string();
  if (hold(request_bytes_ + input_.size())) return;
  if (phase_ == Phase::head || phase_ == Phase::body) {
    input_ = std::string();
    refuse(overloaded());
  }
}

size_t HttpSession::process(std::string_view data) {
  processing_ = true;
  size_t used = 0;
  bool progress = true;
  while (progress && used < data.size()) {
    size_t taken = 0;
    if (phase_ == Phase::head && !blocked_by_output()) {
      taken = take_head(data.substr(used));
    } else if (phase_ == Phase::body) {
      taken = take_body(data.substr(used));
    } else if (phase_ == Phase::closing || phase_ == Phase::closed) {
      taken = data.size() - used;
    }
    used += taken;
    progress = taken > 0;
  }
  processing_ = false;
  return used;
}

/// Bytes consumed; 0 while the block has not ended.
size_t HttpSession::take_head(std::string_view data) {
  if (data.starts_with('\r') && !skipped_empty_line_) {
    if (data.size() == 1) return 0;
    if (data[1] == '\n') {  // RFC 9112 2.2: one empty line before a request is ignored
      skipped_empty_line_ = true;
      return 2;
    }
  }
  if (auto refusal = scanner_.scan(data, context_.limits)) {
    refuse(*refusal);
    return data.size();
  }
  const size_t bytes = scanner_.head_bytes();
  if (bytes == 0) return 0;
  scanner_ = HeadScanner();
  skipped_empty_line_ = false;
  RequestHead head;
  BodyFraming framing;
  if (auto refusal = parse_head(data.substr(0, bytes), context_.limits, head, framing)) {
    refuse(*refusal);
    return data.size();
  }
  request_bytes_ = bytes;
  begin_request(std::move(head), framing, data.size() > bytes);
  return bytes;
}

void HttpSession::begin_request(RequestHead head, const BodyFraming& framing, bool body_is_here) {
  head.request_id = request_id_ = make_request_id();
  head.remote_address = remote_address_;
  keep_alive_ = head.keep_alive && !stopping_;
  http_1_0_ = head.http_1_0;
  head_only_ = head.method == HttpMethod::head;

  BodyLimit limit = context_.handler.body_limit(head);
  if (limit.refusal) {
    keep_alive_ = keep_alive_ && !framing.has_body();
    context_.counters.requests_refused.fetch_add(1, std::memory_order_relaxed);
    respond(std::move(*limit.refusal));
    return;
  }
  if (framing.content_length > limit.bytes) {
    refuse(Refusal::body_too_large(limit.bytes, limit.setting));
    return;
  }
  arriving_ = std::make_unique<Arriving>(Arriving{HttpRequest(std::move(head)), {}});
  if (!framing.has_body()) {
    dispatch();
    return;
  }
  phase_ = Phase::body;
  phase_since_ = now_;
  window_bytes_ = 0;
  chunked_ = framing.chunked;
  body_max_ = limit.bytes;
  body_setting_ = limit.setting;
  body_remaining_ = framing.content_length;
  arriving_->request.body.reserve(std::min(framing.content_length, kBodyReserveBytes));
  if (framing.expect_continue && !body_is_here) {
    note_output();
    output_ += "HTTP/1.1 100 Continue\r\n\r\n";
  }
}

size_t HttpSession::take_body(std::string_view data) {
  std::string& body = arriving_->request.body;
  const size_t before = body.size();
  std::string_view rest = data;
  if (chunked_) {
    auto refusal = arriving_->decoder.feed(rest, context_.limits, body_max_, body);
    if (refusal) {
      const bool over = refusal->error.code() == ErrorCode::TooLarge;
      refuse(over ? Refusal::body_too_large(body_max_, body_setting_) : *refusal);
      return data.size();
    }
  } else {
    const auto bytes = static_cast<size_t>(std::min<uint64_t>(body_remaining_, data.size()));
    body.append(data.substr(0, bytes));
    body_remaining_ -= bytes;
    rest.remove_prefix(bytes);
  }
  const size_t arrived = body.size() - before;
  window_bytes_ += arrived;
  request_bytes_ += arrived;
  if (!hold(request_bytes_)) {
    refuse(overloaded());
    return data.size();
  }
  if (chunked_ ? arriving_->decoder.done() : body_remaining_ == 0) dispatch();
  return data.size() - rest.size();
}

void HttpSession::dispatch() {
  phase_ = Phase::answering;
  ++request_;
  context_.counters.requests.fetch_add(1, std::memory_order_relaxed);
  HttpRequest request = std::move(arriving_->request);
  arriving_.reset();
  RequestToken token = token_;
  token.request = request_;
  const bool was_processing = std::exchange(processing_, true);
  context_.handler.handle(
      std::move(request),
      Responder(context_.sink, token, request_id_, context_.limits.stream_buffer_bytes));
  processing_ = was_processing;
}

void HttpSession::end_of_input() {
  input_ended_ = true;
  if (phase_ == Phase::answering) {
    keep_alive_ = false;
  } else if (phase_ == Phase::body || (phase_ == Phase::head && !input_.empty())) {
    refuse(Refusal::bad_request("the connection was closed in the middle of the request"));
  } else if (phase_ != Phase::closing) {
    phase_ == Phase::head && !output().empty() ? begin_closing() : abort();
  }
  if (wants_shutdown()) abort();
}

void HttpSession::abort() {
  close_stream();
  phase_ = Phase::closed;
  arriving_.reset();
  request_bytes_ = 0;
  hold(0);
}

size_t HttpSession::wanted_input_bytes() const {
  if (input_ended_) return 0;
  switch (phase_) {
    case Phase::head: return blocked_by_output() ? 0 : kHeadReadBytes;
    case Phase::body: {
      const uint64_t more =
          chunked_ ? arriving_->decoder.chunk_remaining() + kHeadReadBytes : body_remaining_;
      return static_cast<size_t>(std::min<uint64_t>(more, kBodyReadBytes));
    }
    case Phase::streaming: return kHeadReadBytes;
    case Phase::closing: return kHeadReadBytes;
    case Phase::answering:
    case Phase::closed: return 0;
  }
  return 0;
}

bool HttpSession::blocked_by_output() const {
  return output_.size() - sent_ > context_.limits.unsent_bytes_before_next_request;
}

/// Sets what this session takes of the shared memory. False where that is over the bound.
bool HttpSession::hold(uint64_t bytes) {
  if (bytes > held_bytes_ && !context_.memory.grow(bytes - held_bytes_)) return false;
  if (bytes < held_bytes_) context_.memory.shrink(held_bytes_ - bytes);
  held_bytes_ = bytes;
  return true;
}

// ---- output

void HttpSession::output_sent(size_t bytes, os::MonotonicTime now) {
  now_ = now;
  output_window_bytes_ += bytes;
  sent_ += bytes;
  if (sent_ >= kSentBytesKept && sent_ * 2 >= output_.size()) {
    output_.erase(0, sent_);
    sent_ = 0;
  }
  if (sent_ == output_.size()) {
    output_ = std::string();
    sent_ = 0;
    if (phase_ == Phase::closing) {
      phase_since_ = now;
      if (input_ended_) abort();
    }
    if (phase_ == Phase::streaming) pump_stream();
  }
  if (phase_ == Phase::head && !blocked_by_output()) process_held();
}

/// Comes before anything is appended to the output: starts the clock of an empty one.
void HttpSession::note_output() {
  if (!output().empty()) return;
  output_since_ = now_;
  output_window_bytes_ = 0;
}

void HttpSession::answer(uint64_t request, HttpResponse response, os::MonotonicTime now) {
  if (phase_ != Phase::answering || request != request_) return;
  now_ = now;
  respond(std::move(response));
  process_held();
}

void HttpSession::respond(HttpResponse response) {
  if (auto fault = find_fault(response)) {
    log_line(LogLevel::error, "a response could not be sent", {{"reason", *fault}});
    response = problem(Error(ErrorCode::Internal, "the response could not be sent"), request_id_);
  }
  note_output();
  ResponseFraming framing;
  framing.keep_alive = keep_alive_ && !stopping_;
  framing.http_1_0 = http_1_0_;
  framing.head_only = head_only_;
  framing.request_id = request_id_;
  framing.date = context_.date;
  append_response(response, framing, output_);
  finish_response();
}

void HttpSession::finish_response() {
  request_bytes_ = 0;
  hold(std::min<uint64_t>(held_bytes_, input_.size()));
  if (keep_alive_ && !stopping_) {
    phase_ = Phase::head;
    phase_since_ = now_;
  } else {
    begin_closing();
  }
}

void HttpSession::begin_closing() {
  phase_ = Phase::closing;
  phase_since_ = now_;
  arriving_.reset();
}

void HttpSession::refuse(const Refusal& refusal) {
  context_.counters.requests_refused.fetch_add(1, std::memory_order_relaxed);
  if (phase_ == Phase::head && request_bytes_ == 0) {  // no head: what is known is of the last one
    request_id_ = make_request_id();
    head_only_ = false;
  }
  keep_alive_ = false;
  respond(problem(refusal.error, request_id_, {}, refusal.status));
}

std::string HttpSession::make_request_id() {
  static constexpr std::string_view kDigits = "0123456789abcdef";
  uint64_t number = scramble(context_.next_request_id++);
  std::string id(16, '0');
  for (size_t i = id.size(); i-- > 0; number >>= 4) id[i] = kDigits[number & 15];
  return id;
}

// ---- streams

void HttpSession::open_stream(uint64_t request, HttpResponse head,
                              std::shared_ptr<StreamBuffer> buffer, os::MonotonicTime now) {
  if (phase_ != Phase::answering || request != request_) {
    buffer->close();
    return;
  }
  now_ = now;
  if (find_fault(head) || head_only_) {
    respond(std::move(head));
    buffer->close();
    process_held();
    return;
  }
  keep_alive_ = keep_alive_ && !http_1_0_ && !stopping_;
  note_output();
  ResponseFraming framing;
  framing.form = http_1_0_ ? BodyForm::until_close : BodyForm::chunked;
  framing.keep_alive = keep_alive_;
  framing.request_id = request_id_;
  framing.date = context_.date;
  append_response(head, framing, output_);
  if (!http_1_0_ && !head.body.empty()) append_chunk(head.body, output_);
  request_bytes_ = 0;
  hold(std::min<uint64_t>(held_bytes_, input_.size()));
  phase_ = Phase::streaming;
  stream_ = std::move(buffer);
  if (stopping_) begin_stop(now);
}

void HttpSession::stream_ready(uint64_t request, os::MonotonicTime now) {
  if (phase_ != Phase::streaming || request != request_) return;
  now_ = now;
  if (stream_->overflowed()) stream_->close();  // the writer learns now, the client when it reads
  if (output().empty()) pump_stream();
  process_held();
}

/// Moves what was written to the output, which is empty.
void HttpSession::pump_stream() {
  const StreamBuffer::Taken taken = stream_->take();
  if (!taken.text.empty()) {
    note_output();
    http_1_0_ ? void(output_ += taken.text) : append_chunk(taken.text, output_);
  }
  if (taken.overflowed) {
    keep_alive_ = false;  // no last chunk: the client must see that the stream is not whole
  } else if (taken.finished) {
    if (!http_1_0_) output_ += "0\r\n\r\n";
  } else {
    return;
  }
  close_stream();
  finish_response();
}

void HttpSession::close_stream() {
  if (!stream_) return;
  const auto stream = std::move(stream_);
  stream->close();
}

// ---- time and end

void HttpSession::tick(os::MonotonicTime now) {
  now_ = now;
  const HttpLimits& limits = context_.limits;
  const Duration in_phase = now - phase_since_;
  if (!output().empty()) {
    judge_output();
    return;
  }
  if (phase_ == Phase::head && input_.empty() && !skipped_empty_line_) {
    if (in_phase > limits.idle_timeout) abort();
  } else if (phase_ == Phase::head) {
    if (in_phase > limits.header_timeout) {
      refuse({Error(ErrorCode::RequestTimeout, "the headers did not arrive within " + format_human(limits.header_timeout) +
                                                   ", which is what limits.headerTime allows"), 0});
    }
  } else if (phase_ == Phase::body && in_phase > limits.body_window) {
    if (window_bytes_ < least_bytes(limits, in_phase)) {
      refuse({Error(ErrorCode::RequestTimeout, "the body arrives at less than " + std::to_string(limits.bytes_per_second) +
                                                   " bytes a second, which is what limits.bodyRate asks for"), 0});
      return;
    }
    phase_since_ = now;
    window_bytes_ = 0;
  } else if (phase_ == Phase::closing && in_phase > limits.linger) {
    abort();
  }
}

/// A client that takes neither all of the output nor the least rate within the timeout is dropped.
void HttpSession::judge_output() {
  const Duration in_window = now_ - output_since_;
  if (in_window <= context_.limits.write_timeout) return;
  if (output_window_bytes_ < least_bytes(context_.limits, in_window)) {
    abort();
    return;
  }
  output_since_ = now_;
  output_window_bytes_ = 0;
}

void HttpSession::refuse_connection(os::MonotonicTime now) {
  now_ = now;
  refuse({Error(ErrorCode::Overloaded, "more than " + std::to_string(context_.limits.connections) +
                                           " connections are open, which is what limits.connections allows; try again"), 0});
}

void HttpSession::begin_stop(os::MonotonicTime now) {
  now_ = now;
  stopping_ = true;
  if (phase_ == Phase::streaming) {
    note_output();
    const StreamBuffer::Taken taken = stream_->take();
    if (!taken.text.empty()) {
      http_1_0_ ? void(output_ += taken.text) : append_chunk(taken.text, output_);
    }
    if (!http_1_0_) output_ += "0\r\n\r\n";
    close_stream();
    finish_response();
  } else if (phase_ == Phase::head && input_.empty()) {
    output().empty() ? abort() : begin_closing();
  }
}

}  // namespace hence::api
