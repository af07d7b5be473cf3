// SPDX-License-Identifier: Apache-2.0
#include "workflow/schedule.h"

#include <gtest/gtest.h>

#include "workflow/definition.h"

namespace hence::workflow {
namespace {

Compiled compile_with(const std::string& schedule, const std::string& metadata = "") {
  std::string text = "document: {dsl: '1.0.3', namespace: t, name: w, version: '1.0.0'";
  if (!metadata.empty()) text += ", metadata: " + metadata;
  text += "}\nschedule: " + schedule + "\ndo: [{a: {set: {x: 1}}}]\n";
  const auto documents = json::parse_yaml(text);
  EXPECT_TRUE(documents.ok()) << text;
  return compile(documents->front());
}

TEST(Schedule, ReadsTriggersAndSettings) {
  const Compiled made = compile_with(
      "{every: {minutes: 5}, cron: '0 2 * * *', after: PT1H}",
      "{schedule: {timeZone: Europe/Berlin, gap: skip, repeat: both, catchUp: all, catchUpWindow: 2h, catchUpMax: 7, "
      "overlap: queueOne, jitter: {seconds: 30}}}");
  ASSERT_NE(made.definition, nullptr);
  EXPECT_TRUE(made.unsupported.empty());
  const Timing& timing = made.definition->schedule->timing;
  EXPECT_EQ(timing.text(Trigger::every), "every PT5M jitter PT30S");
  EXPECT_EQ(timing.text(Trigger::cron), "cron 0 2 * * * in Europe/Berlin gap skip repeat both jitter PT30S");
  EXPECT_EQ(timing.text(Trigger::after), "after PT1H jitter PT30S");
  EXPECT_EQ(timing.catch_up, CatchUp::all);
  EXPECT_EQ(timing.catch_up_window, Duration::hours(2));
  EXPECT_EQ(timing.catch_up_max, 7u);
  EXPECT_EQ(timing.overlap, Overlap::queue_one);
}

TEST(Schedule, ReadsEventsThatStart) {
  const Compiled made = compile_with("{on: {all: [{with: {type: a}}, {with: {type: b}}]}, read: envelope}");
  ASSERT_NE(made.definition, nullptr);
  const ScheduleSpec& spec = *made.definition->schedule;
  EXPECT_EQ(spec.on.strategy, ListenSpec::Strategy::all);
  EXPECT_EQ(spec.on.count, 2u);
  EXPECT_EQ(spec.read, ListenSpec::Read::envelope);
  EXPECT_EQ(made.definition->sites[0].task, kNone);
  EXPECT_EQ(made.definition->sites[1].pointer, "/schedule/on/all/1");
  EXPECT_EQ(made.definition->sites[0].keep_max, 1'000u);
}

TEST(Schedule, WarnsOfUntilWhichHasNoEffect) {
  const Compiled made = compile_with("{on: {any: [{with: {type: a}}], until: '${ true }'}}");
  ASSERT_NE(made.definition, nullptr);
  ASSERT_EQ(made.warnings.size(), 1u);
  EXPECT_EQ(made.warnings.begin()->pointer, "/schedule/on/until");
}

TEST(Schedule, WarnsOfSettingsWithoutEffect) {
  const auto warnings_of = [](const Compiled& made) {
    std::string found;
    for (const Fault& fault : made.warnings) found += fault.pointer.substr(fault.pointer.rfind('/')) + " ";
    return found;
  };
  const std::string settings = "{schedule: {overlap: skip, catchUp: all, jitter: PT1M}}";
  const Compiled by_event = compile_with("{on: {one: {with: {type: t}}}}", settings);
  EXPECT_TRUE(by_event.faults.empty());
  EXPECT_EQ(warnings_of(by_event), "/overlap /catchUp /jitter ");
  EXPECT_EQ(warnings_of(compile_with("{every: PT1H, on: {one: {with: {type: t}}}}", settings)), "");

  const auto without = [](const std::string& metadata) {
    return json::parse_yaml("document: {dsl: '1.0.3', namespace: t, name: w, version: '1.0.0', metadata: {schedule: " + metadata +
                            "}}\ndo: [{a: {set: {x: 1}}}]\n")->front();
  };
  EXPECT_EQ(warnings_of(compile(without("{overlap: skip}"))), "/schedule ");
  const auto wrong = without("{timeZone: Berlin!, overlap: bad}");
  ASSERT_EQ(compile(wrong).faults.size(), 2u);
  EXPECT_EQ(compile(wrong).faults.begin()->pointer, "/document/metadata/schedule/timeZone");
  EXPECT_TRUE(compile(wrong.value).faults.empty()) << "what was applied before goes on";
}

TEST(Schedule, RefusesWithThePlace) {
  struct Row {
    const char* schedule;
    const char* metadata;
    const char* pointer;
    const char* message;
  };
  const Row rows[] = {
      {"{read: data, every: PT1H}", "", "/schedule/read", "`read` needs `on`"},
      {"{cron: '0 0 30 2 *'}", "", "/schedule/cron", "column 5: it never comes"},
      {"{cron: '61 * * * *'}", "", "/schedule/cron", "column 1: expected a minute"},
      {"{every: PT0.5S}", "", "/schedule/every", "the shortest interval is PT1S"},
      {"{every: '${ .x }'}", "", "/schedule/every", "cannot be an expression"},
      {"{every: {weeks: 1}}", "", "/schedule/every/weeks", "unknown key"},
      {"{every: PT1H}", "{schedule: {timeZone: Europe/Berlin}}", "/document/metadata/schedule/timeZone", "is for `cron`"},
      {"{cron: '0 0 * * *'}", "{schedule: {timezone: Europe/Berlin}}", "/document/metadata/schedule/timezone", "did you mean \"timeZone\"?"},
      {"{cron: '0 0 * * *'}", "{schedule: {timeZone: ../etc}}", "/document/metadata/schedule/timeZone", "a time zone such as"},
      {"{cron: '0 0 * * *'}", "{schedule: {overlap: queueTwo}}", "/document/metadata/schedule/overlap", "queueOne"},
      {"{cron: '0 0 * * *'}", "{schedule: {catchUpMax: 5000}}", "/document/metadata/schedule/catchUpMax", "1000"},
      {"{cron: '0 0 * * *'}", "{schedule: {catchUpWindow: P900D}}", "/document/metadata/schedule/catchUpWindow", "at most P366D"},
      {"{cron: '0 0 * * *'}", "{schedule: {jitter: P2D}}", "/document/metadata/schedule/jitter", "at most P1D"},
      {"{on: {all: []}}", "", "/schedule/on", "`all` of nothing"},
      {"{on: {one: {with: {subject: '${ $context.x }'}}}}", "", "/schedule/on/one/with/subject", "sees the event alone"},
      {"{on: {all: [{with: {type: a}, correlate: {o: {from: .data.o}}}, {with: {type: b}}]}}", "", "/schedule/on/all/1",
       "expected the same keys"},
  };
  for (const Row& row : rows) {
    const Compiled made = compile_with(row.schedule, row.metadata);
    bool found = false;
    std::string all;
    for (const Fault& fault : made.faults) {
      found = found || (fault.pointer == row.pointer && fault.message.find(row.message) != std::string::npos);
      all += fault.pointer + ": " + fault.message + "\n";
    }
    EXPECT_TRUE(found) << row.schedule << row.metadata << "\n" << all;
  }
}

}  // namespace
}  // namespace hence::workflow
