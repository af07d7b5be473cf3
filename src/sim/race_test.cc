// SPDX-License-Identifier: Apache-2.0
// Answer, failure, cancel and timeout of one task, in every order, with a crash before, between and
// after them: the first to be recorded wins, the others are on record as ignored and change nothing,
// and the state is the log's fold.

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>

#include "harness/world.h"
#include "json/parse.h"
#include "store/memory_store.h"

namespace hence::sim {
namespace {

enum class Blow { answer, failure, cancel, timeout };

constexpr const char* kWorkflow = R"(
document: {dsl: 1.0.3, namespace: sim, name: race, version: 1.0.0}
do:
  - ask:
      timeout: {after: PT10S}
      call: http
      with: {method: get, endpoint: "https://api.example/"}
)";

/// The end the first blow leads to. Answer and failure are commands of the same call, as if the other
/// side had answered twice.
std::string expected_end(Blow first) {
  return first == Blow::answer ? "completed" : first == Blow::cancel ? "cancelled" : "faulted";
}

class RaceWorld {
 public:
  RaceWorld() : world_({}) {
    world_.http.set("https://api.example/", {delivery::status(200)}, Duration::days(1));  // never in time
    EXPECT_TRUE(world_.apply(kWorkflow).ok());
    engine::StartInstance start;
    start.workflow = "sim/race";
    start.input = json::parse("{}").value();
    start.key = "k";
    const auto reply = world_.start(start);
    EXPECT_TRUE(reply.ok());
    instance_ = reply.ok() ? reply->address : Address{};
    const auto ready = engine::ready_effects(*world_.node().read_view().snapshot, world_.node().engine().options().partitions,
                                             std::nullopt, 1);
    EXPECT_TRUE(ready.ok() && ready->size() == 1);
    call_ = ready->front().id;
  }

  void strike(Blow blow) {
    if (blow == Blow::cancel) {
      (void)world_.cancel(instance_, "race");  // refused when it comes too late
    } else if (blow == Blow::timeout) {
      ASSERT_TRUE(world_.advance(Duration::seconds(10)).ok());
    } else {
      engine::AttemptEnded ended;
      ended.effect = call_;
      ended.instance = instance_;
      ended.attempt = 1;
      if (blow == Blow::answer) ended.outcome.answer = workflow::HttpOutcome{200, {}, "{}"};
      else ended.outcome.answer = workflow::CallFailure{ErrorCode::CallFailed, "refused"};
      engine::Command command;
      command.body = ended;
      ASSERT_TRUE(world_.node().submit(std::move(command), 0, false, nullptr).ok());
      ASSERT_TRUE(world_.settle().ok());
    }
  }
  void crash() { ASSERT_TRUE(world_.restart().ok()); }

  std::string status() {
    const auto row = world_.query([&](engine::Query& q) { return q.instance("default", instance_); });
    return row.ok() ? std::string((*row)->string_or("status", "")) : row.error().message();
  }
  /// How many blows the instance's story shows as too late.
  size_t ignored() {
    const auto trace = world_.query([&](engine::Query& q) { return q.trace("default", instance_); });
    if (!trace.ok()) return 99;
    const auto list = (*trace)->find("ignored");
    return list ? list->size() : 0;
  }
  bool state_is_fold() {
    store::MemoryStore fresh;
    auto folded = engine::Engine::open(fresh, world_.node().log(), world_.node().engine().options());
    if (!folded.ok()) return false;
    const auto fold = (*folded)->state_digest();
    const auto state = world_.node().engine().state_digest();
    return fold.ok() && state.ok() && *fold == *state;
  }

 private:
  harness::World world_;
  Address instance_;
  engine::EffectId call_;
};

TEST(Race, TheFirstRecordedWinsInEveryOrderAndWithACrashAtEveryPoint) {
  std::vector<Blow> order = {Blow::answer, Blow::failure, Blow::cancel, Blow::timeout};
  int tried = 0;
  do {
    for (size_t crash_at = 0; crash_at <= order.size(); ++crash_at) {
      RaceWorld world;
      for (size_t i = 0; i < order.size(); ++i) {
        if (i == crash_at) world.crash();
        world.strike(order[i]);
      }
      if (crash_at == order.size()) world.crash();
      ASSERT_EQ(world.status(), expected_end(order.front())) << "order " << tried << ", crash before blow " << crash_at;
      // The timer of an ended task is cancelled, on record; everything else comes and is ignored.
      ASSERT_EQ(world.ignored(), order.front() == Blow::timeout ? 3u : 2u)
          << "order " << tried << ", crash before blow " << crash_at;
      ASSERT_TRUE(world.state_is_fold()) << "order " << tried << ", crash before blow " << crash_at;
      ++tried;
    }
  } while (std::next_permutation(order.begin(), order.end()));
  EXPECT_EQ(tried, 24 * 5);
}

}  // namespace
}  // namespace hence::sim
