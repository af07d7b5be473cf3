// SPDX-License-Identifier: Apache-2.0
#include "harness/node.h"

#include <algorithm>
#include <utility>

#include "log/compress.h"

namespace hence::harness {
namespace {

constexpr size_t kContinuationsPerBatch = 64;

/// The store as it is, for a look that ends before the next batch: nothing is copied.
class LiveView final : public store::Snapshot {
 public:
  explicit LiveView(const store::Store& store) : store_(store) {}
  Result<std::optional<std::string>> get(store::Family family, std::string_view key) const override { return store_.get(family, key); }
  Status scan(store::Family family, const store::ScanRange& range, const store::Visitor& visitor) const override {
    return store_.scan(family, range, visitor);
  }

 private:
  const store::Store& store_;
};

}  // namespace

/// Sinks, secrets and definitions as they are when an attempt leaves.
class Node::LiveDirectory : public delivery::Directory {
 public:
  explicit LiveDirectory(const Node& node) : node_(node) {}

  const resource::SinkSpec* find_sink(std::string_view name_space, std::string_view name) override {
    definitions_ = node_.definitions();
    const engine::Stored* stored = definitions_->find(name_space, resource::Kind::sink, name);
    return stored == nullptr ? nullptr : &std::get<resource::SinkSpec>(stored->resource->spec);
  }
  Result<std::string> read_secret(std::string_view, std::string_view name) override {
    return node_.ports_.read_secret(name);
  }
  Result<std::string> read_file(const std::string& uri) override {
    if (node_.ports_.read_document) return node_.ports_.read_document(uri);
    return Error(ErrorCode::NotFound, "there is no " + uri);
  }
  Result<std::shared_ptr<const workflow::Definition>> find_workflow(const engine::Effect& effect) override {
    const api::ReadView view = node_.read_view();
    return engine::load_workflow(*view.snapshot, effect.name_space, effect.workflow, effect.revision);
  }

 private:
  const Node& node_;
  std::shared_ptr<const engine::Definitions> definitions_;  ///< keeps what find_sink gave
};

Node::Node(const NodePorts& ports, const NodeOptions& options, NodeWatcher* watcher)
    : ports_(ports), options_(options), watcher_(watcher) {}

Node::~Node() = default;

Result<std::unique_ptr<Node>> Node::open(const NodePorts& ports, const NodeOptions& options,
                                         NodeWatcher* watcher) {
  std::unique_ptr<Node> node(new Node(ports, options, watcher));
  log::LogOptions log_options = options.log;
  HENCE_TRY(log_options.acknowledged, engine::Overlay::applied_position(ports.store));
  HENCE_TRY(node->log_, log::Log::open(ports.disk, log_options, node->report_));
  HENCE_TRY(node->engine_, engine::Engine::open(ports.store, *node->log_, options.engine));
  node->definitions_ = node->engine_->definitions();
  node->directory_ = std::make_unique<LiveDirectory>(*node);
  node->dispatcher_ = std::make_unique<delivery::Dispatcher>(
      options.dispatcher, *node->directory_, ports.http, ports.processes,
      [raw = node.get()] { raw->dispatcher_woken_ = true; });
  return node;
}

Status Node::submit(engine::Command command, size_t, bool, Done done) {
  queue_.push_back({std::move(command), std::move(done)});
  return {};
}

api::ReadView Node::read_view() const {
  return {ports_.store.snapshot(), log_->view(), definitions_};
}

void Node::when_applied(Address address, Duration, std::function<void(bool)> then) {
  then(log_->last_sequence(address.partition) >= address.sequence);
}

bool Node::can_decide() const {
  if (in_flight_.size() >= kBatchesInFlightMax) return false;
  return !queue_.empty() || !engine_->continuing().empty() ||
         !engine_->partitions_due(ports_.clock.now()).empty();
}

std::vector<engine::Command> Node::take_commands(size_t commands_max, InFlight& next) {
  std::vector<engine::Command> commands;
  while (!queue_.empty() && commands.size() < commands_max) {
    engine::Command& command = commands.emplace_back(std::move(queue_.front().command));
    command.ticket = queue_.front().done ? ++last_ticket_ : 0;
    if (command.ticket != 0) next.waiting.emplace_back(command.ticket, std::move(queue_.front().done));
    queue_.pop_front();
  }
  next.queued = commands.size();
  for (const Partition partition : engine_->partitions_due(ports_.clock.now())) {
    commands.emplace_back().body = engine::TimersDue{partition};
  }
  size_t count = 0;
  for (const Address& instance : engine_->continuing()) {
    if (++count > kContinuationsPerBatch) break;
    commands.emplace_back().body = engine::ContinueInstance{instance};
  }
  for (engine::Command& command : commands) {
    command.now = ports_.clock.now();
    command.random = ports_.random.next();
  }
  return commands;
}

void Node::put_back(engine::Command command, InFlight& flight) {
  Done done;
  if (command.ticket != 0) {
    done = std::move(flight.waiting.back().second);
    flight.waiting.pop_back();
  }
  queue_.push_front({std::move(command), std::move(done)});
}

Status Node::decide(size_t commands_max) {
  if (!can_decide()) return {};
  InFlight next;
  std::vector<engine::Command> commands = take_commands(commands_max, next);
  HENCE_TRY(next.batch, engine_->decide(commands));
  counters_.commands += next.batch.decided;
  for (size_t i = next.queued; i > next.batch.decided; --i) put_back(std::move(commands[i - 1]), next);
  api::count_batch(next.batch, counters_);
  if (!next.batch.records.empty()) {
    HENCE_TRY(log::Commit commit, log_->stage(next.batch.views()));
    next.commit.emplace(std::move(commit));
  }
  if (watcher_ != nullptr) watcher_->on_decided(next.batch);
  if (options_.plant_reply_before_sync) reply(next);
  if (options_.plant_effect_before_record) hand_out(next.batch);
  in_flight_.push_back(std::move(next));
  return {};
}

bool Node::can_write() const {
  return std::any_of(in_flight_.begin(), in_flight_.end(), [](const InFlight& f) { return f.commit && !f.written; });
}

Status Node::write() {
  for (InFlight& flight : in_flight_) {
    if (!flight.commit || flight.written) continue;
    HENCE_TRY_VOID(log_->writer().write(*flight.commit));
    flight.written = true;
    ++unsynced_;
    return {};
  }
  return {};
}

Status Node::sync() {
  if (!can_sync()) return {};
  if (const Status status = log_->writer().sync(); !status.ok()) {
    if (options_.plant_failed_batch_kept) keep_failed();
    return status;
  }
  for (InFlight& flight : in_flight_) flight.synced = flight.written;
  unsynced_ = 0;
  ++counters_.commits;
  return {};
}

bool Node::can_release() const {
  return !in_flight_.empty() && (in_flight_.front().synced || !in_flight_.front().commit);
}

Status Node::release() {
  if (!can_release()) return {};
  InFlight done = std::move(in_flight_.front());
  in_flight_.pop_front();
  if (done.commit) {
    const Position end = done.commit->result().end;
    log_->acknowledge(std::move(*done.commit));
    HENCE_TRY_VOID(engine_->durable(end));
    if (done.batch.definitions) definitions_ = done.batch.definitions;
    if (watcher_ != nullptr) watcher_->on_durable(done.batch);
    hand_out(done.batch);
  }
  reply(done);
  return {};
}

/// The planted mistake: the state takes what the log may have lost.
void Node::keep_failed() {
  for (const InFlight& flight : in_flight_) {
    if (flight.commit && flight.written) (void)engine_->durable(flight.commit->result().end);
  }
}

void Node::hand_out(engine::Batch& batch) {
  const os::MonotonicTime now = ports_.clock.monotonic();
  for (engine::Effect& effect : batch.effects) dispatcher_->offer(std::move(effect), now);
  for (const engine::EffectId& id : batch.cancelled) dispatcher_->cancel(id);
  if (!batch.effects.empty() || !batch.cancelled.empty()) dispatcher_woken_ = true;
  batch.effects.clear();
  batch.cancelled.clear();
}

void Node::reply(InFlight& batch) {
  std::vector<std::pair<uint64_t, Done>> waiting = std::move(batch.waiting);
  batch.waiting.clear();
  auto next = waiting.begin();
  for (const engine::Reply& reply : batch.batch.replies) {
    if (reply.ticket == 0) continue;
    while (next != waiting.end() && next->first != reply.ticket) ++next;
    if (next == waiting.end()) break;
    next->second(reply);
  }
}

Result<bool> Node::dispatch() {
  const os::MonotonicTime now = ports_.clock.monotonic();
  const auto due = dispatcher_->next_due();
  const bool is_due = due && *due <= now;
  if (!dispatcher_woken_ && !is_due && !dispatcher_->wants_pull()) return false;
  dispatcher_woken_ = false;
  if (dispatcher_->wants_pull()) {
    const LiveView now_stored(ports_.store);
    HENCE_TRY_VOID(dispatcher_->pull(
        [&](std::optional<engine::EffectId> after, size_t limit, const engine::SinkWanted& wanted) {
          return engine::ready_effects(now_stored, options_.engine.partitions, after, limit, wanted);
        },
        now));
  }
  for (engine::AttemptEnded& ended : dispatcher_->poll(now, ports_.clock.now())) {
    const engine::EffectId id = ended.effect;
    const uint32_t attempt = ended.attempt;
    if (watcher_ != nullptr) watcher_->on_outcome(ended);
    engine::Command command;
    command.body = std::move(ended);
    HENCE_TRY_VOID(submit(std::move(command), 0, false, [this, id, attempt](const engine::Reply&) {
      dispatcher_->settled(id, attempt);
      dispatcher_woken_ = true;
    }));
  }
  return true;
}

Status Node::commit_all(uint32_t batches_max) {
  for (uint32_t batches = 0; can_decide() || !in_flight_.empty(); ++batches) {
    if (batches == batches_max) return Error(ErrorCode::Internal, "after " + std::to_string(batches) + " batches there is still more to decide");
    HENCE_TRY_VOID(decide());
    while (can_write()) HENCE_TRY_VOID(write());
    HENCE_TRY_VOID(sync());
    while (can_release()) HENCE_TRY_VOID(release());
  }
  return {};
}

Result<uint64_t> Node::retain(log::RetentionLimits limits) {
  if (!log_->would_drop(limits)) return uint64_t{0};
  HENCE_TRY(limits.keep_from, engine::Overlay::applied_position(ports_.store));
  HENCE_TRY_VOID(ports_.store.flush());
  return log_->drop(limits);
}

Status Node::compress() {
  const auto base = log_->next_to_compress();
  if (!base || compressed_) return {};
  HENCE_TRY(compressed_, log::compress_segment(ports_.disk, *base));
  return {};
}

Status Node::take_compressed() {
  return compressed_ ? log_->take_compressed(std::exchange(compressed_, nullptr)) : Status();
}

std::optional<UtcTime> Node::next_due() const {
  std::optional<UtcTime> next = engine_->next_timer();
  if (const auto due = dispatcher_->next_due()) {
    const UtcTime wall = ports_.clock.now() + std::max(*due - ports_.clock.monotonic(), Duration{0});
    if (!next || wall < *next) next = wall;
  }
  return next;
}

}  // namespace hence::harness
