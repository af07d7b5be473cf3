// SPDX-License-Identifier: Apache-2.0
#pragma once

// One call on one libcurl easy handle: options, callbacks, and what the outcome means. Handles are
// used again, one call after the other.

#include <curl/curl.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "connectors/http/address_guard.h"
#include "delivery/http_client.h"

namespace hence::connectors {

struct SlistFree {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using Slist = std::unique_ptr<curl_slist, SlistFree>;

/// What all transfers of one client share; outlives them.
struct TransferSettings {
  AddressGuard guard;
  std::string ca_file;
  Slist connect_to;
  uint64_t bytes_max = 0;
  std::atomic<uint64_t> bytes_held{0};  ///< of requests and answers; shared with start()
};

class Transfer {
 public:
  using Done = std::function<void(Result<delivery::HttpAnswer>)>;

  /// Nothing where libcurl has no memory. settings must outlive it.
  static std::unique_ptr<Transfer> create(TransferSettings& settings);
  ~Transfer();
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;

  CURL* easy() const { return easy_; }

  /// Takes a call; easy() is then ready to run. held: bytes the call has in bytes_held.
  /// Errors: RequestInvalid (URL, method or header that cannot be sent).
  Status prepare(uint64_t call_id, delivery::HttpCall call, uint64_t held, Done done);
  uint64_t call_id() const { return call_id_; }
  /// What the finished transfer came to.
  Result<delivery::HttpAnswer> outcome(CURLcode code);
  /// Ends the call: hands the result to its done and frees what the call held.
  void finish(Result<delivery::HttpAnswer> result);

 private:
  Transfer(CURL* easy, TransferSettings& settings) : easy_(easy), settings_(settings) {}
  void set_constant_options();
  Status set_url();
  void set_headers();
  void set_method_and_body();
  bool hold(size_t bytes);
  Error failure(CURLcode code);

  size_t on_header(std::string_view line);
  size_t on_body(std::string_view bytes);
  curl_socket_t on_open_socket(const curl_sockaddr& address);
  static size_t header_callback(char* data, size_t size, size_t count, void* self);
  static size_t write_callback(char* data, size_t size, size_t count, void* self);
  static curl_socket_t open_socket_callback(void* self, curlsocktype purpose,
                                            curl_sockaddr* address);

  CURL* easy_;
  TransferSettings& settings_;
  uint64_t call_id_ = 0;
  uint64_t held_ = 0;
  delivery::HttpCall call_;
  Done done_;
  delivery::HttpAnswer answer_;
  size_t header_bytes_ = 0;
  Slist headers_;
  std::optional<Error> refused_;  ///< by the guard
  std::optional<Error> stopped_;  ///< by a limit of ours
  bool truncated_ = false;        ///< likewise, and what there is of the answer will do
  bool opened_ = false;           ///< a socket was opened for this call
  char error_text_[CURL_ERROR_SIZE] = {};
};

}  // namespace hence::connectors
