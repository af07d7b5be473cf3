// SPDX-License-Identifier: Apache-2.0
#include "delivery/classify.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <vector>

namespace hence::delivery {
namespace {

constexpr size_t kExcerptBytes = 200;
constexpr std::array kRetryable = {408, 425, 429, 500, 502, 503, 504};

std::string_view reason_of(int status) {
  switch (status) {
    case 301: return " Moved Permanently";
    case 302: return " Found";
    case 303: return " See Other";
    case 304: return " Not Modified";
    case 307: return " Temporary Redirect";
    case 308: return " Permanent Redirect";
    case 400: return " Bad Request";
    case 401: return " Unauthorized";
    case 403: return " Forbidden";
    case 404: return " Not Found";
    case 405: return " Method Not Allowed";
    case 408: return " Request Timeout";
    case 409: return " Conflict";
    case 410: return " Gone";
    case 413: return " Content Too Large";
    case 415: return " Unsupported Media Type";
    case 422: return " Unprocessable Content";
    case 425: return " Too Early";
    case 429: return " Too Many Requests";
    case 500: return " Internal Server Error";
    case 501: return " Not Implemented";
    case 502: return " Bad Gateway";
    case 503: return " Service Unavailable";
    case 504: return " Gateway Timeout";
    default: return "";
  }
}

/// Printable ASCII of the beginning, other characters as spaces, runs of them as one.
std::string excerpt(std::string_view body) {
  std::string text;
  for (const char c : body.substr(0, kExcerptBytes)) {
    const bool printable = c > 0x20 && c < 0x7F;
    if (printable) text += c;
    if (!printable && !text.empty() && text.back() != ' ') text += ' ';
  }
  while (!text.empty() && text.back() == ' ') text.pop_back();
  if (body.size() > kExcerptBytes) text += " …";
  return text;
}

std::optional<int> number(std::string_view digits) {
  int value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc() || end != digits.data() + digits.size() || digits.empty() ||
      digits.front() == '-') {
    return std::nullopt;
  }
  return value;
}

std::optional<int> month(std::string_view name) {
  constexpr std::array<std::string_view, 12> names = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto* found = std::find(names.begin(), names.end(), name);
  if (found == names.end()) return std::nullopt;
  return static_cast<int>(found - names.begin()) + 1;
}

std::vector<std::string_view> words_of(std::string_view text) {
  std::vector<std::string_view> words;
  while (!text.empty()) {
    const size_t end = text.find_first_of(" -");
    if (end != 0) words.push_back(text.substr(0, end));
    if (end == text.npos) break;
    text.remove_prefix(end + 1);
  }
  return words;
}

std::optional<UtcTime> civil(std::optional<int> year, std::optional<int> month_number,
                             std::optional<int> day, std::string_view clock) {
  if (!year || !month_number || !day || *day < 1 || *day > 31 || clock.size() != 8 ||
      clock[2] != ':' || clock[5] != ':') {
    return std::nullopt;
  }
  const auto hour = number(clock.substr(0, 2));
  const auto minute = number(clock.substr(3, 2));
  const auto second = number(clock.substr(6, 2));
  if (!hour || !minute || !second || *hour > 23 || *minute > 59 || *second > 60) {
    return std::nullopt;
  }
  CivilTime time;
  time.year = *year;
  time.month = *month_number;
  time.day = *day;
  time.hour = *hour;
  time.minute = *minute;
  time.second = std::min(*second, 59);
  return from_civil(time);
}

/// Of four digits or, with the century left out, two: any more may be beyond what a UtcTime can hold.
std::optional<int> year_of(std::string_view digits) {
  const std::optional<int> year = number(digits);
  if (year && digits.size() == 2) return *year + (*year < 70 ? 2000 : 1900);
  return digits.size() == 4 ? year : std::nullopt;
}

/// "Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994".
std::optional<UtcTime> parse_http_date(std::string_view text) {
  const std::vector<std::string_view> words = words_of(text);
  if (words.size() == 6 && words[0].ends_with(",") && words[5] == "GMT") {
    return civil(year_of(words[3]), month(words[2]), number(words[1]), words[4]);
  }
  if (words.size() == 5 && words[4].size() == 4) {
    return civil(year_of(words[4]), month(words[1]), number(words[2]), words[3]);
  }
  return std::nullopt;
}

}  // namespace

Verdict classify_status(int status) {
  if (status >= 200 && status < 300) return Verdict::delivered;
  const bool again = std::find(kRetryable.begin(), kRetryable.end(), status) != kRetryable.end();
  return again ? Verdict::retryable : Verdict::permanent;
}

Verdict classify_error(ErrorCode code) {
  return error_info(code).kind == ErrorClass::retry ? Verdict::retryable : Verdict::permanent;
}

bool is_sign_of_illness(const Result<HttpAnswer>& answer) {
  if (!answer.ok()) {
    const ErrorCode code = answer.error().code();
    return code == ErrorCode::CallFailed || code == ErrorCode::Unreachable;
  }
  const int status = answer->status;
  return status == 500 || status == 502 || status == 503 || status == 504;
}

std::optional<Duration> parse_retry_after(std::string_view value, UtcTime now) {
  if (value.empty()) return std::nullopt;
  if (value.find_first_not_of("0123456789") == value.npos) {
    // More digits than any sensible wait has: the cap.
    const auto seconds = value.size() > 9 ? std::nullopt : number(value);
    return seconds ? std::min(Duration::seconds(*seconds), kRetryAfterMax) : kRetryAfterMax;
  }
  const auto date = parse_http_date(value);
  if (!date) return std::nullopt;
  return std::clamp(*date - now, Duration{}, kRetryAfterMax);
}

std::optional<Duration> retry_after_of(const HttpAnswer& answer, UtcTime now) {
  if (classify_status(answer.status) != Verdict::retryable) return std::nullopt;
  for (const auto& [name, value] : answer.headers) {
    if (name == "retry-after") return parse_retry_after(value, now);
  }
  return std::nullopt;
}

std::string refusal_sentence(const HttpAnswer& answer) {
  std::string sentence =
      "it answered " + std::to_string(answer.status) + std::string(reason_of(answer.status));
  if (answer.status >= 300 && answer.status < 400) sentence += ", and redirects are not followed";
  const std::string body = excerpt(answer.body);
  return body.empty() ? sentence : sentence + ": " + body;
}

}  // namespace hence::delivery
