// SPDX-License-Identifier: Apache-2.0
// Calls that need a token first. Those that ask in the same way wait for one call together.

#include "delivery/dispatcher.h"

namespace hence::delivery {
namespace {

void set_token(HttpCall& call, const std::string& token) {
  std::erase_if(call.headers, [](const auto& header) { return header.first == "authorization"; });
  call.headers.emplace_back("authorization", "Bearer " + token);
}

}  // namespace

void Dispatcher::launch_authorized(uint64_t call_id, HttpCall call, UtcTime wall) {
  if (call.token_policy.empty()) return launch_http(call_id, std::move(call));
  const std::string policy = call.token_policy;
  if (const auto token = tokens_.find(policy, wall)) {
    calls_.at(call_id).token = *token;
    set_token(call, *token);
    return launch_http(call_id, std::move(call));
  }
  waiting_[policy].push_back({call_id, std::move(call)});
  if (tokens_.begin(policy)) get_token(policy, wall);
}

void Dispatcher::get_token(const std::string& policy, UtcTime) {
  Result<HttpCall> call = tokens_.next_call(policy);
  if (!call.ok()) return end_token(policy, call.error());
  const uint64_t call_id = ++last_call_;
  Call own;
  own.token_policy = policy;
  calls_[call_id] = std::move(own);
  launch_http(call_id, std::move(call).value());
}

void Dispatcher::take_token_answer(const std::string& policy, const Result<HttpAnswer>& answer,
                                   UtcTime wall) {
  const auto over = tokens_.take_answer(policy, answer, wall);
  if (!over) return get_token(policy, wall);
  end_token(policy, *over);
}

void Dispatcher::end_token(const std::string& policy, const Result<std::string>& token) {
  std::vector<Waiting> waiting = std::move(waiting_[policy]);
  waiting_.erase(policy);
  for (Waiting& one : waiting) {
    const auto call = calls_.find(one.call_id);
    HENCE_CHECK(call != calls_.end());
    if (!token.ok() || !call->second.effect) {
      const Error why = token.ok() ? Error(ErrorCode::CallFailed, "cancelled") : token.error();
      fail_http(one.call_id, why, one.call.hidden);
      continue;
    }
    call->second.token = *token;
    set_token(one.call, *token);
    launch_http(one.call_id, std::move(one.call));
  }
}

bool Dispatcher::retry_with_new_token(const Call& call, const Answer& answer, Items::iterator item,
                                      UtcTime wall) {
  const bool refused = answer.http && answer.http->ok() && (*answer.http)->status == 401;
  if (!refused || call.token.empty() || call.retried || stopped_) return false;
  Result<HttpCall> again = workflow_call(item->second.effect, directory_, options_.outgoing);
  if (!again.ok()) return false;
  tokens_.drop(again->token_policy, call.token);
  const uint64_t call_id = ++last_call_;
  Call next{call.destination, item->first, false, {}, {}, {}, true};
  calls_[call_id] = std::move(next);
  destinations_.at(call.destination).began();
  item->second.call_id = call_id;
  launch_authorized(call_id, std::move(again).value(), wall);
  return true;
}

}  // namespace hence::delivery
