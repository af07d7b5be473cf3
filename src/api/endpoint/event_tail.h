// SPDX-License-Identifier: Apache-2.0
#pragma once

// Follows the log for everybody who streams events (server-sent events). The log's end is read once
// for all of them; who begins earlier has a cursor of its own until it has caught up.
//
//   id: 81920            where to go on after this event (Last-Event-ID)
//   event: event
//   data: {"position": …, "event": {…}}
//
// A client that does not keep up gets `event: gap` and is dropped; it goes on by its last id.

#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "api/endpoint/exchange.h"
#include "engine/query_json.h"
#include "log/log_reader.h"

namespace hence::api {

class EventTail {
 public:
  struct Filter {
    std::string type;    ///< exact, or a prefix that ends in *; empty: any
    std::string source;  ///< exact; empty: any
  };
  static constexpr size_t kFollowersMax = 1'000;

  explicit EventTail(const EndpointOptions& options) : options_(options) {}
  /// Ends all streams.
  ~EventTail();
  EventTail(const EventTail&) = delete;
  EventTail& operator=(const EventTail&) = delete;

  /// Answers with a stream: from the place on, or with what comes from now on. Any thread.
  void follow(ExchangePtr exchange, Filter filter, std::optional<Position> from);

 private:
  /// Somebody who asked to follow.
  struct Request {
    ExchangePtr exchange;
    Filter filter;
    std::optional<Position> from;
  };
  struct Follower {
    std::string name_space;
    Filter filter;
    Stream stream;
    std::optional<log::Cursor> behind;  ///< while it catches up with the end
  };
  class Shown;

  void run();
  bool wait();
  void admit(std::vector<Request> requests);
  Status read_end();
  void catch_up(Follower& follower);
  bool send(Follower& follower, Shown& shown);
  void beat();
  void end_all(const Error& error);

  const EndpointOptions& options_;
  std::mutex mutex_;
  std::condition_variable wakes_;
  std::vector<Request> requests_;
  size_t follower_count_ = 0;  // requests included
  bool stopping_ = false;
  std::thread thread_;
  // The thread's own.
  log::LogView view_;
  std::optional<log::Cursor> end_;
  std::vector<Follower> followers_;
  os::MonotonicTime next_beat_;
};

}  // namespace hence::api
