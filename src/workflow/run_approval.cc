// SPDX-License-Identifier: Apache-2.0
// `call: approval:1.0.0@default`: the task waits until a person decides, or until it is too late.

#include "json/builder.h"
#include "workflow/run.h"

namespace hence::workflow {
namespace {

constexpr std::string_view kApprovalDenied = "https://hence.io/errors/approval-denied";
constexpr std::string_view kApprovalExpired = "https://hence.io/errors/approval-expired";
constexpr size_t kTitleBytesMax = 1'024;
constexpr size_t kApproversMax = 100;
constexpr size_t kApproverBytesMax = 256;

/// What is wrong with the evaluated `with`; empty if nothing.
std::string fault_of(json::View with) {
  const auto title = with.find("title");
  if (!title || !title->is_string() || title->as_string().empty()) {
    return "title: expected a text that is not empty";
  }
  if (title->as_string().size() > kTitleBytesMax) {
    return "title: over " + std::to_string(kTitleBytesMax) + " bytes; more goes into details";
  }
  const auto approvers = with.find("approvers");
  if (!approvers || approvers->is_null()) return "";
  if (!approvers->is_array() || approvers->size() == 0 || approvers->size() > kApproversMax) {
    return "approvers: expected a list of 1 to " + std::to_string(kApproversMax) + " names";
  }
  for (json::View name : approvers->elements()) {
    const bool fits = name.is_string() && !name.as_string().empty() &&
                      name.as_string().size() <= kApproverBytesMax;
    if (!fits) {
      return "approvers: expected names of 1 to " + std::to_string(kApproverBytesMax) + " bytes";
    }
  }
  return "";
}

}  // namespace

std::string_view verdict_name(Verdict verdict) {
  switch (verdict) {
    case Verdict::granted: return "granted";
    case Verdict::denied: return "denied";
    case Verdict::expired: return "expired";
  }
  return "";
}

void Run::run_approval(FrameId id) {
  const Task& task = task_of(id);
  const ApprovalSpec& spec = task.as<ApprovalSpec>();
  Arguments at = arguments(id, task.scope);
  const json::Value input = frame_of(id).input();
  const Result<json::Value> with = evaluate(spec.request, input, at);
  if (!with.ok()) return fail(id, "with", with.error());
  if (const std::string fault = fault_of(*with); !fault.empty()) {
    return fail(id, ErrorType::expression, "with: " + fault);
  }
  ApprovalRequested asked;
  asked.approval = next_id();
  asked.frame = id;
  asked.task = frame_of(id).task;
  asked.name = task.name;
  asked.title = (*with)->string_or("title", "");
  if (const auto details = with->view().find("details")) asked.details = json::Value::detached(*details);
  if (!within(Limit::call_bytes, asked.details->to_text().size())) {
    return fail_limit(id, Limit::call_bytes, "with: the details would be too large");
  }
  if (const auto names = with->view().find("approvers"); names && names->is_array()) {
    for (json::View name : names->elements()) asked.approvers.emplace_back(name.as_string());
  }
  if (spec.deadline.present()) {
    const Result<CalendarDuration> after = evaluate_duration(spec.deadline, input, at);
    if (!after.ok()) return fail(id, "with.deadline", after.error());
    asked.due = add(context_.now, *after);
  }
  const UtcTime due = asked.due;
  emit(std::move(asked));
  if (due.micros != 0) emit(TimerSet{next_id(), id, TimerPurpose::approval, due});
}

void Run::decide_approval(ApprovalId approval, const Decision& decision) {
  const Approval* found = instance_.find_approval(approval);
  HENCE_CHECK(found != nullptr);
  const FrameId frame = found->frame;
  const Task& task = task_of(frame);
  ApprovalDecided decided;
  decided.approval = approval;
  decided.frame = frame;
  decided.verdict = decision.verdict;
  decided.by = decision.by;
  decided.reason = decision.reason;
  decided.claimed = decision.claimed;
  const std::string_view word = verdict_name(decision.verdict);
  if (decision.verdict == Verdict::granted || task.as<ApprovalSpec>().refusal_is_output) {
    json::Builder b;
    b.begin_object().member("decision", word);
    if (!decision.by.empty()) b.member("by", decision.by);
    if (!decision.reason.empty()) b.member("reason", decision.reason);
    b.member("at", format_rfc3339(context_.now)).end_object();
    decided.output = std::move(b).finish();
  } else {
    const bool expired = decision.verdict == Verdict::expired;
    std::string detail = expired ? "nobody decided in time" : "denied";
    if (!decision.by.empty()) detail += " by " + decision.by;
    if (!decision.reason.empty()) detail += ": " + decision.reason;
    json::Builder b;
    b.begin_object().member("type", expired ? kApprovalExpired : kApprovalDenied);
    b.key("status").number(int64_t{expired ? 408 : 403});
    b.member("instance", task.reference);
    b.member("title", expired ? "The approval expired" : "The approval was denied");
    b.member("detail", detail).end_object();
    decided.error = std::move(b).finish();
  }
  emit(std::move(decided));
}

}  // namespace hence::workflow
