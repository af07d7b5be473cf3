// SPDX-License-Identifier: Apache-2.0
#pragma once

// The framing check: the one place that decides where a request begins and ends, and therefore
// stricter than RFC 9112 asks. Whatever two parsers could read differently is refused: both
// lengths, repeated or decorated lengths, codings other than `chunked`, bare CR or LF, folded
// lines, controls, white space before a colon, a missing or repeated Host (reliability S18).

#include <cstdint>
#include <optional>
#include <string_view>

#include "api/http_limits.h"
#include "api/http_message.h"
#include "base/error.h"

namespace hence::api {

/// A request the server answers itself, before closing the connection.
struct Refusal {
  Error error;
  int status = 0;  ///< 0: the error table's

  static Refusal bad_request(std::string sentence) {
    return {Error(ErrorCode::RequestInvalid, std::move(sentence)), 0};
  }
  /// setting: the one that says how many bytes are allowed, empty where none does.
  static Refusal body_too_large(uint64_t bytes, std::string_view setting) {
    std::string sentence = "the body is over " + std::to_string(bytes) + " bytes";
    if (!setting.empty()) sentence += ", which is what " + std::string(setting) + " allows";
    return {Error(ErrorCode::TooLarge, std::move(sentence)), 0};
  }
};

/// Finds the end of a header block that arrives piece by piece.
class HeadScanner {
 public:
  /// data: all bytes since the request's first one; grows from call to call. Refuses a broken line
  /// end as soon as it is there, rather than when the header timeout has passed.
  std::optional<Refusal> scan(std::string_view data, const HttpLimits& limits);
  /// Length of the block with its empty line; 0 while it has not ended.
  size_t head_bytes() const { return head_bytes_; }

 private:
  std::optional<Refusal> check_unfinished(std::string_view data, const HttpLimits& limits) const;

  size_t line_start_ = 0;
  size_t scanned_ = 0;
  size_t head_bytes_ = 0;
};

/// How long the body is and what is expected of us before it.
struct BodyFraming {
  bool chunked = false;
  uint64_t content_length = 0;  ///< 0 also where no length was given
  bool expect_continue = false;

  bool has_body() const { return chunked || content_length > 0; }
};

/// Reads a whole header block, empty line included. On refusal `head` may be half filled.
/// Headers that a proxy would add about the client (x-forwarded-*, forwarded, x-real-ip,
/// x-envoy-*, x-remote-user) are left out, because anybody can send them (reliability S22).
std::optional<Refusal> parse_head(std::string_view block, const HttpLimits& limits,
                                  RequestHead& head, BodyFraming& framing);

/// Checks one "name: value" line without its CRLF; the views point into it.
std::optional<Refusal> parse_field(std::string_view line, std::string_view& name,
                                   std::string_view& value);

}  // namespace hence::api
