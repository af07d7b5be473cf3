// SPDX-License-Identifier: Apache-2.0
// What lives needs nothing that retention dropped: a node that has the stored state and what is left of the log
// comes to where one with all of the log is, has everything that the dropped records made and is not over, and
// answers for it.

#include "base/reached.h"
#include "engine/query.h"
#include "sim/run.h"

namespace hence::sim {

void Run::check_living() {
  store::MemoryStore state(store_.inner());
  const auto compare_with_facts = [&] {
    for (const std::string& sentence : audit_.living().missing_in(*state.snapshot())) broken("I-26", "after retention " + sentence);
  };
  if (applied() == node_->log().durable()) compare_with_facts();  // nothing is to come
  if (is_over()) return;
  const auto engine = engine::Engine::open(state, node_->log(), setup_.node.engine);
  if (!engine.ok()) return broken("I-26", "what is left of the log does not lead on from the state: " + engine.error().message());
  compare_with_facts();
  if (is_over()) return;
  const auto snapshot = state.snapshot();
  log::LogReader reader(disk_, node_->log().view());
  engine::Query query({*snapshot, reader, (*engine)->definitions(), setup_.node.engine.hash_key, setup_.node.engine.partitions});
  ask_of_living(query);
  if (is_over()) return;
  const Result<Hash128> left = (*engine)->state_digest();
  store::MemoryStore all(*fold_);
  const auto folded = engine::Engine::open(all, node_->log(), setup_.node.engine);
  const Result<Hash128> whole = folded.ok() ? (*folded)->state_digest() : Result<Hash128>(folded.error());
  if (!left.ok() || !whole.ok() || *left != *whole) broken("I-26", "after retention the state comes to something else than all of the log does");
}

/// Everything that users may ask about what is under way.
void Run::ask_of_living(engine::Query& query) {
  const auto is_gone = [&](Address record) {
    const auto found = node_->log().find(record);
    return !found.ok() && found.error().code() == ErrorCode::BeyondRetention;
  };
  const auto expect = [&](const auto& answer, const std::string& question) {
    if (!answer.ok()) broken("I-26", "after retention " + question + " is answered with: " + answer.error().message());
  };
  for (const auto& [id, instance] : audit_.living().instances()) {
    if (instance.ended) continue;
    const std::string name = id.to_string();
    expect(query.instance(instance.name_space, id), "instance " + name);
    expect(query.why(instance.name_space, id, clock_.now()), "why instance " + name + " waits");
    const auto trace = query.trace(instance.name_space, id);
    expect(trace, "the trace of instance " + name);
    for (const auto& [number, asked] : instance.approvals) {
      expect(query.approval(instance.name_space, {id, number}), "approval " + name + "." + std::to_string(number));
    }
    if (!is_gone(id)) continue;
    SIM_REACHED("sim: an instance under way is older than the log");
    if (trace.ok() && (*trace)->string_or("note", "").empty()) broken("I-26", "the trace of instance " + name + " is cut short and does not say so");
  }
  for (const auto& [id, effect] : audit_.living().effects()) {
    if (!effect.delivery) continue;
    expect(query.delivery(effect.name_space, id), "delivery " + id.to_string());
    if (is_gone(id.record)) SIM_REACHED("sim: a delivery that is not done is older than the log");
  }
  for (const List list : {&engine::Query::instances, &engine::Query::deliveries, &engine::Query::approvals}) {
    expect((query.*list)("default", {}), "a list");
  }
  expect(query.schedules("default"), "the list of schedules");
}

}  // namespace hence::sim
