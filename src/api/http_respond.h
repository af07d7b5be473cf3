// SPDX-License-Identifier: Apache-2.0
#pragma once

// Responses to bytes.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "api/http_message.h"
#include "base/time.h"

namespace hence::api {

enum class BodyForm : uint8_t { sized, chunked, until_close };

/// What the connection adds to a handler's response.
struct ResponseFraming {
  BodyForm form = BodyForm::sized;
  bool keep_alive = true;
  bool http_1_0 = false;   ///< keep-alive must be said
  bool head_only = false;  ///< answer to HEAD: the length, without the body
  std::string_view request_id;
  std::string_view date;   ///< IMF-fixdate
};

/// Why a handler's response cannot be sent as it is: a status out of range, a header that the
/// server itself sets, a header that would break the framing. Nothing if it can.
std::optional<std::string> find_fault(const HttpResponse& response);

/// Appends status line, headers and, unless chunked, the body.
void append_response(const HttpResponse& response, const ResponseFraming& framing,
                     std::string& out);

/// Appends one chunk; text is not empty.
void append_chunk(std::string_view text, std::string& out);

/// "Sun, 06 Nov 1994 08:49:37 GMT".
std::string format_http_date(UtcTime time);

}  // namespace hence::api
