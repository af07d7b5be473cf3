// SPDX-License-Identifier: Apache-2.0
// What an instance waits for: what the state says, and of its calls how they are doing outside.

#include "api/endpoint/handlers.h"
#include "api/endpoint/request_read.h"
#include "json/builder.h"

namespace hence::api {
namespace {

std::optional<engine::EffectId> effect_of(json::View wait) {
  return engine::EffectId::parse(wait.string_or("delivery", ""));
}

/// The effects of those calls that may be under way.
std::vector<engine::EffectId> ready_calls(json::View why) {
  std::vector<engine::EffectId> ids;
  for (const json::View wait : why.find("waits")->elements()) {
    if (wait.string_or("state", "") != "ready") continue;
    if (const auto id = effect_of(wait)) ids.push_back(*id);
  }
  return ids;
}

void add_wait(json::Builder& builder, json::View wait, const CallStates& states) {
  builder.begin_object();
  for (const auto& [key, value] : wait.members()) builder.member(key, value);
  const auto id = effect_of(wait);
  const auto found = id ? states.find(*id) : states.end();
  if (found != states.end()) {
    const CallState& state = found->second;
    if (state.under_way) builder.member("underWay", format_rfc3339(state.since));
    if (state.limit_max > 0) {
      builder.key("limit").begin_object().member("name", state.limit);
      builder.key("max").number(int64_t{state.limit_max}).key("heldBy").begin_array();
      for (const Address& instance : state.held_by) builder.string(instance.to_string());
      builder.end_array().end_object();
    }
  }
  builder.end_object();
}

json::Value with_states(json::View why, const CallStates& states) {
  json::Builder builder;
  builder.begin_object();
  for (const auto& [key, value] : why.members()) {
    if (key != "waits") {
      builder.member(key, value);
      continue;
    }
    builder.key(key).begin_array();
    for (const json::View wait : value.elements()) add_wait(builder, wait, states);
    builder.end_array();
  }
  builder.end_object();
  return std::move(builder).finish();
}

void answer_why(Context& context, const ExchangePtr& exchange, const json::Value& why) {
  std::vector<engine::EffectId> ids = ready_calls(why);
  if (ids.empty() || !context.options.call_states) return exchange->answer_json(200, why);
  context.options.call_states(std::move(ids), [exchange, why](const CallStates& states) {
    exchange->answer_json(200, with_states(why, states));
  });
}

}  // namespace

void why_instance(Context& context, ExchangePtr exchange) {
  const Result<Address> id = read_address(context, exchange->param(0), "instance");
  if (!id.ok()) return exchange->fail(id.error());
  const bool taken = context.workers.run([&context, exchange, id = *id, now = context.clock.now()](engine::Query& query) {
    const Result<json::Value> why = query.why(exchange->name_space(), id, now);
    if (!why.ok()) return exchange->fail(why.error());
    answer_why(context, exchange, *why);
  });
  if (!taken) exchange->fail(Error(ErrorCode::Overloaded, "too many questions are waiting already"));
}

}  // namespace hence::api
