// SPDX-License-Identifier: Apache-2.0
#pragma once

// The real HttpClient: libcurl's multi interface over epoll, on one thread of its own. Connections
// are kept and reused; redirects, proxies, cookies, netrc and unix sockets are never used; every
// address a socket connects to passes the AddressGuard first.
//
//   start() ─► bounded queue ─► thread: curl easy handle ─► done() on that thread

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "connectors/http/address_guard.h"
#include "delivery/http_client.h"

namespace hence::connectors {

struct CurlHttpClientOptions {
  AddressGuard guard;
  size_t calls_max = 4096;              ///< queued and running together
  uint64_t bytes_max = 256u << 20;      ///< of all requests and answers held
  uint32_t connections_max = 1024;      ///< open at once; calls beyond wait for one
  std::string ca_file;                  ///< PEM trusted besides the system's; empty: none
  std::vector<std::string> connect_to;  ///< "HOST:PORT:CONNECT-HOST:CONNECT-PORT", for tests
};

class CurlHttpClient : public delivery::HttpClient {
 public:
  /// Starts the thread. Errors: ConfigurationInvalid (a CA file that cannot be used), Internal.
  static Result<std::unique_ptr<CurlHttpClient>> create(CurlHttpClientOptions options);
  /// Gives up what still runs (their done gets CallFailed) and ends the thread. Not to be called
  /// from a done.
  ~CurlHttpClient() override;

  /// As HttpClient::start; done runs on the client's thread, or, for a call that is refused as
  /// overloaded, on the caller's before start returns. done must not block.
  void start(uint64_t call_id, delivery::HttpCall call,
             std::function<void(Result<delivery::HttpAnswer>)> done) override;
  void cancel(uint64_t call_id) override;

 private:
  class Loop;
  explicit CurlHttpClient(std::unique_ptr<Loop> loop);
  std::unique_ptr<Loop> loop_;
};

}  // namespace hence::connectors
