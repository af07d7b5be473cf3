// SPDX-License-Identifier: Apache-2.0
#include "connectors/http/curl_transfer.h"

#include <sys/socket.h>

#include <algorithm>

#include "base/check.h"
#include "delivery/http_call_check.h"

namespace hence::connectors {

using delivery::lower_case;
using delivery::url_for_people;

namespace {

constexpr size_t kHeaderBytesMax = 64 << 10;
constexpr long kConnectTimeoutMs = 10'000;
constexpr long kConnectionLifeSeconds = 300;  // so that a name that moves is looked up again

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && std::string_view(" \t\r\n").find(text.back()) != text.npos) {
    text.remove_suffix(1);
  }
  return text;
}

}  // namespace

std::unique_ptr<Transfer> Transfer::create(TransferSettings& settings) {
  CURL* easy = curl_easy_init();
  if (easy == nullptr) return nullptr;
  std::unique_ptr<Transfer> transfer(new Transfer(easy, settings));
  transfer->set_constant_options();
  return transfer;
}

Transfer::~Transfer() { curl_easy_cleanup(easy_); }

void Transfer::set_constant_options() {
  curl_easy_setopt(easy_, CURLOPT_PRIVATE, this);
  curl_easy_setopt(easy_, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy_, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy_, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(easy_, CURLOPT_PROXY, "");
  curl_easy_setopt(easy_, CURLOPT_NOPROXY, "*");
  curl_easy_setopt(easy_, CURLOPT_SSL_VERIFYPEER, 1L);
  curl_easy_setopt(easy_, CURLOPT_SSL_VERIFYHOST, 2L);
  curl_easy_setopt(easy_, CURLOPT_PIPEWAIT, 1L);
  curl_easy_setopt(easy_, CURLOPT_TCP_KEEPALIVE, 1L);
  curl_easy_setopt(easy_, CURLOPT_MAXLIFETIME_CONN, kConnectionLifeSeconds);
  curl_easy_setopt(easy_, CURLOPT_ERRORBUFFER, error_text_);
  curl_easy_setopt(easy_, CURLOPT_HEADERFUNCTION, &header_callback);
  curl_easy_setopt(easy_, CURLOPT_HEADERDATA, this);
  curl_easy_setopt(easy_, CURLOPT_WRITEFUNCTION, &write_callback);
  curl_easy_setopt(easy_, CURLOPT_WRITEDATA, this);
  curl_easy_setopt(easy_, CURLOPT_OPENSOCKETFUNCTION, &open_socket_callback);
  curl_easy_setopt(easy_, CURLOPT_OPENSOCKETDATA, this);
  if (!settings_.ca_file.empty()) {
    // The system's certificates stay trusted through CURLOPT_CAPATH, which keeps its default.
    curl_easy_setopt(easy_, CURLOPT_CAINFO, settings_.ca_file.c_str());
  }
  if (settings_.connect_to) curl_easy_setopt(easy_, CURLOPT_CONNECT_TO, settings_.connect_to.get());
}

Status Transfer::prepare(uint64_t call_id, delivery::HttpCall call, uint64_t held, Done done) {
  call_id_ = call_id;
  held_ = held;
  call_ = std::move(call);
  done_ = std::move(done);
  answer_ = {};
  header_bytes_ = 0;
  refused_.reset();
  stopped_.reset();
  truncated_ = false;
  opened_ = false;
  error_text_[0] = '\0';
  HENCE_TRY_VOID(delivery::check_http_call(call_));
  HENCE_TRY_VOID(set_url());
  set_headers();
  set_method_and_body();
  const bool digest = call_.digest.has_value();
  curl_easy_setopt(easy_, CURLOPT_HTTPAUTH, digest ? CURLAUTH_DIGEST : CURLAUTH_NONE);
  curl_easy_setopt(easy_, CURLOPT_USERNAME, digest ? call_.digest->first.c_str() : nullptr);
  curl_easy_setopt(easy_, CURLOPT_PASSWORD, digest ? call_.digest->second.c_str() : nullptr);
  const long timeout_ms = static_cast<long>(std::max<int64_t>(1, call_.timeout.millis()));
  curl_easy_setopt(easy_, CURLOPT_TIMEOUT_MS, timeout_ms);
  curl_easy_setopt(easy_, CURLOPT_CONNECTTIMEOUT_MS, std::min(timeout_ms, kConnectTimeoutMs));
  return {};
}

Status Transfer::set_url() {
  CURLU* parsed = curl_url();
  HENCE_CHECK(parsed != nullptr);
  const CURLUcode code =
      curl_url_set(parsed, CURLUPART_URL, call_.url.c_str(), CURLU_DISALLOW_USER);
  curl_url_cleanup(parsed);
  if (code != CURLUE_OK) {
    return Error(ErrorCode::RequestInvalid, "the URL " + url_for_people(call_.url) +
                                                " cannot be called: " + curl_url_strerror(code));
  }
  curl_easy_setopt(easy_, CURLOPT_URL, call_.url.c_str());
  return {};
}

void Transfer::set_headers() {
  Slist list;
  const auto add = [&](const std::string& line) {
    curl_slist* longer = curl_slist_append(list.get(), line.c_str());
    HENCE_CHECK(longer != nullptr);
    (void)list.release();
    list.reset(longer);
  };
  bool has_content_type = false;
  for (const auto& [name, value] : call_.headers) {
    has_content_type = has_content_type || lower_case(name) == "content-type";
    add(value.empty() ? name + ";" : name + ": " + value);
  }
  if (!has_content_type) add("Content-Type:");  // else libcurl invents one
  add("Expect:");
  headers_ = std::move(list);
  curl_easy_setopt(easy_, CURLOPT_HTTPHEADER, headers_.get());
}

void Transfer::set_method_and_body() {
  curl_easy_setopt(easy_, CURLOPT_NOBODY, 0L);
  curl_easy_setopt(easy_, CURLOPT_HTTPGET, 1L);
  const bool expects_body =
      call_.method == "POST" || call_.method == "PUT" || call_.method == "PATCH";
  if (expects_body || !call_.body.empty()) {
    curl_easy_setopt(easy_, CURLOPT_POST, 1L);
    curl_easy_setopt(easy_, CURLOPT_POSTFIELDS, call_.body.data());
    const auto size = static_cast<curl_off_t>(call_.body.size());
    curl_easy_setopt(easy_, CURLOPT_POSTFIELDSIZE_LARGE, size);
  } else if (call_.method == "HEAD") {
    curl_easy_setopt(easy_, CURLOPT_NOBODY, 1L);
  }
  curl_easy_setopt(easy_, CURLOPT_CUSTOMREQUEST, call_.method.c_str());
}

bool Transfer::hold(size_t bytes) {
  if (settings_.bytes_held.fetch_add(bytes, std::memory_order_relaxed) + bytes >
      settings_.bytes_max) {
    settings_.bytes_held.fetch_sub(bytes, std::memory_order_relaxed);
    return false;
  }
  held_ += bytes;
  return true;
}

size_t Transfer::on_header(std::string_view line) {
  header_bytes_ += line.size();
  if (header_bytes_ > kHeaderBytesMax) {
    stopped_.emplace(ErrorCode::CallFailed, "the answer's header is over 64 KiB");
    return 0;
  }
  if (line.starts_with("HTTP/")) {  // also after an interim answer (1xx)
    answer_.headers.clear();
    answer_.body.clear();
    return line.size();
  }
  const size_t colon = line.find(':');
  if (colon == 0 || colon == line.npos) return line.size();
  answer_.headers.emplace_back(lower_case(trim(line.substr(0, colon))),
                               std::string(trim(line.substr(colon + 1))));
  return line.size();
}

size_t Transfer::on_body(std::string_view bytes) {
  const std::string_view kept = bytes.substr(0, call_.response_bytes_max - answer_.body.size());
  const bool fits = kept.size() == bytes.size();
  if (!fits && !call_.truncate_answer) {
    stopped_ = delivery::answer_too_large(call_);
    return 0;
  }
  const bool has_memory = hold(kept.size());
  if (has_memory) answer_.body.append(kept);
  if (has_memory && fits) return bytes.size();
  if (call_.truncate_answer) {
    truncated_ = true;
  } else {
    // Not Overloaded: the request has left, and may have had its effect.
    stopped_.emplace(ErrorCode::CallFailed, "the answers being received take all the memory calls may use");
  }
  return 0;
}

curl_socket_t Transfer::on_open_socket(const curl_sockaddr& address) {
  const auto ip = IpAddress::from_sockaddr(&address.addr);
  if (!ip) return CURL_SOCKET_BAD;
  if (auto allowed = settings_.guard.check(*ip); !allowed.ok()) {
    if (!refused_) refused_ = allowed.error();
    return CURL_SOCKET_BAD;
  }
  opened_ = true;
  return socket(address.family, address.socktype | SOCK_CLOEXEC, address.protocol);
}

Result<delivery::HttpAnswer> Transfer::outcome(CURLcode code) {
  if (code != CURLE_OK && !truncated_) return failure(code);
  long status = 0;
  curl_easy_getinfo(easy_, CURLINFO_RESPONSE_CODE, &status);
  answer_.status = static_cast<int>(status);
  return std::move(answer_);
}

Error Transfer::failure(CURLcode code) {
  const std::string where = call_.method + " " + url_for_people(call_.url);
  if (stopped_) return stopped_->in(where);
  if (refused_ && !opened_) return refused_->in(where);
  std::string why;
  if (code == CURLE_OPERATION_TIMEDOUT) {
    why = "no whole answer within " + format_human(call_.timeout);
    if (error_text_[0] != '\0') why += std::string(" (") + error_text_ + ")";
  } else {
    why = error_text_[0] != '\0' ? error_text_ : curl_easy_strerror(code);
  }
  long sent = 0;  // bytes of requests: of none, the other side knows nothing of the call
  curl_easy_getinfo(easy_, CURLINFO_REQUEST_SIZE, &sent);
  return Error(sent == 0 ? ErrorCode::Unreachable : ErrorCode::CallFailed, where + ": " + why);
}

void Transfer::finish(Result<delivery::HttpAnswer> result) {
  settings_.bytes_held.fetch_sub(held_, std::memory_order_relaxed);
  held_ = 0;
  call_ = {};
  answer_ = {};
  const Done done = std::exchange(done_, nullptr);
  done(std::move(result));
}

size_t Transfer::header_callback(char* data, size_t size, size_t count, void* self) {
  return static_cast<Transfer*>(self)->on_header({data, size * count});
}

size_t Transfer::write_callback(char* data, size_t size, size_t count, void* self) {
  return static_cast<Transfer*>(self)->on_body({data, size * count});
}

curl_socket_t Transfer::open_socket_callback(void* self, curlsocktype purpose,
                                             curl_sockaddr* address) {
  if (purpose != CURLSOCKTYPE_IPCXN) return CURL_SOCKET_BAD;
  return static_cast<Transfer*>(self)->on_open_socket(*address);
}

}  // namespace hence::connectors
