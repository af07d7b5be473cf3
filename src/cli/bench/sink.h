// SPDX-License-Identifier: Apache-2.0
#pragma once

// Where a benchmark's calls go: answers every request 204 at once and says which event it was.

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "cli/bench/loop.h"

namespace hence::cli::bench {

class Sink final : public Watcher {
 public:
  /// on_call: the number of the call's event (its ce-id, in digits).
  Sink(Loop& loop, std::function<void(uint64_t number)> on_call) : loop_(loop), on_call_(std::move(on_call)) {}
  ~Sink() override;

  /// Listens on a free port. Errors: PortInUse.
  Status open();
  uint16_t port() const { return port_; }

  void on_ready(uint64_t what, uint32_t events) override;

 private:
  struct Connection {
    int fd = -1;
    std::string input;
  };
  void accept_all();
  void answer(Connection& connection);

  Loop& loop_;
  const std::function<void(uint64_t)> on_call_;
  int listener_ = -1;
  uint16_t port_ = 0;
  std::vector<Connection> connections_;
};

/// A port that nothing listens on now.
uint16_t free_port();

}  // namespace hence::cli::bench
