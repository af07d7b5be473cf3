// SPDX-License-Identifier: Apache-2.0
// metadata.compensate: what is registered, what is undone, in which order, and what waits for a person.

#include <algorithm>

#include "workflow/workflow_test_world.h"

namespace hence::workflow {
namespace {

using testing::faults_of;
using testing::json_answer;
using testing::with_head;
using testing::World;

std::string step(const std::string& name, const std::string& indent = "  ") {
  return indent + "- " + name + ":\n" +
         indent + "    call: http\n" +
         indent + "    with: {method: post, endpoint: 'https://" + name + ".example/do', body: {n: \"${ $input }\"}}\n" +
         indent + "    metadata:\n" +
         indent + "      compensate:\n" +
         indent + "        - undo-" + name + ":\n" +
         indent + "            call: http\n" +
         indent + "            with: {method: post, endpoint: 'https://" + name + ".example/undo', " +
         "body: {in: \"${ $input }\", out: \"${ $output }\", dot: \"${ . }\"}}\n";
}

const std::string kSaga = with_head("do:\n" + step("order") + step("pay") + step("ship"));

std::string url_of(const json::Value& request) { return std::string(request->string_or("url", "")); }

std::vector<std::string> urls(const World& world) {
  std::vector<std::string> found;
  for (const json::Value& call : world.calls) found.push_back(url_of(call).substr(8));
  return found;
}

/// Answers by the URL's beginning; 200 with {"id": n} otherwise.
World::Answer answers(std::map<std::string, CallOutcome> special) {
  return [special = std::move(special), n = std::make_shared<int>(0)](const json::Value& request) -> CallOutcome {
    for (const auto& [url, outcome] : special) {
      if (url_of(request).substr(8).starts_with(url)) return outcome;
    }
    return json_answer(200, "{\"id\":" + std::to_string(++*n) + "}");
  };
}

using Urls = std::vector<std::string>;

TEST(Compensation, UndoesWhatCompletedTheLastFirst) {
  World world(kSaga);
  world.answer = answers({{"ship.example/do", json_answer(409, "{}")}});
  world.start_and_run("{order: 7}");
  EXPECT_EQ(urls(world), (Urls{"order.example/do", "pay.example/do", "ship.example/do",
                               "pay.example/undo", "order.example/undo"}));
  EXPECT_EQ(world.phase(), "faulted");
  EXPECT_EQ(world.instance.compensated, Compensated::all);
  EXPECT_EQ(world.error()->string_or("instance", ""), "/do/2/ship");
  EXPECT_TRUE(world.instance.compensations.empty());
}

TEST(Compensation, SeesTheTasksInputAndOutput) {
  World world(kSaga);
  world.answer = answers({{"pay.example/do", json_answer(422, "{}")}});
  world.start_and_run("{order: 7}");
  const json::View body = *world.calls.back()->find("body");
  EXPECT_EQ(body.as_string(), R"({"in":{"order":7},"out":{"id":1},"dot":{"id":1}})");
}

TEST(Compensation, ACompletedInstanceUndoesNothing) {
  World world(kSaga);
  world.answer = answers({});
  world.start_and_run("{}");
  EXPECT_EQ(world.phase(), "completed");
  EXPECT_EQ(world.calls.size(), 3u);
  EXPECT_EQ(world.instance.compensated, Compensated::none);
}

TEST(Compensation, RegistersWithTheStartOfTheTask) {
  World world(kSaga);
  world.start("{}");
  ASSERT_EQ(world.instance.compensations.size(), 1u);
  for (size_t i = 0; i < world.facts.size(); ++i) {
    if (std::holds_alternative<TaskStarted>(world.facts[i])) {
      EXPECT_TRUE(std::holds_alternative<CompensationRegistered>(world.facts.at(i + 1)));
    }
  }
}

// A call whose end is not known may have had its effect; one that was refused has not.
TEST(Compensation, UndoesACallWhoseEndIsNotKnown) {
  const std::vector<std::pair<CallOutcome, bool>> cases = {
      {CallFailure{ErrorCode::CallFailed, "no whole answer"}, true},
      {CallFailure{ErrorCode::Unreachable, "connection refused"}, false},
      {CallFailure{ErrorCode::AddressRefused, "not allowed"}, false},
      {CallFailure{ErrorCode::SecretUnavailable, "no secret"}, false},
      {json_answer(500, "{}"), true},   {json_answer(503, "{}"), true},
      {json_answer(408, "{}"), true},   {json_answer(303, "{}"), true},
      {json_answer(400, "{}"), false},  {json_answer(409, "{}"), false},
      {json_answer(200, "{broken"), true}};
  for (const auto& [outcome, undone] : cases) {
    World world(kSaga);
    world.answer = answers({{"pay.example/do", outcome}});
    world.start_and_run("{}");
    EXPECT_EQ(world.phase(), "faulted");
    const Urls all = {"order.example/do", "pay.example/do", "pay.example/undo", "order.example/undo"};
    const Urls without = {"order.example/do", "pay.example/do", "order.example/undo"};
    EXPECT_EQ(urls(world), undone ? all : without);
    if (!undone) continue;
    EXPECT_EQ(world.calls[2]->find("body")->as_string(), R"({"in":{"id":1},"out":null,"dot":null})");
  }
}

TEST(Compensation, ACallMadeTwiceIsNeverSureToHaveDoneNothing) {
  World world(kSaga);
  world.start("{}");
  const CallId call = world.instance.calls.front().id;
  world.command([&](Machine& m) { return m.on_call_result(call, json_answer(409, "{}"), /*again=*/true); });
  EXPECT_EQ(urls(world).back(), "order.example/undo");
}

TEST(Compensation, ACancelUndoesIfAskedTo) {
  for (const Undo undo : {Undo::no, Undo::yes}) {
    World world(kSaga);
    world.answer = answers({});
    world.start("{}");
    world.answer_next();  // order is done, pay is under way
    world.command([&](Machine& m) { return m.cancel("wrong address", undo); });
    if (undo == Undo::yes) {
      EXPECT_EQ(world.phase(), "compensating");
    }
    world.run();
    EXPECT_EQ(world.phase(), "cancelled");
    const Urls done = {"order.example/do", "pay.example/do"};
    const Urls undone = {"order.example/do", "pay.example/do", "pay.example/undo", "order.example/undo"};
    EXPECT_EQ(urls(world), undo == Undo::yes ? undone : done);
    EXPECT_EQ(world.instance.compensated, undo == Undo::yes ? Compensated::all : Compensated::none);
    EXPECT_EQ(world.all<InstanceEnded>().back().reason, "wrong address");
  }
}

TEST(Compensation, ASuspendedInstanceIsUndone) {
  World world(kSaga);
  world.answer = answers({});
  world.start("{}");
  world.answer_next();
  world.command([](Machine& m) { return m.suspend("ann", "looks"); });
  world.command([](Machine& m) { return m.cancel("", Undo::yes); });
  world.run();
  EXPECT_EQ(world.phase(), "cancelled");
  EXPECT_EQ(world.instance.compensated, Compensated::all);
}

TEST(Compensation, ParksWhatFailsAndWaitsForAPerson) {
  World world(kSaga);
  bool works = false;
  auto usual = answers({{"ship.example/do", json_answer(409, "{}")}});
  world.answer = [&, usual](const json::Value& request) -> CallOutcome {
    if (url_of(request).ends_with("pay.example/undo") && !works) return json_answer(503, "{}");
    return usual(request);
  };
  world.start_and_run("{}");
  ASSERT_NE(world.instance.parked(), nullptr);
  EXPECT_EQ(world.phase(), "compensating");
  EXPECT_EQ(urls(world).back(), "pay.example/undo") << "what comes before waits its turn";
  world.command([](Machine& m) { return m.decide_parked(Parked::redrive); });
  world.run();
  ASSERT_NE(world.instance.parked(), nullptr) << "it failed again";
  works = true;
  world.command([](Machine& m) { return m.decide_parked(Parked::redrive); });
  world.run();
  EXPECT_EQ(world.phase(), "faulted");
  EXPECT_EQ(world.instance.compensated, Compensated::all);
  EXPECT_EQ(urls(world).back(), "order.example/undo");
  EXPECT_TRUE(world.command([](Machine& m) { return m.decide_parked(Parked::redrive); }).ignored);
}

TEST(Compensation, WhatIsSkippedLeavesItPartial) {
  World world(kSaga);
  world.answer = answers({{"ship.example/do", json_answer(409, "{}")},
                          {"pay.example/undo", json_answer(503, "{}")}});
  world.start_and_run("{}");
  world.command([](Machine& m) { return m.decide_parked(Parked::skip); });
  world.run();
  EXPECT_EQ(world.phase(), "faulted");
  EXPECT_EQ(world.instance.compensated, Compensated::partial);
  EXPECT_EQ(urls(world).back(), "order.example/undo");
}

TEST(Compensation, ACancelWhileItUndoesEndsIt) {
  World world(kSaga);
  world.answer = answers({{"ship.example/do", json_answer(409, "{}")},
                          {"pay.example/undo", json_answer(503, "{}")}});
  world.start_and_run("{}");
  world.command([](Machine& m) { return m.cancel("enough"); });
  EXPECT_EQ(world.phase(), "cancelled");
  EXPECT_EQ(world.instance.compensated, Compensated::partial);
  EXPECT_EQ(world.error()->string_or("instance", ""), "/do/2/ship");
}

TEST(Compensation, RetriesAsItsTasksSay) {
  World world(with_head(R"(
do:
  - charge:
      set: {paid: true}
      metadata:
        compensate:
          - refund:
              try:
                - post: {call: http, with: {method: post, endpoint: 'https://pay.example/refund'}}
              catch: {retry: {delay: PT1S, limit: {attempt: {count: 2}}}}
  - stop: {raise: {error: {type: 'https://example.com/no', status: 500}}}
)"));
  int left = 2;
  world.answer = [&](const json::Value&) { return json_answer(left-- > 0 ? 503 : 200, "{}"); };
  world.start_and_run("{}");
  EXPECT_EQ(world.calls.size(), 3u);
  EXPECT_EQ(world.phase(), "faulted");
  EXPECT_EQ(world.instance.compensated, Compensated::all);
}

TEST(Compensation, EachIterationAndEachBranchRegisters) {
  World world(with_head(R"(
do:
  - each:
      for: {each: n, in: '${ [1, 2] }'}
      do:
        - take:
            set: {n: '${ $n }'}
            metadata: {compensate: [{give: {set: {back: '${ $output.n }'}, export: {as: '${ {log: ($context.log // []) + [$output.n]} }'}}}]}
  - both:
      fork:
        branches:
          - slow: {wait: PT2S, metadata: {compensate: [{s: {set: {a: 1}, export: {as: '${ {log: ($context.log + ["slow"])} }'}}}]}}
          - fast: {wait: PT1S, metadata: {compensate: [{f: {set: {a: 1}, export: {as: '${ {log: ($context.log // []) + ["fast"]} }'}}}]}}
  - stop: {raise: {error: {type: 'https://example.com/no', status: 500}}}
)"));
  world.start_and_run("{}");
  EXPECT_EQ(world.instance.context->to_text(), R"({"log":["slow","fast",2,1]})");
}

// What a `try` caught is dealt with; what its tasks did stays to be undone.
TEST(Compensation, WhatACaughtErrorLeftBehindStaysRegistered) {
  World world(with_head(R"(
do:
  - attempt:
      try:
        - one: {set: {a: 1}, metadata: {compensate: [{undo: {set: {b: 1}}}]}}
        - fails: {raise: {error: {type: 'https://example.com/no', status: 500}}}
      catch: {do: [{note: {set: {caught: true}}}]}
  - stop: {raise: {error: {type: 'https://example.com/later', status: 500}}}
)"));
  world.start_and_run("{}");
  EXPECT_EQ(world.begun().back(), "undo");
  EXPECT_EQ(world.instance.compensated, Compensated::all);
}

TEST(Compensation, TheRetriesOfOneTaskCountAsOne) {
  const std::string yaml = with_head("do:\n  - attempt:\n      try:\n" + step("pay", "        ") +
                                     "      catch: {retry: {delay: PT1S, limit: {attempt: {count: 2}}}}\n" +
                                     "  - stop: {raise: {error: {type: 'https://example.com/no', status: 500}}}\n");
  int left = 2;
  const auto after = [&](CallOutcome last) {
    return [&left, last](const json::Value& request) -> CallOutcome {
      if (url_of(request).ends_with("/undo")) return json_answer(200, "{}");
      return left-- > 0 ? json_answer(503, "{}") : last;
    };
  };
  World well(yaml);
  well.answer = after(json_answer(200, "{}"));
  well.start_and_run("{}");
  EXPECT_EQ(urls(well), (Urls{"pay.example/do", "pay.example/do", "pay.example/do", "pay.example/undo"}));
  // The last was refused, an earlier one may have been taken.
  left = 2;
  World refused(yaml);
  refused.answer = after(json_answer(409, "{}"));
  refused.start_and_run("{}");
  EXPECT_EQ(urls(refused), (Urls{"pay.example/do", "pay.example/do", "pay.example/do", "pay.example/undo"}));
}

/// A try of pay, ship and book, with two retries, and an error after it.
const std::string kRetried = with_head(
    "do:\n  - attempt:\n      try:\n" + step("pay", "        ") + step("ship", "        ") +
    "        - book: {call: http, with: {method: post, endpoint: 'https://book.example/do'}}\n"
    "      catch: {retry: {delay: PT1S, limit: {attempt: {count: 2}}}}\n"
    "  - stop: {raise: {error: {type: 'https://example.com/no', status: 500}}}\n");

TEST(Compensation, WhatCompletedInSeveralRetriesIsUndoneOnce) {
  for (const int failures : {1, 3}) {
    World world(kRetried);
    world.answer = [left = failures, n = 0](const json::Value& request) mutable -> CallOutcome {
      if (url_of(request) == "https://book.example/do") return json_answer(left-- > 0 ? 409 : 200, "{}");
      return json_answer(200, "{\"id\":" + std::to_string(++n) + "}");
    };
    world.start_and_run("{}");
    Urls expected;
    for (int run = 0; run < std::min(failures + 1, 3); ++run) {
      for (const char* url : {"pay.example/do", "ship.example/do", "book.example/do"}) expected.emplace_back(url);
    }
    expected.insert(expected.end(), {"ship.example/undo", "pay.example/undo"});
    EXPECT_EQ(urls(world), expected);
    const std::string id = failures == 1 ? "3" : "5";
    EXPECT_EQ(world.calls.back()->find("body")->as_string(), R"({"in":{},"out":{"id":)" + id + R"(},"dot":{"id":)" + id + "}}")
        << "the last that completed";
    EXPECT_EQ(world.instance.compensated, Compensated::all);
  }
}

TEST(Compensation, WhatARetryDidNotCompleteAgainIsUndoneAsItWas) {
  for (const int status : {503, 409}) {
    World world(kRetried);
    world.answer = [status, n = 0](const json::Value& request) mutable -> CallOutcome {
      if (url_of(request) == "https://book.example/do") return json_answer(409, "{}");
      const bool again = url_of(request) == "https://pay.example/do" && n > 0;
      return again ? json_answer(status, "{}") : json_answer(200, "{\"id\":" + std::to_string(++n) + "}");
    };
    world.start_and_run("{}");
    EXPECT_EQ(urls(world), (Urls{"pay.example/do", "ship.example/do", "book.example/do", "pay.example/do", "pay.example/do",
                                 "ship.example/undo", "pay.example/undo"}));
    EXPECT_EQ(world.calls.back()->find("body")->as_string(), R"({"in":{},"out":{"id":1},"dot":{"id":1}})");
  }
}

TEST(Compensation, LoopsCountEachRunRetriesDoNot) {
  const auto undone = [](const std::string& body, const std::string& after) {
    World world(with_head("do:\n  - first: {set: {n: '${ (.n // 0) + 1 }'}}\n  - attempt:\n      try:\n" + body +
                          "        - b: {call: http, with: {method: post, endpoint: 'https://b.example/'}, output: {as: '${ $input }'}}\n"
                          "      catch: {retry: {delay: PT1S, limit: {attempt: {count: 1}}}}\n" + after +
                          "  - stop: {raise: {error: {type: 'https://example.com/no', status: 500}}}\n"));
    world.answer = [n = 0](const json::Value&) mutable { return json_answer(++n % 2 == 1 ? 409 : 200, "{}"); };
    world.start_and_run("{}");
    const auto begun = world.begun();
    return std::count(begun.begin(), begun.end(), "undo");
  };
  const std::string a = "        - a: {set: {n: '${ .n + 1 }'}, metadata: {compensate: [{undo: {set: {x: 1}}}]}}\n";
  const auto back = [](const std::string& to, const std::string& below, const std::string& indent) {
    return indent + "- more: {switch: [{again: {when: '${ .n < " + below + " }', then: " + to + "}}]}\n";
  };
  EXPECT_EQ(undone(a, ""), 1);
  EXPECT_EQ(undone(a + back("a", "3", "        "), ""), 2) << "twice in each of two runs of the body";
  EXPECT_EQ(undone(a, back("first", "4", "  ")), 4) << "where the list goes back to the `try`, no run stands for another";
}

// The outer one ends last, whatever ends them.
TEST(Compensation, OfNestedTasksTheOuterIsUndoneFirstHoweverTheyEnd) {
  const std::string nested = R"(
      do:
        - mid:
            do:
              - inner: {call: http, with: {method: post, endpoint: 'https://a.example/'}, metadata: {compensate: [{undoInner: {set: {x: 1}}}]}}
            metadata: {compensate: [{undoMid: {set: {x: 1}}}]}
      metadata: {compensate: [{undoOuter: {set: {x: 1}}}]}
)";
  const Urls expected = {"outer", "mid", "inner", "undoOuter", "undoMid", "undoInner"};
  World failing(with_head("do:\n  - outer:" + nested));
  failing.answer = answers({{"a.example", json_answer(503, "{}")}});
  failing.start_and_run("{}");
  EXPECT_EQ(failing.begun(), expected);

  World cancelled(with_head("do:\n  - outer:" + nested));
  cancelled.start("{}");
  Instance older = cancelled.instance;
  cancelled.command([](Machine& m) { return m.cancel("", Undo::yes); });
  EXPECT_EQ(cancelled.begun(), expected);
  workflow::apply(older, CompensationStarted{Phase::cancelled, std::nullopt, "", cancelled.now, EndOrder::outer_first});
  EXPECT_EQ(cancelled.definition().task(older.compensations.back().task).name, "inner") << "older records stay what they were";

  for (const std::string& yaml : {with_head("timeout: {after: PT5S}\ndo:\n  - outer:" + nested),
                                 with_head("do:\n  - outer:\n      timeout: {after: PT5S}" + nested),
                                 with_head("do:\n  - whole:\n      timeout: {after: PT5S}\n      do: [{outer: {do: [{mid: {do: "
                                           "[{inner: {call: http, with: {method: post, endpoint: 'https://a.example/'}, metadata: "
                                           "{compensate: [{undoInner: {set: {x: 1}}}]}}}], metadata: {compensate: [{undoMid: {set: "
                                           "{x: 1}}}]}}}], metadata: {compensate: [{undoOuter: {set: {x: 1}}}]}}}]\n")}) {
    World timed(yaml);
    timed.start("{}");
    timed.fire(Timer(*timed.instance.next_timer()));
    Urls begun = timed.begun();
    std::erase(begun, "whole");
    EXPECT_EQ(begun, expected) << yaml;
    EXPECT_EQ(timed.instance.compensated, Compensated::all);
  }
}

TEST(Compensation, ATaskWithAListCountsWhatItsTasksDid) {
  const auto calls = [](const CallOutcome& second) {
    World world(with_head(R"(
do:
  - whole:
      do:
        - a: {call: http, with: {method: post, endpoint: 'https://a.example/'}}
        - b: {call: http, with: {method: post, endpoint: 'https://b.example/'}}
      metadata: {compensate: [{undo: {call: http, with: {method: post, endpoint: 'https://undo.example/'}}}]}
)"));
    world.answer = answers({{"a.example", second}, {"b.example", json_answer(409, "{}")}});
    world.start_and_run("{}");
    return urls(world);
  };
  EXPECT_EQ(calls(json_answer(200, "{}")).back(), "undo.example/");
  EXPECT_EQ(calls(json_answer(409, "{}")), (Urls{"a.example/"}));
}

TEST(Compensation, ATimeoutOfTheWorkflowUndoes) {
  World world("timeout: {after: PT10S}\n" + kSaga);
  world.answer = answers({});
  world.start("{}");
  world.answer_next();
  world.fire(*world.instance.next_timer());
  world.run();
  EXPECT_EQ(urls(world).back(), "order.example/undo");
  EXPECT_EQ(world.phase(), "faulted");
}

TEST(Compensation, HasTheLimitOfStepsToItself) {
  World world(with_head(R"(
do:
  - a: {set: {a: 1}, metadata: {compensate: [{b: {set: {b: 1}}}, {c: {set: {c: 1}}}]}}
  - b: {set: {b: 1}}
  - c: {set: {c: 1}}
)"));
  world.limits.steps = 2;
  world.start_and_run("{}");
  EXPECT_EQ(world.phase(), "faulted");
  EXPECT_EQ(world.instance.compensated, Compensated::all);
}

TEST(Compensation, ABoundedNumberIsRegistered) {
  World world(with_head(R"(
do:
  - each:
      for: {in: '${ [range(9)] }'}
      do: [{a: {set: {a: 1}, metadata: {compensate: [{b: {set: {b: 1}}}]}}}]
)"));
  world.limits.compensations = 4;
  world.start_and_run("{}");
  EXPECT_NE(world.error()->string_or("detail", "").find("(limits.workflowCompensations: 4)"), std::string::npos);
  EXPECT_EQ(world.instance.compensated, Compensated::all);
}

TEST(Compensation, EndInItEndsItAlone) {
  World world(with_head(R"(
do:
  - a: {set: {a: 1}, metadata: {compensate: [{undo-a: {set: {x: 1}}}]}}
  - b:
      set: {b: 1}
      metadata:
        compensate:
          - inner: {do: [{undo-b: {set: {x: 1}, then: end}}, {never: {set: {x: 1}}}]}
          - neither: {set: {x: 1}}
  - stop: {raise: {error: {type: 'https://example.com/no', status: 500}}}
)"));
  world.start_and_run("{}");
  const auto begun = world.begun();
  EXPECT_EQ((Urls{begun.end() - 3, begun.end()}), (Urls{"inner", "undo-b", "undo-a"}));
}

TEST(Compensation, GoesOnWithinTheBudgetOfACommand) {
  World world(with_head(R"(
do:
  - each:
      for: {in: '${ [range(20)] }'}
      do: [{a: {set: {a: 1}, metadata: {compensate: [{b: {set: {b: 1}}}]}}}]
  - stop: {raise: {error: {type: 'https://example.com/no', status: 500}}}
)"));
  world.step_budget = 3;
  world.start_and_run("{}");
  EXPECT_GT(world.continuations, 10);
  EXPECT_EQ(world.all<CompensationDone>().size(), 20u);
  EXPECT_EQ(world.phase(), "faulted");
}

TEST(Compensation, ItsListIsCheckedWithItsPlace) {
  EXPECT_EQ(faults_of(with_head("do:\n  - a:\n      set: {a: 1}\n      metadata:\n        compensate:\n"
                                "          - b: {sett: {x: 1}}\n")),
            (Urls{"line 7, column 17: /do/0/a/metadata/compensate/0/b/sett: unknown key \"sett\"; did you mean \"set\"?"}));
  EXPECT_EQ(faults_of(with_head("do: [{a: {set: {a: 1}, metadata: {compensate: []}}}]\n")).size(), 1u);
  const auto nested = faults_of(with_head(
      "do: [{a: {set: {a: 1}, metadata: {compensate: [{b: {set: {b: 1}, metadata: {compensate: [{c: {set: {c: 1}}}]}}}]}}}]\n"));
  ASSERT_EQ(nested.size(), 1u);
  EXPECT_NE(nested[0].find("what undoes a task is not undone itself"), std::string::npos);
  EXPECT_EQ(faults_of(with_head("do: [{a: {set: {a: '${ $output }'}}}]\n")).size(), 1u) << "elsewhere there is no $output";
  EXPECT_EQ(faults_of(with_head("do: [{a: {set: {a: 1}, metadata: {note: 'kept as it is', other: [1]}}}]\n")).size(), 0u);
}

}  // namespace
}  // namespace hence::workflow
