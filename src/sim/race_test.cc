// SPDX-License-Identifier: Apache-2.0
// Answer, failure, cancel, timeout and event of one race, in every order of two and of three and with a
// suspension among them, and with a crash before, between and after them: the first to be recorded wins,
// the others are on record as ignored and change nothing, and the state is the log's fold.

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <optional>

#include "event/event.h"
#include "harness/world.h"
#include "json/parse.h"
#include "store/memory_store.h"

namespace hence::sim {
namespace {

enum class Blow { answer, failure, cancel, timeout, event, suspend, skip };
constexpr std::array kNames = {"answer", "failure", "cancel", "timeout", "event", "suspend", "skip"};

constexpr const char* kWorkflow = R"(
document: {dsl: 1.0.3, namespace: sim, name: race, version: 1.0.0}
do:
  - race:
      timeout: {after: PT10S}
      fork:
        compete: true
        branches:
          - ask: {call: http, with: {method: get, endpoint: "https://api.example/"}}
          - told: {listen: {to: {one: {with: {type: told}}}}}
)";

/// The end a blow leads to when it comes first. Answer and failure are commands of the same call, as if
/// the other side had answered twice.
std::string end_of(Blow first) {
  return first == Blow::answer || first == Blow::event || first == Blow::skip ? "completed" : first == Blow::cancel ? "cancelled" : "faulted";
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
    EXPECT_TRUE(ready.ok() && ready->effects.size() == 1);
    call_ = ready->effects.front().id;
  }

  void strike(Blow blow) {
    using Act = engine::ActOnInstance::Act;
    if (blow == Blow::cancel) {
      (void)world_.cancel(instance_, "race");  // refused when it comes too late
    } else if (blow == Blow::suspend) {
      (void)world_.act({Act::suspend, instance_}, "race");
    } else if (blow == Blow::skip) {
      (void)world_.act({Act::skip, instance_, "race"}, "race");
    } else if (blow == Blow::event) {
      engine::ActOnInstance send{Act::send_event, instance_};
      send.event = *event::parse_structured(R"({"specversion":"1.0","id":"t","source":"/t","type":"told","data":{}})");
      (void)world_.act(std::move(send), "race");
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
  void resume() { (void)world_.act({engine::ActOnInstance::Act::resume, instance_}, "race"); }
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

/// The first that decides, in the order of the records. A cancel needs no resume; whatever else comes while
/// the instance is suspended waits for its turn.
Blow winner(const std::vector<Blow>& order) {
  std::optional<Blow> first;
  bool suspended = false;
  for (const Blow blow : order) {
    if (blow == Blow::suspend) suspended = !first;
    else if (blow == Blow::cancel && suspended) return blow;
    else if (!first) first = blow;
  }
  return *first;
}

void race(const std::vector<Blow>& order) {
  std::string name;
  for (const Blow blow : order) name += std::string(kNames[static_cast<size_t>(blow)]) + " ";
  for (size_t crash_at = 0; crash_at <= order.size(); ++crash_at) {
    RaceWorld world;
    for (size_t i = 0; i < order.size(); ++i) {
      if (i == crash_at) world.crash();
      world.strike(order[i]);
    }
    if (crash_at == order.size()) world.crash();
    const bool suspended = world.status() == "suspended";
    if (suspended) world.resume();
    SCOPED_TRACE(name + ", crash before blow " + std::to_string(crash_at));
    const Blow first = winner(order);
    ASSERT_EQ(world.status(), end_of(first));
    // The timer of an ended task is cancelled on record; everything else comes and is ignored.
    size_t lost = 0;
    bool over = false;
    for (const Blow blow : order) {
      if (blow == first) over = true;
      else if (blow == Blow::suspend ? over && !suspended : blow != Blow::timeout || suspended || !over) ++lost;
    }
    ASSERT_EQ(world.ignored(), lost);
    ASSERT_TRUE(world.state_is_fold());
  }
}

TEST(Race, TheFirstRecordedWinsInEveryOrderOfTwoAndThree) {
  constexpr int kBlows = static_cast<int>(Blow::skip);
  int tried = 0;
  for (int a = 0; a < kBlows; ++a) {
    for (int b = 0; b < kBlows; ++b) {
      for (int c = -1; c < kBlows; ++c) {
        if (a == b || a == c || b == c) continue;
        std::vector<Blow> order = {static_cast<Blow>(a), static_cast<Blow>(b)};
        if (c >= 0) order.push_back(static_cast<Blow>(c));
        race(order);
        ++tried;
      }
    }
  }
  EXPECT_EQ(tried, 30 + 120);
}

TEST(Race, OfAllFiveInEveryOrder) {
  std::vector<Blow> order = {Blow::answer, Blow::failure, Blow::cancel, Blow::timeout, Blow::event};
  do {
    race(order);
  } while (std::next_permutation(order.begin(), order.end()));
}

/// Without failure and timeout: a skip of what failed brings the instance back.
TEST(Race, OfASkipWithWhatEndsTheTaskInEveryOrder) {
  std::vector<Blow> order = {Blow::answer, Blow::cancel, Blow::event, Blow::skip};
  do {
    race(order);
  } while (std::next_permutation(order.begin(), order.end()));
}

}  // namespace
}  // namespace hence::sim
