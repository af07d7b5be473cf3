// SPDX-License-Identifier: Apache-2.0
// Schedules in the engine: due times, what is missed, overlap, changes, crashes; events that start.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/test_world.h"
#include "os/zone_files.h"

namespace hence::engine {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

EngineOptions options() {
  EngineOptions made;
  made.zones = std::make_shared<calendar::Zones>(os::load_zone, os::zone_database_version());
  return made;
}

std::string workflow(const std::string& schedule, const std::string& metadata = "{}", const std::string& version = "1.0.0",
                     const std::string& tasks = "[{a: {set: {x: 1}}}]") {
  return "document: {dsl: '1.0.3', namespace: t, name: w, version: '" + version + "', metadata: {schedule: " + metadata +
         "}}\nschedule: " + schedule + "\ndo: " + tasks + "\n";
}
const std::string kSleeps = "[{a: {wait: {minutes: 25}}}]";

std::string schedule(const std::string& spec) {
  return "apiVersion: hence/v1\nkind: Schedule\nmetadata: {name: s}\nspec: " + spec + "\n";
}

class Schedules : public testing::Test {
 protected:
  Schedules() { begin_anew(); }

  void begin_anew() {
    world = std::make_unique<TestWorld>(options());
    world->now = parse_rfc3339("2026-03-01T12:00:00Z").value();
  }

  json::Value state(const std::string& name) {
    const json::Value all = world->query([&](Query& q) { return q.schedule("default", name); });
    return json::Value(all->find("schedule").value());
  }
  std::string next(const std::string& name) { return std::string(state(name)->string_or("next", "none")); }
  int64_t count(const std::string& name, std::string_view what) {
    return state(name)->find(what)->as_int64().value();
  }
  /// When the instances there are were to begin and began, oldest first: "due>started".
  std::vector<std::string> starts() {
    const json::Value list = world->query([&](Query& q) { return q.instances("default", {}); });
    std::vector<std::string> out;
    for (json::View one : list->find("items")->elements()) {
      const Address id = Address::parse(one.string_or("id", "")).value();
      const json::Value full = world->query([&](Query& q) { return q.instance("default", id); });
      const auto cause = full->find("schedule");
      out.push_back((cause ? std::string(cause->string_or("due", "")) : "none") + ">" + std::string(full->string_or("started", "")));
    }
    std::sort(out.begin(), out.end());
    return out;
  }
  /// The power fails; half the times the state is lost too.
  void crash() {
    const Hash128 before = world->engine().state_digest().value();
    world->reopen();
    EXPECT_EQ(world->engine().state_digest().value(), before);
    world->lose_state();
    EXPECT_EQ(world->engine().state_digest().value(), before);
  }
  void to(std::string_view time) { world->advance(parse_rfc3339(time).value() - world->now); }

  std::unique_ptr<TestWorld> world;
};

TEST_F(Schedules, AWorkflowStartsAtItsCronInItsZone) {
  world->apply(workflow("{cron: '30 2 * * *'}", "{timeZone: Europe/Berlin}"));
  EXPECT_EQ(next("t/w"), "2026-03-02T01:30:00Z");
  EXPECT_EQ(state("t/w")->find("triggers")->at(0).string_or("timeZones", ""), os::zone_database_version());
  to("2026-03-28T12:00:00Z");
  EXPECT_EQ(count("t/w", "fired"), 27);
  crash();
  to("2026-03-30T12:00:00Z");
  EXPECT_EQ(starts().back(), "2026-03-30T00:30:00Z>2026-03-30T00:30:00Z");
  EXPECT_EQ(starts().at(27), "2026-03-29T01:00:00Z>2026-03-29T01:00:00Z");  // 02:30 was in the gap
  EXPECT_EQ(starts().size(), 29u);
}

TEST_F(Schedules, EveryKeepsItsBeatThroughCrashesAndUnchangedApplies) {
  world->apply(workflow("{every: {minutes: 10}}"));
  EXPECT_EQ(next("t/w"), "2026-03-01T12:10:00Z");
  to("2026-03-01T12:05:00Z");
  world->apply(workflow("{every: {minutes: 10}}"));
  world->apply(workflow("{every: PT10M}", "{overlap: skip}", "1.1.0"));  // a new version, the same beat
  EXPECT_EQ(next("t/w"), "2026-03-01T12:10:00Z");
  crash();
  to("2026-03-01T12:10:00Z");
  const json::Value list = world->query([&](Query& q) { return q.instances("default", {}); });
  EXPECT_EQ(list->find("items")->at(0).string_or("version", ""), "1.1.0");
  world->apply(workflow("{every: PT7M}", "{}", "1.2.0"));
  EXPECT_EQ(next("t/w"), "2026-03-01T12:17:00Z");
}

TEST_F(Schedules, StopsWhereItIsDeletedDisabledOrNoLongerSaid) {
  world->apply(workflow("{every: PT10M}"));
  EXPECT_EQ(world->count_rows('t'), 1u);
  world->apply("document: {dsl: '1.0.3', namespace: t, name: w, version: '1.0.1'}\ndo: [{a: {set: {x: 1}}}]");
  EXPECT_EQ(world->count_rows('t'), 0u);
  EXPECT_EQ(world->count_rows('s'), 0u);
  world->apply(schedule("{every: 10m, emit: {type: x}}"));
  to("2026-03-01T12:15:00Z");
  world->apply(schedule("{every: 10m, emit: {type: x}, mode: disabled}"));
  EXPECT_EQ(next("s"), "none");
  EXPECT_EQ(count("s", "fired"), 1);  // what was is kept
  EXPECT_EQ(world->count_rows('t'), 0u);
  crash();
  world->apply(schedule("{every: 10m, emit: {type: x}}"));
  EXPECT_EQ(next("s"), "2026-03-01T12:25:00Z");
  world->apply(schedule("{every: 10m, emit: {type: x}, mode: disabled}"));
  world->remove("Schedule", "s");
  EXPECT_EQ(world->count_rows('s'), 0u);
}

TEST_F(Schedules, AfterCountsFromTheEndOfItsInstance) {
  world->apply(workflow("{after: PT10M}", "{}", "1.0.0", kSleeps));
  to("2026-03-01T13:20:00Z");
  EXPECT_THAT(starts(), ElementsAre("2026-03-01T12:10:00Z>2026-03-01T12:10:00Z", "2026-03-01T12:45:00Z>2026-03-01T12:45:00Z",
                                    "2026-03-01T13:20:00Z>2026-03-01T13:20:00Z"));
  EXPECT_EQ(next("t/w"), "none");
  crash();
  // However it ends.
  const json::Value list = world->query([&](Query& q) { return q.instances("default", {}); });
  Command cancel;
  cancel.body = CancelInstance{Address::parse(list->find("items")->at(0).string_or("id", "")).value()};
  world->run(std::move(cancel));
  EXPECT_EQ(next("t/w"), "2026-03-01T13:30:00Z");
}

TEST_F(Schedules, SeveralTriggersAreAUnion) {
  world->apply(workflow("{every: PT20M, cron: '0 * * * *', after: PT5M}"));
  to("2026-03-01T13:00:00Z");
  EXPECT_EQ(count("t/w", "fired"), 3 + 1 + 12);
}

TEST_F(Schedules, WhatWasMissedIsMadeUpForAsSaid) {
  struct Row {
    const char* settings;
    int64_t fired, missed;
    const char* next;
  };
  // Down from 12:05 to 15:02:30: 12:10 to 15:00 were missed, 18 due times; 7 of them within the hour.
  const Row rows[] = {
      {"{}", 1, 17, "2026-03-01T15:10:00Z"},
      {"{catchUp: none}", 0, 18, "2026-03-01T15:10:00Z"},
      {"{catchUp: all}", 6, 12, "2026-03-01T15:10:00Z"},
      {"{catchUp: all, catchUpMax: 3}", 3, 15, "2026-03-01T15:10:00Z"},
      {"{catchUp: all, catchUpWindow: P1D}", 18, 0, "2026-03-01T15:10:00Z"},
      {"{catchUp: last, catchUpWindow: PT2M}", 0, 18, "2026-03-01T15:10:00Z"},
      {"{catchUp: none, jitter: PT5M}", 1, 17, "2026-03-01T15:10:00Z"},  // 15:00 may still fire at 15:05
  };
  for (const Row& row : rows) {
    for (const char* times : {"{every: PT10M}", "{cron: '*/10 * * * *'}"}) {
      begin_anew();
      world->apply(workflow(times, row.settings));
      world->now = parse_rfc3339("2026-03-01T15:02:30Z").value();
      crash();
      world->advance({});
      EXPECT_EQ(count("t/w", "fired"), row.fired) << times << row.settings;
      EXPECT_EQ(count("t/w", "missed"), row.missed) << times << row.settings;
      EXPECT_EQ(next("t/w"), row.next) << times << row.settings;
    }
  }
}

TEST_F(Schedules, AYearOfSecondsIsMissedInOneRecord) {
  world->apply(workflow("{cron: '* * * * * *'}"));
  world->now = parse_rfc3339("2027-03-01T12:00:00Z").value();
  world->advance(Duration::seconds(2));
  EXPECT_EQ(count("t/w", "missed"), 10'000);  // and more, which are not counted
  EXPECT_EQ(count("t/w", "fired"), 64);       // the newest missed one, those within the minute of grace, and two
}

TEST_F(Schedules, AClockThatGoesBackFiresNothingTwice) {
  world->apply(workflow("{every: PT10M}"));
  to("2026-03-01T12:30:00Z");
  EXPECT_EQ(count("t/w", "fired"), 3);
  world->now = parse_rfc3339("2026-03-01T10:00:00Z").value();
  world->advance(Duration::hours(2));
  EXPECT_EQ(count("t/w", "fired"), 3);
  to("2026-03-01T12:40:00Z");
  EXPECT_EQ(count("t/w", "fired"), 4);
}

TEST_F(Schedules, OverlapDecidesWhatADueTimeDoesWhileOneRuns) {
  const auto run = [&](const std::string& overlap) {
    begin_anew();
    world->apply(workflow("{every: PT10M}", "{overlap: " + overlap + "}", "1.0.0", kSleeps));
    to("2026-03-01T12:32:00Z");
    crash();
    to("2026-03-01T13:01:00Z");
    const std::vector<std::string> found = starts();
    const std::string counts = std::to_string(count("t/w", "skipped")) + "/" + std::to_string(count("t/w", "queued"));
    return std::make_pair(found, counts);
  };
  EXPECT_EQ(run("allow").first.size(), 6u);
  EXPECT_THAT(run("skip").first, ElementsAre("2026-03-01T12:10:00Z>2026-03-01T12:10:00Z", "2026-03-01T12:40:00Z>2026-03-01T12:40:00Z"));
  EXPECT_EQ(run("skip").second, "4/0");
  EXPECT_THAT(run("queueOne").first, ElementsAre("2026-03-01T12:10:00Z>2026-03-01T12:10:00Z", "2026-03-01T12:20:00Z>2026-03-01T12:35:00Z",
                                                 "2026-03-01T12:40:00Z>2026-03-01T13:00:00Z"));
  EXPECT_EQ(run("queueOne").second, "2/1");
  EXPECT_THAT(run("queue").first, ElementsAre("2026-03-01T12:10:00Z>2026-03-01T12:10:00Z", "2026-03-01T12:20:00Z>2026-03-01T12:35:00Z",
                                              "2026-03-01T12:30:00Z>2026-03-01T13:00:00Z"));
  EXPECT_EQ(run("queue").second, "0/3");
  EXPECT_EQ(run("cancelOther").first.size(), 6u);
}

TEST_F(Schedules, NoMoreDueTimesWaitThanTheLimit) {
  EngineOptions small = options();
  small.schedule_queue_max = 2;
  world = std::make_unique<TestWorld>(small);
  world->now = parse_rfc3339("2026-03-01T12:00:00Z").value();
  world->apply(workflow("{every: PT1M}", "{overlap: queue}", "1.0.0", kSleeps));
  to("2026-03-01T12:10:00Z");
  EXPECT_EQ(count("t/w", "fired"), 1);
  EXPECT_EQ(count("t/w", "queued"), 2);
  EXPECT_EQ(count("t/w", "skipped"), 7);
  EXPECT_EQ(state("t/w")->find("running")->size(), 1u);
  world->now = world->engine().next_timer().value();
  std::string reasons;
  for (const Partition partition : world->engine().partitions_due(world->now)) {
    Command due;
    due.body = TimersDue{partition};
    const Batch batch = world->run(std::move(due));
    for (const OwnedRecord& record : batch.records) {
      const auto facts = parse_facts(record.payload);
      for (const Fact& fact : *facts) {
        if (const auto* fired = std::get_if<ScheduleFired>(&fact)) reasons += fired->reason;
      }
    }
  }
  EXPECT_THAT(reasons, HasSubstr("2 due times wait already (limits.scheduleQueue)"));
}

TEST_F(Schedules, GoesOnWhereAStartIsRefused) {
  // The workflow's own input schema does not fit what the schedule gives: the instance faults, and the next one comes.
  world->apply("document: {dsl: '1.0.3', namespace: t, name: w, version: '1.0.0'}\ninput: {schema: {document: {required: [x]}}}\n"
               "do: [{a: {set: {x: 1}}}]\n---\n" + schedule("{every: 10m, overlap: queue, start: {workflow: t/w}}"));
  to("2026-03-01T12:30:00Z");
  EXPECT_EQ(count("s", "fired"), 3);
  // The workflow is gone: each start is refused, and says so.
  world->remove("Workflow", "t/w:1.0.0");
  to("2026-03-01T12:50:00Z");
  EXPECT_EQ(count("s", "fired"), 5);
  EXPECT_EQ(count("s", "queued"), 0);
  EXPECT_THAT(std::string(state("s")->string_or("error", "")), HasSubstr("there is no workflow t/w"));
  crash();
}

TEST_F(Schedules, JitterDelaysTheFiringAndNotTheDueTime) {
  world->apply(schedule("{cron: '0 * * * *', jitter: PT10M, emit: {type: x}}"));
  const json::Value waiting = state("s");
  EXPECT_EQ(waiting->string_or("next", ""), "2026-03-01T13:00:00Z");
  const std::string fires(waiting->find("triggers")->at(0).string_or("fires", ""));
  EXPECT_GT(fires, "2026-03-01T13:00:00Z");
  EXPECT_LT(fires, "2026-03-01T13:10:00Z");
  to("2026-03-01T14:00:00Z");
  EXPECT_EQ(state("s")->find("last")->string_or("due", ""), "2026-03-01T13:00:00Z");
  EXPECT_EQ(state("s")->find("last")->string_or("fired", ""), fires);
}

TEST_F(Schedules, AScheduleStartsAndEmits) {
  world->apply(workflow("{on: {one: {with: {type: never}}}}") + "---\n" +
              schedule("{cron: '0 2 * * *', timeZone: Europe/Berlin, start: {workflow: t/w, input: '${ {day: .due[:10]} }'}, "
                       "emit: {type: night.began, data: '${ . }'}}"));
  to("2026-03-02T02:00:00Z");
  EXPECT_THAT(starts(), ElementsAre("2026-03-02T01:00:00Z>2026-03-02T01:00:00Z"));
  const json::Value events = world->query([&](Query& q) { return q.events("default", {}); });
  ASSERT_EQ(events->find("items")->size(), 1u);
  const json::View event = *events->find("items")->at(0).find("event");
  EXPECT_EQ(event.string_or("id", ""), "s.2026-03-02T01:00:00Z");
  EXPECT_EQ(event.string_or("source", ""), "/schedules/s");
  EXPECT_EQ(event.find("data")->string_or("due", ""), "2026-03-02T01:00:00Z");
  const json::Value list = world->query([&](Query& q) { return q.instances("default", {}); });
  const json::Value trace = world->query([&](Query& q) {
    return q.trace("default", Address::parse(list->find("items")->at(0).string_or("id", "")).value());
  });
  EXPECT_EQ(trace->find("input")->to_text(), R"({"day":"2026-03-02"})");
  EXPECT_EQ(trace->find("schedule")->to_text(), R"({"name":"s","trigger":"cron","due":"2026-03-02T01:00:00Z"})");
  crash();
}

TEST_F(Schedules, AnUnknownZoneIsRefused) {
  const std::string text = workflow("{cron: '0 2 * * *'}", "{timeZone: Europe/Berln}");
  const resource::Parsed parsed = resource::parse_resources(text);
  ASSERT_TRUE(parsed.faults.empty());
  const resource::Resource& r = parsed.resources.at(0);
  const auto built = Definitions::build(*world->engine().definitions(), 1,
                                        {{"default", "Workflow", r.name, r.document, r.digest}}, world->now);
  ASSERT_FALSE(built.ok());
  EXPECT_THAT(built.error().message(), HasSubstr("there is no time zone \"Europe/Berln\""));
}

TEST_F(Schedules, EachEventOfAnyStartsOneInstance) {
  world->apply(workflow("{on: {any: [{with: {type: a}}, {with: {source: /x}}]}}"));
  world->send(R"({"specversion":"1.0","id":"1","type":"a","source":"/x","data":{"n":1}})");
  world->send(R"({"specversion":"1.0","id":"2","type":"b","source":"/x","data":{"n":2}})");
  world->send(R"({"specversion":"1.0","id":"3","type":"b","source":"/y"})");
  crash();
  const json::Value list = world->query([&](Query& q) { return q.instances("default", {}); });
  ASSERT_EQ(list->find("items")->size(), 2u);
  const json::Value full = world->query([&](Query& q) {
    return q.instance("default", Address::parse(list->find("items")->at(0).string_or("id", "")).value());
  });
  EXPECT_EQ(full->find("input")->size(), 1u);
  // The higher version alone starts.
  world->apply(workflow("{on: {one: {with: {type: c}}}}", "{}", "1.1.0"));
  world->send(R"({"specversion":"1.0","id":"4","type":"a","source":"/x"})");
  EXPECT_EQ(starts().size(), 2u);
  world->send(R"({"specversion":"1.0","id":"5","type":"c","source":"/x"})");
  EXPECT_EQ(starts().size(), 3u);
}

TEST_F(Schedules, AllWaitsForOneOfEachInTheirOrder) {
  world->apply(workflow("{on: {all: [{with: {type: a}}, {with: {type: b}}]}}"));
  const auto send = [&](std::string id, std::string type) {
    world->send(R"({"specversion":"1.0","id":")" + id + R"(","type":")" + type + R"(","source":"/x","data":")" + id + R"("})");
  };
  const auto inputs = [&] {
    const json::Value list = world->query([&](Query& q) { return q.instances("default", {}); });
    std::vector<std::string> out;
    for (json::View one : list->find("items")->elements()) {
      out.push_back(world->query([&](Query& q) { return q.instance("default", Address::parse(one.string_or("id", "")).value()); })
                        ->find("input")->to_text());
    }
    std::sort(out.begin(), out.end());
    return out;
  };
  send("a1", "a");
  send("a2", "a");
  EXPECT_THAT(inputs(), IsEmpty());
  crash();
  send("b1", "b");
  EXPECT_THAT(inputs(), ElementsAre(R"(["a1","b1"])"));
  send("b2", "b");
  send("b3", "b");
  crash();
  send("a3", "a");
  EXPECT_THAT(inputs(), ElementsAre(R"(["a1","b1"])", R"(["a2","b2"])", R"(["a3","b3"])"));
  EXPECT_EQ(world->count_rows('b'), 0u);
  EXPECT_EQ(world->count_rows('t'), 0u);
}

TEST_F(Schedules, AllFindsEventsByTheirKeys) {
  world->apply(workflow("{on: {all: [{with: {type: a}, correlate: {o: {from: .data.o}}}, {with: {type: b}, correlate: {o: {from: .data.o}}}]}}"));
  const auto send = [&](std::string id, std::string type, std::string order) {
    world->send(R"({"specversion":"1.0","id":")" + id + R"(","type":")" + type + R"(","source":"/x","data":{"o":)" + order + "}}");
  };
  send("1", "a", "1");
  send("2", "b", "2");
  send("3", "b", "null");
  EXPECT_EQ(starts().size(), 0u);
  send("4", "b", "1.0");
  EXPECT_EQ(starts().size(), 1u);
  EXPECT_EQ(world->count_rows('b'), 1u);
  world->advance(Duration::days(8));  // nobody came for the other
  EXPECT_EQ(world->count_rows('b'), 0u);
}

TEST_F(Schedules, WhatAKeyExpectsMayBeAnExpression) {
  const std::string key = ", correlate: {o: {from: .data.o, expect: '${ 42 }'}}}";
  const std::string a = "{with: {type: a}" + key, b = "{with: {type: b}" + key;
  const auto send = [&](std::string id, std::string type, std::string order) {
    world->send(R"({"specversion":"1.0","id":")" + id + R"(","type":")" + type + R"(","source":"/x","data":{"o":)" + order + "}}");
  };
  for (const std::string& on : {"{one: " + a + "}", "{any: [" + a + ", " + b + "]}"}) {
    begin_anew();
    world->apply(workflow("{on: " + on + "}"));
    send("1", "a", "41");
    EXPECT_EQ(starts().size(), 0u) << on;
    send("2", "a", "42");
    EXPECT_EQ(starts().size(), 1u) << on;
  }
  begin_anew();
  world->apply(workflow("{on: {all: [" + a + ", " + b + "]}}"));
  send("1", "a", "42");
  send("2", "b", "41");
  EXPECT_EQ(starts().size(), 0u);
  send("3", "b", "42");
  EXPECT_EQ(starts().size(), 1u);
  EXPECT_EQ(world->count_rows('b'), 0u);
}

TEST_F(Schedules, AllKeepsNoMoreThanItsLimit) {
  world->apply("document: {dsl: '1.0.3', namespace: t, name: w, version: '1.0.0', metadata: {correlation: {buffer: {limit: 2}}}}\n"
              "schedule: {on: {all: [{with: {type: a}}, {with: {type: b}}]}}\ndo: [{a: {set: {x: 1}}}]\n");
  Address last;
  for (const char* id : {"1", "2", "3"}) {
    last = world->send(R"({"specversion":"1.0","id":")" + std::string(id) + R"(","type":"a","source":"/x"})").address;
  }
  EXPECT_EQ(world->count_rows('b'), 2u);
  EXPECT_THAT(world->explain(last)->to_text(), HasSubstr("not kept: "));
}

}  // namespace
}  // namespace hence::engine
