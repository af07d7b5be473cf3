// SPDX-License-Identifier: Apache-2.0
#include "api/http_respond.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>

namespace hence::api {

namespace {

bool is_header_name(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return c == '-' || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
  });
}

bool is_set_by_server(std::string_view name) {
  return name == "content-length" || name == "transfer-encoding" || name == "connection" ||
         name == "date" || name == "x-request-id" || name == "keep-alive";
}

bool has_control(std::string_view value) {
  return std::any_of(value.begin(), value.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte < 0x20 && c != '\t') || byte == 0x7F;
  });
}

void append_number(uint64_t number, int base, std::string& out) {
  std::array<char, 24> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number, base);
  out.append(digits.data(), end.ptr);
}

void append_field(std::string_view name, std::string_view value, std::string& out) {
  out += name;
  out += ": ";
  out += value;
  out += "\r\n";
}

}  // namespace

std::optional<std::string> find_fault(const HttpResponse& response) {
  if (response.status < 200 || response.status > 599) {
    return "status " + std::to_string(response.status) + " is not a final one";
  }
  for (const auto& [name, value] : response.headers) {
    if (!is_header_name(name)) return "header name \"" + name + "\" is not a lower-case token";
    if (is_set_by_server(name)) return "header " + name + " is set by the server";
    if (has_control(value)) return "header " + name + " holds a control character";
  }
  return std::nullopt;
}

void append_response(const HttpResponse& response, const ResponseFraming& framing,
                     std::string& out) {
  const bool bodiless = response.status == 204 || response.status == 304;
  const bool with_body = framing.form != BodyForm::chunked && !framing.head_only && !bodiless;
  out.reserve(out.size() + 256 + (with_body ? response.body.size() : 0));
  out += "HTTP/1.1 ";
  append_number(static_cast<uint64_t>(response.status), 10, out);
  out += ' ';
  out += status_phrase(response.status);
  out += "\r\n";
  for (const auto& [name, value] : response.headers) append_field(name, value, out);
  append_field("x-request-id", framing.request_id, out);
  append_field("date", framing.date, out);
  if (framing.form == BodyForm::chunked) append_field("transfer-encoding", "chunked", out);
  if (framing.form == BodyForm::sized && !bodiless) {
    out += "content-length: ";
    append_number(response.body.size(), 10, out);
    out += "\r\n";
  }
  if (!framing.keep_alive) append_field("connection", "close", out);
  if (framing.keep_alive && framing.http_1_0) append_field("connection", "keep-alive", out);
  out += "\r\n";
  if (with_body) out += response.body;
}

void append_chunk(std::string_view text, std::string& out) {
  append_number(text.size(), 16, out);
  out += "\r\n";
  out += text;
  out += "\r\n";
}

std::string format_http_date(UtcTime time) {
  static constexpr std::array<const char*, 7> kDays = {"Thu", "Fri", "Sat", "Sun",
                                                       "Mon", "Tue", "Wed"};
  static constexpr std::array<const char*, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                          "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const CivilTime civil = to_civil(time);
  const auto day = static_cast<size_t>(time.micros / Duration::days(1).micros % 7);
  std::array<char, 64> text;
  const char* const month = kMonths[static_cast<size_t>(civil.month - 1)];
  const int length = std::snprintf(text.data(), text.size(), "%s, %02d %s %04d %02d:%02d:%02d GMT",
                                   kDays[day], civil.day, month, static_cast<int>(civil.year),
                                   civil.hour, civil.minute, civil.second);
  return std::string(text.data(), static_cast<size_t>(length));
}

}  // namespace hence::api
