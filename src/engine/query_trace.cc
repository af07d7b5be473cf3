// SPDX-License-Identifier: Apache-2.0
// An instance's story, told from its records: every task with input, output, attempts, error, times.

#include <algorithm>

#include "engine/query.h"
#include "engine/query_children.h"
#include "engine/query_json.h"
#include "engine/state.h"
#include "workflow/correlation.h"

namespace hence::engine {
namespace {

/// Records of one instance that a trace reads; the rest of a longer story is said to be left out.
constexpr uint32_t kTraceRecordsMax = 20'000;
constexpr uint32_t kTraceTasksMax = 2'000;
/// Subflows that an instance shows; more are in the list with its id as parent.
constexpr size_t kChildrenShownMax = 100;

struct TaskRun {
  std::string reference, name, kind, status, wait;
  std::string compensates;  ///< reference of the task that it helps to undo
  std::optional<json::Value> input, output, error, request;
  UtcTime started, ended;
  std::optional<uint32_t> approval;  ///< its number
  std::string decision, decided_by, reason;
  std::vector<std::string> events;  ///< positions of those a `listen` took
  uint32_t attempts = 0;
  uint32_t depth = 0;
  std::optional<uint32_t> child;    ///< call that started a subflow
};

/// Folds an instance's facts again and keeps what each task was given and gave. Where the first facts are no longer
/// kept there is nothing to fold onto: then it tells what the others say by themselves, and of what is under way
/// what the state has.
class Tracer {
 public:
  explicit Tracer(const workflow::Definition& definition) : definition_(definition) {}

  void step(const workflow::Fact& fact, UtcTime time) {
    time_ = time;
    std::visit([&](const auto& f) { before(f); }, fact);
    if (!headless_) workflow::apply(machine_, fact);
    std::visit([&](const auto& f) { after(f); }, fact);
  }
  /// The instance's first facts will not come.
  void begin_without_head() { headless_ = true; }
  bool headless() const { return headless_; }
  /// After the last fact: the instance as it is.
  void end_without_head(const workflow::Instance& now) {
    machine_ = now;
    for (const workflow::Frame& frame : machine_.frames) {
      if (machine_.ended() || frame.task == workflow::kNone || !has_begun(frame)) continue;
      time_ = frame.started_at;
      if (open(frame.id) == nullptr) begin(frame.id, frame.task, "running");
      TaskRun* run = open(frame.id);
      if (run == nullptr) continue;
      run->input = frame.input();
      run->depth = depth_of(frame.id);
      tell_waits(frame.id);
    }
    std::stable_sort(runs_.begin(), runs_.end(), [](const TaskRun& a, const TaskRun& b) { return a.started < b.started; });
    open_.clear();
    last_.clear();
  }
  const std::vector<TaskRun>& runs() const { return runs_; }
  uint32_t left_out() const { return left_out_; }
  const std::vector<std::pair<workflow::LimitNear, UtcTime>>& limits() const { return limits_; }
  const workflow::Instance& machine() const { return machine_; }

 private:
  TaskRun* open(workflow::FrameId frame) {
    const auto found = open_.find(frame);
    return found == open_.end() ? nullptr : &runs_[found->second];
  }
  void begin(workflow::FrameId frame, workflow::TaskIndex index, std::string status) {
    if (runs_.size() >= kTraceTasksMax) {
      ++left_out_;
      open_.erase(frame);
      return;
    }
    const workflow::Task& task = definition_.task(index);
    TaskRun run;
    run.reference = task.reference;
    run.name = task.name;
    run.kind = workflow::task_kind_name(task.kind);
    run.status = std::move(status);
    run.started = time_;
    run.depth = depth_of(frame);
    if (machine_.ending && !machine_.compensations.empty()) {
      run.compensates = definition_.task(machine_.compensations.back().task).reference;
    }
    open_[frame] = last_[frame] = runs_.size();
    runs_.push_back(std::move(run));
  }

  uint32_t depth_of(workflow::FrameId frame) const {
    uint32_t depth = 0;
    for (const workflow::Frame* at = machine_.find_frame(frame); at != nullptr && at->parent != workflow::kNoFrame;
         at = machine_.find_frame(at->parent)) {
      ++depth;
    }
    return depth;
  }
  /// Whether its task is under way.
  static bool has_begun(const workflow::Frame& frame) {
    using enum workflow::FrameState;
    return frame.state != ready && frame.state != joined && frame.state != scope_ended;
  }

  /// Brings a listening task's line up to date.
  void tell_waits(workflow::FrameId id) {
    TaskRun* run = open(id);
    const workflow::Frame* frame = machine_.find_frame(id);
    if (run == nullptr || frame == nullptr) return;
    run->wait.clear();
    for (const workflow::Wait& wait : machine_.waits) {
      if (wait.frame != id) continue;
      run->wait += (run->wait.empty() ? "" : "; ") + workflow::describe_wait(definition_, wait, *frame);
    }
  }

  template <typename F> void before(const F&) {}
  template <typename F> void after(const F&) {}
  void after(const workflow::TaskStarted& fact) {
    begin(fact.frame, fact.task, "running");
    const workflow::Frame* frame = machine_.find_frame(fact.frame);
    if (TaskRun* run = open(fact.frame); run != nullptr && frame != nullptr) run->input = frame->input();
  }
  void before(const workflow::TaskSkipped& fact) {
    begin(fact.frame, fact.task, "skipped");
    if (TaskRun* run = open(fact.frame)) run->ended = time_;
    open_.erase(fact.frame);
  }
  void before(const workflow::TaskEnded& fact) {
    TaskRun* run = open(fact.frame);
    const workflow::Frame* frame = machine_.find_frame(fact.frame);
    if (run == nullptr) return;
    run->status = "completed";
    run->ended = time_;
    run->wait.clear();
    run->output = fact.output;
    if (!run->output && frame != nullptr) run->output = frame->raw_output ? frame->raw_output : frame->input();
    open_.erase(fact.frame);
  }
  void before(const workflow::TaskEndedByHand& fact) {
    const workflow::Frame* frame = machine_.find_frame(fact.frame);
    if (open(fact.frame) == nullptr) begin(fact.frame, fact.task, {});
    TaskRun* run = open(fact.frame);
    if (run == nullptr) return;
    run->status = "skipped";
    run->ended = time_;
    if (frame != nullptr) run->input = frame->input();
    run->output = fact.output ? fact.output : run->input;
    open_.erase(fact.frame);
  }
  /// What a fault had ended goes on, but for tasks that begin again.
  void after(const workflow::InstanceRetried&) {
    for (const workflow::Frame& frame : machine_.frames) {
      const auto last = last_.find(frame.id);
      if (!has_begun(frame) || last == last_.end()) continue;
      open_.insert(*last);
      TaskRun& run = runs_[last->second];
      run.status = "running";
      run.ended = UtcTime{};
      run.error.reset();
    }
  }
  void before(const workflow::TaskFaulted& fact) {
    TaskRun* run = open(fact.frame);
    if (run == nullptr) return;
    run->status = "faulted";
    run->ended = time_;
    run->error = fact.error;
    open_.erase(fact.frame);
  }
  void before(const workflow::ErrorCaught& fact) {
    if (TaskRun* run = open(fact.frame)) run->error = fact.error;
  }
  void before(const workflow::RetryScheduled& fact) {
    TaskRun* run = open(fact.frame);
    if (run == nullptr) return;
    run->attempts = fact.attempt;
    run->wait = "retry " + std::to_string(fact.attempt) + " at " + format_rfc3339(fact.due);
  }
  void before(const workflow::CallRequested& fact) {
    TaskRun* run = open(fact.frame);
    if (run == nullptr) return;
    ++run->attempts;
    if (!fact.deferred) run->request = fact.request;
    run->wait = fact.kind == workflow::CallKind::shell ? "a shell command" : "an HTTP call";
    if (fact.kind == workflow::CallKind::workflow) {
      run->wait = "the subflow " + std::string(fact.request->string_or("workflow", ""));
      run->child = fact.call;
    }
    calls_[fact.call] = fact.frame;
  }
  void before(const workflow::CallEnded& fact) {
    TaskRun* run = open(calls_[fact.call]);
    if (run == nullptr) return;
    run->wait.clear();
    if (fact.error) run->error = fact.error;
  }
  void before(const workflow::TimerSet& fact) {
    TaskRun* run = open(fact.frame);
    if (run != nullptr && fact.purpose == workflow::TimerPurpose::wait) run->wait = "until " + format_rfc3339(fact.due);
  }
  void before(const workflow::EventConsumed& fact) {
    TaskRun* run = open(fact.frame);
    if (run != nullptr && run->events.size() < kTraceTasksMax) run->events.push_back(fact.event.to_string());
  }
  void after(const workflow::WaitOpened& fact) { tell_waits(fact.frame); }
  void before(const workflow::WaitClosed& fact) {
    const workflow::Wait* wait = machine_.find_wait(fact.wait);
    closed_from_ = wait != nullptr ? wait->frame : workflow::kNoFrame;
  }
  void after(const workflow::WaitClosed&) { tell_waits(closed_from_); }
  void before(const workflow::LimitNear& fact) { limits_.emplace_back(fact, time_); }
  void before(const workflow::ApprovalRequested& fact) {
    TaskRun* run = open(fact.frame);
    if (run == nullptr) return;
    run->approval = fact.approval;
    run->wait = "a person's approval: " + fact.title;
    if (fact.due.micros != 0) run->wait += ", until " + format_rfc3339(fact.due);
  }
  void before(const workflow::ApprovalDecided& fact) {
    TaskRun* run = open(fact.frame);
    if (run == nullptr) return;
    run->wait.clear();
    run->decision = workflow::verdict_name(fact.verdict);
    run->decided_by = fact.by;
    run->reason = fact.reason;
  }
  void before(const workflow::TimerFired& fact) {
    const workflow::Timer* timer = machine_.find_timer(fact.timer);
    if (TaskRun* run = timer != nullptr ? open(timer->frame) : nullptr) run->wait.clear();
  }
  void after(const workflow::InstanceEnded& fact) { close_all(fact.phase); }
  void after(const workflow::CompensationStarted& fact) { close_all(fact.phase); }
  void close_all(workflow::Phase phase) {
    for (const auto& [frame, index] : open_) {
      if (runs_[index].status != "running") continue;
      runs_[index].status = workflow::phase_name(phase);
      runs_[index].ended = time_;
      runs_[index].wait.clear();
    }
    open_.clear();
  }

  const workflow::Definition& definition_;
  bool headless_ = false;
  workflow::Instance machine_;
  UtcTime time_;
  std::vector<TaskRun> runs_;
  std::map<workflow::FrameId, size_t> open_;
  std::map<workflow::FrameId, size_t> last_;  ///< run that a frame began last, ended or not
  std::map<workflow::CallId, workflow::FrameId> calls_;
  uint32_t left_out_ = 0;
  std::vector<std::pair<workflow::LimitNear, UtcTime>> limits_;  ///< half used
  workflow::FrameId closed_from_ = workflow::kNoFrame;
};

void add_run(json::Builder& builder, Address instance, const TaskRun& run, const Children& children) {
  builder.begin_object();
  builder.member("task", run.name).member("reference", run.reference).member("kind", run.kind);
  builder.member("status", run.status);
  add_text(builder, "compensates", run.compensates);
  builder.key("depth").number(int64_t{run.depth});
  add_time(builder, "started", run.started);
  add_time(builder, "ended", run.ended);
  if (run.attempts > 0) builder.key("attempts").number(int64_t{run.attempts});
  if (!run.wait.empty() && run.status == "running") builder.member("waits", run.wait);
  if (!run.events.empty()) {
    builder.key("events").begin_array();
    for (const std::string& position : run.events) builder.string(position);
    builder.end_array();
  }
  if (run.approval) {
    builder.key("approval").begin_object().member("id", EffectId{instance, *run.approval}.to_string());
    add_text(builder, "decision", run.decision);
    add_text(builder, "by", run.decided_by);
    add_text(builder, "reason", run.reason);
    builder.end_object();
  }
  if (run.input) builder.member("input", *run.input);
  if (run.request) builder.member("request", *run.request);
  if (const auto child = run.child ? children.by_call.find(*run.child) : children.by_call.end();
      child != children.by_call.end()) {
    builder.key("subflow");
    add_instance(builder, child->second.first, child->second.second);
  }
  if (run.output) builder.member("output", *run.output);
  if (run.error) builder.member("error", *run.error);
  builder.end_object();
}

/// What is registered to be undone, in the order in which it would be.
void add_compensations(json::Builder& builder, const workflow::Instance& machine,
                       const workflow::Definition& definition) {
  if (machine.compensations.empty()) return;
  builder.key("compensations").begin_array();
  for (auto one = machine.compensations.rbegin(); one != machine.compensations.rend(); ++one) {
    const workflow::Task& task = definition.task(one->task);
    const bool first = machine.ending && one == machine.compensations.rbegin();
    builder.begin_object().member("task", task.name).member("reference", task.reference);
    builder.member("status", one->error ? "parked" : first ? "running" : one->frame != workflow::kNoFrame ? "open" : "registered");
    if (one->output) builder.member("output", *one->output);
    if (one->error) builder.member("error", *one->error);
    builder.end_object();
  }
  builder.end_array();
}

void add_detail(json::Builder& builder, Address id, const InstanceRow& row, const Children& children) {
  builder.member("id", id.to_string());
  builder.member("workflow", row.workflow).member("version", row.version);
  builder.key("revision").number(static_cast<int64_t>(row.revision));
  builder.member("status", workflow::phase_name(row.machine.shown_phase()));
  add_time(builder, "started", row.started);
  add_time(builder, "ended", row.ended);
  add_text(builder, "key", row.id);
  if (!row.event.is_none()) builder.member("event", row.event.to_string());
  add_text(builder, "rule", row.rule);
  if (row.parent) builder.member("parent", row.parent->instance.to_string());
  if (row.schedule) {
    builder.key("schedule").begin_object().member("name", row.schedule->schedule);
    builder.member("trigger", workflow::trigger_name(row.schedule->trigger));
    builder.member("due", format_rfc3339(row.schedule->due)).end_object();
  }
  add_text(builder, "waits", describe_waits(row.machine));
  add_compensated(builder, compensated_text(row.machine.compensated));
  if (!children.by_call.empty()) {
    builder.key("subflows").begin_array();
    size_t shown = 0;
    for (const auto& [call, child] : children.by_call) {
      if (++shown <= kChildrenShownMax) add_instance(builder, child.first, child.second);
    }
    builder.end_array();
    if (shown > kChildrenShownMax || children.more) {
      builder.member("subflowsNote", "only the first " + std::to_string(kChildrenShownMax) +
                                         " are shown; hence instance list --parent " + id.to_string() + " shows all");
    }
  }
  builder.member("input", row.machine.input);
  if (row.machine.output) builder.member("output", *row.machine.output);
  if (row.machine.error) builder.member("error", *row.machine.error);
  if (row.machine.ending) {
    builder.member("endsAs", workflow::phase_name(row.machine.ending->phase));
    if (row.machine.ending->error) builder.member("error", *row.machine.ending->error);
  }
  builder.member("context", row.machine.context);
}

/// What a person did by this record: "suspended", "task pay skipped"; empty if nothing.
std::string act_of(const ReadRecord& record, Address id, const workflow::Definition& definition) {
  std::string what;
  bool undone = false;  // the end follows from what was undone, or left undone, last: it is no cancel
  for (const Fact& fact : record.facts) {
    const auto* accepted = std::get_if<EventAccepted>(&fact);
    if (accepted != nullptr && accepted->source == kOperatorSource) what = "event sent to it alone";
    if (std::holds_alternative<InstanceStarted>(fact) && record.address == id && !record.reason.empty()) what = "started";
    const auto* stepped = std::get_if<InstanceStepped>(&fact);
    if (stepped == nullptr || stepped->instance != id) continue;
    const workflow::Fact& step = stepped->fact;
    const auto* ended = std::get_if<workflow::InstanceEnded>(&step);
    const auto* by_hand = std::get_if<workflow::TaskEndedByHand>(&step);
    const auto* undoes = std::get_if<workflow::CompensationStarted>(&step);
    const bool asked = !record.principal.empty() || !record.reason.empty();
    undone = undone || std::holds_alternative<workflow::CompensationDone>(step) ||
             std::holds_alternative<workflow::CompensationSkipped>(step);
    if (ended != nullptr && ended->phase == workflow::Phase::cancelled && asked && !undone) what = "cancelled";
    if (undoes != nullptr && undoes->phase == workflow::Phase::cancelled) what = "cancelled, what was done is undone first";
    const auto with = [](workflow::Asker asker) { return asker == workflow::Asker::parent ? " with its parent" : ""; };
    if (const auto* one = std::get_if<workflow::InstanceSuspended>(&step)) what = std::string("suspended") + with(one->asker);
    if (const auto* one = std::get_if<workflow::InstanceResumed>(&step)) what = std::string("resumed") + with(one->asker);
    if (std::holds_alternative<workflow::InstanceRetried>(step)) what = "retried";
    if (std::holds_alternative<workflow::ContextSet>(step)) what = "context set";
    if (by_hand != nullptr) what = "task " + definition.task(by_hand->task).name + " skipped";
  }
  return what;
}

/// Something that a person did, or that came and changed nothing any more.
void add_act(json::Builder& builder, const ReadRecord& record, std::string_view what) {
  builder.begin_object().member("time", format_rfc3339(record.time)).member("what", what);
  add_text(builder, "by", record.principal);
  add_text(builder, "reason", record.reason);
  builder.end_object();
}

/// What a person decided about a parked compensation; empty for other facts.
std::string_view decision_of(const workflow::Fact& fact) {
  if (std::holds_alternative<workflow::CompensationRedriven>(fact)) return "the parked compensation runs again";
  if (std::holds_alternative<workflow::CompensationSkipped>(fact)) return "the parked compensation is left undone";
  return {};
}

}  // namespace

/// BeyondRetention if there was such an instance, as far as the log still knows.
Status Query::check_forgotten(std::string_view name_space, Address id) {
  HENCE_TRY(const auto record, sources_.reader.find(id));
  if (!record || record->header().namespace_name != name_space) return {};
  HENCE_TRY(const std::vector<Fact> facts, parse_facts(record->payload()));
  const bool started = std::any_of(facts.begin(), facts.end(), [](const Fact& fact) {
    return std::holds_alternative<InstanceStarted>(fact);
  });
  if (!started) return {};
  return Error(ErrorCode::BeyondRetention, "the instance " + id.to_string() + " has ended and is no longer kept: "
                                           "`retention.instances` in the configuration says how long they are");
}

Result<InstanceRow> Query::load_instance(std::string_view name_space, Address id) {
  HENCE_TRY(auto row, load_row<InstanceRow>(sources_.snapshot, id.partition, keys::instance(id), "an instance"));
  const auto absent = [&] {
    return Error(ErrorCode::NotFound, "there is no instance " + id.to_string() + " in namespace " +
                                          std::string(name_space) + "; hence instance list shows what runs and ran");
  };
  if (!row) HENCE_TRY_VOID(check_forgotten(name_space, id));
  if (!row || row->name_space != name_space) return absent();
  return std::move(*row);
}

Result<json::Value> Query::instance(std::string_view name_space, Address id) {
  HENCE_TRY(const InstanceRow row, load_instance(name_space, id));
  HENCE_TRY(const Children children, load_children(sources_.snapshot, id));
  json::Builder builder;
  builder.begin_object();
  add_detail(builder, id, row, children);
  if (!row.machine.compensations.empty()) {
    HENCE_TRY(const auto definition, load_workflow(sources_.snapshot, row.name_space,
                                                   row.workflow + ":" + row.version, row.revision));
    add_compensations(builder, row.machine, *definition);
  }
  builder.end_object();
  return std::move(builder).finish();
}

Result<std::shared_ptr<const workflow::Definition>> load_workflow(const store::Snapshot& snapshot,
                                                                  std::string_view name_space,
                                                                  std::string_view name, uint64_t revision) {
  HENCE_TRY(const auto bytes,
            snapshot.get(store::Family::state, keys::definition(resource::kind_name(resource::Kind::workflow),
                                                                name_space, name, revision)));
  if (!bytes) {
    return Error(ErrorCode::StoreFailed, "the definition of workflow " + std::string(name) + " at revision " +
                                             std::to_string(revision) + " is missing from the state");
  }
  HENCE_TRY(const DefinitionRow kept, decode<DefinitionRow>(*bytes, "a definition"));
  HENCE_TRY(const resource::Resource resource, resource::parse_resource(kept.value, name_space));
  return std::get<resource::WorkflowSpec>(resource.spec).definition;
}

Result<json::Value> Query::trace(std::string_view name_space, Address id) {
  HENCE_TRY(const InstanceRow row, load_instance(name_space, id));
  HENCE_TRY(const auto definition, load_workflow(sources_.snapshot, row.name_space,
                                                 row.workflow + ":" + row.version, row.revision));
  std::vector<Sequence> records{id.sequence};
  bool cut = false;
  HENCE_TRY_VOID(sources_.snapshot.scan(store::Family::index, {keys::history_of(id), {}},
                                        [&](std::string_view key, std::string_view) {
    cut = records.size() >= kTraceRecordsMax;
    if (!cut) records.push_back(keys::parse_history(key));
    return !cut;
  }));
  Tracer tracer(*definition);
  std::string note;
  json::Builder ignored, decided, operations;
  ignored.begin_array();
  decided.begin_array();
  operations.begin_array();
  for (const Sequence sequence : records) {
    const Result<ReadRecord> found = read_record(sources_.reader, {id.partition, sequence});
    if (!found.ok() && found.error().code() == ErrorCode::BeyondRetention) {
      tracer.begin_without_head();
      note = "what it did first is not shown: " + found.error().message();
      continue;
    }
    if (!found.ok()) return found.error();
    const ReadRecord& record = *found;
    if (const std::string act = act_of(record, id, *definition); !act.empty()) add_act(operations, record, act);
    for (const Fact& fact : record.facts) {
      const auto* stepped = std::get_if<InstanceStepped>(&fact);
      if (stepped != nullptr && stepped->instance == id) {
        tracer.step(stepped->fact, record.time);
        const std::string_view decision = decision_of(stepped->fact);
        if (!decision.empty()) add_act(decided, record, decision);
      }
      const auto* late = std::get_if<Ignored>(&fact);
      if (late != nullptr && late->instance == id) add_act(ignored, record, late->what);
    }
  }
  if (tracer.headless()) tracer.end_without_head(row.machine);
  HENCE_TRY(const Children children, load_children(sources_.snapshot, id));
  json::Builder builder;
  builder.begin_object();
  add_detail(builder, id, row, children);
  add_compensations(builder, row.machine, *definition);
  builder.key("tasks").begin_array();
  for (const TaskRun& run : tracer.runs()) add_run(builder, id, run, children);
  builder.end_array();
  if (!tracer.limits().empty()) {
    builder.key("limits").begin_array();
    for (const auto& [near, time] : tracer.limits()) {
      builder.begin_object().member("limit", workflow::limit_name(near.limit));
      builder.key("used").number(static_cast<int64_t>(near.used)).key("max").number(static_cast<int64_t>(near.max));
      builder.member("time", format_rfc3339(time)).end_object();
    }
    builder.end_array();
  }
  decided.end_array();
  const json::Value decisions = std::move(decided).finish();
  if (decisions->size() > 0) builder.member("decided", decisions);
  operations.end_array();
  const json::Value acts = std::move(operations).finish();
  if (acts->size() > 0) builder.member("operations", acts);
  ignored.end_array();
  const json::Value came_too_late = std::move(ignored).finish();
  if (came_too_late->size() > 0) builder.member("ignored", came_too_late);
  if (tracer.left_out() > 0 || cut) builder.key("tasksLeftOut").number(int64_t{tracer.left_out()});
  if (cut && note.empty()) note = "the story is longer than " + std::to_string(kTraceRecordsMax) + " records; only its beginning is shown";
  add_text(builder, "note", note);
  builder.end_object();
  return std::move(builder).finish();
}

}  // namespace hence::engine
