// SPDX-License-Identifier: Apache-2.0
// `listen`: strategies, correlation, `until`, `foreach`, read modes.

#include <gmock/gmock.h>

#include <algorithm>

#include "filter/rule_set.h"
#include "workflow/correlation.h"
#include "workflow/workflow_test_world.h"

namespace hence::workflow {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::World;

/// Finds the waits of an event as the engine does: filters first, then the value they stand under, all of them
/// before the first takes it.
class Listening : public World {
 public:
  explicit Listening(const std::string& rest) : World(testing::with_head(rest)) {
    std::vector<filter::RuleInput> rules;
    for (uint32_t site = 0; site < definition().sites.size(); ++site) {
      auto conditions = filter::parse_conditions(definition().sites[site].on);
      EXPECT_TRUE(conditions.ok()) << definition().sites[site].on->to_text();
      if (conditions.ok()) rules.push_back({site, std::move(*conditions)});
    }
    rules_ = std::make_unique<filter::RuleSet>(*filter::RuleSet::build(std::move(rules)));
  }

  /// How many waits took it.
  int send(const std::string& event) {
    const json::Value value = testing::value_of(event);
    std::vector<uint32_t> sites;
    std::vector<filter::MatchError> errors;
    filter::MatchScratch scratch;
    rules_->match(value, {now}, scratch, sites, errors);
    std::sort(sites.begin(), sites.end());
    std::vector<WaitId> found;
    for (const uint32_t site : sites) {
      for (const Wait& wait : instance.waits) {
        if (wait.site == site && stands_for(wait, value)) found.push_back(wait.id);
      }
    }
    const Address position{3, ++events_};
    int taken = 0;
    for (const WaitId wait : found) {
      const auto advance = command([&](Machine& m) { return m.on_event(wait, value, position); });
      if (!advance.ignored) ++taken;
    }
    return taken;
  }

 private:
  bool stands_for(const Wait& wait, json::View event) {
    if (!wait.value) return true;
    const ListenSite& site = definition().sites[wait.site];
    const auto value = read_key(site.keys[site.placing_key()], event, {now});
    return value.ok() && canonical_value(*value) == canonical_value(*wait.value);
  }
  std::unique_ptr<filter::RuleSet> rules_;
  Sequence events_ = 0;
};

TEST(Listen, OneTakesTheFirstEventThatMeetsItsFilter) {
  Listening w("do:\n- a: {listen: {to: {one: {with: {type: t.paid, data: '${ .sum > 10 }'}}}}}");
  w.start("{}");
  EXPECT_EQ(w.phase(), "waiting");
  EXPECT_EQ(w.send("{type: t.other, data: {sum: 20}}"), 0);
  EXPECT_EQ(w.send("{type: t.paid, data: {sum: 10}}"), 0);
  EXPECT_EQ(w.send("{type: t.paid, data: {sum: 11}}"), 1);
  EXPECT_EQ(w.output(), R"([{"sum":11}])");
  EXPECT_TRUE(w.instance.waits.empty());
}

TEST(Listen, AllWaitsForEachFilterAndKeepsTheOrderOfEvents) {
  Listening w("do:\n- a: {listen: {to: {all: [{with: {type: a}}, {with: {type: b}}]}}}");
  w.start("{}");
  EXPECT_EQ(w.send("{type: b, data: 1}"), 1);
  EXPECT_EQ(w.send("{type: b, data: 2}"), 0);
  EXPECT_EQ(w.send("{type: a, data: 3}"), 1);
  EXPECT_EQ(w.output(), "[1,3]");
}

TEST(Listen, AnyOfNothingTakesEveryEvent) {
  Listening w("do:\n- a: {listen: {to: {any: []}, read: envelope}}");
  w.start("{}");
  EXPECT_EQ(w.send("{type: whatever, data: 1}"), 1);
  EXPECT_EQ(w.output(), R"([{"type":"whatever","data":1}])");
}

TEST(Listen, RawGivesThePayloadAsText) {
  Listening w("do:\n- a: {listen: {to: {any: []}, read: raw}}");
  w.start("{}");
  w.send("{type: t, data: {a: 1}}");
  EXPECT_EQ(w.output(), R"(["{\"a\":1}"])");
}

TEST(Listen, UntilConditionLooksAtWhatWasConsumed) {
  Listening w("do:\n- a: {listen: {to: {any: [], until: '( . | length ) > 2'}}}");
  w.start("{}");
  for (const char* event : {"{type: t, data: 1}", "{type: t, data: 2}"}) EXPECT_EQ(w.send(event), 1);
  EXPECT_EQ(w.phase(), "waiting");
  EXPECT_EQ(w.send("{type: t, data: 3}"), 1);
  EXPECT_EQ(w.output(), "[1,2,3]");
}

TEST(Listen, UntilEventEndsItAndIsNotInTheOutput) {
  Listening w("do:\n- a: {listen: {to: {any: [{with: {type: t}}], until: {one: {with: {type: stop}}}}}}");
  w.start("{}");
  w.send("{type: t, data: 1}");
  w.send("{type: t, data: 2}");
  EXPECT_EQ(w.send("{type: stop, data: 9}"), 1);
  EXPECT_EQ(w.output(), "[1,2]");
}

TEST(Listen, AnEventThatMeetsTwoFiltersOfAnAnyIsTakenOnce) {
  Listening w("do:\n- a: {listen: {to: {any: [{with: {type: t}}, {with: {subject: s}}], until: 'length == 2'}}}");
  w.start("{}");
  EXPECT_EQ(w.send("{type: t, subject: s, data: 1}"), 1);
  EXPECT_EQ(w.send("{type: t, data: 2}"), 1);
  EXPECT_EQ(w.output(), "[1,2]");
}

TEST(Listen, ForeachRunsForOneEventAfterTheOther) {
  Listening w(
      "do:\n- a:\n    listen: {to: {any: [{with: {type: t}}], until: 'length == 2'}}\n"
      "    foreach:\n      item: event\n      at: i\n      do:\n"
      "      - ask: {call: http, with: {method: get, endpoint: 'http://x/'}}\n"
      "      - both: {set: {seen: '${ $event }', at: '${ $i }'}}\n"
      "      output: {as: '. + {out: true}'}\n      export: {as: '$context + {last: $output.at}'}");
  w.start("{}");
  EXPECT_EQ(w.send("{type: t, data: 5}"), 1);
  EXPECT_EQ(w.send("{type: t, data: 6}"), 1);
  EXPECT_EQ(w.calls.size(), 1u) << "the second event waits for the first";
  w.answer = [](const json::Value&) { return testing::json_answer(200, "{}"); };
  w.run();
  EXPECT_EQ(w.output(), R"([{"seen":5,"at":0,"out":true},{"seen":6,"at":1,"out":true}])");
  EXPECT_EQ(w.instance.context->to_text(), R"({"last":1})");
}

TEST(Listen, ForeachWithoutTasksStillTransforms) {
  Listening w("do:\n- a: {listen: {to: {one: {with: {type: t}}}}, foreach: {output: {as: '. * 2 + $index'}}}");
  w.start("{}");
  w.send("{type: t, data: 4}");
  EXPECT_EQ(w.output(), "[8]");
}

TEST(Listen, ForeachChecksWhatEachEventAddsAndTheContextAfterIt) {
  const auto faulted = [](const std::string& foreach, const std::string& event) {
    Listening w("do:\n- a:\n    listen: {to: {any: [{with: {type: t}}], until: 'length == 2'}}\n    foreach: " + foreach);
    w.start("{}");
    w.send("{type: t, data: 1}");
    EXPECT_EQ(w.phase(), "waiting") << foreach;
    w.send(event);
    if (w.phase() == "completed") return std::string();
    EXPECT_EQ(w.error()->string_or("instance", ""), "/do/0/a");
    EXPECT_THAT(w.error()->string_or("type", ""), HasSubstr("/validation"));
    EXPECT_TRUE(w.instance.waits.empty());
    return w.error()->to_text();
  };
  const std::string number = "schema: {document: {type: number}}";
  for (const std::string tasks : {"", "do: [{n: {set: '${ . }'}}], "}) {
    const std::string output = "{" + tasks + "output: {" + number + "}}";
    EXPECT_EQ(faulted(output, "{type: t, data: 2}"), "");
    EXPECT_THAT(faulted(output, "{type: t, data: x}"), HasSubstr("foreach.output does not fit its schema"));
    EXPECT_EQ(faulted("{" + tasks + "output: {as: '${ 3 }', " + number + "}}", "{type: t, data: x}"), "") << "after `as`";
    EXPECT_THAT(faulted("{" + tasks + "export: {as: '${ . }', " + number + "}}", "{type: t, data: x}"),
                HasSubstr("foreach.export does not fit its schema"));
  }
  EXPECT_EQ(faulted("{export: {schema: {document: {type: object}}}}", "{type: t, data: x}"), "")
      << "without `as` it is the context as it stands";
}

TEST(Listen, ASchemaOfForeachIsCheckedAsItIsAppliedAndNotWhereItWasRecorded) {
  const std::string head = "do:\n- a:\n    listen: {to: {any: []}}\n    foreach: ";
  const std::string bad = testing::with_head(head + "{output: {schema: {document: {type: 7}}}}");
  EXPECT_THAT(testing::faults_of(bad),
              ElementsAre(HasSubstr("/do/0/a/foreach/output/schema/document: the schema does not compile")));
  EXPECT_TRUE(compile(testing::value_of(bad).view()).faults.empty());
  const std::string imported =
      "document: {dsl: '1.0.3', namespace: test, name: sample, version: '0.1.0', metadata: {" + std::string(kImportsKey) +
      ": {'https://x/s': {type: 7}}}}\n" + head + "{output: {schema: {resource: {endpoint: 'https://x/s'}}}}";
  EXPECT_EQ(compile(testing::value_of(imported).view()).faults.size(), 1u) << "what was imported was imported to be read";
  const std::string xml = testing::with_head(head + "{export: {schema: {format: xml, document: {}}}}");
  const Faults unsupported = compile(testing::document_of(xml)).unsupported;
  ASSERT_EQ(unsupported.size(), 1u);
  EXPECT_EQ(unsupported.begin()->pointer, "/do/0/a/foreach/export/schema/format");
  EXPECT_TRUE(compile(testing::value_of(xml).view()).unsupported.empty());
}

TEST(Listen, EndlessListeningCollectsNothing) {
  Listening w("do:\n- a:\n    listen: {to: {any: [], until: '${ false }'}}\n    foreach: {do: [{n: {set: {a: 1}}}]}");
  w.start("{}");
  for (int i = 0; i < 20; ++i) EXPECT_EQ(w.send("{type: t, data: 1}"), 1);
  EXPECT_EQ(w.phase(), "waiting");
  EXPECT_TRUE(w.instance.frames.front().listen->consumed.empty());
}

TEST(Listen, ExpectationsTellInstancesApart) {
  const std::string listen =
      "do:\n- a:\n    listen: {to: {one: {with: {type: t}, correlate: {order: {from: .data.order, expect: '${ .id "
      "}'}, shop: {from: .subject, expect: north}}}}}";
  Listening w(listen);
  w.start("{id: 7}");
  ASSERT_EQ(w.instance.waits.size(), 1u);
  EXPECT_EQ((*w.instance.waits[0].value)->to_text(), "7");
  EXPECT_EQ(w.send("{type: t, subject: north, data: {order: 8}}"), 0);
  EXPECT_EQ(w.send("{type: t, subject: south, data: {order: 7}}"), 0);
  EXPECT_EQ(w.send("{type: t, subject: north, data: {order: 7.0}}"), 1);
  EXPECT_EQ(w.output(), R"([{"order":7.0}])");
}

TEST(Listen, AKeyWithoutExpectationIsBoundByTheFirstEvent) {
  Listening w(
      "do:\n- a: {listen: {to: {all: [{with: {type: temp}, correlate: {room: {from: .roomid}}},"
      " {with: {type: hum}, correlate: {room: {from: .roomid}}}]}}}");
  w.start("{}");
  EXPECT_EQ(w.send("{type: hum, roomid: r1, data: 1}"), 1);
  ASSERT_EQ(w.instance.waits.size(), 1u);
  EXPECT_EQ((*w.instance.waits[0].value)->to_text(), "\"r1\"") << "placed under the value that is known now";
  EXPECT_EQ(w.send("{type: temp, roomid: r2, data: 2}"), 0);
  EXPECT_EQ(w.send("{type: temp, data: 2}"), 0) << "no value is no value";
  EXPECT_EQ(w.send("{type: temp, roomid: r1, data: 3}"), 1);
  EXPECT_EQ(w.output(), "[1,3]");
}

TEST(Listen, AnEventThatBindsAKeyCountsForTheOtherFiltersItMeets) {
  Listening all(
      "do:\n- a: {listen: {to: {all: [{with: {type: a}, correlate: {k: {from: .data.k}}},"
      " {with: {subject: s}, correlate: {k: {from: .data.k}}}]}}}");
  all.start("{}");
  EXPECT_EQ(all.send("{type: a, subject: s, data: {k: 1}}"), 2);
  EXPECT_EQ(all.output(), R"([{"k":1},{"k":1}])");

  Listening any(
      "do:\n- a: {listen: {to: {any: [{with: {type: a}, correlate: {k: {from: .data.k}}},"
      " {with: {subject: s}, correlate: {k: {from: .data.k}}}], until: 'length == 2'}}}");
  any.start("{}");
  EXPECT_EQ(any.send("{type: a, subject: s, data: {k: 1}}"), 1) << "an `any` takes it once";
  EXPECT_EQ(any.send("{type: a, subject: s, data: {k: 2}}"), 0);
  EXPECT_EQ(any.send("{type: b, subject: s, data: {k: 1}}"), 1);
  EXPECT_EQ(any.output(), R"([{"k":1},{"k":1}])");
}

TEST(Listen, TheEventThatBindsAKeyMayAlsoEndTheListening) {
  const std::string listen =
      "do:\n- a: {listen: {to: {any: [{with: {type: reading}, correlate: {d: {from: .data.device}}}], until: {one: "
      "{with: {type: reading, data: {final: true}}, correlate: {d: {from: .data.device}}}}}}}";
  Listening w(listen);
  w.start("{}");
  EXPECT_EQ(w.send("{type: reading, data: {device: 1, final: true}}"), 2);
  EXPECT_EQ(w.output(), R"([{"device":1,"final":true}])");

  Listening later(listen);
  later.start("{}");
  EXPECT_EQ(later.send("{type: reading, data: {device: 1}}"), 1);
  const auto opened = later.all<WaitOpened>();
  ASSERT_EQ(opened.size(), 4u);
  EXPECT_NE(opened[2].wait, opened[0].wait);
  EXPECT_EQ(opened[2].after, (Address{3, 1})) << "the `any` has had it";
  EXPECT_EQ(opened[3].wait, opened[1].wait) << "what is on its way to `until` still finds it";
  EXPECT_TRUE(opened[3].after.is_none());
  EXPECT_EQ(later.send("{type: reading, data: {device: 2, final: true}}"), 0);
  EXPECT_EQ(later.send("{type: reading, data: {device: 1, final: true}}"), 2);
  EXPECT_EQ(later.output(), R"([{"device":1},{"device":1,"final":true}])");
}

TEST(Listen, WithReadsVariables) {
  Listening w("do:\n- a: {listen: {to: {one: {with: {type: t, subject: '${ $input.id }', data: '${ .n > $input.n }'}}}}}");
  const ListenSite& site = w.definition().sites.at(0);
  EXPECT_EQ(site.keys.size(), 1u) << "a value the instance gives is a key";
  EXPECT_EQ(site.late.size(), 1u) << "a test over both is asked of each instance";
  w.start("{id: x, n: 3}");
  EXPECT_EQ(w.send("{type: t, subject: y, data: {n: 5}}"), 0);
  EXPECT_EQ(w.send("{type: t, subject: x, data: {n: 3}}"), 0);
  EXPECT_EQ(w.send("{type: t, subject: x, data: {n: 4}}"), 1);
}

TEST(Listen, TextsWithPatternSignsAreRegularExpressionsOverTheWhole) {
  Listening w("do:\n- a: {listen: {to: {any: [{with: {type: 'order\\.(a|b)', data: {kind: x}}}], until: 'length == 2'}}}");
  w.start("{}");
  EXPECT_EQ(w.send("{type: order.a, data: {kind: x}}"), 1);
  EXPECT_EQ(w.send("{type: order.ab, data: {kind: x}}"), 0);
  EXPECT_EQ(w.send("{type: order.b, data: {kind: y}}"), 0);
  EXPECT_EQ(w.send("{type: order.b, data: {kind: x, more: 1}}"), 1);
}

TEST(Listen, ATextThatIsNoRegularExpressionIsThatVeryText) {
  const std::string rest = "do:\n- a: {listen: {to: {one: {with: {type: t, subject: 'order(1'}}}}}";
  const Faults warnings = compile(testing::document_of(testing::with_head(rest))).warnings;
  ASSERT_EQ(warnings.size(), 1u);
  EXPECT_EQ(warnings.begin()->pointer, "/do/0/a/listen/to/one/with/subject");
  EXPECT_THAT(warnings.begin()->message, HasSubstr("only this very text meets it: as a regular expression it is not valid"));
  Listening w(rest);
  w.start("{}");
  EXPECT_EQ(w.send("{type: t, subject: order1}"), 0);
  EXPECT_EQ(w.send("{type: t, subject: order(1}"), 1);
}

TEST(Listen, AFilterAskedOfEachInstanceIsWarnedOf) {
  const auto warnings = [](const std::string& data) {
    return compile(testing::document_of(testing::with_head("do:\n- a: {listen: {to: {one: {with: {type: t, data: {n: '" + data + "'}}}}}}"))).warnings;
  };
  const Faults late = warnings("${ . > $input.n }");
  ASSERT_EQ(late.size(), 1u);
  EXPECT_EQ(late.begin()->pointer, "/do/0/a/listen/to/one/with/data/n");
  EXPECT_THAT(late.begin()->message, HasSubstr("every instance that waits here, one by one; `correlate`"));
  EXPECT_TRUE(warnings("${ $input.n }").empty());
  EXPECT_TRUE(warnings("${ . > 3 }").empty());
}

TEST(Listen, ItsTimeoutIsATimeoutAndTheWaitIsGone) {
  Listening w("do:\n- a: {listen: {to: {one: {with: {type: t}}}}, timeout: {after: PT5M}}");
  w.start_and_run("{}");
  EXPECT_EQ(w.phase(), "faulted");
  EXPECT_EQ(w.error()->string_or("instance", ""), "/do/0/a");
  EXPECT_TRUE(w.instance.waits.empty());
}

TEST(Listen, ASuspendedInstanceTakesEventsAndGoesOnLater) {
  Listening w("do:\n- a: {listen: {to: {one: {with: {type: t}}}}}\n- b: {set: {done: true}}");
  w.start("{}");
  w.command([](Machine& m) { return m.suspend("ann", "why not"); });
  EXPECT_EQ(w.send("{type: t, data: 1}"), 1);
  EXPECT_EQ(w.phase(), "suspended");
  w.command([](Machine& m) { return m.resume(); });
  EXPECT_EQ(w.output(), R"({"done":true})");
}

TEST(Listen, WhatItHoldsIsBounded) {
  Listening w("do:\n- a: {listen: {to: {any: [], until: 'length > 1000'}}}");
  w.limits.listen_bytes = 40;
  w.start("{}");
  for (int i = 0; i < 10; ++i) w.send("{type: t, data: 0123456789}");
  const auto near = w.all<LimitNear>();
  ASSERT_EQ(near.size(), 1u) << "half of it is said, once";
  EXPECT_EQ(near[0].limit, Limit::listen_bytes);
  EXPECT_EQ(near[0].max, 40u);
  EXPECT_EQ(w.phase(), "faulted");
  EXPECT_THAT(w.error()->to_text(), HasSubstr("(limits.workflowListenBytes: 40)"));
}

TEST(Listen, ManySmallValuesAreBoundedToo) {
  Listening w("do:\n- a: {listen: {to: {any: [], until: 'length > 1000'}}}");
  w.limits.listen_bytes = 1'000;
  w.start("{}");
  for (int i = 0; i < 14; ++i) w.send("{type: t, data: null}");  // 64 each, and 4 of text
  EXPECT_EQ(w.phase(), "waiting");
  w.send("{type: t, data: null}");
  EXPECT_THAT(w.error()->to_text(), HasSubstr("(limits.workflowListenBytes: 1000)"));
}

TEST(Listen, WhatForeachIsDoneWithIsNoLongerHeld) {
  for (const std::string tasks : {"", "do: [{n: {set: {a: 1}}}], "}) {
    Listening w("do:\n- a:\n    listen: {to: {any: [], until: 'length == 20'}}\n    foreach: {" + tasks + "output: {as: '${ 1 }'}}");
    w.limits.listen_bytes = 2'000;
    w.start("{}");
    const std::string event = "{type: t, data: '" + std::string(200, 'x') + "'}";
    for (int i = 0; i < 20; ++i) EXPECT_EQ(w.send(event), 1) << i;
    EXPECT_EQ(w.phase(), "completed") << tasks << w.error()->to_text();
  }
}

TEST(Listen, TheContextThatForeachExportsIsBoundedLikeAnyOther) {
  for (const int bytes : {60, 120}) {
    Listening w("do:\n- a:\n    listen: {to: {any: [], until: 'length > 0'}}\n"
                "    foreach: {export: {as: '${ {text: (\"x\" * " + std::to_string(bytes) + ")} }'}}");
    w.limits.context_bytes = 100;
    w.start("{}");
    w.send("{type: t, data: 1}");
    const auto near = w.all<LimitNear>();
    ASSERT_EQ(near.size(), 1u);
    EXPECT_EQ(near[0].limit, Limit::context_bytes);
    EXPECT_EQ(w.phase(), bytes < 100 ? "completed" : "faulted");
    if (bytes < 100) continue;
    EXPECT_THAT(w.error()->to_text(), HasSubstr("foreach.export.as: the context would be too large (limits.workflowContextBytes: 100)"));
  }
}

struct Fault {
  const char* name;
  const char* rest;
  const char* part;
};
class ListenFault : public ::testing::TestWithParam<Fault> {};
TEST_P(ListenFault, IsSaid) {
  EXPECT_THAT(testing::faults_of(testing::with_head(GetParam().rest)),
              ::testing::Contains(HasSubstr(GetParam().part)));
}
INSTANTIATE_TEST_SUITE_P(
    Faults, ListenFault,
    ::testing::Values(
        Fault{"AllOfNothing", "do:\n- a: {listen: {to: {all: []}}}", "would wait for ever"},
        Fault{"UntilOfOne", "do:\n- a: {listen: {to: {one: {with: {type: t}}, until: 'true'}}}", "`until` ends an `any`"},
        Fault{"FromReadsContext",
              "do:\n- a: {listen: {to: {one: {with: {type: t}, correlate: {k: {from: $context.x}}}}}}",
              "$context cannot be read in correlate.from"},
        Fault{"OneNameTwice", "do:\n- a: {listen: {to: {any: []}}, foreach: {item: x, at: x}}",
              "/do/0/a/foreach: `item` and `at` are both \"x\"; name one otherwise"},
        Fault{"NameOfTheOther", "do:\n- a: {listen: {to: {any: []}}, foreach: {item: index}}", "are both \"index\""},
        Fault{"BufferKey",
              "do:\n- a: {metadata: {correlation: {buffer: {fro: PT1H}}}, listen: {to: {any: []}}}",
              "line 3, column 41: /do/0/a/metadata/correlation/buffer/fro: unknown key \"fro\"; did you mean \"for\"?"},
        Fault{"BufferLength",
              "do:\n- a: {metadata: {correlation: {buffer: {for: P8D}}}, listen: {to: {any: []}}}", "at most P7D"}),
    [](const auto& fault) { return fault.param.name; });

TEST(Listen, HasExtensionsAroundIt) {
  Listening world(R"(
use: {extensions: [{x: {extend: listen, before: [{b: {set: {u: 1}}}], after: [{a: {wait: PT1S}}]}}]}
do:
  - one: {listen: {to: {one: {with: {type: go}}}}}
  - each: {listen: {to: {any: [{with: {type: go}}], until: "length == 2"}}, foreach: {do: [{pause: {wait: PT1S}}]}}
)");
  world.start("{}");
  EXPECT_EQ(world.send(R"({"type": "go", "data": 1})"), 1);
  world.run();
  for (const std::string data : {"2", "3"}) EXPECT_EQ(world.send(R"({"type": "go", "data": )" + data + "}"), 1);
  world.run();
  EXPECT_THAT(world.begun(), ElementsAre("one", "b", "a", "each", "b", "pause", "pause", "a"));
  EXPECT_EQ(world.output(), "[2,3]");
}

TEST(Listen, TimesOutInTheListBehindItAsOtherTasksDo) {
  for (const std::string task : {"listen: {to: {one: {with: {type: go}}}}", "do: [{s: {set: {x: 1}}}]"}) {
    Listening world("use: {extensions: [{x: {extend: all, after: [{a: {wait: PT5S}}]}}]}\ndo:\n  - t: {timeout: {after: PT3S}, " + task + "}\n");
    world.start("{}");
    world.send(R"({"type": "go"})");
    world.run();
    EXPECT_EQ(world.error()->string_or("instance", ""), "/do/0/t") << task;
  }
}

}  // namespace
}  // namespace hence::workflow
