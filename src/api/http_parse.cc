// SPDX-License-Identifier: Apache-2.0
#include "api/http_parse.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "api/http_target.h"
#include "base/check.h"

namespace hence::api {

namespace {

constexpr std::array<bool, 256> make_token_table() {
  std::array<bool, 256> table{};
  for (int c = '0'; c <= '9'; ++c) table[static_cast<size_t>(c)] = true;
  for (int c = 'a'; c <= 'z'; ++c) table[static_cast<size_t>(c)] = true;
  for (int c = 'A'; c <= 'Z'; ++c) table[static_cast<size_t>(c)] = true;
  for (const char c : std::string_view("!#$%&'*+-.^_`|~")) table[static_cast<size_t>(c)] = true;
  return table;
}
constexpr std::array<bool, 256> kTokenCharacter = make_token_table();

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  return a.size() == b.size() &&
         std::equal(a.begin(), a.end(), b.begin(),
                    [](char x, char y) { return lower(x) == lower(y); });
}

bool is_token(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return kTokenCharacter[static_cast<unsigned char>(c)];
  });
}

bool is_digits(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

std::string_view trim_white(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

/// host, host:port or [v6]:port, with characters of real names only.
bool is_authority(std::string_view text) {
  std::string_view name = text;
  std::string_view after;
  if (text.starts_with('[')) {
    const size_t end = text.find(']');
    if (end == std::string_view::npos) return false;
    name = text.substr(1, end - 1);
    after = text.substr(end + 1);
    if (name.find_first_not_of("0123456789abcdefABCDEF:.") != std::string_view::npos) return false;
  } else {
    const size_t colon = text.find(':');
    name = text.substr(0, colon);
    if (colon != std::string_view::npos) after = text.substr(colon);
    const auto allowed = [](char c) {
      return c == '-' || c == '.' || c == '_' || c == '~' || (c >= '0' && c <= '9') ||
             (lower(c) >= 'a' && lower(c) <= 'z');
    };
    if (!std::all_of(name.begin(), name.end(), allowed)) return false;
  }
  if (name.empty()) return false;
  return after.empty() || (after.size() <= 6 && after[0] == ':' && is_digits(after.substr(1)));
}

/// More than "OPTIONS ", " HTTP/1.1" and the line end take.
constexpr size_t kRequestLineBesideTarget = 32;

Refusal target_too_long(const HttpLimits& limits) {
  return {Error(ErrorCode::TooLarge, "the request's path and query are over " + std::to_string(limits.target_bytes) +
                                         " bytes, which is what limits.targetBytes allows"), 414};
}

/// What a proxy says about the client: believed from nobody.
bool is_claim_about_client(std::string_view name) {
  return name.starts_with("x-forwarded-") || name.starts_with("x-envoy-") || name == "forwarded" ||
         name == "x-real-ip" || name == "x-remote-user";
}

/// Fields that decide about framing, seen so far.
class HeadReader {
 public:
  HeadReader(const HttpLimits& limits, RequestHead& head, BodyFraming& framing)
      : limits_(limits), head_(head), framing_(framing) {}

  std::optional<Refusal> read(std::string_view block);

 private:
  std::optional<Refusal> read_request_line(std::string_view line);
  std::optional<Refusal> read_target();
  std::optional<Refusal> read_field(char* line, size_t bytes);
  std::optional<Refusal> note_field(std::string_view name, std::string_view value);
  std::optional<Refusal> note_length(std::string_view value);
  std::optional<Refusal> note_coding(std::string_view value);
  void note_connection(std::string_view value);
  std::optional<Refusal> check_framing();
  std::optional<Refusal> check_host();

  const HttpLimits& limits_;
  RequestHead& head_;
  BodyFraming& framing_;
  std::string_view authority_;  // of an absolute target
  size_t fields_ = 0;
  size_t hosts_ = 0;
  bool has_length_ = false;
  bool connection_close_ = false;
  bool connection_keep_alive_ = false;
};

std::optional<Refusal> HeadReader::read(std::string_view block) {
  HENCE_CHECK(block.size() >= 4 && block.ends_with("\r\n\r\n"));
  head_.text = std::make_unique<char[]>(block.size());
  std::memcpy(head_.text.get(), block.data(), block.size());
  char* const text = head_.text.get();
  size_t start = 0;
  while (true) {
    const size_t end = block.find("\r\n", start);
    if (end == start) break;
    auto refusal =
        start == 0 ? read_request_line({text, end}) : read_field(text + start, end - start);
    if (refusal) return refusal;
    start = end + 2;
  }
  if (auto refusal = check_framing()) return refusal;
  if (auto refusal = check_host()) return refusal;
  head_.keep_alive = !connection_close_ && (!head_.http_1_0 || connection_keep_alive_);
  return std::nullopt;
}

std::optional<Refusal> HeadReader::read_request_line(std::string_view line) {
  const size_t first = line.find(' ');
  const size_t second = first == std::string_view::npos ? first : line.find(' ', first + 1);
  if (second == std::string_view::npos) {
    return Refusal::bad_request("request line: expected \"METHOD target HTTP/1.1\"");
  }
  const std::string_view method = line.substr(0, first);
  head_.target = line.substr(first + 1, second - first - 1);
  const std::string_view version = line.substr(second + 1);
  if (!is_token(method)) return Refusal::bad_request("request line: the method is not a token");
  if (version != "HTTP/1.1" && version != "HTTP/1.0") {
    return Refusal::bad_request("request line: only HTTP/1.1 and HTTP/1.0 are spoken here");
  }
  head_.http_1_0 = version.back() == '0';
  const auto known = parse_method(method);
  if (!known) {
    return Refusal{Error(ErrorCode::MethodNotAllowed,
                         "only GET, HEAD, POST, PUT, PATCH, DELETE and OPTIONS are known here"),
                   501};
  }
  head_.method = *known;
  return read_target();
}

std::optional<Refusal> HeadReader::read_target() {
  std::string_view rest = head_.target;
  if (rest.size() > limits_.target_bytes) {
    return target_too_long(limits_);
  }
  for (const char c : rest) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte <= 0x20 || byte >= 0x7F || c == '#') {
      return Refusal::bad_request(
          "target: only visible ASCII without '#'; percent-encode the rest");
    }
  }
  if (rest == "*" && head_.method == HttpMethod::options) {
    head_.path = rest;
    head_.segments = {"*"};
    return std::nullopt;
  }
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!equal_ignoring_case(rest.substr(0, scheme.size()), scheme)) continue;
    rest.remove_prefix(scheme.size());
    authority_ = rest.substr(0, rest.find_first_of("/?"));
    rest.remove_prefix(authority_.size());
    if (!is_authority(authority_)) return Refusal::bad_request("target: its host is not valid");
    if (!rest.starts_with('/')) return Refusal::bad_request("target: an absolute one needs a path");
    break;
  }
  if (!rest.starts_with('/')) {
    return Refusal::bad_request("target: expected a path that begins with '/'");
  }
  const size_t question = rest.find('?');
  head_.path = rest.substr(0, question);
  auto status = decode_path(head_.path, head_.segments);
  if (status.ok() && question != std::string_view::npos) {
    status = decode_query(rest.substr(question + 1), limits_.query_parameters, head_.query);
  }
  if (!status.ok()) return Refusal{std::move(status).error(), 0};
  return std::nullopt;
}

std::optional<Refusal> HeadReader::read_field(char* line, size_t bytes) {
  if (++fields_ > limits_.headers) {
    return Refusal{Error(ErrorCode::HeadersTooLarge, "there are more than " + std::to_string(limits_.headers) +
                                                         " headers, which is what limits.headers allows"), 0};
  }
  HttpHeader field;
  if (auto refusal = parse_field({line, bytes}, field.name, field.value)) return refusal;
  std::transform(line, line + field.name.size(), line, lower);
  if (auto refusal = note_field(field.name, field.value)) return refusal;
  if (!is_claim_about_client(field.name)) head_.headers.push_back(field);
  return std::nullopt;
}

std::optional<Refusal> HeadReader::note_field(std::string_view name, std::string_view value) {
  if (name == "host") {
    ++hosts_;
    head_.host = value;
  } else if (name == "content-length") {
    return note_length(value);
  } else if (name == "transfer-encoding") {
    return note_coding(value);
  } else if (name == "connection") {
    note_connection(value);
  } else if (name == "expect") {
    if (!equal_ignoring_case(value, "100-continue")) {
      return Refusal{
          Error(ErrorCode::RequestInvalid, "expect: only 100-continue is known here"), 417};
    }
    framing_.expect_continue = true;
  } else if (name == "content-encoding" && !equal_ignoring_case(value, "identity")) {
    return Refusal{Error(ErrorCode::UnsupportedMediaType,
                         "content-encoding: compressed bodies are not supported; send it plain"),
                   0};
  }
  return std::nullopt;
}

std::optional<Refusal> HeadReader::note_length(std::string_view value) {
  if (has_length_) return Refusal::bad_request("content-length: given more than once");
  has_length_ = true;
  if (!is_digits(value) || value.size() > 18) {
    return Refusal::bad_request("content-length: expected 1 to 18 decimal digits, nothing else");
  }
  for (const char c : value) {
    framing_.content_length = framing_.content_length * 10 + static_cast<uint64_t>(c - '0');
  }
  return std::nullopt;
}

std::optional<Refusal> HeadReader::note_coding(std::string_view value) {
  if (framing_.chunked) return Refusal::bad_request("transfer-encoding: given more than once");
  if (value != "chunked") {
    return Refusal::bad_request("transfer-encoding: only \"chunked\", written so, is accepted");
  }
  framing_.chunked = true;
  return std::nullopt;
}

void HeadReader::note_connection(std::string_view value) {
  while (!value.empty()) {
    const std::string_view part = value.substr(0, value.find(','));
    value.remove_prefix(std::min(part.size() + 1, value.size()));
    const std::string_view option = trim_white(part);
    connection_close_ |= equal_ignoring_case(option, "close");
    connection_keep_alive_ |= equal_ignoring_case(option, "keep-alive");
  }
}

std::optional<Refusal> HeadReader::check_framing() {
  if (framing_.chunked && has_length_) {
    return Refusal::bad_request("both transfer-encoding and content-length are given; send one");
  }
  if (framing_.chunked && head_.http_1_0) {
    return Refusal::bad_request("transfer-encoding does not exist in HTTP/1.0");
  }
  if (head_.http_1_0 || !framing_.has_body()) framing_.expect_continue = false;
  return std::nullopt;
}

std::optional<Refusal> HeadReader::check_host() {
  if (hosts_ > 1) return Refusal::bad_request("host: given more than once");
  if (hosts_ == 0 && !head_.http_1_0) return Refusal::bad_request("host: the header is missing");
  if (hosts_ == 1 && !is_authority(head_.host)) {
    return Refusal::bad_request("host: not a valid name");
  }
  if (!authority_.empty() && hosts_ == 1 && !equal_ignoring_case(authority_, head_.host)) {
    return Refusal::bad_request("the host of the target and the Host header differ");
  }
  if (hosts_ == 0) head_.host = authority_;
  return std::nullopt;
}

}  // namespace

std::optional<Refusal> parse_field(std::string_view line, std::string_view& name,
                                   std::string_view& value) {
  if (line.starts_with(' ') || line.starts_with('\t')) {
    return Refusal::bad_request("header: a line begins with white space; folding is refused");
  }
  const size_t colon = line.find(':');
  if (colon == std::string_view::npos) return Refusal::bad_request("header: a line has no colon");
  name = line.substr(0, colon);
  if (!is_token(name)) {
    return Refusal::bad_request("header: a name is empty or holds white space or other characters");
  }
  value = trim_white(line.substr(colon + 1));
  for (const char c : value) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte < 0x20 && c != '\t') || byte == 0x7F) {
      return Refusal::bad_request("header: a value holds a control character");
    }
  }
  return std::nullopt;
}

std::optional<Refusal> HeadScanner::scan(std::string_view data, const HttpLimits& limits) {
  if (!data.empty() && (data[0] < 'A' || data[0] > 'Z')) {
    return Refusal::bad_request(
        "this is not plain HTTP/1.1; the port speaks neither TLS nor HTTP/2");
  }
  const std::string_view window = data.substr(0, limits.header_block_bytes);
  while (scanned_ < window.size()) {
    const size_t lf = window.find('\n', scanned_);
    if (lf == std::string_view::npos) break;
    const std::string_view line = window.substr(line_start_, lf - line_start_);
    if (!line.ends_with('\r')) {
      return Refusal::bad_request("a line ends with LF alone; lines end with CR LF");
    }
    if (line.find('\r') + 1 != line.size()) {
      return Refusal::bad_request("a line holds CR; lines end with CR LF");
    }
    if (line_start_ == 0 && lf > limits.target_bytes + kRequestLineBesideTarget) {
      return target_too_long(limits);
    }
    line_start_ = scanned_ = lf + 1;
    if (line.size() == 1) {
      head_bytes_ = lf + 1;
      return std::nullopt;
    }
  }
  scanned_ = window.size();
  return check_unfinished(data, limits);
}

std::optional<Refusal> HeadScanner::check_unfinished(std::string_view data,
                                                     const HttpLimits& limits) const {
  if (line_start_ == 0 && data.size() > limits.target_bytes + kRequestLineBesideTarget) {
    return target_too_long(limits);
  }
  if (data.size() >= limits.header_block_bytes) {
    return Refusal{Error(ErrorCode::HeadersTooLarge,
                         "request line and headers are over " +
                             std::to_string(limits.header_block_bytes) +
                             " bytes, which is what limits.headerBytes allows"), 0};
  }
  const size_t carriage_return = data.find('\r', line_start_);
  if (carriage_return < data.size() - 1) {
    return Refusal::bad_request("a line holds CR; lines end with CR LF");
  }
  return std::nullopt;
}

std::optional<Refusal> parse_head(std::string_view block, const HttpLimits& limits,
                                  RequestHead& head, BodyFraming& framing) {
  return HeadReader(limits, head, framing).read(block);
}

}  // namespace hence::api
