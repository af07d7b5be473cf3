// SPDX-License-Identifier: Apache-2.0
#include "sim/target.h"

#include <algorithm>

#include "engine/effect.h"
#include "json/parse.h"
#include "sim/outside.h"

namespace hence::sim {

using delivery::HttpAnswer;
using delivery::HttpCall;
using delivery::ProcessAnswer;
using delivery::ProcessCall;

void Target::connect(IsDurable is_durable) {
  is_durable_ = std::move(is_durable);
  hanging_.clear();
  generated_.clear();
  http_ = std::make_unique<delivery::SimulatedHttpClient>();
  processes_ = std::make_unique<delivery::SimulatedProcessRunner>();
  http_->respond_otherwise([this](const HttpCall& call) -> std::optional<Result<HttpAnswer>> {
    std::string key;
    for (const auto& [name, value] : call.headers) {
      if (name == "Idempotency-Key" || name == "idempotency-key") key = value;
    }
    // Rule tell-a orders by key: what it sends carries the subject, which is the key.
    std::string order_key;
    if (call.destination == "sink a") {
      const auto event = json::parse(call.body);
      if (event.ok() && (*event)->is_object() && (*event)->string_or("type", "") != "order.e") order_key = (*event)->string_or("subject", "");
    }
    see(key, call.destination + " " + call.method + " " + call.url + "\n" + call.body, !order_key.empty(), order_key);
    hanging_.push_back(http_->sent().back().call_id);
    if (call.url.starts_with("https://gen.example/")) generated_[hanging_.back()] = sim::answer_generated(call.url, call.body);
    return std::nullopt;
  });
  processes_->respond_otherwise([this](const ProcessCall& call) -> std::optional<Result<ProcessAnswer>> {
    std::string what = "shell " + call.command;
    for (const std::string& argument : call.arguments) what += "\n" + argument;
    see(call.attempt_name.substr(0, call.attempt_name.rfind('-')), what + "\n" + call.input, false, {});
    if (!is_generated(call)) return ProcessAnswer{0, "made\n", {}};
    hanging_.push_back(processes_->started().back().call_id);
    generated_[hanging_.back()] = sim::answer_generated(call);
    return std::nullopt;
  });
}

void Target::see(const std::string& key, const std::string& what, bool ordered, const std::string& order_key) {
  ++calls_;
  lines_.push_back("call " + key + " " + what.substr(0, what.find('\n')));
  const auto id = engine::EffectId::parse(key);
  if (!id) {
    violations_.push_back({"I-11", "a call without an idempotency key that is an effect's: \"" + key + "\""});
    return;
  }
  if (!is_durable_(id->record)) {
    violations_.push_back({"I-10", "effect " + key + " left before its record was durable"});
  }
  const auto [entry, fresh] = seen_.emplace(key, what);
  if (!fresh && entry->second != what) {
    violations_.push_back({"I-11", "the key " + key + " is used for two different calls:\n" + entry->second + "\nand\n" + what});
  }
  if (!ordered || !fresh) return;
  Sequence& newest = newest_[order_key];
  if (id->record.sequence <= newest) {
    violations_.push_back({"I-13", "the delivery " + key + " of key " + order_key + " begins after one of a later event"});
  }
  newest = std::max(newest, id->record.sequence);
}

std::optional<std::string> Target::answer_generated(size_t index) {
  const uint64_t id = hanging_[index];
  const auto found = generated_.find(id);
  if (found == generated_.end()) return std::nullopt;
  const Answer answer = std::move(found->second);
  generated_.erase(found);
  if (const auto* http = std::get_if<HttpAnswer>(&answer)) {
    this->answer(index, *http);
    return std::to_string(http->status);
  }
  const auto& process = std::get<ProcessAnswer>(answer);
  hanging_.erase(hanging_.begin() + static_cast<std::ptrdiff_t>(index));
  processes_->answer(id, process);
  return "code " + std::to_string(process.exit_code);
}

void Target::answer(size_t index, Result<HttpAnswer> answer) {
  const uint64_t id = hanging_[index];
  hanging_.erase(hanging_.begin() + static_cast<std::ptrdiff_t>(index));
  http_->answer(id, std::move(answer));
}

}  // namespace hence::sim
