// SPDX-License-Identifier: Apache-2.0
#include "workflow/facts.h"

#include <array>

namespace hence::workflow {
namespace {

template <size_t... I>
void decode_kind(Decoder& decoder, Fact& fact, uint64_t kind, std::index_sequence<I...>) {
  const bool known = ((kind == I ? (decoder.get(fact.emplace<I>()), true) : false) || ...);
  if (!known) decoder.fail();
}

}  // namespace

std::string_view phase_name(Phase phase) {
  static constexpr std::array<std::string_view, 8> kNames = {
      "pending", "running", "waiting", "suspended", "cancelled", "faulted", "completed",
      "compensating"};
  return kNames.at(static_cast<size_t>(phase));
}

std::string_view timer_purpose_name(TimerPurpose purpose) {
  static constexpr std::array<std::string_view, 6> kNames = {
      "wait", "retry", "task timeout", "attempt timeout", "workflow timeout", "approval"};
  return kNames.at(static_cast<size_t>(purpose));
}

std::string_view limit_name(Limit limit) {
  static constexpr std::array<std::string_view, 7> kNames = {
      "limits.workflowSteps",     "limits.workflowBranches",    "limits.workflowContextBytes",
      "limits.workflowCallBytes", "limits.workflowListenBytes", "limits.workflowCompensations",
      "limits.workflowChildren"};
  return kNames.at(static_cast<size_t>(limit));
}

std::string_view fact_name(const Fact& fact) {
  static constexpr std::array<std::string_view, std::variant_size_v<Fact>> kNames = {
      "instance-started", "task-started",    "task-skipped",       "task-ended",
      "task-faulted",     "scope-entered",   "scope-left",         "loop-started",
      "error-caught",     "retry-scheduled", "timer-set",          "timer-cancelled",
      "timer-fired",      "call-requested",  "call-ended",         "call-cancelled",
      "event-emitted",    "instance-suspended", "instance-resumed", "instance-ended",
      "document-fetched", "wait-opened",     "wait-closed",     "event-consumed",     "item-done",
      "compensation-registered", "compensation-started", "compensation-entered",
      "compensation-done", "compensation-parked", "compensation-redriven",
      "compensation-skipped", "approval-requested", "approval-decided", "approval-withdrawn", "limit-near",
      "timer-held",       "arrival-taken",   "instance-retried", "task-ended-by-hand", "context-set"};
  return kNames.at(fact.index());
}

void encode_value(Encoder& encoder, const Fact& fact) {
  encoder.varint(fact.index());
  std::visit([&](const auto& one) { encoder.put(one); }, fact);
}

void decode_value(Decoder& decoder, Fact& fact) {
  const uint64_t kind = decoder.varint();
  if (decoder.failed()) return;
  decode_kind(decoder, fact, kind, std::make_index_sequence<std::variant_size_v<Fact>>());
}

}  // namespace hence::workflow
