// SPDX-License-Identifier: Apache-2.0
// Approvals: who may decide, and that only the first decision counts.

#include <algorithm>

#include "engine/recorder.h"
#include "json/builder.h"

namespace hence::engine {
namespace {

/// Why the one who asks may not decide; empty if they may.
std::string objection(const ApprovalRow& row, const std::string& principal, const DecideApproval& body) {
  const auto listed = [&](const std::string& name) {
    return row.approvers.empty() || std::find(row.approvers.begin(), row.approvers.end(), name) != row.approvers.end();
  };
  std::string names;
  for (const std::string& name : row.approvers) names += (names.empty() ? "" : ", ") + name;
  if (principal != kAnonymous) {
    if (!body.by.empty() && body.by != principal) return "you are " + principal + ", not " + body.by + "; leave `by` out";
    return listed(principal) ? "" : principal + " may not decide it; who may: " + names;
  }
  if (!row.approvers.empty() && body.by.empty()) return "say who you are with `by`; who may decide: " + names;
  return listed(body.by) ? "" : body.by + " may not decide it; who may: " + names;
}

std::string told(const ApprovalRow& row) {
  std::string text(approval_status_name(row.status));
  if (!row.by.empty()) text += " by " + row.by;
  text += " at " + format_rfc3339(row.decided);
  return row.reason.empty() ? text : text + ": " + row.reason;
}

}  // namespace

void Engine::run(const Command& command, const DecideApproval& body, Batch& batch) {
  Reply reply;
  reply.ticket = command.ticket;
  reply.address = body.approval.record;
  const std::string id = body.approval.to_string();
  const auto answer = [&](std::optional<Error> error) {
    reply.error = std::move(error);
    batch.replies.push_back(std::move(reply));
  };
  const Address instance = body.approval.record;
  const std::optional<ApprovalRow> row =
      instance.partition < options_.partitions ? state_.approval(body.approval) : std::nullopt;
  if (!row || row->name_space != command.name_space) {
    return answer(Error(ErrorCode::NotFound, "there is no approval " + id + "; hence approval list shows what waits"));
  }
  Recorder record(*this, command, instance.partition, batch);
  if (row->status != ApprovalStatus::pending) {
    record.add(Ignored{"a decision of approval " + id + ", which was decided already: " + told(*row), instance, {}});
    return answer(Error(ErrorCode::Conflict, "approval " + id + " was decided already: " + told(*row)));
  }
  if (const std::string why = objection(*row, command.actor.principal, body); !why.empty()) {
    record.add(Ignored{"a decision of approval " + id + ": " + why, instance, {}});
    return answer(Error(ErrorCode::Forbidden, "approval " + id + ": " + why));
  }
  const bool claimed = command.actor.principal == kAnonymous;
  workflow::Decision decision;
  decision.verdict = body.grant ? workflow::Verdict::granted : workflow::Verdict::denied;
  decision.by = !body.by.empty() ? body.by : command.actor.principal;
  decision.reason = command.actor.reason;
  decision.claimed = claimed;
  Move move{Turn::approval, {}, body.approval.index, nullptr, {}};
  move.approval = &decision;
  const workflow::Advance advance = move_instance(record, instance, move);
  if (!advance.ignored) return answer(std::nullopt);
  record.add(Ignored{advance.why.empty() ? "a decision of approval " + id + " that nobody waits for" : advance.why, instance, {}});
  answer(Error(ErrorCode::Conflict, "approval " + id + " is not to be decided any more: the time of its task is over"));
}

/// "io.hence.approval.granted" and so on, for who wants to be told or to tell others.
void Engine::emit_approval_event(Recorder& record, const InstanceRow& row, const EffectId& id) {
  const std::optional<ApprovalRow> approval = state_.approval(id);
  HENCE_CHECK(approval.has_value());
  const std::string word(approval->status == ApprovalStatus::pending ? "requested" : approval_status_name(approval->status));
  json::Builder b;
  b.begin_object().member("specversion", "1.0").member("id", id.to_string() + "-" + word);
  b.member("source", "/approvals/" + row.name_space).member("type", "io.hence.approval." + word);
  b.member("subject", id.to_string()).member("time", format_rfc3339(record.time()));
  if (const std::string& trace = record.traceparent_of(row); !trace.empty()) b.member("traceparent", trace);
  b.key("data").begin_object().member("approval", id.to_string()).member("instance", id.record.to_string());
  b.member("workflow", row.workflow).member("version", row.version).member("task", approval->task);
  b.member("title", approval->title).member("details", approval->details);
  b.key("approvers").begin_array();
  for (const std::string& name : approval->approvers) b.string(name);
  b.end_array();
  if (approval->due.micros != 0) b.member("deadline", format_rfc3339(approval->due));
  if (approval->status != ApprovalStatus::pending) b.member("decision", word);
  if (!approval->by.empty()) b.member("by", approval->by);
  if (!approval->reason.empty()) b.member("reason", approval->reason);
  b.end_object().end_object();
  emit_event(record, row, id.record, std::move(b).finish());
}

}  // namespace hence::engine
