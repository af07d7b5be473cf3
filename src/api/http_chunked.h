// SPDX-License-Identifier: Apache-2.0
#pragma once

// Undoes `transfer-encoding: chunked`, byte by byte where framing is, in bulk where data is.
//
//   chunk   = 1*16HEXDIG [ ";" extension ] CRLF data CRLF
//   last    = 1*16"0"    [ ";" extension ] CRLF *( trailer CRLF ) CRLF
//
// Extensions are bounded and ignored, trailers checked as headers are and dropped.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "api/http_limits.h"
#include "api/http_parse.h"

namespace hence::api {

class ChunkedDecoder {
 public:
  /// Reads from the front of input, which shrinks by what was read, and appends data to body.
  /// A chunk that would make the body longer than body_max is refused by its size line (TooLarge).
  std::optional<Refusal> feed(std::string_view& input, const HttpLimits& limits, uint64_t body_max,
                              std::string& body);
  bool done() const { return state_ == State::done; }
  /// Data bytes known to follow; 0 inside framing.
  uint64_t chunk_remaining() const { return state_ == State::data ? remaining_ : 0; }

 private:
  enum class State : uint8_t { size, extension, size_lf, data, data_cr, data_lf, trailer, done };

  std::optional<Refusal> take(char c, const HttpLimits& limits);
  std::optional<Refusal> take_size(char c);
  std::optional<Refusal> take_extension(char c, const HttpLimits& limits);
  std::optional<Refusal> take_trailer(char c, const HttpLimits& limits);

  State state_ = State::size;
  uint64_t remaining_ = 0;  // of the chunk whose size was or is being read
  uint32_t digits_ = 0;
  size_t extension_bytes_ = 0;
  size_t trailer_bytes_ = 0;
  std::string trailer_line_;
};

}  // namespace hence::api
