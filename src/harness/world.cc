// SPDX-License-Identifier: Apache-2.0
#include "harness/world.h"

#include "workflow/deferred.h"

#include <algorithm>

#include "api/zones.h"
#include "event/event.h"
#include "workflow/imports.h"

namespace hence::harness {

using delivery::HttpAnswer;
using delivery::HttpCall;
using delivery::ProcessAnswer;
using delivery::ProcessCall;

/// Answers within submit(), so that what waits for the engine need not wait.
class World::ImmediateBackend : public api::Backend {
 public:
  explicit ImmediateBackend(Node& node) : node_(node) {}
  Status submit(engine::Command command, size_t bytes, bool external, Done done) override {
    HENCE_TRY_VOID(node_.submit(std::move(command), bytes, external, std::move(done)));
    return node_.commit_all();
  }
  api::ReadView read_view() const override { return node_.read_view(); }
  std::shared_ptr<const engine::Definitions> definitions() const override { return node_.definitions(); }
  api::EngineCounters counters() const override { return node_.counters(); }
  void when_applied(Address address, Duration patience, std::function<void(bool)> then) override {
    node_.when_applied(address, patience, std::move(then));
  }

 private:
  Node& node_;
};

World::World(WorldOptions options)
    : options_(options), clock_(options.start), random_(options.seed), disk_(&clock_) {
  if (const Status opened = open(); !opened.ok()) broken_ = opened.error();
}

World::~World() = default;

Status World::open() {
  node_.reset();
  connect();
  NodeOptions options;
  options.engine.hash_key = {options_.seed, 2};
  if (options_.secrets_anywhere) {
    options.engine.read_secrets = [this](const engine::Definitions&, std::string_view, const std::vector<std::string>& names) {
      return workflow::secrets_object(names, [this](const std::string& name) { return read_secret(name); });
    };
  }
  options.engine.zones = api::system_zones();
  options.log.segment_bytes = 1 << 20;
  options.log.zero_ahead_bytes = 1 << 16;
  options.log.filter_bytes_max = 1 << 20;
  const NodePorts ports{clock_, random_, disk_, store_, *http_client_, *processes_,
                        [this](std::string_view name) { return read_secret(name); },
                        [this](const std::string& uri) { return read_document(uri); }};
  HENCE_TRY(node_, Node::open(ports, options));
  return {};
}

Result<std::string> World::read_secret(std::string_view name) const {
  const auto found = secrets_.find(std::string(name));
  if (found != secrets_.end()) return found->second;
  return Error(ErrorCode::SecretUnavailable,
               "secret " + std::string(name) + " has no value in this test; give it under secrets");
}

Result<std::string> World::read_document(const std::string& uri) const {
  const auto found = documents_.find(uri);
  if (found != documents_.end()) return found->second;
  return Error(ErrorCode::NotFound, "the test has no document " + uri + "; give it under documents");
}

/// The request is built to see that it can be; nothing is sent.
Result<std::string> World::read_import(const workflow::Import& import, const api::SecretOf& secret) const {
  if (import.authentication.scheme != workflow::AuthenticationSpec::Scheme::none) {
    HENCE_TRY(const json::Value secrets, workflow::secrets_object(import.secrets, secret));
    HENCE_TRY_VOID(workflow::build_import_request(import, secrets, clock_.now()));
  }
  return read_document(import.uri);
}

/// New clients: what a process had under way ends with it.
void World::connect() {
  late_.clear();
  http_client_ = std::make_unique<delivery::SimulatedHttpClient>();
  processes_ = std::make_unique<delivery::SimulatedProcessRunner>();
  http_client_->respond_otherwise([this](const HttpCall& call) { return answer_http(call); });
  processes_->respond_otherwise([this](const ProcessCall& call) { return answer_process(call); });
}

namespace {

/// The id of the effect a call is for: its Idempotency-Key.
std::string effect_of(const HttpCall& call) {
  for (const auto& [name, value] : call.headers) {
    if (name == "idempotency-key") return value;
  }
  return {};
}

}  // namespace

std::optional<Result<HttpAnswer>> World::answer_http(const HttpCall& call) {
  constexpr std::string_view kSink = "sink ";
  const bool is_sink = call.destination.starts_with(kSink);
  const std::string name = is_sink ? call.destination.substr(kSink.size()) : call.url;
  const std::string task = is_sink ? std::string() : task_of(effect_of(call));
  auto given = is_sink ? sinks.take(name) : http.take(task);
  if (!given && !is_sink) given = http.take_by_prefix(call.method + " " + call.url);
  if (!given && !is_sink) given = http.take_by_prefix(call.url);
  if (const auto text = documents_.find(call.url); !given && !is_sink && text != documents_.end()) {
    given = {Result<HttpAnswer>(HttpAnswer{200, {}, text->second}), {}};
  }
  if (!given && is_sink) given = {Result<HttpAnswer>(HttpAnswer{200, {}, {}}), {}};
  if (!given) {
    given = {Result<HttpAnswer>(Error(ErrorCode::CallFailed, "the test says no answer for " + call.method + " " +
                                                                 call.url + "; give one under http")), {}};
  }
  std::vector<SentCall>& calls = is_sink ? sink_calls : http_calls;
  calls.push_back({name, task, clock_.now(), call, {}, {}});
  const size_t index = calls.size() - 1;
  if (given->delay.micros <= 0) {
    calls[index].answer = given->answer;
    return given->answer;
  }
  const uint64_t id = http_client_->sent().back().call_id;
  late_.push_back({clock_.now() + given->delay, ++late_count_, [this, id, &calls, index, answer = given->answer] {
                     if (http_client_->answer(id, answer)) calls[index].answer = answer;
                   }});
  return std::nullopt;
}

std::optional<Result<ProcessAnswer>> World::answer_process(const ProcessCall& call) {
  const std::string task = task_of(call.attempt_name.substr(0, call.attempt_name.rfind('-')));
  auto given = commands.take(task);
  if (!given) given = commands.take_by_prefix(call.command);
  if (!given) {
    given = {Result<ProcessAnswer>(Error(ErrorCode::CallFailed, "the test says no answer for the command of task " + task +
                                                                    "; give one under shell")), {}};
  }
  shell_calls.push_back({task.empty() ? call.command : task, task, clock_.now(), {}, call, {}});
  if (given->delay.micros <= 0) return given->answer;
  const uint64_t id = processes_->started().back().call_id;
  late_.push_back({clock_.now() + given->delay, ++late_count_, [this, id, answer = given->answer] {
                     processes_->answer(id, answer);
                   }});
  return std::nullopt;
}

std::string World::task_of(const std::string& effect_id) const {
  const auto id = engine::EffectId::parse(effect_id);
  if (!id) return {};
  const auto effect_bytes = store_.get(store::Family::state, engine::keys::effect(*id));
  if (!effect_bytes.ok() || !*effect_bytes) return {};
  const auto effect = decode<engine::EffectRow>(**effect_bytes, "an effect");
  if (!effect.ok()) return {};
  const auto row_bytes = store_.get(store::Family::state, engine::keys::instance(effect->effect.instance));
  if (!row_bytes.ok() || !*row_bytes) return {};
  const auto row = decode<engine::InstanceRow>(**row_bytes, "an instance");
  if (!row.ok()) return {};
  const workflow::Call* open = row->machine.find_call(static_cast<workflow::CallId>(effect->effect.call));
  const workflow::Frame* frame = open == nullptr ? nullptr : row->machine.find_frame(open->frame);
  if (frame == nullptr) return {};
  const auto snapshot = store_.snapshot();
  const auto definition = engine::load_workflow(*snapshot, row->name_space, row->workflow + ":" + row->version, row->revision);
  return definition.ok() ? std::string((*definition)->task(frame->task).name) : std::string();
}

Result<size_t> World::count_timers() const {
  size_t count = 0;
  HENCE_TRY_VOID(store_.scan(store::Family::state, {}, [&](std::string_view key, std::string_view) {
    if (key.size() > 3 && key[2] == 't') {
      const auto timer = engine::keys::parse_timer(key);
      count += timer && timer->kind != engine::TimerKey::Kind::reply ? 1 : 0;
    }
    return true;
  }));
  return count;
}

bool World::give_late_answers() {
  const auto is_due = [&](const LateAnswer& late) { return late.due <= clock_.now(); };
  std::vector<LateAnswer> due;
  std::copy_if(late_.begin(), late_.end(), std::back_inserter(due), is_due);
  std::erase_if(late_, is_due);
  std::sort(due.begin(), due.end(), [](const LateAnswer& a, const LateAnswer& b) {
    return a.due != b.due ? a.due < b.due : a.order < b.order;
  });
  for (const LateAnswer& late : due) late.give();
  return !due.empty();
}

Status World::settle() {
  if (broken_) return *broken_;
  const uint64_t commands_max = node_->counters().commands + options_.commands_max;
  bool active = true;
  while (active) {
    active = give_late_answers();
    HENCE_TRY(const bool dispatched, node_->dispatch());
    active = active || dispatched || node_->can_decide();
    HENCE_TRY_VOID(node_->commit_all());
    if (node_->counters().commands > commands_max) {
      return Error(ErrorCode::BudgetExceeded,
                   "it does not come to rest: more than " + std::to_string(options_.commands_max) +
                       " commands at one moment; look for a workflow or rules without end");
    }
  }
  return {};
}

std::optional<UtcTime> World::next_due() const {
  std::optional<UtcTime> next = node_->next_due();
  for (const LateAnswer& late : late_) {
    if (!next || late.due < *next) next = late.due;
  }
  return next;
}

Status World::advance(Duration duration) {
  const UtcTime end = clock_.now() + duration;
  HENCE_TRY_VOID(settle());
  for (auto due = next_due(); due && *due <= end; due = next_due()) {
    // At least a microsecond: what is due and cannot be done yet must not stop the clock.
    clock_.advance_to(std::max(*due, clock_.now() + Duration{1}));
    HENCE_TRY_VOID(settle());
  }
  clock_.advance_to(end);
  return settle();
}

Status World::restart(Duration down) {
  if (broken_) return *broken_;
  node_.reset();
  disk_.crash(random_);
  store_.crash(os::below(random_, store_.batches_since_flush() + 1));
  clock_.advance_to(clock_.now() + down);
  if (const Status opened = open(); !opened.ok()) {
    broken_ = opened.error();
    return opened;
  }
  return settle();
}

Result<engine::Reply> World::run(engine::Command command) {
  if (broken_) return *broken_;
  std::optional<engine::Reply> reply;
  HENCE_TRY_VOID(node_->submit(std::move(command), 0, true, [&](const engine::Reply& given) { reply = given; }));
  HENCE_TRY_VOID(settle());
  HENCE_CHECK(reply.has_value());
  if (reply->error) return *reply->error;
  return *reply;
}

Status World::apply(const std::string& text) {
  if (broken_) return *broken_;
  ImmediateBackend backend(*node_);
  api::ApplyInput input;
  input.text = text;
  input.secrets_anywhere = options_.secrets_anywhere;
  input.imports = [this](const workflow::Import& import, const api::SecretOf& secret) {
    return read_import(import, secret);
  };
  input.secrets = [this](const engine::Definitions&, std::string_view, std::string_view name) { return read_secret(name); };
  std::optional<api::ApplyOutcome> outcome;
  api::apply_documents(
      backend, clock_, std::move(input),
      [](const std::function<void()>& work) {
        work();
        return true;
      },
      [&](const api::ApplyOutcome& given) { outcome = given; });
  HENCE_CHECK(outcome.has_value());
  if (const auto* refused = std::get_if<api::ApplyRefused>(&*outcome)) return refused->error;
  return settle();
}

Result<engine::Reply> World::send(json::Value value) {
  HENCE_TRY(event::Event event, event::Event::from_value(std::move(value)));
  engine::Command command;
  command.actor.traceparent = event.traceparent();
  command.body = engine::IngestEvent{std::move(event), {}, {}};
  return run(std::move(command));
}

Result<engine::Reply> World::start(engine::StartInstance body) {
  engine::Command command;
  command.body = std::move(body);
  return run(std::move(command));
}

Status World::cancel(Address instance, std::string reason, workflow::Undo undo) {
  engine::Command command;
  command.actor.principal = "test";
  command.actor.reason = std::move(reason);
  command.body = engine::CancelInstance{instance, undo};
  HENCE_TRY(const engine::Reply reply, run(std::move(command)));
  return {};
}

Status World::decide_approval(const engine::EffectId& approval, bool grant, std::string by, std::string reason) {
  engine::Command command;
  command.actor.principal = std::move(by);
  command.actor.reason = std::move(reason);
  command.body = engine::DecideApproval{approval, grant, {}};
  HENCE_TRY(const engine::Reply reply, run(std::move(command)));
  return {};
}

Status World::decide_parked(Address instance, workflow::Parked decision) {
  engine::Command command;
  command.actor.principal = "test";
  command.body = engine::DecideParked{instance, decision};
  HENCE_TRY(const engine::Reply reply, run(std::move(command)));
  return {};
}

Status World::act(engine::ActOnInstance body, std::string reason) {
  engine::Command command;
  command.actor.principal = "test";
  command.actor.reason = std::move(reason);
  command.body = std::move(body);
  HENCE_TRY(const engine::Reply reply, run(std::move(command)));
  return {};
}

Status World::redrive(const engine::EffectId& delivery) {
  engine::Command command;
  command.actor.principal = "test";
  command.body = engine::RedriveDelivery{delivery};
  HENCE_TRY(const engine::Reply reply, run(std::move(command)));
  return {};
}

}  // namespace hence::harness
