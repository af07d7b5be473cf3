// SPDX-License-Identifier: Apache-2.0
// The trace of what started an instance goes with all that it does, whatever it waited for in between.

#include <gmock/gmock.h>

#include <set>

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

/// Rules that answer what an instance emits, one after the other.
constexpr std::string_view kHops = R"(
apiVersion: hence/v1
kind: Rule
metadata: {name: next}
spec: {on: {type: made}, do: [{start: {workflow: t/next}}, {emit: {type: hop}}]}
---
apiVersion: hence/v1
kind: Rule
metadata: {name: far}
spec: {on: {type: hop}, do: [{deliver: {sink: out}}]}
---
apiVersion: hence/v1
kind: Rule
metadata: {name: begin-waiting}
spec: {on: {type: begin-waiting}, do: [{start: {workflow: t/waiting}}]}
---
document: {dsl: 1.0.3, namespace: t, name: next, version: 1.0.0}
do: [{ask: {call: http, with: {method: get, endpoint: "http://next/"}}}]
---
document: {dsl: 1.0.3, namespace: t, name: heard, version: 1.0.0}
schedule: {on: {one: {with: {type: hop}}}}
do: [{ask: {call: http, with: {method: get, endpoint: "http://heard/"}}}]
---
document: {dsl: 1.0.3, namespace: t, name: waiting, version: 1.0.0}
do:
  - hear: {listen: {to: {one: {with: {type: go}}}}}
  - say: {emit: {event: {with: {type: made}}}}
)";

/// Its due times wait for the instance of the one before.
constexpr std::string_view kQueued = R"(
document: {dsl: '1.0.3', namespace: t, name: often, version: '1.0.0', metadata: {schedule: {overlap: queue}}}
schedule: {every: PT10M}
do:
  - ask: {call: http, with: {method: get, endpoint: "http://often/"}}
  - hear: {listen: {to: {one: {with: {type: go}}}}}
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
  /// Of the calls.
  std::set<std::string> urls() {
    std::set<std::string> all;
    for (const Effect& effect : calls()) all.emplace(effect.request->string_or("url", ""));
    return all;
  }
  /// Of the deliveries, then of the calls.
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

TEST_F(TraceparentTest, GoesFromRuleToRuleWhereATimerWokeTheInstance) {
  EXPECT_FALSE(world.apply(kHops).error);
  send("begin", kTrace);
  world.lose_state();
  world.advance(Duration::seconds(1));
  EXPECT_EQ(urls(), (std::set<std::string>{"http://a/", "http://next/", "http://heard/"}));
  EXPECT_THAT(traces(), ::testing::AllOf(::testing::SizeIs(6), ::testing::Each(kTrace))) << "deliveries of made, own and hop";
  EXPECT_EQ(attribute("hop"), kTrace);
}

TEST_F(TraceparentTest, OfAnEventThatWakesAnInstanceIsNotThatOfWhatTheInstanceLeadsTo) {
  EXPECT_FALSE(world.apply(kHops).error);
  send("begin-waiting", kTrace);
  send("go", kOther);
  EXPECT_EQ(urls(), (std::set<std::string>{"http://next/", "http://heard/"}));
  EXPECT_THAT(traces(), ::testing::AllOf(::testing::SizeIs(4), ::testing::Each(kTrace))) << "deliveries of made and hop";
  EXPECT_EQ(attribute("hop"), kTrace);
}

TEST_F(TraceparentTest, OfWhatEndsAnInstanceIsNotThatOfTheNextDueTime) {
  EXPECT_FALSE(world.apply(kQueued).error);
  world.advance(Duration::seconds(1'200));
  ASSERT_EQ(calls().size(), 1u);
  answer();
  send("go", kOther);
  EXPECT_THAT(traces(), ::testing::ElementsAre("", "")) << "of the instances of two due times";
}

}  // namespace
}  // namespace hence::engine
