// SPDX-License-Identifier: Apache-2.0
// use.extensions: lists of tasks that run before and after others. Their outputs are dropped, but
// for `then: exit` before a task: that takes the task's place.

#include "workflow/run.h"

namespace hence::workflow {

/// Nothing where `when` failed; the task has failed with it then.
std::optional<bool> Run::extension_applies(FrameId id, const ExtensionUse& extension) {
  if (!extension.when.present()) return true;
  Arguments at = arguments(id, kRootScope);  // it is written once for all places, and sees the variables of none
  if (frame_of(id).raw_output) at.set_raw_output(*frame_of(id).raw_output);
  const Result<bool> applies = test(extension.when, frame_of(id).input(), at);
  if (applies.ok()) return *applies;
  fail(id, "the extension's when", applies.error());
  return std::nullopt;
}

bool Run::enter_before(FrameId id, size_t from) {
  const std::vector<ExtensionUse>& extensions = task_of(id).extensions;
  for (size_t i = from; i < extensions.size(); ++i) {
    if (extensions[i].before == kNone) continue;
    const std::optional<bool> applies = extension_applies(id, extensions[i]);
    if (!applies) return true;
    if (!*applies) continue;
    const Scope& list = definition_.scope(extensions[i].before);
    ScopeEntered entered{next_id(), id, extensions[i].before,
                         list.tasks.empty() ? kNone : list.tasks.front(), std::nullopt, {}};
    entered.extension = static_cast<uint32_t>(i + 1);
    emit(std::move(entered));
    return true;
  }
  return false;
}

bool Run::enter_after(FrameId id, size_t from, std::optional<json::Value> raw, Then then) {
  const Task& task = task_of(id);
  const std::vector<ExtensionUse>& extensions = task.extensions;
  const size_t count = extensions.size();
  for (size_t i = from; i < count; ++i) {
    const ExtensionUse& extension = extensions[count - 1 - i];
    if (extension.after == kNone) continue;
    const std::optional<bool> applies = extension_applies(id, extension);
    if (!applies) return true;
    if (!*applies) continue;
    release_below(id);  // branches that lost
    const Frame& frame = frame_of(id);
    const Scope& list = definition_.scope(extension.after);
    ScopeEntered entered{next_id(), id, extension.after,
                         list.tasks.empty() ? kNone : list.tasks.front(), std::nullopt, {}};
    entered.input = raw ? *raw : frame.raw_output ? *frame.raw_output : frame.input();
    entered.extension = static_cast<uint32_t>(count + i + 1);
    entered.raw_output = std::move(raw);
    entered.next = next_of(task, then);
    entered.ends = then.kind == Then::Kind::end;
    emit(std::move(entered));
    return true;
  }
  return false;
}

void Run::go_on_extended(FrameId id) {
  const size_t count = task_of(id).extensions.size();
  const Frame& frame = frame_of(id);
  if (frame.extension <= count) {
    if (!enter_before(id, frame.extension)) execute(id);
    return;
  }
  Then then{Then::Kind::exit, kNone};
  if (frame.ends) then.kind = Then::Kind::end;
  if (frame.next != kNone) then = {Then::Kind::task, frame.next};
  if (!enter_after(id, frame.extension - count, std::nullopt, then)) {
    complete_task(id, std::nullopt, then);
  }
}

void Run::leave_extension(FrameId id) {
  const FrameId parent = frame_of(id).parent;
  const bool before = frame_of(parent).extension <= task_of(parent).extensions.size();
  const bool bypass = before && frame_of(id).exited;
  emit(ScopeLeft{id, parent, bypass ? ScopeEnd::bypass : ScopeEnd::extension});
  if (bypass) complete_task(parent, std::nullopt, task_of(parent).then);
}

}  // namespace hence::workflow
