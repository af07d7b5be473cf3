// SPDX-License-Identifier: Apache-2.0
#include "connectors/http/test_http_server.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>

#include "base/check.h"

namespace hence::connectors {
namespace {

ssize_t read_some(int fd, SSL* ssl, char* into, size_t size) {
  return ssl ? SSL_read(ssl, into, static_cast<int>(size)) : recv(fd, into, size, 0);
}

void write_all(int fd, SSL* ssl, const std::string& bytes) {
  size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t n = ssl ? SSL_write(ssl, bytes.data() + done, static_cast<int>(bytes.size() - done))
                          : send(fd, bytes.data() + done, bytes.size() - done, MSG_NOSIGNAL);
    if (n <= 0) return;
    done += static_cast<size_t>(n);
  }
}

/// Bytes of the first whole request in buffer; 0 where there is none yet.
size_t whole_request(const std::string& buffer) {
  const size_t end = buffer.find("\r\n\r\n");
  if (end == buffer.npos) return 0;
  size_t length = 0;
  const size_t header = buffer.find("Content-Length: ");
  if (header < end) length = std::strtoul(buffer.c_str() + header + 16, nullptr, 10);
  return buffer.size() >= end + 4 + length ? end + 4 + length : 0;
}

}  // namespace

TestHttpServer::TestHttpServer(Handler handler, Tls tls) : handler_(std::move(handler)) {
  std::signal(SIGPIPE, SIG_IGN);
  if (tls == Tls::on) make_certificate();
  listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  HENCE_CHECK(bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
  HENCE_CHECK(listen(listener_, 512) == 0);
  socklen_t size = sizeof address;
  getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
  port_ = ntohs(address.sin_port);
  acceptor_ = std::thread([this] { accept_loop(); });
}

TestHttpServer::~TestHttpServer() {
  stopping_ = true;
  shutdown(listener_, SHUT_RDWR);
  acceptor_.join();
  {
    const std::lock_guard lock(mutex_);
    for (int fd : open_) shutdown(fd, SHUT_RDWR);
  }
  for (std::thread& thread : threads_) thread.join();
  close(listener_);
  SSL_CTX_free(tls_);
}

std::string TestHttpServer::url(const std::string& path) const {
  return (tls_ ? "https://localhost:" : "http://127.0.0.1:") + std::to_string(port_) + path;
}

std::vector<std::string> TestHttpServer::requests() const {
  const std::lock_guard lock(mutex_);
  return requests_;
}

std::string TestHttpServer::ok(const std::string& body) {
  return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

void TestHttpServer::make_certificate() {
  EVP_PKEY* key = EVP_RSA_gen(2048);
  X509* certificate = X509_new();
  X509_set_version(certificate, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
  X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
  X509_set_pubkey(certificate, key);
  X509_NAME* name = X509_get_subject_name(certificate);
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>("localhost"), -1, -1, 0);
  X509_set_issuer_name(certificate, name);
  for (const auto& [nid, text] : {std::pair{NID_subject_alt_name, "DNS:localhost"},
                                  std::pair{NID_basic_constraints, "CA:TRUE"}}) {
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, nid, text);
    X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
  }
  X509_sign(certificate, key, EVP_sha256());
  tls_ = SSL_CTX_new(TLS_server_method());
  SSL_CTX_use_certificate(tls_, certificate);
  SSL_CTX_use_PrivateKey(tls_, key);
  BIO* memory = BIO_new(BIO_s_mem());
  PEM_write_bio_X509(memory, certificate);
  char* text = nullptr;
  const long size = BIO_get_mem_data(memory, &text);
  certificate_pem_.assign(text, static_cast<size_t>(size));
  BIO_free(memory);
  X509_free(certificate);
  EVP_PKEY_free(key);
}

void TestHttpServer::accept_loop() {
  while (!stopping_) {
    const int fd = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) return;
    const int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    ++connections_;
    const std::lock_guard lock(mutex_);
    open_.push_back(fd);
    threads_.emplace_back([this, fd] { serve(fd); });
  }
}

void TestHttpServer::serve(int fd) {
  SSL* ssl = nullptr;
  if (tls_ != nullptr) {
    ssl = SSL_new(tls_);
    SSL_set_fd(ssl, fd);
  }
  if (ssl == nullptr || SSL_accept(ssl) == 1) {
    std::string buffer;
    while (!stopping_ && serve_one(fd, ssl, buffer)) {
    }
  }
  SSL_free(ssl);
  const std::lock_guard lock(mutex_);
  std::erase(open_, fd);
  close(fd);
}

bool TestHttpServer::serve_one(int fd, SSL* ssl, std::string& buffer) {
  size_t size = 0;
  while ((size = whole_request(buffer)) == 0) {
    char bytes[16384];
    const ssize_t n = read_some(fd, ssl, bytes, sizeof bytes);
    if (n <= 0) return false;
    buffer.append(bytes, static_cast<size_t>(n));
  }
  const std::string request = buffer.substr(0, size);
  buffer.erase(0, size);
  const Reply reply = handler_(request);
  {
    const std::lock_guard lock(mutex_);
    requests_.push_back(request);
  }
  write_all(fd, ssl, reply.bytes);
  char byte;
  if (reply.hang) return read_some(fd, ssl, &byte, 1) > 0;
  return !reply.close_after;
}

}  // namespace hence::connectors
