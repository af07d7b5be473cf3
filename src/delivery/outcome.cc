// SPDX-License-Identifier: Apache-2.0
#include "delivery/outcome.h"

#include "delivery/classify.h"

namespace hence::delivery {
namespace {

using engine::Outcome;

Outcome::Kind kind_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::delivered: return Outcome::Kind::done;
    case Verdict::retryable: return Outcome::Kind::retryable;
    case Verdict::permanent: return Outcome::Kind::permanent;
  }
  return Outcome::Kind::permanent;
}

}  // namespace

Outcome delivery_outcome(const Result<HttpAnswer>& answer, UtcTime now) {
  if (!answer.ok()) return refused_outcome(engine::EffectKind::deliver, answer.error());
  Outcome outcome;
  outcome.kind = kind_of(classify_status(answer->status));
  outcome.status = answer->status;
  if (outcome.kind == Outcome::Kind::done) return outcome;
  outcome.retry_after = retry_after_of(*answer, now);
  outcome.error = refusal_sentence(*answer);
  return outcome;
}

Outcome call_outcome(const Result<HttpAnswer>& answer) {
  if (!answer.ok()) return refused_outcome(engine::EffectKind::call_http, answer.error());
  Outcome outcome;
  outcome.status = answer->status;
  outcome.answer = workflow::HttpOutcome{answer->status, answer->headers, answer->body};
  return outcome;
}

Outcome process_outcome(const Result<ProcessAnswer>& answer) {
  if (!answer.ok()) return refused_outcome(engine::EffectKind::run_shell, answer.error());
  Outcome outcome;
  outcome.answer =
      workflow::ProcessOutcome{answer->exit_code, answer->output, answer->error_output};
  return outcome;
}

Outcome refused_outcome(engine::EffectKind kind, const Error& error) {
  Outcome outcome;
  outcome.kind = kind_of(classify_error(error.code()));
  outcome.error = error.message();
  if (kind != engine::EffectKind::deliver) {
    outcome.answer = workflow::CallFailure{error.code(), error.message()};
  }
  return outcome;
}

}  // namespace hence::delivery
