// SPDX-License-Identifier: Apache-2.0
#include "cli/bench/load.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <limits>

#include "base/check.h"

namespace hence::cli::bench {
namespace {

constexpr double kNever = std::numeric_limits<double>::max();

void write_number(char* at, uint64_t number) {
  for (size_t digit = kNumberDigits; digit-- > 0; number /= 10) at[digit] = static_cast<char>('0' + number % 10);
}

/// The value of Content-Length in an answer's head, which this server writes as one line.
std::optional<size_t> content_length(std::string_view head) {
  constexpr std::string_view kName = "content-length:";
  for (size_t line = head.find('\n'); line != std::string_view::npos; line = head.find('\n', line + 1)) {
    if (head.size() < line + 1 + kName.size()) break;
    if (strncasecmp(head.data() + line + 1, kName.data(), kName.size()) != 0) continue;
    size_t at = line + 1 + kName.size();
    while (at < head.size() && head[at] == ' ') ++at;
    size_t value = 0;
    std::from_chars(head.data() + at, head.data() + head.size(), value);
    return value;
  }
  return std::nullopt;
}

}  // namespace

RequestForm post_form(const std::string& path, const std::string& content_type, const std::string& body, size_t events) {
  RequestForm form;
  form.text = "POST " + path + " HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: " + content_type +
              "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  std::vector<size_t> all;
  for (size_t at = form.text.find('#'); at != std::string::npos; at = form.text.find('#', at + kNumberDigits)) all.push_back(at);
  HENCE_CHECK(events > 0 && all.size() % events == 0);
  const size_t each = all.size() / events;
  for (size_t i = 0; i < events; ++i) {
    form.places.emplace_back(all.begin() + static_cast<ptrdiff_t>(i * each), all.begin() + static_cast<ptrdiff_t>((i + 1) * each));
  }
  return form;
}

int connect_to(uint16_t port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (fd < 0 || connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    if (fd >= 0) close(fd);
    return -1;
  }
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
  return fd;
}

Load::Load(Loop& loop, RequestForm form, LoadOptions options)
    : loop_(loop), form_(std::move(form)), options_(std::move(options)), connections_(options_.connections), next_number_(options_.first_number) {}

Load::~Load() {
  for (const Connection& connection : connections_) {
    if (connection.fd >= 0) close(connection.fd);
  }
}

Status Load::open() {
  for (size_t i = 0; i < connections_.size(); ++i) {
    Connection& connection = connections_[i];
    connection.fd = connect_to(options_.port);
    if (connection.fd < 0) return Error(ErrorCode::Unreachable, "the server does not take connection " + std::to_string(i + 1));
    connection.request = form_.text;
    loop_.watch(connection.fd, EPOLLIN, *this, i);
    idle_.push_back(i);
  }
  started_ = seconds_now();
  return {};
}

bool Load::may_send() const {
  if (stopped_ || idle_.empty()) return false;
  if (options_.requests_max != 0 && sent_ >= options_.requests_max) return false;
  return !options_.may_send || options_.may_send();
}

double Load::tick() {
  while (may_send()) {
    if (options_.per_second > 0) {
      const double due = started_ + static_cast<double>(sent_) / options_.per_second;
      if (due > seconds_now()) return due;
    }
    const size_t index = idle_.front();
    idle_.pop_front();
    send(index);
  }
  return kNever;
}

uint64_t Load::next_number() {
  constexpr uint64_t kPrime = 2'654'435'761;  // so it has no factor in common with any smaller number
  const uint64_t number = next_number_++;
  return options_.shuffled == 0 ? number : number * kPrime % options_.shuffled;
}

void Load::send(size_t index) {
  Connection& connection = connections_[index];
  connection.began = seconds_now();
  for (size_t i = 0; i < form_.places.size(); ++i) {
    const uint64_t number = next_number();
    if (i == 0 && options_.on_send) options_.on_send(number, connection.began);
    for (const size_t place : form_.places[i]) write_number(connection.request.data() + place, number);
  }
  connection.written = 0;
  ++sent_;
  write(index);
}

void Load::write(size_t index) {
  Connection& connection = connections_[index];
  while (connection.written < connection.request.size()) {
    const ssize_t sent = ::send(connection.fd, connection.request.data() + connection.written,
                                connection.request.size() - connection.written, MSG_NOSIGNAL);
    if (sent < 0) {
      if (errno != EAGAIN) return lose(connection);
      break;
    }
    connection.written += static_cast<size_t>(sent);
  }
  const bool wanted = connection.written < connection.request.size();
  if (wanted == connection.awaits_writable) return;
  connection.awaits_writable = wanted;
  loop_.change(connection.fd, wanted ? EPOLLIN | EPOLLOUT : EPOLLIN, *this, index);
}

void Load::lose(Connection& connection) {
  close(std::exchange(connection.fd, -1));
  count_.broken = stopped_ = true;
}

void Load::on_ready(uint64_t what, uint32_t events) {
  Connection& connection = connections_[what];
  if ((events & EPOLLOUT) != 0) write(what);
  if ((events & ~static_cast<uint32_t>(EPOLLOUT)) == 0 || connection.fd < 0) return;
  std::array<char, 64 << 10> block;
  const ssize_t got = recv(connection.fd, block.data(), block.size(), 0);
  if (got < 0 && errno == EAGAIN) return;
  if (got <= 0) return lose(connection);
  connection.answer.append(block.data(), static_cast<size_t>(got));
  if (!answered(connection)) return;
  idle_.push_back(what);
}

/// Takes a whole answer, if there is one.
bool Load::answered(Connection& connection) {
  const size_t head_end = connection.answer.find("\r\n\r\n");
  if (head_end == std::string::npos) return false;
  const size_t body = content_length(std::string_view(connection.answer).substr(0, head_end)).value_or(0);
  const size_t end = head_end + 4 + body;
  if (connection.answer.size() < end) return false;
  take_answer(connection, head_end, end);
  return true;
}

void Load::take_answer(Connection& connection, size_t head_end, size_t end) {
  const std::string_view answer = std::string_view(connection.answer).substr(0, end);
  // "HTTP/1.1 202 …", and no entry of it that says otherwise.
  const std::string_view body = answer.substr(head_end + 4);
  const bool good = answer.substr(8, 2) == " 2" && body.find("\"error\"") == std::string_view::npos &&
                    body.find("\"duplicate\"") == std::string_view::npos;
  if (good) {
    ++count_.requests;
    const double seconds = seconds_now() - connection.began;
    count_.latencies.add(seconds);
    recent_.add(seconds);
  } else if (count_.refused++ == 0) {
    count_.refusal = answer.substr(0, 600);
  }
  connection.answer.erase(0, end);
}

}  // namespace hence::cli::bench
