// SPDX-License-Identifier: Apache-2.0
#include "cli/bench/sink.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <cstring>
#include <string_view>

namespace hence::cli::bench {
namespace {

constexpr uint64_t kListener = 0;  // connection i is i + 1
constexpr std::string_view kAnswer = "HTTP/1.1 204 No Content\r\n\r\n";

int listen_somewhere(uint16_t& port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  sockaddr_in address{};
  socklen_t size = sizeof address;
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (fd < 0 || bind(fd, reinterpret_cast<const sockaddr*>(&address), size) != 0 || listen(fd, SOMAXCONN) != 0 ||
      getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    if (fd >= 0) close(fd);
    return -1;
  }
  port = ntohs(address.sin_port);
  return fd;
}

/// The rest of the line that begins with name, in any case.
std::string_view header(std::string_view head, std::string_view name) {
  for (size_t line = head.find('\n'); line != std::string_view::npos && line + 1 + name.size() <= head.size();
       line = head.find('\n', line + 1)) {
    if (strncasecmp(head.data() + line + 1, name.data(), name.size()) != 0) continue;
    std::string_view value = head.substr(line + 1 + name.size());
    value.remove_prefix(std::min(value.find_first_not_of(' '), value.size()));
    return value.substr(0, value.find('\r'));
  }
  return {};
}

uint64_t number_of(std::string_view text) {
  uint64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

}  // namespace

uint16_t free_port() {
  uint16_t port = 0;
  const int fd = listen_somewhere(port);
  if (fd >= 0) close(fd);
  return port;
}

Sink::~Sink() {
  if (listener_ >= 0) close(listener_);
  for (const Connection& connection : connections_) {
    if (connection.fd >= 0) close(connection.fd);
  }
}

Status Sink::open() {
  listener_ = listen_somewhere(port_);
  if (listener_ < 0) return Error(ErrorCode::PortInUse, "no port of 127.0.0.1 is free for the benchmark's sink");
  loop_.watch(listener_, EPOLLIN, *this, kListener);
  return {};
}

void Sink::accept_all() {
  while (true) {
    const int fd = accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) return;
    const int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    connections_.push_back({fd, {}});
    loop_.watch(fd, EPOLLIN, *this, connections_.size());
  }
}

void Sink::on_ready(uint64_t what, uint32_t) {
  if (what == kListener) return accept_all();
  Connection& connection = connections_[what - 1];
  std::array<char, 64 << 10> block;
  const ssize_t got = recv(connection.fd, block.data(), block.size(), 0);
  if (got < 0 && errno == EAGAIN) return;
  if (got <= 0) {
    close(connection.fd);
    connection.fd = -1;
    return;
  }
  connection.input.append(block.data(), static_cast<size_t>(got));
  answer(connection);
}

void Sink::answer(Connection& connection) {
  while (true) {
    const size_t head_end = connection.input.find("\r\n\r\n");
    if (head_end == std::string::npos) return;
    const std::string_view head = std::string_view(connection.input).substr(0, head_end + 2);
    const size_t end = head_end + 4 + number_of(header(head, "content-length:"));
    if (connection.input.size() < end) return;
    on_call_(number_of(header(head, "ce-id:")));
    connection.input.erase(0, end);
    // So short an answer always fits into the socket's buffer; the server reads each before it asks on.
    [[maybe_unused]] const ssize_t sent = ::send(connection.fd, kAnswer.data(), kAnswer.size(), MSG_NOSIGNAL);
  }
}

}  // namespace hence::cli::bench
