// SPDX-License-Identifier: Apache-2.0
#include "event/http.h"

#include "event/attribute.h"
#include "event/media_type.h"

namespace hence::event {
namespace {

constexpr std::string_view kEventType = "application/cloudevents";
constexpr std::string_view kBatchType = "application/cloudevents-batch";

Error unsupported(std::string_view content_type, std::string_view why) {
  std::string message = "Content-Type " + in_quotes(content_type) + ": ";
  message += why;
  return Error(ErrorCode::UnsupportedMediaType, std::move(message));
}

}  // namespace

std::optional<std::string_view> only_header(std::span<const HeaderView> headers,
                                            std::string_view name) {
  std::optional<std::string_view> found;
  for (const auto& [header_name, value] : headers) {
    if (!equal_ignoring_case(header_name, name)) continue;
    if (found) return std::nullopt;
    found = value;
  }
  return found;
}

Result<HttpMode> http_mode(std::string_view content_type) {
  // The batch type has the other as its prefix: it comes first.
  const bool batch = begins_ignoring_case(content_type, kBatchType);
  if (!batch && !begins_ignoring_case(content_type, kEventType)) return HttpMode::binary;
  const std::string_view type = without_parameters(content_type);
  const std::string_view format = type.substr(batch ? kBatchType.size() : kEventType.size());
  if (!equal_ignoring_case(format, "+json")) {
    return unsupported(content_type,
                       "only the JSON event format is understood; send "
                       "application/cloudevents+json or application/cloudevents-batch+json");
  }
  const std::string_view charset = charset_of(content_type);
  if (!charset.empty() && !equal_ignoring_case(charset, "utf-8")) {
    return unsupported(content_type, "events are in UTF-8");
  }
  return batch ? HttpMode::batch : HttpMode::structured;
}

Result<HttpEvents> from_http(std::span<const HeaderView> headers, std::string_view body) {
  HttpEvents out;
  const std::string_view content_type = only_header(headers, "content-type").value_or("");
  HENCE_TRY(out.mode, http_mode(content_type));
  if (out.mode == HttpMode::batch) {
    HENCE_TRY(out.events, parse_batch(body));
    return out;
  }
  Result<Event> event =
      out.mode == HttpMode::structured ? parse_structured(body) : from_http_binary(headers, body);
  if (!event.ok()) return std::move(event).error();
  out.events.push_back(std::move(event));
  return out;
}

HttpMessage to_http_structured(const Event& event) {
  return {{{"Content-Type", "application/cloudevents+json"}},
          event.value()->to_text()};
}

}  // namespace hence::event
