// SPDX-License-Identifier: Apache-2.0
#pragma once

// Events as HTTP messages: the CloudEvents HTTP protocol binding 1.0 in its three modes, binary,
// structured and batched.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "event/event.h"

namespace hence::event {

/// Name, in any case, and value, as they came.
using HeaderView = std::pair<std::string_view, std::string_view>;
using Headers = std::vector<std::pair<std::string, std::string>>;

enum class HttpMode : uint8_t { binary, structured, batch };

/// The mode by Content-Type. Errors: UnsupportedMediaType for an event format or character set
/// other than JSON in UTF-8.
Result<HttpMode> http_mode(std::string_view content_type);

/// What a request holds: one event, or one outcome for each of a batch.
struct HttpEvents {
  HttpMode mode = HttpMode::binary;
  std::vector<Result<Event>> events;
};

/// Reads any of the three modes. In the two of a single event its fault is the whole's.
/// Errors: JsonInvalid, EventInvalid, UnsupportedMediaType.
Result<HttpEvents> from_http(std::span<const HeaderView> headers, std::string_view body);

/// Reads the binary mode: attributes from ce- headers (percent-decoded once), datacontenttype from
/// Content-Type, data from the body: a JSON value, a string for text, else base64. A body without
/// Content-Type is taken as JSON if it is, else as bytes. Errors: JsonInvalid, EventInvalid.
Result<Event> from_http_binary(std::span<const HeaderView> headers, std::string_view body);

struct HttpMessage {
  Headers headers;
  std::string body;
};

/// For deliveries. JSON data goes out with the bytes it came in.
HttpMessage to_http_binary(const Event& event);
HttpMessage to_http_structured(const Event& event);

/// The value of the only header of that name; nothing if absent or there are several.
std::optional<std::string_view> only_header(std::span<const HeaderView> headers,
                                            std::string_view name);

}  // namespace hence::event
