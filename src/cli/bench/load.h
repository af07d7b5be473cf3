// SPDX-License-Identifier: Apache-2.0
#pragma once

// Requests to a server over connections that stay open, one request under way on each, from one
// thread. A request is made once and only its events' numbers are written anew, so that the
// generator takes little of the machine it shares with the server.

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "cli/bench/facts.h"
#include "cli/bench/loop.h"

namespace hence::cli::bench {

/// Digits an event's number has in a request.
inline constexpr size_t kNumberDigits = 12;

/// A POST whose text has a number at each of the places: event i of it that of places[i].
struct RequestForm {
  std::string text;
  std::vector<std::vector<size_t>> places;
  size_t events() const { return places.size(); }
};

/// path and body of a POST. In body every "#" begins kNumberDigits of "#" that stand for the number of
/// the event, `events` of them, each as often as the others.
RequestForm post_form(const std::string& path, const std::string& content_type, const std::string& body, size_t events);

struct LoadOptions {
  uint16_t port = 0;
  size_t connections = 1;
  double per_second = 0;             ///< requests; 0: as soon as the one before is answered
  uint64_t requests_max = 0;         ///< 0: no end
  uint64_t first_number = 0;         ///< of the first event
  uint64_t shuffled = 0;             ///< not 0: the numbers below it in an order of no pattern, each once
  std::function<bool()> may_send;    ///< none: always
  std::function<void(uint64_t number, double at)> on_send;  ///< first event of each request
};

/// What came of it.
struct LoadCount {
  uint64_t requests = 0;  ///< answered as they should
  uint64_t refused = 0;   ///< answered otherwise
  std::string refusal;    ///< the first of those
  bool broken = false;    ///< the server closed a connection
  Latencies latencies;    ///< from the request's first byte to the answer's last
};

class Load final : public Watcher {
 public:
  Load(Loop& loop, RequestForm form, LoadOptions options);
  ~Load() override;

  /// Connects. Errors: Unreachable.
  Status open();
  /// Sends on idle connections what is due; when to call again.
  double tick();
  /// No more requests; those under way are still answered.
  void stop() { stopped_ = true; }
  size_t under_way() const { return connections_.size() - idle_.size(); }
  /// Whether the server closed a connection; nothing is sent any more then.
  bool broken() const { return count_.broken; }
  const LoadCount& count() const { return count_; }
  /// Latencies since the last call.
  Latencies take_recent() { return std::exchange(recent_, {}); }
  uint64_t sent() const { return sent_; }

  void on_ready(uint64_t what, uint32_t events) override;

 private:
  struct Connection {
    int fd = -1;
    std::string request;
    size_t written = 0;
    std::string answer;
    double began = 0;
    bool awaits_writable = false;
  };
  bool may_send() const;
  void send(size_t index);
  void write(size_t index);
  void lose(Connection& connection);
  uint64_t next_number();
  bool answered(Connection& connection);
  void take_answer(Connection& connection, size_t head_end, size_t end);

  Loop& loop_;
  const RequestForm form_;
  const LoadOptions options_;
  std::vector<Connection> connections_;
  std::deque<size_t> idle_;  ///< the longest idle first: the server closes one that stays so
  LoadCount count_;
  Latencies recent_;
  uint64_t sent_ = 0;
  uint64_t next_number_ = 0;
  double started_ = 0;
  bool stopped_ = false;
};

/// A socket to a port of this machine, not blocking; -1 if nothing listens.
int connect_to(uint16_t port);

}  // namespace hence::cli::bench
