// SPDX-License-Identifier: Apache-2.0
#include "api/http_chunked.h"

#include <algorithm>

namespace hence::api {

namespace {

constexpr uint32_t kSizeDigits = 16;

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

std::optional<Refusal> ChunkedDecoder::feed(std::string_view& input, const HttpLimits& limits,
                                            uint64_t body_max, std::string& body) {
  while (!input.empty() && state_ != State::done) {
    if (state_ == State::data) {
      const size_t bytes = static_cast<size_t>(std::min<uint64_t>(remaining_, input.size()));
      body.append(input.substr(0, bytes));
      input.remove_prefix(bytes);
      remaining_ -= bytes;
      if (remaining_ == 0) state_ = State::data_cr;
      continue;
    }
    const char c = input.front();
    input.remove_prefix(1);
    if (auto refusal = take(c, limits)) return refusal;
    const uint64_t room = body_max - std::min<uint64_t>(body_max, body.size());
    if (state_ == State::data && remaining_ > room) {
      return Refusal::body_too_large(body_max, {});
    }
  }
  return std::nullopt;
}

std::optional<Refusal> ChunkedDecoder::take(char c, const HttpLimits& limits) {
  switch (state_) {
    case State::size: return take_size(c);
    case State::extension: return take_extension(c, limits);
    case State::size_lf:
      if (c != '\n') return Refusal::bad_request("chunk: its size line does not end with CR LF");
      state_ = remaining_ == 0 ? State::trailer : State::data;
      return std::nullopt;
    case State::data_cr:
    case State::data_lf:
      if (c != (state_ == State::data_cr ? '\r' : '\n')) {
        return Refusal::bad_request("chunk: its data does not end with CR LF where its size says");
      }
      state_ = state_ == State::data_cr ? State::data_lf : State::size;
      digits_ = 0;
      extension_bytes_ = 0;
      return std::nullopt;
    case State::trailer: return take_trailer(c, limits);
    case State::data:
    case State::done: break;
  }
  return std::nullopt;
}

std::optional<Refusal> ChunkedDecoder::take_size(char c) {
  const int digit = hex_digit(c);
  if (digit >= 0 && digits_ < kSizeDigits) {
    ++digits_;
    remaining_ = remaining_ * 16 + static_cast<uint64_t>(digit);
    return std::nullopt;
  }
  if (digits_ == 0 || (c != '\r' && c != ';')) {
    return Refusal::bad_request("chunk: expected a size of 1 to 16 hexadecimal digits");
  }
  state_ = c == '\r' ? State::size_lf : State::extension;
  return std::nullopt;
}

std::optional<Refusal> ChunkedDecoder::take_extension(char c, const HttpLimits& limits) {
  if (c == '\r') {
    state_ = State::size_lf;
    return std::nullopt;
  }
  const auto byte = static_cast<unsigned char>(c);
  if ((byte < 0x20 && c != '\t') || byte == 0x7F) {
    return Refusal::bad_request("chunk: its extension holds a control character");
  }
  if (++extension_bytes_ > limits.chunk_extension_bytes) {
    return Refusal::bad_request("chunk: its extension is too long");
  }
  return std::nullopt;
}

std::optional<Refusal> ChunkedDecoder::take_trailer(char c, const HttpLimits& limits) {
  if (++trailer_bytes_ > limits.trailer_bytes) {
    return Refusal{Error(ErrorCode::HeadersTooLarge, "the trailers are too long"), 0};
  }
  const bool after_cr = trailer_line_.ends_with('\r');
  if ((c == '\n') != after_cr) {
    return Refusal::bad_request("trailer: a line does not end with CR LF");
  }
  if (c != '\n') {
    trailer_line_.push_back(c);
    return std::nullopt;
  }
  trailer_line_.pop_back();
  if (trailer_line_.empty()) {
    state_ = State::done;
    return std::nullopt;
  }
  std::string_view name;
  std::string_view value;
  auto refusal = parse_field(trailer_line_, name, value);
  trailer_line_.clear();
  return refusal;
}

}  // namespace hence::api
