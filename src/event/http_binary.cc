// SPDX-License-Identifier: Apache-2.0
// The binary mode of the HTTP binding: attributes in headers, data in the body.
#include <algorithm>

#include "event/attribute.h"
#include "event/base64.h"
#include "event/data_text.h"
#include "event/http.h"
#include "event/media_type.h"
#include "json/builder.h"
#include "json/parse.h"

namespace hence::event {
namespace {

constexpr std::string_view kPrefix = "ce-";

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// Undoes a quoted string of RFC 7230; other values stay as they are.
std::string unquote(std::string_view text) {
  if (text.size() < 2 || text.front() != '"' || text.back() != '"') return std::string(text);
  text = text.substr(1, text.size() - 2);
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 1 < text.size()) ++i;
    out += text[i];
  }
  return out;
}

/// Unquotes, then decodes percent triplets once, as section 3.1.3.2 of the binding wants it.
Result<std::string> decode_header(std::string_view name, std::string_view value) {
  const std::string text = unquote(value);
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    const int high = i + 2 < text.size() ? hex_value(text[i + 1]) : -1;
    const int low = i + 2 < text.size() ? hex_value(text[i + 2]) : -1;
    if (high < 0 || low < 0) {
      return attribute_error(name, "its header has a % without two hexadecimal digits; write %25");
    }
    out += static_cast<char>(high * 16 + low);
    i += 2;
  }
  if (!json::is_utf8(out)) return attribute_error(name, "its header is not UTF-8 when decoded");
  return out;
}

std::string encode_header(std::string_view text) {
  constexpr char kHex[] = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte > 0x20 && byte < 0x7F && byte != '"' && byte != '%') {
      out += c;
    } else {
      out += '%';
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    }
  }
  return out;
}

std::string lower_case(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  }
  return out;
}

/// Adds the attribute that one ce- header brings.
Status add_attribute(const std::string& name, std::string_view value, json::Builder& builder) {
  if (name == "datacontenttype") {
    return attribute_error(name, "over HTTP it is the header Content-Type; leave ce-" + name +
                                     " out");
  }
  if (!is_attribute_name(name) || name == "data") {
    return attribute_error(name, "ce-" + name + " names no attribute: lower-case letters a-z and "
                                 "digits only, and not \"data\", which is the body");
  }
  HENCE_TRY(const std::string text, decode_header(name, value));
  builder.member(name, text);
  return {};
}

Status add_attributes(std::span<const HeaderView> headers, json::Builder& builder) {
  std::vector<std::string> names;
  for (const auto& [header_name, value] : headers) {
    if (!begins_ignoring_case(header_name, kPrefix)) continue;
    std::string name = lower_case(header_name.substr(kPrefix.size()));
    HENCE_TRY_VOID(add_attribute(name, value, builder));
    names.push_back(std::move(name));
  }
  if (std::find(names.begin(), names.end(), "specversion") == names.end()) {
    return Error(ErrorCode::EventInvalid,
                 "no CloudEvent: there is no header ce-specversion; send ce-specversion, ce-id, "
                 "ce-source and ce-type, or the whole event as application/cloudevents+json");
  }
  std::sort(names.begin(), names.end());
  const auto twice = std::adjacent_find(names.begin(), names.end());
  if (twice != names.end()) return attribute_error(*twice, "its header is there more than once");
  return {};
}

void add_bytes(std::string_view body, json::Builder& builder) {
  builder.member("data_base64", base64_encode(body));
}

/// What of the body goes in as it is, being JSON; empty where it is put into builder or there is none.
Result<std::string_view> add_data(std::string_view content_type, std::string_view body,
                                  json::Builder& builder) {
  if (body.empty()) return body;
  if (content_type.empty() || is_json_media_type(content_type)) {
    Result<json::Value> value = json::parse(body);
    if (value.ok()) {
      return body;
    } else if (content_type.empty()) {
      add_bytes(body, builder);
    } else {
      return value.error().in("the body, which Content-Type says is JSON");
    }
  } else if (is_utf8_text_media_type(content_type) && json::is_utf8(body)) {
    builder.member("data", body);
  } else {
    add_bytes(body, builder);
  }
  return std::string_view();
}

/// An attribute's canonical string form.
std::string canonical_text(json::View value) {
  if (value.is_bool()) return value.as_bool() ? "true" : "false";
  if (value.is_number()) return std::string(value.number_text());
  return std::string(value.as_string());
}

std::string body_of(const Event& event) {
  if (event.data_base64()) return base64_decode(*event.data_base64()).value_or("");
  if (!event.data()) return {};
  const json::View data = *event.data();
  if (!event.has_json_data() && data.is_string()) return std::string(data.as_string());
  const std::string_view received = data.source_text();
  return received.empty() ? data.to_text() : std::string(received);
}

}  // namespace

Result<Event> from_http_binary(std::span<const HeaderView> headers, std::string_view body) {
  json::Builder builder;
  builder.begin_object();
  HENCE_TRY_VOID(add_attributes(headers, builder));
  const auto is_content_type = [](const HeaderView& header) {
    return equal_ignoring_case(header.first, "content-type");
  };
  if (std::count_if(headers.begin(), headers.end(), is_content_type) > 1) {
    return Error(ErrorCode::EventInvalid, "the header Content-Type is there more than once");
  }
  const std::optional<std::string_view> content_type = only_header(headers, "content-type");
  if (content_type) {
    // A quoted parameter may hold any byte, a document only UTF-8.
    if (!is_media_type(*content_type) || !json::is_utf8(*content_type)) {
      return attribute_error("datacontenttype", in_quotes(*content_type) +
                                                    " in the header Content-Type is not a media "
                                                    "type (RFC 2046) in UTF-8");
    }
    builder.member("datacontenttype", *content_type);
  }
  HENCE_TRY(const std::string_view json_text, add_data(content_type.value_or(""), body, builder));
  builder.end_object();
  if (json_text.empty()) return Event::from_value(std::move(builder).finish());
  return event_with_data(std::move(builder).finish(), json_text);
}

HttpMessage to_http_binary(const Event& event) {
  HttpMessage message;
  if (!event.datacontenttype().empty()) {
    message.headers.emplace_back("Content-Type", event.datacontenttype());
  } else if (event.data()) {
    message.headers.emplace_back("Content-Type", "application/json");
  }
  for (const json::Member member : event.value()->members()) {
    const bool in_header = member.key != "data" && member.key != "data_base64" &&
                           member.key != "datacontenttype" && !member.value.is_null();
    if (!in_header) continue;
    message.headers.emplace_back(std::string(kPrefix) + std::string(member.key),
                                 encode_header(canonical_text(member.value)));
  }
  message.body = body_of(event);
  return message;
}

}  // namespace hence::event
