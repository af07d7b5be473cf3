// SPDX-License-Identifier: Apache-2.0
// Errors, who catches them, and retries.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "workflow/workflow_test_world.h"

namespace hence::workflow::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// A workflow whose one call is answered by `statuses` in turn, the last one again and again.
World world_with(const std::string& catch_yaml, std::vector<int> statuses) {
  World world(with_head("do:\n- t:\n    try: [{c: {call: http, with: {method: get, endpoint: "
                        "'http://a/'}}}]\n"
                        "    catch: " + catch_yaml + "\n- after: {set: {got: '${ . }'}}\n"));
  auto next = std::make_shared<size_t>(0);
  world.answer = [statuses, next](const json::Value&) {
    const int status = statuses[std::min(*next, statuses.size() - 1)];
    ++*next;
    return json_answer(status, "{\"n\":" + std::to_string(*next) + "}");
  };
  return world;
}

std::vector<int64_t> retry_seconds(const World& world) {
  std::vector<int64_t> seconds;
  for (const RetryScheduled& retry : world.all<RetryScheduled>()) {
    seconds.push_back((retry.due.micros - 1'000'000'000'000'000) / 1'000'000);
  }
  return seconds;
}

TEST(Try, RetriesWithGrowingPausesUntilItWorks) {
  World world = world_with("{retry: {delay: {seconds: 3}, backoff: {exponential: {}}, limit: "
                           "{attempt: {count: 5}}}}",
                           {503, 503, 503, 200});
  world.start_and_run();
  EXPECT_EQ(world.output(), R"({"got":{"n":4}})");
  EXPECT_THAT(retry_seconds(world), ElementsAre(3, 9, 21));
  EXPECT_EQ(world.all<CallRequested>().at(3).attempt, 3u);
}

TEST(Try, CountsRetriesNotRuns) {
  World world = world_with("{retry: {delay: PT1S, limit: {attempt: {count: 5}}}}", {503});
  world.start_and_run();
  EXPECT_EQ(world.phase(), "faulted");
  EXPECT_EQ(world.calls.size(), 6u);
  EXPECT_EQ(world.error()->find("status")->as_int64(), 503);
}

TEST(Try, HandlesTheErrorWhenRetriesAreUsedUp) {
  World world = world_with(
      "{as: e, retry: {delay: PT1S, backoff: {linear: {}}, limit: {attempt: {count: 2}}}, do: "
      "[{s: {set: {was: '${ $e.status }'}}}]}",
      {503});
  world.start_and_run();
  EXPECT_THAT(retry_seconds(world), ElementsAre(1, 3));
  EXPECT_EQ(world.output(), R"({"got":{"was":503}})");
}

TEST(Try, OverallLimitStopsRetries) {
  World world = world_with("{retry: {delay: PT4S, limit: {duration: PT10S}}}", {503});
  world.start_and_run();
  EXPECT_THAT(retry_seconds(world), ElementsAre(4, 8));
  EXPECT_EQ(world.phase(), "faulted");
}

TEST(Try, AttemptsHaveTheirOwnLimit) {
  World world(with_head(R"(
do:
- t:
    try: [{w: {wait: PT1H}}]
    catch: {retry: {delay: PT5S, limit: {attempt: {count: 1, duration: PT10S}}}, do: [{s: {set: {e: '${ $error.status }'}}}]}
)"));
  world.start_and_run();
  EXPECT_EQ(world.output(), R"({"e":408})");
  EXPECT_EQ(world.now.micros, 1'000'000'025'000'000);
  EXPECT_TRUE(world.instance.timers.empty());
}

/// When the limits of runs of a body end, in seconds from when the timer was set at `began`.
std::vector<int64_t> attempt_seconds(const World& world, UtcTime began) {
  std::vector<int64_t> seconds;
  for (const TimerSet& timer : world.all<TimerSet>()) {
    if (timer.purpose == TimerPurpose::attempt_timeout) seconds.push_back((timer.due - began).micros / 1'000'000);
  }
  return seconds;
}

TEST(Try, TheLimitOfAnAttemptMayBeAnExpression) {
  World world(with_head(R"(
do:
- p: {wait: PT1S}
- t: {try: [{a: {set: {x: 1}}}], catch: {retry: {limit: {attempt: {count: 2, duration: "${ $input.limit }"}}}}}
)"));
  world.start_and_run("{limit: PT10S}");
  EXPECT_EQ(world.output(), R"({"x":1})");
  EXPECT_THAT(attempt_seconds(world, world.now), ElementsAre(10));
}

TEST(Try, RetriesInUseSeeTheVariablesOfWhereTheyAreUsed) {
  World world(with_head(R"(
use: {retries: {r: {limit: {attempt: {count: 2, duration: "${ .limit }"}}}}}
do:
- t: {try: [{a: {set: {limit: PT5S}}}], catch: {retry: r}}
- l: {for: {in: "[1]"}, do: [{u: {try: [{b: {set: {x: 1}}}], catch: {as: e, retry: r}}}]}
)"));
  world.start_and_run("{limit: PT10S}");
  EXPECT_EQ(world.output(), R"({"x":1})");
  EXPECT_THAT(attempt_seconds(world, world.now), ElementsAre(10, 5));
}

TEST(Try, TheLimitOfAnAttemptSeesNoErrorOfItsOwn) {
  const std::string limit = "limit: {attempt: {duration: '${ $error.wait }'}}";
  const std::string inner = "{t: {try: [{a: {set: {x: 1}}}], catch: {retry: {" + limit + "}}}}";
  EXPECT_THAT(faults_of(with_head("do: [" + inner + "]")),
              ElementsAre(HasSubstr("/do/0/t/catch/retry/limit/attempt/duration: the expression does not compile")));
  const std::string used = "{try: [{a: {set: {x: 1}}}], catch: {retry: r}}";
  EXPECT_THAT(faults_of(with_head("use: {retries: {r: {" + limit + "}}}\ndo: [{t: " + used + "}, {u: " + used + "}]")),
              ElementsAre(HasSubstr("/use/retries/r/limit/attempt/duration: the expression does not compile")));
  EXPECT_THAT(faults_of(with_head("use: {retries: {r: {" + limit + "}}}\ndo: [{a: {set: {x: 1}}}]")), ElementsAre());
  EXPECT_THAT(faults_of(with_head("do: [{o: {try: [], catch: {do: [" + inner + "]}}}]")), ElementsAre());
}

TEST(Try, ADocumentAppliedWithSuchALimitFailsWhereItAsks) {
  const json::YamlDocument document = document_of(with_head(
      "do: [{t: {try: [{a: {set: {x: 1}}}], catch: {retry: {limit: {attempt: {duration: '${ $error.wait }'}}}}}}]"));
  const Compiled compiled = compile(document.value);
  ASSERT_NE(compiled.definition, nullptr);
  Instance instance;
  std::vector<Fact> facts;
  StepContext context;
  const json::Value input = value_of("{}");
  Machine(*compiled.definition, instance, context, facts).start(input);
  ASSERT_EQ(instance.phase, Phase::faulted);
  EXPECT_THAT((*instance.error)->to_text(), HasSubstr("attempt.duration: expected an ISO 8601 duration"));
}

TEST(Try, RetryConditionsSeeTheError) {
  World world = world_with("{retry: {when: .status == 503, exceptWhen: $error.title == \"x\", "
                           "delay: PT1S}}", {503, 500});
  world.start_and_run();
  EXPECT_EQ(world.calls.size(), 2u);
  EXPECT_EQ(world.error()->find("status")->as_int64(), 500);
}

TEST(Try, JitterComesFromTheSeed) {
  World world = world_with("{retry: {delay: PT1S, jitter: {from: PT1S, to: PT2S}, limit: "
                           "{attempt: {count: 3}}}}", {503});
  world.start_and_run();
  UtcTime last{1'000'000'000'000'000};
  for (const RetryScheduled& retry : world.all<RetryScheduled>()) {
    EXPECT_GE(retry.due - last, Duration::seconds(2));
    EXPECT_LE(retry.due - last, Duration::seconds(3));
    last = retry.due;
  }
}

TEST(Try, PassesOnWhatItsFilterDoesNotName) {
  for (auto filter : {"{errors: {with: {status: 404}}}", "{errors: {with: {type: 'https://a'}}}",
                      "{errors: {with: {instance: /do/1/x}}}", "{when: .status == 1}",
                      "{exceptWhen: $error.status == 503}"}) {
    World world = world_with(filter, {503});
    world.start_and_run();
    EXPECT_EQ(world.phase(), "faulted") << filter;
    EXPECT_EQ(world.error()->string_or("instance", ""), "/do/0/t/try/0/c");
  }
}

TEST(Try, CatchesByAnyNameOfAType) {
  World world = world_with("{errors: {with: {type: "
                           "'https://serverlessworkflow.io/dsl/errors/types/communication', "
                           "status: 503}}}",
                           {503});
  world.start_and_run("k: v");
  EXPECT_EQ(world.output(), R"({"got":{"k":"v"}})");  // caught with nothing to do: the input goes on
}

TEST(Try, GoesWhereCatchThenSays) {
  World world(with_head(R"yaml(
do:
- t:
    try: [{r: {raise: {error: {type: 'https://a', status: 500, title: T, detail: '${ "d \(.k)" }'}}}}]
    catch: {do: [{s: {set: {e: '${ $error }'}}}], then: c}
    then: b
- b: {set: {wrong: true}}
- c: {set: {right: '${ .e }'}}
)yaml"));
  world.start_and_run("k: 7");
  EXPECT_EQ(world.output(),
            R"({"right":{"type":"https://a","status":500,"instance":"/do/0/t/try/0/r","title":"T","detail":"d 7","details":"d 7"}})");
}

TEST(Try, DetailsIsAnotherNameForTheDetail) {
  World world(with_head(R"(
do:
- t:
    try: [{r: {raise: {error: {type: 'https://a', status: 500, detail: gone}}}}]
    catch: {as: e, when: '$e.details == "gone"', do: [{l: {do: [{s: {set: {e: '${ $e.details }'}}}]}}]}
)"));
  world.start_and_run();
  EXPECT_EQ(world.output(), R"({"e":"gone"})");
  EXPECT_FALSE(world.all<ErrorCaught>().at(0).error->find("details").has_value()) << "the recorded error has one name";
}

TEST(Try, ErrorsOfTheHandlerGoOutwards) {
  World world(with_head(R"(
do:
- outer:
    try:
    - inner:
        try: [{a: {raise: {error: {type: 'https://a', status: 500}}}}]
        catch: {do: [{b: {raise: {error: {type: 'https://b', status: 501}}}}]}
    catch: {as: last, do: [{s: {set: {e: '${ $last.status }'}}}]}
)"));
  world.start_and_run();
  EXPECT_EQ(world.output(), R"({"e":501})");
  EXPECT_EQ(world.all<ErrorCaught>().size(), 2u);
  EXPECT_EQ(world.all<TaskFaulted>().size(), 3u);
}

TEST(Try, RaiseHonoursAGivenInstanceAndUsedErrors) {
  World world(with_head(R"(
use: {errors: {mine: {type: 'https://a', status: 418, instance: /elsewhere}}}
do:
- r: {raise: {error: mine}}
)"));
  world.start_and_run();
  EXPECT_EQ(world.error()->to_text(), R"({"type":"https://a","status":418,"instance":"/elsewhere"})");
}

TEST(Try, FailedExpressionsAreErrorsOfTheirTask) {
  World world(with_head(R"(
do:
- t:
    try: [{a: {set: {x: '${ .k.deep }'}}}]
    catch: {errors: {with: {type: 'https://open-workflow-specification.org/spec/1.0.0/errors/expression', status: 400}},
            do: [{s: {set: {e: '${ $error.instance }'}}}]}
)"));
  world.start_and_run("k: 7");
  EXPECT_EQ(world.output(), R"({"e":"/do/0/t/try/0/a"})");
}

TEST(Try, AFailingFilterReplacesTheError) {
  World world = world_with("{when: .status.deep}", {503});
  world.start_and_run();
  EXPECT_THAT(world.error()->to_text(), HasSubstr("errors/expression"));
  EXPECT_EQ(world.error()->string_or("instance", ""), "/do/0/t");
}

}  // namespace
}  // namespace hence::workflow::testing
