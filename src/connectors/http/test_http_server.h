// SPDX-License-Identifier: Apache-2.0
#pragma once

// A small HTTP server on loopback for tests: a thread a connection, answers as the test says,
// also broken ones. Optionally TLS with a certificate made on the spot for "localhost".

#include <openssl/ssl.h>

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace hence::connectors {

class TestHttpServer {
 public:
  struct Reply {
    std::string bytes;         ///< as sent: status line, header, body
    bool close_after = false;  ///< closes the connection afterwards
    bool hang = false;         ///< then says nothing more until the server ends
  };
  /// Gets the whole request as received.
  using Handler = std::function<Reply(const std::string&)>;

  enum class Tls : uint8_t { off, on };
  explicit TestHttpServer(Handler handler, Tls tls = Tls::off);
  ~TestHttpServer();

  uint16_t port() const { return port_; }
  std::string url(const std::string& path = "/") const;
  int connections() const { return connections_; }
  std::vector<std::string> requests() const;
  const std::string& certificate_pem() const { return certificate_pem_; }

  static std::string ok(const std::string& body);

 private:
  void make_certificate();
  void accept_loop();
  void serve(int fd);
  bool serve_one(int fd, SSL* ssl, std::string& buffer);

  Handler handler_;
  int listener_ = -1;
  uint16_t port_ = 0;
  SSL_CTX* tls_ = nullptr;
  std::string certificate_pem_;
  std::atomic<int> connections_{0};
  std::atomic<bool> stopping_{false};
  mutable std::mutex mutex_;
  std::vector<std::string> requests_;
  std::vector<int> open_;
  std::vector<std::thread> threads_;
  std::thread acceptor_;
};

}  // namespace hence::connectors
