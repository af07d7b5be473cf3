// SPDX-License-Identifier: Apache-2.0
#include "delivery/http_call_check.h"

#include <algorithm>
#include <array>

namespace hence::delivery {
namespace {

constexpr size_t kMethodBytesMax = 32;

// These say how the message is framed or the connection is used, which is the client's business.
constexpr std::array<std::string_view, 9> kOwnHeaders = {
    "content-length", "transfer-encoding", "connection", "expect", "upgrade",
    "te",             "trailer",           "keep-alive", "proxy-connection"};

bool is_token(std::string_view text) {
  constexpr std::string_view others = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           others.find(c) != others.npos;
  });
}

bool is_field_value(std::string_view text) {
  return std::none_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte < 0x20 && byte != '\t') || byte == 0x7F;
  });
}

Error invalid(std::string sentence) {
  return Error(ErrorCode::RequestInvalid, std::move(sentence));
}

Status check_header(const std::string& name, const std::string& value) {
  if (!is_token(name)) {
    return invalid("a header's name holds a character no header name may have");
  }
  if (!is_field_value(value)) {
    return invalid("the header " + name + " holds a line break or a control character");
  }
  const std::string lower_name = lower_case(name);
  if (std::find(kOwnHeaders.begin(), kOwnHeaders.end(), lower_name) != kOwnHeaders.end()) {
    return invalid("the header " + name + " is set by the connection itself; leave it out");
  }
  return {};
}

/// The part between "://" and the path; the whole URL where there is none.
std::string_view authority_of(std::string_view url) {
  const size_t scheme = url.find("://");
  if (scheme == url.npos) return url;
  const std::string_view rest = url.substr(scheme + 3);
  return rest.substr(0, rest.find_first_of("/?#"));
}

/// Whether it is "." or "..", also with %2e for a dot.
bool is_dot_segment(std::string_view segment) {
  size_t dots = 0;
  for (; !segment.empty(); ++dots) {
    const bool escaped = segment.starts_with("%2e") || segment.starts_with("%2E");
    if (!escaped && segment[0] != '.') return false;
    segment.remove_prefix(escaped ? 3 : 1);
  }
  return dots == 1 || dots == 2;
}

/// Whether the path has a segment that clients and servers take away, with the one before it or not.
bool has_dot_segment(std::string_view url) {
  const std::string_view authority = authority_of(url);
  std::string_view path = url.substr(static_cast<size_t>(authority.data() - url.data()) + authority.size());
  path = path.substr(0, path.find_first_of("?#"));
  while (!path.empty()) {
    path.remove_prefix(1);
    const std::string_view segment = path.substr(0, path.find('/'));
    if (is_dot_segment(segment)) return true;
    path.remove_prefix(segment.size());
  }
  return false;
}

}  // namespace

std::string lower_case(std::string_view text) {
  std::string result(text);
  for (char& c : result) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return result;
}

Status check_http_call(const HttpCall& call) {
  for (const char c : call.url) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte <= 0x20 || byte == 0x7F) {
      return invalid("the URL holds a space or a control character; percent-encode it");
    }
  }
  const std::string scheme = lower_case(std::string_view(call.url).substr(0, 8));
  if (!scheme.starts_with("http://") && !scheme.starts_with("https://")) {
    return invalid("the URL " + url_for_people(call.url) +
                   " cannot be called: it must begin with http:// or https://");
  }
  const std::string_view authority = authority_of(call.url);
  if (authority.find('@') != authority.npos) {
    return invalid("the URL " + url_for_people(call.url) +
                   " holds a user name or password; give them as authentication instead");
  }
  if (authority.empty()) return invalid("the URL " + url_for_people(call.url) + " names no host");
  if (has_dot_segment(call.url)) {
    return invalid("the URL " + url_for_people(call.url) +
                   " has \".\" or \"..\" for a part of its path, and so would call another path; write that one");
  }
  if (call.method.size() > kMethodBytesMax || !is_token(call.method)) {
    return invalid("the method is no HTTP method; use POST, GET, PUT, …");
  }
  for (const auto& [name, value] : call.headers) HENCE_TRY_VOID(check_header(name, value));
  return {};
}

Error answer_too_large(const HttpCall& call) {
  std::string sentence = "the answer is over " + std::to_string(call.response_bytes_max) + " bytes";
  if (call.response_setting.empty()) return Error(ErrorCode::CallFailed, sentence + "; have less sent back");
  sentence += ", which is what " + std::string(call.response_setting) + " allows; have less sent back, or raise it";
  return Error(ErrorCode::CallFailed, std::move(sentence));
}

std::string url_for_people(std::string_view url) {
  url = url.substr(0, url.find_first_of("?#"));
  const size_t scheme = url.find("://");
  const size_t from = scheme == url.npos ? 0 : scheme + 3;
  const size_t at = url.substr(from, url.find('/', from) - from).rfind('@');
  std::string shown(url.substr(0, from));
  shown += url.substr(at == url.npos ? from : from + at + 1);
  return shown;
}

std::string origin_of(std::string_view url) {
  const std::string_view authority = authority_of(url);
  if (authority.data() == url.data()) return std::string(url);
  const size_t at = authority.rfind('@');
  const size_t scheme_size = static_cast<size_t>(authority.data() - url.data());
  return lower_case(std::string(url.substr(0, scheme_size)) +
                    std::string(at == authority.npos ? authority : authority.substr(at + 1)));
}

}  // namespace hence::delivery
