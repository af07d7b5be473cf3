// SPDX-License-Identifier: Apache-2.0
// The trace of what started an instance goes with all that it does, whatever it waited for in between.

#include <gmock/gmock.h>

#include "engine/test_world.h"

namespace hence::engine {
namespace {

constexpr const char* kTrace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
constexpr const char* kOther = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

constexpr std::string_view kWork = R"(
apiVersion: hence/v1
kind: Sink
metadata: {name: out}
spec: {http: {url: "https://out.example/"}}
---
apiVersion: hence/v1
kind: Rule
metadata: {name: pass}
spec: {on: {type: [made, own]}, do: [{deliver: {sink: out}}]}
---
apiVersion: hence/v1
kind: Rule
metadata: {name: begin}
spec: {on: {type: begin}, do: [{start: {workflow: t/work}}]}
---
document: {dsl: 1.0.3, namespace: t, name: work, version: 1.0.0}
do:
  - pause: {wait: PT1S}
  - say: {emit: {event: {with: {type: made}}}}
  - own: {emit: {event: {with: {type: own, traceparent: 00-11111111111111111111111111111111-2222222222222222-00}}}}
  - ask: {call: http, with: {method: get, endpoint: "http://a/"}}
  - hear: {listen: {to: {one: {with: {type: go}}}}}
  - below: {run: {workflow: {namespace: t, name: below}}}
---
document: {dsl: 1.0.3, namespace: t, name: below, version: 1.0.0}
do: [{pause: {wait: PT1S}}, {ask: {call: http, with: {method: get, endpoint: "http://below/"}}}]
)";

class TraceparentTest : public ::testing::Test {
 protected:
  void SetUp() override { EXPECT_FALSE(world.apply(kWork).error); }
  void send(const std::string& type, const std::string& traceparent) {
    const auto event = event::parse_structured(R"({"specversion":"1.0","id":")" + type + R"(","source":"/s","type":")" + type + "\"}");
    Command command;
    command.ticket = 1;
    command.actor.traceparent = traceparent;
    command.body = IngestEvent{*event, {}, {}};
    EXPECT_FALSE(world.run(std::move(command)).replies.at(0).error);
  }
  void answer() {
    Outcome outcome;
    outcome.answer = workflow::HttpOutcome{200, {}, "{}"};
    world.end_attempt(calls().back(), std::move(outcome));
  }
  /// Of the event of a type: its attribute; "none" without.
  std::string attribute(const std::string& type) {
    ListOptions options;
    options.type = type;
    const json::Value list = world.query([&](Query& q) { return q.events("default", options); });
    EXPECT_EQ(list->find("items")->size(), 1u) << type;
    return std::string(list->find("items")->at(0).find("event")->string_or("traceparent", "none"));
  }
  std::vector<Effect> calls() {
    std::vector<Effect> all;
    for (const Effect& effect : world.effects) {
      if (effect.kind == EffectKind::call_http) all.push_back(effect);
    }
    return all;
  }
  /// Of the two deliveries, then of the calls.
  std::vector<std::string> traces() {
    std::vector<std::string> all;
    for (const Effect& effect : world.effects) {
      if (effect.kind == EffectKind::deliver) all.push_back(effect.traceparent);
    }
    for (const Effect& effect : calls()) all.push_back(effect.traceparent);
    return all;
  }
  void run_through(const std::string& trace) {
    send("begin", trace);
    world.lose_state();
    world.advance(Duration::seconds(1));
    answer();
    send("go", kOther);
    world.advance(Duration::seconds(1));
    answer();
  }
  TestWorld world;
};

TEST_F(TraceparentTest, GoesWithCallsEventsAndSubflowsAcrossWaits) {
  run_through(kTrace);
  EXPECT_THAT(traces(), ::testing::ElementsAre(kTrace, kTrace, kTrace, kTrace));
  EXPECT_EQ(calls().back().request->string_or("url", ""), "http://below/");
  EXPECT_EQ(attribute("made"), kTrace);
  EXPECT_EQ(attribute("own"), "00-11111111111111111111111111111111-2222222222222222-00") << "the author's own stays";
  const Hash128 before = *world.engine().state_digest();
  world.lose_state();
  EXPECT_EQ(before, *world.engine().state_digest());
}

TEST_F(TraceparentTest, IsOfWhatWokeItWhereNothingTracedStartedIt) {
  run_through("");
  EXPECT_THAT(traces(), ::testing::ElementsAre("", "", "", kOther)) << "the subflow began with the event that is traced";
  EXPECT_EQ(attribute("made"), "none");
}

}  // namespace
}  // namespace hence::engine
