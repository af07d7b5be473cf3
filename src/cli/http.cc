// SPDX-License-Identifier: Apache-2.0
#include "cli/http.h"

#include <curl/curl.h>

#include <memory>

namespace hence::cli {
namespace {

constexpr long kConnectMillis = 5'000;
constexpr size_t kAnswerBytesMax = size_t{1} << 30;

struct Transfer {
  CURL* curl = nullptr;
  HttpReply reply;
  const std::function<bool(std::string_view)>* take = nullptr;
  bool stopped = false;
};

size_t receive(char* data, size_t size, size_t count, void* user) {
  Transfer& transfer = *static_cast<Transfer*>(user);
  const size_t bytes = size * count;
  long status = 0;
  curl_easy_getinfo(transfer.curl, CURLINFO_RESPONSE_CODE, &status);
  if (transfer.take != nullptr && status == 200) {
    transfer.stopped = !(*transfer.take)({data, bytes});
    return transfer.stopped ? 0 : bytes;
  }
  if (transfer.reply.body.size() + bytes > kAnswerBytesMax) return 0;
  transfer.reply.body.append(data, bytes);
  return bytes;
}

Error unreachable(const std::string& url, CURLcode code) {
  std::string reason = curl_easy_strerror(code);
  if (code == CURLE_COULDNT_CONNECT) reason = "nothing listens there";
  if (code == CURLE_OPERATION_TIMEDOUT) reason = "no answer in time";
  if (code == CURLE_URL_MALFORMAT || code == CURLE_UNSUPPORTED_PROTOCOL) {
    return Error(ErrorCode::RequestInvalid,
                 "the address " + url + " is not one; give http://HOST:PORT with --address");
  }
  const std::string place = url.substr(0, url.find('/', url.find("://") + 3));
  return Error(ErrorCode::Unreachable,
               "cannot reach the server at " + place + " (" + reason +
                   "); start one with `hence dev`, or name another with --address");
}

Result<HttpReply> perform(const HttpAsk& ask, const std::function<bool(std::string_view)>* take) {
  static const CURLcode ready = curl_global_init(CURL_GLOBAL_DEFAULT);
  const std::unique_ptr<CURL, void (*)(CURL*)> curl(ready == CURLE_OK ? curl_easy_init() : nullptr,
                                                    curl_easy_cleanup);
  if (curl == nullptr) return Error(ErrorCode::Internal, "libcurl does not start");
  Transfer transfer{curl.get(), {}, take, false};
  curl_slist* headers = curl_slist_append(nullptr, "Expect:");
  for (const auto& [name, value] : ask.headers)
    headers = curl_slist_append(headers, (name + ": " + value).c_str());
  const std::unique_ptr<curl_slist, void (*)(curl_slist*)> owned(headers, curl_slist_free_all);

  const auto set = [&](CURLoption option, auto value) {
    curl_easy_setopt(curl.get(), option, value);
  };
  set(CURLOPT_URL, ask.url.c_str());
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  set(CURLOPT_CUSTOMREQUEST, ask.method.c_str());
  set(CURLOPT_HTTPHEADER, headers);
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_PROXY, "");
  set(CURLOPT_CONNECTTIMEOUT_MS, kConnectMillis);
  if (take == nullptr) set(CURLOPT_TIMEOUT_MS, static_cast<long>(ask.timeout.millis()));
  set(CURLOPT_WRITEFUNCTION, receive);
  set(CURLOPT_WRITEDATA, static_cast<void*>(&transfer));
  if (ask.method != "GET" && ask.method != "DELETE") {
    set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(ask.body.size()));
    set(CURLOPT_POSTFIELDS, ask.body.data());
  }
  const CURLcode code = curl_easy_perform(curl.get());
  if (code != CURLE_OK && !transfer.stopped) return unreachable(ask.url, code);
  long status = 0;
  const char* type = nullptr;
  curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &status);
  curl_easy_getinfo(curl.get(), CURLINFO_CONTENT_TYPE, &type);
  transfer.reply.status = static_cast<int>(status);
  transfer.reply.content_type = type != nullptr ? type : "";
  return std::move(transfer.reply);
}

}  // namespace

Result<HttpReply> http_call(const HttpAsk& ask) { return perform(ask, nullptr); }

Result<HttpReply> http_stream(const HttpAsk& ask,
                              const std::function<bool(std::string_view)>& take) {
  return perform(ask, &take);
}

std::string url_escape(std::string_view text) {
  static constexpr char kDigits[] = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                       c == '-' || c == '_' || c == '.' || c == '~';
    if (plain) {
      out.push_back(c);
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out.push_back('%');
      out.push_back(kDigits[byte >> 4]);
      out.push_back(kDigits[byte & 15]);
    }
  }
  return out;
}

}  // namespace hence::cli
