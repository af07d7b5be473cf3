// SPDX-License-Identifier: Apache-2.0
// Tasks without lists inside: switch, wait, raise, emit, call, run.

#include <array>
#include <cstdio>

#include "base/hash.h"
#include "json/builder.h"
#include "workflow/http.h"
#include "workflow/run.h"

namespace hence::workflow {
namespace {

/// A UUID (RFC 9562, version 8) from the instance and the number of its step: the same however
/// often the command is tried, and no other task's.
std::string event_id(Address instance, uint64_t steps, uint64_t random) {
  const Hash128 hash = siphash128({random, steps}, instance.to_string());
  std::array<char, 40> text;
  std::snprintf(text.data(), text.size(), "%08x-%04x-8%03x-%04x-%012llx",
                static_cast<unsigned>(hash.high >> 32),
                    static_cast<unsigned>(hash.high >> 16 & 0xFFFF),
                static_cast<unsigned>(hash.high & 0xFFF),
                static_cast<unsigned>(0x8000 | (hash.low >> 48 & 0x3FFF)),
                static_cast<unsigned long long>(hash.low & 0xFFFFFFFFFFFF));
  return text.data();
}

bool is_attribute_name(std::string_view name) {
  if (name.empty()) return false;
  for (char c : name) {
    if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))) return false;
  }
  return true;
}

/// What is wrong with the attributes of an event to emit; empty if nothing.
std::string fault_of_event(json::View given) {
  if (!given.is_object()) return "expected an object of attributes";
  if (given.string_or("type", "").empty()) return "type: expected a text that is not empty";
  for (auto [name, value] : given.members()) {
    if (name == "data") continue;
    if (!is_attribute_name(name)) {
      return "\"" + std::string(name) + "\" is no attribute name; lower-case letters and digits "
                                        "are";
    }
    if (value.is_array() || value.is_object()) {
      return std::string(name) + ": an attribute is a text, number or boolean; values go into data";
    }
    const bool text_only = name == "id" || name == "source" || name == "type" ||
        name == "subject" ||
                           name == "time" || name == "datacontenttype" || name == "dataschema";
    if (text_only && !value.is_null() && (!value.is_string() || value.as_string().empty())) {
      return std::string(name) + ": expected a text that is not empty";
    }
    if (name == "time" && value.is_string() && !parse_rfc3339(value.as_string()).ok()) {
      return "time: expected a time such as 2026-04-28T18:34:06Z";
    }
  }
  return {};
}

}  // namespace

void Run::run_switch(FrameId id) {
  const Task& task = task_of(id);
  const SwitchSpec& spec = task.as<SwitchSpec>();
  Arguments at = arguments(id, task.scope);
  for (const SwitchCase& one : spec.cases) {
    const Result<bool> match = test(one.when, frame_of(id).input(), at);
    if (!match.ok()) {
      return fail(id, "switch." + one.name, match.error());
    }
    if (*match) return end_task(id, std::nullopt, one.then);
  }
  end_task(id, std::nullopt, spec.otherwise ? spec.otherwise->then : task.then);
}

void Run::run_wait(FrameId id) {
  const Task& task = task_of(id);
  Arguments at = arguments(id, task.scope);
  const Result<CalendarDuration> length =
      evaluate_duration(task.as<WaitSpec>().duration, frame_of(id).input(), at);
  if (!length.ok()) return fail(id, "wait", length.error());
  emit(TimerSet{next_id(), id, TimerPurpose::wait, add(context_.now, *length)});
}

void Run::run_raise(FrameId id) {
  const Task& task = task_of(id);
  Arguments at = arguments(id, task.scope);
  const Result<json::Value> given = evaluate(task.as<RaiseSpec>().error, frame_of(id).input(), at);
  if (!given.ok()) return fail(id, "raise", given.error());
  const json::View error = *given;
  const std::string_view type = error.string_or("type", "");
  const auto status = error.find("status");
  if (type.empty() || !status || !status->is_number()) {
    return fail(id, ErrorType::expression, "raise: expected a text `type` and a number `status`");
  }
  json::Builder b;
  b.begin_object().member("type", type).member("status", *status);
  b.member("instance", error.string_or("instance", task.reference));
  for (std::string_view key : {"title", "detail"}) {
    if (const auto text = error.find(key); text && !text->is_null()) b.member(key, *text);
  }
  b.end_object();
  fail(id, std::move(b).finish());
}

void Run::run_emit(FrameId id) {
  const Task& task = task_of(id);
  Arguments at = arguments(id, task.scope);
  const Result<json::Value> given = evaluate(task.as<EmitSpec>().event, frame_of(id).input(), at);
  if (!given.ok()) return fail(id, "emit", given.error());
  const json::View attributes = *given;
  if (const std::string fault = fault_of_event(attributes); !fault.empty()) {
    return fail(id, ErrorType::expression, "emit: " + fault);
  }
  const std::string made = event_id(context_.instance, instance_.steps, random());
  const std::string source = "/" + definition_.workflow_namespace + "/" + definition_.name + "/" +
                             definition_.version;
  json::Builder b;
  b.begin_object().member("specversion", "1.0").member("id", attributes.string_or("id", made));
  b.member("source", attributes.string_or("source", source));
  b.member("type", attributes.string_or("type", ""));
  b.member("time", attributes.string_or("time", format_rfc3339(context_.now)));
  if (!context_.traceparent.empty() && !attributes.find("traceparent")) b.member("traceparent", context_.traceparent);
  for (auto [name, value] : attributes.members()) {
    const bool done = name == "id" || name == "source" || name == "type" || name == "time" ||
                      name == "specversion" || name == "data";
    if (!done && !value.is_null()) b.member(name, value);
  }
  if (const auto data = attributes.find("data")) b.member("data", *data);
  b.end_object();
  json::Value event = std::move(b).finish();
  if (context_.check_event) {
    const std::string refusal = context_.check_event(event);
    if (!refusal.empty()) return fail(id, ErrorType::validation, "emit: " + refusal);
  }
  emit(EventEmitted{id, frame_of(id).task, event});
  end_task(id, std::move(event), task.then);
}

void Run::run_shell(FrameId id) {
  const Task& task = task_of(id);
  const ShellSpec& spec = task.as<ShellSpec>();
  if (spec.source && !frame_of(id).document) return fetch(id, *spec.source);
  const json::View source = frame_of(id).document ? frame_of(id).document->view() : json::View();
  Arguments at = arguments(id, task.scope);
  const json::Value input = frame_of(id).input();
  if (arguments_of(spec).has(Argument::secrets) || arguments_of(spec).has(Argument::secret)) {
    if (const Status loaded = at.load_secrets(); !loaded.ok()) return fail(id, "run", loaded.error());
  }
  Result<json::Value> request = build_process_request(
      spec, {input, at.slots(arguments_of(spec)), environment(at)}, source);
  if (!request.ok()) {
    return fail(id, read_failure({request.error().code(), "run: " + request.error().message()},
                                 true,
                                 task.reference));
  }
  emit(CallRequested{next_id(), id, frame_of(id).task, CallKind::shell, false, !spec.await,
                     attempt_of(id),
                     std::move(request).value()});
  if (!spec.await) end_task(id);  // nobody waits: the input is the output
}

uint32_t Run::attempt_of(FrameId id) {
  for (const Frame* frame = instance_.find_frame(id); frame; frame =
      instance_.find_frame(frame->parent)) {
    if (frame->attempt != 0) return frame->attempt;
  }
  return 0;
}

}  // namespace hence::workflow
