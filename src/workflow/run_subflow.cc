// SPDX-License-Identifier: Apache-2.0
// Subflows: what a task asks the engine to start, and what it makes of the end.

#include "json/builder.h"
#include "workflow/http.h"
#include "workflow/run.h"

namespace hence::workflow {

json::Value read_child_end(const SubflowSpec& spec, const ChildOutcome& end,
                           std::string_view reference, std::optional<json::Value>& error) {
  if (end.output) return spec.discards ? json::Value() : *end.output;
  if (!end.error) {
    error = make_error(ErrorType::runtime, reference,
                       "the subflow " + end.instance.to_string() + " was cancelled" +
                           (end.reason.empty() ? "" : ": " + end.reason));
    return {};
  }
  json::Builder b;
  b.begin_object();
  for (std::string_view key : {"type", "status"}) {
    if (const auto member = (*end.error)->find(key)) b.member(key, *member);
  }
  b.member("instance", reference);
  for (std::string_view key : {"title", "detail"}) {
    if (const auto member = (*end.error)->find(key)) b.member(key, *member);
  }
  error = std::move(b.end_object()).finish();
  return {};
}

void Run::run_subflow(FrameId id) {
  const Task& task = task_of(id);
  const SubflowSpec& spec = task.as<SubflowSpec>();
  const auto awaited = [&] {
    uint64_t count = 0;
    for (const Call& call : instance_.calls) count += call.kind == CallKind::workflow ? 1 : 0;
    return count;
  };
  if (spec.await && !within(Limit::children, awaited() + 1)) {
    return fail_limit(id, Limit::children, "run: the instance awaits too many subflows already");
  }
  Arguments at = arguments(id, task.scope);
  Result<json::Value> input = evaluate(spec.input, frame_of(id).input(), at);
  if (!input.ok()) return fail(id, "run.workflow.input", input.error());
  if (!within(Limit::call_bytes, (*input)->to_text().size())) {
    return fail_limit(id, Limit::call_bytes, "run: the input would be too large");
  }
  std::string workflow = spec.workflow;
  if (context_.find_workflow) {
    Result<std::string> found = context_.find_workflow(workflow);
    if (!found.ok()) {
      const bool unknown = found.error().code() == ErrorCode::NotFound;
      return fail(id, unknown ? ErrorType::configuration : ErrorType::runtime,
                  "run: " + found.error().message());
    }
    workflow = std::move(*found);
  }
  json::Builder b;
  b.begin_object().member("workflow", workflow).member("input", *input).end_object();
  emit(CallRequested{next_id(), id, frame_of(id).task, CallKind::workflow, false, !spec.await,
                     attempt_of(id), std::move(b).finish()});
  if (!spec.await) end_task(id);
}

}  // namespace hence::workflow
