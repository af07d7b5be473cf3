// SPDX-License-Identifier: Apache-2.0
#include "delivery/simulated_http_client.h"

#include "base/check.h"
#include "delivery/http_call_check.h"

namespace hence::delivery {

void SimulatedHttpClient::respond(const std::string& key, Responder responder) {
  responders_[key] = std::move(responder);
}

std::optional<Result<HttpAnswer>> SimulatedHttpClient::answer_to(const HttpCall& call) {
  const std::string keys[] = {call.destination, call.url, call.url.substr(0, call.url.find('?')),
                              origin_of(call.url)};
  for (const std::string& key : keys) {
    const auto found = responders_.find(key);
    if (found != responders_.end()) return found->second(call);
  }
  if (otherwise_) return otherwise_(call);
  return Error(ErrorCode::CallFailed,
               "no answer is scripted for " + call.method + " " + url_for_people(call.url));
}

void SimulatedHttpClient::start(uint64_t call_id, HttpCall call,
                                std::function<void(Result<HttpAnswer>)> done) {
  if (const Status checked = check_http_call(call); !checked.ok()) return done(checked.error());
  sent_.push_back({call_id, std::move(call)});
  const HttpCall& kept = sent_.back().call;
  std::optional<Result<HttpAnswer>> answer = answer_to(kept);
  if (!answer) {
    HENCE_CHECK(hanging_.emplace(call_id, std::move(done)).second);
    return;
  }
  if (answer->ok() && (*answer)->body.size() > kept.response_bytes_max) {
    if (kept.truncate_answer) {
      (*answer)->body.resize(kept.response_bytes_max);
    } else {
      answer = answer_too_large(kept);
    }
  }
  done(std::move(*answer));
}

void SimulatedHttpClient::cancel(uint64_t call_id) {
  answer(call_id, Error(ErrorCode::CallFailed, "the call was cancelled"));
}

bool SimulatedHttpClient::answer(uint64_t call_id, Result<HttpAnswer> answer) {
  const auto found = hanging_.find(call_id);
  if (found == hanging_.end()) return false;
  const auto done = std::move(found->second);
  hanging_.erase(found);
  done(std::move(answer));
  return true;
}

SimulatedHttpClient::Responder in_turn(std::vector<Result<HttpAnswer>> answers) {
  HENCE_CHECK(!answers.empty());
  return [answers = std::move(answers), next = size_t{0}](const HttpCall&) mutable {
    const size_t index = next;
    if (next + 1 < answers.size()) ++next;
    return std::optional(answers[index]);
  };
}

SimulatedHttpClient::Responder never() {
  return [](const HttpCall&) { return std::nullopt; };
}

HttpAnswer status(int code, std::string body, Headers headers) {
  return HttpAnswer{code, std::move(headers), std::move(body)};
}

}  // namespace hence::delivery
