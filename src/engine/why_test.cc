// SPDX-License-Identifier: Apache-2.0
// What an instance waits for, and that the sample event of each wait really wakes it.

#include <gmock/gmock.h>

#include "engine/test_world.h"
#include "engine/wait_sample.h"

namespace hence::engine {
namespace {

using ::testing::HasSubstr;

class WhyTest : public ::testing::Test {
 protected:
  Address start(const std::string& tasks, const std::string& input = "{}") {
    EXPECT_FALSE(world.apply("document: {dsl: 1.0.3, namespace: t, name: w, version: 1.0.0}\n" + tasks).error);
    Command command;
    command.ticket = 1;
    command.body = StartInstance{"t/w", *json::parse(input), {}, {}, StartInstance::OnConflict::existing};
    return world.run(std::move(command)).replies.at(0).address;
  }
  json::Value why(Address id) {
    return world.query([&](Query& q) { return q.why("default", id, world.now); });
  }
  std::string status(Address id) {
    return std::string(world.query([&](Query& q) { return q.instance("default", id); })->string_or("status", ""));
  }
  /// Sends the sample of the first wait, as it is shown.
  std::string send_sample(Address id) {
    const json::Value shown = why(id);
    const auto sample = shown->find("waits")->at(0).find("sample");
    if (!sample) return "no sample: " + shown->to_text();
    const Reply reply = world.send(sample->to_text());
    return reply.error ? reply.error->message() : sample->to_text();
  }
  TestWorld world;
};

struct Filter {
  const char* name;
  const char* filter;
  const char* input = "{}";
};

class SampleTest : public WhyTest, public ::testing::WithParamInterface<Filter> {};

TEST_P(SampleTest, WakesTheInstance) {
  const Address id = start(std::string("do: [{some: {listen: {to: {one: ") + GetParam().filter + "}}}}]", GetParam().input);
  ASSERT_EQ(status(id), "waiting");
  const std::string sent = send_sample(id);
  EXPECT_EQ(status(id), "completed") << sent;
}

INSTANTIATE_TEST_SUITE_P(Filters, SampleTest, ::testing::Values(
    Filter{"Type", "{with: {type: order.paid}}"},
    Filter{"Source", "{with: {source: /shop, subject: a, type: t, id: x1}}"},
    Filter{"Pattern", R"({with: {type: 'order\.(paid|sent)\.[a-z]+', subject: 'o-\d{3}'}})"},
    Filter{"Data", "{with: {type: t, data: {a: {b: 1, c: [1, 2], d: null}, e: true}}}"},
    Filter{"Key", R"({with: {type: t}, correlate: {order: {from: .data.order, expect: "${ .order }"}}})", R"({"order":"o-7"})"},
    Filter{"NumberKey", R"({with: {type: t}, correlate: {order: {from: "${ .data.order | tonumber }", expect: "${ .order }"}}})", R"({"order":7})"},
    Filter{"TwoKeys", R"({with: {type: t}, correlate: {a: {from: .subject, expect: x}, b: {from: .data.b, expect: "${ 3 }"}}})"},
    Filter{"FirstEventBinds", R"({with: {type: t}, correlate: {order: {from: .data.order}}})"},
    Filter{"InstanceInFilter", R"({with: {type: t, subject: "${ $input.id }", data: {n: "${ $input.n }"}}})", R"({"id":"s-1","n":4})"},
    Filter{"Comparison", R"({with: {type: t, data: "${ .temperature > 38 }"}})"},
    Filter{"TwoComparisons", R"({with: {type: t, data: "${ .n >= 5 and .n < 6 and .kind == \"hot\" }"}})"},
    Filter{"OfAMember", R"({with: {type: t, data: {n: "${ . != 0 }"}}})"},
    Filter{"Late", R"({with: {type: t, data: "${ .n > $context.n or .n > $input.n }"}})", R"({"n":41})"},
    Filter{"Extension", R"({with: {type: t}, correlate: {room: {from: .roomid, expect: r9}}})"}),
    [](const auto& one) { return one.param.name; });

struct Strategy {
  const char* name;
  const char* to;
  const char* then;  ///< status after the sample of the first wait
};

class StrategyTest : public WhyTest, public ::testing::WithParamInterface<Strategy> {};

TEST_P(StrategyTest, TakesTheSample) {
  const Address id = start(std::string("do: [{some: {listen: {to: ") + GetParam().to + "}}}]");
  ASSERT_EQ(status(id), "waiting");
  const std::string sent = send_sample(id);
  EXPECT_EQ(sent.find("no sample"), std::string::npos) << sent;
  EXPECT_EQ(status(id), GetParam().then) << sent;
}

INSTANTIATE_TEST_SUITE_P(Strategies, StrategyTest, ::testing::Values(
    Strategy{"Any", "{any: [{with: {type: z, source: /a}}]}", "completed"},
    Strategy{"AnyOfTwo", "{any: [{with: {type: z}}, {with: {type: y}}]}", "completed"},
    Strategy{"AnyEvent", "{any: []}", "completed"},
    Strategy{"UntilAnEvent", "{any: [{with: {type: z}}], until: {one: {with: {type: y}}}}", "waiting"},
    Strategy{"UntilACondition", "{any: [{with: {type: z}}], until: '${ length == 1 }'}", "completed"},
    Strategy{"All", "{all: [{with: {type: z}}, {with: {type: y}}]}", "waiting"}),
    [](const auto& one) { return one.param.name; });

TEST_F(WhyTest, ATextIsNoSampleOfAGreaterNumber) {
  const Address id = start("do: [{some: {listen: {to: {one: {with: {type: t, data: '${ .n > $input.n }'}}}}}}]",
                           R"({"id":"o1","n":5})");
  const json::Value shown = why(id);
  const auto n = shown->find("waits")->at(0).find_path({"sample", "data", "n"});
  ASSERT_TRUE(n) << shown->to_text();
  EXPECT_EQ(n->to_text(), "6");
}

TEST_F(WhyTest, AFilterOfNothingIsNotShown) {
  const json::Value shown = why(start("do: [{some: {listen: {to: {any: []}}}}]"));
  EXPECT_FALSE(shown->find("waits")->at(0).find("with")) << shown->to_text();
  EXPECT_TRUE(shown->find("waits")->at(0).find("sample")) << shown->to_text();
}

TEST_F(WhyTest, TextsLikePatterns) {
  EXPECT_EQ(text_like(R"(order\..*)"), "order.x");
  EXPECT_EQ(text_like(R"(^(?:a|b(c))+\d{2}$)"), "a11");
  EXPECT_EQ(text_like("[a-f]+-(x|y)?"), "a-x");
  EXPECT_EQ(text_like("((a|b)|c)d"), "ad");
  EXPECT_EQ(text_like("a{1000000000}{["), text_like("a{1000000000}{["));
  EXPECT_EQ(text_like("(((["), "x");
}

TEST_F(WhyTest, ShowsEventsWithKeysAndTimersWithWhatFor) {
  const Address id = start(R"(
do:
  - paid:
      timeout: {after: PT1H}
      listen: {to: {all: [{with: {type: paid}, correlate: {order: {from: .data.order, expect: "${ .order }"}}}, {with: {type: sent}}]}}
timeout: {after: P1D}
)", R"({"order":7})");
  const json::Value shown = why(id);
  EXPECT_EQ(shown->string_or("status", ""), "waiting");
  const json::View waits = *shown->find("waits");
  ASSERT_EQ(waits.size(), 4u);
  EXPECT_EQ(waits.at(0).string_or("reference", ""), "/do/0/paid");
  EXPECT_EQ(waits.at(0).find("correlation")->to_text(), R"([{"key":"order","from":".data.order","value":7}])");
  EXPECT_EQ(waits.at(0).find("with")->to_text(), R"({"type":"paid"})");
  EXPECT_EQ(waits.at(2).string_or("for", ""), "workflow timeout");
  EXPECT_EQ(waits.at(3).string_or("for", ""), "task timeout");
  EXPECT_EQ(waits.at(3).string_or("due", ""), format_rfc3339(world.now + Duration::hours(1)));
  send_sample(id);
  ASSERT_EQ(why(id)->find("waits")->size(), 3u) << "the event it has had is not waited for";
  send_sample(id);
  EXPECT_EQ(status(id), "completed");
  EXPECT_EQ(why(id)->find("waits")->size(), 0u);
}

TEST_F(WhyTest, ShowsCallsAndRetriesWithTheLastError) {
  const Address id = start(R"(
do:
  - safe:
      try: [ask: {call: http, with: {method: get, endpoint: "http://127.0.0.1:9/x"}}]
      catch: {retry: {delay: PT10S, limit: {attempt: {count: 5}}}}
)");
  json::View wait;
  EXPECT_EQ(json::Value(why(id)->find("waits")->at(0))->string_or("request", ""), "GET http://127.0.0.1:9/x");
  Outcome outcome;
  outcome.answer = workflow::HttpOutcome{503, {}, ""};
  world.end_attempt(world.effects.back(), outcome);
  const json::Value backing_off = why(id);
  wait = backing_off->find("waits")->at(0);
  EXPECT_EQ(wait.string_or("for", ""), "retry");
  EXPECT_EQ(wait.find("attempt")->to_text(), "2");
  EXPECT_EQ(wait.find("error")->find("status")->to_text(), "503");
  world.advance(Duration::seconds(10));
  const json::Value again = why(id);
  wait = again->find("waits")->at(0);
  EXPECT_EQ(wait.string_or("kind", ""), "call");
  EXPECT_EQ(wait.string_or("state", ""), "ready");
  EXPECT_EQ(wait.find("attempt")->to_text(), "2");
  EXPECT_EQ(wait.find("error")->find("status")->to_text(), "503");
}

TEST_F(WhyTest, ShowsWhoSuspendedItAndWhatCameMeanwhile) {
  const Address id = start("do: [{nap: {wait: PT1M}}, {some: {listen: {to: {one: {with: {type: t}}}}}}]");
  Command suspend;
  suspend.ticket = 1;
  suspend.actor = {"ann", "stock is counted", {}};
  suspend.body = ActOnInstance{ActOnInstance::Act::suspend, id};
  EXPECT_FALSE(world.run(suspend).replies.at(0).error);
  world.advance(Duration::minutes(2));
  const json::Value shown = why(id);
  EXPECT_EQ(shown->find("suspended")->string_or("by", ""), "ann");
  EXPECT_EQ(shown->find("suspended")->string_or("reason", ""), "stock is counted");
  EXPECT_EQ(shown->find("held")->at(0).string_or("for", ""), "wait");
  EXPECT_EQ(shown->find("held")->at(0).string_or("task", ""), "nap");
}

TEST_F(WhyTest, ShowsApprovalsAndSubflows) {
  EXPECT_FALSE(world.apply(R"(
document: {dsl: 1.0.3, namespace: t, name: asks, version: 1.0.0}
do: [{ask: {call: approval:1.0.0@default, with: {title: May it, approvers: [ann], deadline: PT1H}}}]
)").error);
  const Address parent = start("do: [{sub: {run: {workflow: {namespace: t, name: asks, version: 1.0.0}}}}]");
  const json::Value above = why(parent);
  const json::View subflow = above->find("waits")->at(0);
  EXPECT_EQ(subflow.string_or("kind", ""), "subflow");
  EXPECT_EQ(subflow.string_or("task", ""), "sub");
  EXPECT_EQ(subflow.string_or("workflow", ""), "t/asks:1.0.0");
  const auto child = Address::parse(subflow.string_or("instance", ""));
  ASSERT_TRUE(child.has_value());
  const json::Value below = why(*child);
  const json::View approval = below->find("waits")->at(0);
  EXPECT_EQ(approval.string_or("kind", ""), "approval");
  EXPECT_EQ(approval.string_or("title", ""), "May it");
  EXPECT_EQ(approval.string_or("approval", "").substr(0, child->to_string().size()), child->to_string());
  EXPECT_FALSE(approval.string_or("due", "").empty());
  EXPECT_EQ(approval.find("approvers")->at(0).as_string(), "ann");
}

class LogIsGoneTest : public WhyTest {
 protected:
  json::Value trace(Address id) {
    return world.query([&](Query& q) { return q.trace("default", id); });
  }
  /// Fills files of the log and drops them.
  void lose_log() {
    for (int i = 0; i < 6; ++i) {
      world.send(R"({"specversion":"1.0","type":"filling","source":"/f","id":")" + std::to_string(++sent_) + R"(","data":")" +
                 std::string(300'000, 'x') + "\"}");
    }
    world.drop_log();
  }

 private:
  int sent_ = 0;
};

TEST_F(LogIsGoneTest, ATraceTellsOfWhatIsUnderWayAndSaysWhatIsMissing) {
  const Address id = start("do: [{first: {set: {a: 1}}}, {rest: {wait: PT1H}}, {last: {set: {b: 2}}}]");
  lose_log();
  const json::Value shown = trace(id);
  EXPECT_THAT(std::string(shown->string_or("note", "")), HasSubstr("what it did first is not shown: the record " + id.to_string() + " is beyond retention"));
  ASSERT_EQ(shown->find("tasks")->size(), 1u) << shown->to_text();
  const json::View rest = shown->find("tasks")->at(0);
  EXPECT_EQ(rest.string_or("task", ""), "rest");
  EXPECT_EQ(rest.string_or("status", ""), "running");
  EXPECT_EQ(rest.find("input")->to_text(), R"({"a":1})");
  EXPECT_EQ(why(id)->find("waits")->size(), 1u);
  world.advance(Duration::hours(1));
  EXPECT_EQ(status(id), "completed");
  const json::Value ended = trace(id);
  ASSERT_EQ(ended->find("tasks")->size(), 1u) << ended->to_text();
  EXPECT_EQ(ended->find("tasks")->at(0).string_or("task", ""), "last");
  EXPECT_EQ(ended->find("tasks")->at(0).string_or("status", ""), "completed");
  lose_log();
  EXPECT_EQ(trace(id)->find("tasks")->size(), 0u);
}

TEST_F(LogIsGoneTest, ATraceWithoutItsBeginningHasAllKindsOfTasks) {
  EXPECT_FALSE(world.apply(R"(
document: {dsl: 1.0.3, namespace: t, name: asks, version: 1.0.0}
do: [{ask: {call: approval:1.0.0@default, with: {title: May it}}}]
)").error);
  const Address id = start(R"(do:
  - both:
      fork:
        branches:
          - hears: {listen: {to: {all: [{with: {type: a}}, {with: {type: b}}]}}}
          - loops: {for: {each: x, in: "${ [1, 2] }"}, do: [{rest: {wait: PT1H}}]}
          - sub: {run: {workflow: {namespace: t, name: asks, version: 1.0.0}}}
          - tries: {try: [{falls: {wait: PT2H}}, {raises: {raise: {error: {type: t, status: 500, title: x}}}}], catch: {retry: {delay: PT1H, limit: {attempt: {count: 3}}}}}
)");
  lose_log();
  const auto names = [&] {
    std::string text;
    const json::Value shown = trace(id);
    for (const json::View task : shown->find("tasks")->elements()) {
      text += std::string(task.string_or("task", "")) + ":" + std::string(task.string_or("status", "")) + " ";
    }
    return text;
  };
  EXPECT_EQ(names(), "both:running hears:running loops:running sub:running tries:running rest:running falls:running ");
  world.send(R"({"specversion":"1.0","type":"a","source":"/f","id":"a"})");
  world.advance(Duration::minutes(90));
  EXPECT_EQ(names(), "both:running hears:running loops:running sub:running tries:running falls:running rest:running ");
  world.advance(Duration::minutes(40));
  EXPECT_THAT(names(), HasSubstr("raises:faulted"));
  lose_log();
  EXPECT_EQ(names(), "both:running hears:running sub:running tries:running ");
  EXPECT_EQ(why(id)->find("waits")->size(), 3u);
}

TEST_F(WhyTest, SaysWhereNoSampleIsFound) {
  const Address id = start(R"(do: [{some: {listen: {to: {one: {with: {type: t, data: "${ (.a | type) == \"string\" and (.a | length) == 777 }"}}}}}}])");
  EXPECT_THAT(std::string(why(id)->find("waits")->at(0).string_or("note", "")), HasSubstr("no sample was found"));
}

}  // namespace
}  // namespace hence::engine
