// SPDX-License-Identifier: Apache-2.0
#pragma once

// The simulated HttpClient: answers as scripted, at once, within start(), and keeps what was sent.
// One thread.
//
//   client.respond("sink shop", in_turn({status(503), status(200)}));   // the last one repeats

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "delivery/http_client.h"

namespace hence::delivery {

class SimulatedHttpClient : public HttpClient {
 public:
  /// What comes of a call; nothing: no answer yet (the call hangs until answer() or cancel()).
  using Responder = std::function<std::optional<Result<HttpAnswer>>(const HttpCall&)>;
  struct Sent {
    uint64_t call_id = 0;
    HttpCall call;
  };

  /// key: a destination ("sink shop"), a URL with or without its query, or an origin
  /// ("https://example.com"); the first of these, in this order, that has a responder answers.
  void respond(const std::string& key, Responder responder);
  /// For all others. At first: CallFailed, saying that no answer is scripted.
  void respond_otherwise(Responder responder) { otherwise_ = std::move(responder); }

  void start(uint64_t call_id, HttpCall call,
             std::function<void(Result<HttpAnswer>)> done) override;
  void cancel(uint64_t call_id) override;

  /// Answers a call that hangs; false if there is none of that id.
  bool answer(uint64_t call_id, Result<HttpAnswer> answer);
  size_t hanging() const { return hanging_.size(); }
  /// Calls sent since the last time, in order; refused ones are not among them.
  std::vector<Sent> take_sent() { return std::exchange(sent_, {}); }
  const std::vector<Sent>& sent() const { return sent_; }

 private:
  std::optional<Result<HttpAnswer>> answer_to(const HttpCall& call);

  std::map<std::string, Responder> responders_;
  Responder otherwise_;
  std::map<uint64_t, std::function<void(Result<HttpAnswer>)>> hanging_;
  std::vector<Sent> sent_;
};

/// Gives the answers one after the other; the last one repeats. At least one (HENCE_CHECK).
SimulatedHttpClient::Responder in_turn(std::vector<Result<HttpAnswer>> answers);
/// Never answers.
SimulatedHttpClient::Responder never();
/// An answer with a status, a body and headers (names in lower case).
HttpAnswer status(int code, std::string body = {}, Headers headers = {});

}  // namespace hence::delivery
