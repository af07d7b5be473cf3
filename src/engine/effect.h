// SPDX-License-Identifier: Apache-2.0
#pragma once

// An effect is a value: something the outside must do, created by a record and handed out only
// after that record is durable. The engine decides about retries and parking; delivery makes the
// attempts and reports each one's outcome as a command.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/codec.h"
#include "base/ids.h"
#include "base/time.h"
#include "json/value.h"
#include "workflow/calls.h"
#include "workflow/retry.h"

namespace hence::engine {

/// The record that created it and a number within the record, written "pp-seq.n". It is the
/// Idempotency-Key of every attempt.
struct EffectId {
  Address record;
  uint32_t index = 0;

  auto operator<=>(const EffectId&) const = default;
  std::string to_string() const;
  static std::optional<EffectId> parse(std::string_view text);
  template <typename Archive>
  void fields(Archive& a) { a(record, index); }
};

enum class EffectKind : uint8_t { deliver, call_http, run_shell };

/// When to try again and when to stop; count is of retries, so 8 means 9 attempts.
struct RetryPolicy {
  uint32_t count = 8;
  workflow::Backoff backoff = workflow::Backoff::exponential;
  Duration delay = Duration::seconds(1);
  Duration jitter_from;  ///< both zero: full jitter, a pause drawn evenly from [0, delay]; below zero: none
  Duration jitter_to;
  Duration within;       ///< no retry begins later than this after creation; zero: no limit

  template <typename Archive>
  void fields(Archive& a) { a(count, backoff, delay, jitter_from, jitter_to, within); }
};
inline constexpr Duration kDeliveryPauseMax = Duration::hours(1);

/// The pause before the next attempt: policy's, never shorter than what the other side asked for,
/// never above kDeliveryPauseMax. retry: its number from 1. random: 64 even bits.
Duration delivery_pause(const RetryPolicy& policy, uint32_t retry, std::optional<Duration> asked,
                        uint64_t random);

struct Effect {
  EffectId id;
  EffectKind kind = EffectKind::deliver;
  std::string name_space;
  uint32_t attempt = 1;     ///< this attempt's number, from 1; a stale one's outcome is ignored
  UtcTime created;
  std::string traceparent;

  // deliver
  std::string sink;
  std::string rule;         ///< that asked for it, empty for none
  Address event;            ///< that caused it
  json::Value event_json;   ///< its structured form; null in a record, which has it already
  std::optional<json::Value> body;  ///< result of the rule's body expression, sent instead of the event
  bool structured = false;  ///< CloudEvents structured instead of binary mode
  std::string ordering_key; ///< empty: no order
  RetryPolicy retry;

  // call_http, run_shell: a workflow task's request (workflow/machine.h says its form)
  Address instance;
  uint64_t call = 0;
  json::Value request;      ///< workflow/calls.h, or, if deferred, workflow/deferred.h
  bool deferred = false;
  std::string workflow;     ///< "ns/name", and the revision of its definition, for deferred ones
  uint64_t revision = 0;

  template <typename Archive>
  void fields(Archive& a) {
    a(id, kind, name_space, attempt, created, traceparent, sink, rule, event, event_json, body,
      structured, ordering_key, retry, instance, call, request, deferred, workflow, revision);
  }
};

/// Whether deliveries to a sink are to be read.
using SinkWanted = std::function<bool(std::string_view name_space, std::string_view sink)>;
/// A piece of the effects that are ready in a state, in order of their ids.
struct ReadyPage {
  std::vector<Effect> effects;
  std::optional<EffectId> looked_to;  ///< the last one looked at; none was if absent
  bool at_end = false;                ///< there are none after it
};

/// What one attempt came to.
struct Outcome {
  enum class Kind : uint8_t { done, retryable, permanent };
  Kind kind = Kind::done;
  int32_t status = 0;                   ///< HTTP status, 0 where there was none
  std::optional<Duration> retry_after;  ///< what the other side asked for
  std::string error;                    ///< a sentence; empty when done
  /// For calls: what came of it, given to the task machine.
  std::optional<workflow::CallOutcome> answer;
  /// It may have been attempted before, by a process that did not live to tell what came of it.
  bool again = false;

  template <typename Archive>
  void fields(Archive& a) { a(kind, status, retry_after, error, answer, again); }
};

}  // namespace hence::engine
