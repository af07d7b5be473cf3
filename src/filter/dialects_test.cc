// SPDX-License-Identifier: Apache-2.0
#include "filter/dialects.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "filter/filter_test_data.h"

namespace hence::filter {
namespace {

using ::testing::HasSubstr;

constexpr const char* kEvent =
    R"({"specversion":"1.0","id":"1","source":"/deploy","type":"com.acme.x","subject":"svc-7","hops":12,"up":true})";

bool passes(const std::string& filters) { return matches("{\"filters\":" + filters + "}", kEvent); }

TEST(Dialects, CompareTheStringFormOfAttributes) {
  EXPECT_TRUE(passes(R"([{"exact": {"source": "/deploy", "type": "com.acme.x"}}])"));
  EXPECT_FALSE(passes(R"([{"exact": {"source": "/deploy", "type": "com.acme.y"}}])"));
  EXPECT_FALSE(passes(R"([{"exact": {"nothere": "x"}}])"));
  EXPECT_FALSE(passes(R"([{"exact": {"source": "/Deploy"}}])"));
  EXPECT_TRUE(passes(R"([{"exact": {"hops": "12", "up": "true"}}])"));
  EXPECT_FALSE(passes(R"([{"exact": {"hops": "12.0"}}])"));
  EXPECT_TRUE(passes(R"([{"prefix": {"type": "com.", "hops": "1"}}])"));
  EXPECT_FALSE(passes(R"([{"prefix": {"type": "org."}}])"));
  EXPECT_TRUE(passes(R"([{"suffix": {"subject": "-7", "hops": "2"}}])"));
}

std::string found_by(const std::string& filters) {
  const RuleSet rules = build_rules({"{\"filters\":" + filters + "}"});
  return rules.why(0, parse_json(kEvent), {})->root.parts.back().actual;
}

TEST(Dialects, SayWhatTheyFound) {
  EXPECT_EQ(found_by(R"([{"cesql": "hops = 13"}])"), "hops = 12; false");
  EXPECT_EQ(found_by(R"([{"cesql": "hops = 12 AND (up AND NOT EXISTS type) AND data = 1"}])"),
            "hops = 12, up = true, type = \"com.acme.x\", data is missing; NOT EXISTS type is false");
  EXPECT_EQ(found_by(R"([{"cesql": "up AND hops / 0 = 1"}])"),
            "up = true, hops = 12; hops / 0 = 1 fails: division by zero");
  EXPECT_EQ(found_by(R"([{"cesql": "hops = 1 OR hops = 2"}])"), "hops = 12; false");
  EXPECT_EQ(found_by(R"([{"not": {"exact": {"id": "1"}}}])"), "id = \"1\"");
  EXPECT_EQ(found_by(R"([{"any": [{"exact": {"id": "2"}}, {"exact": {"subject": "x"}}]}])"),
            "id = \"1\"; subject = \"svc-7\"");
}

TEST(Dialects, ShowNoTestsThatOnlyTheIndexMakes) {
  const RuleSet rules = build_rules({R"({"filters": [{"any": [{"exact": {"type": "a"}}, {"cesql": "type LIKE 'X%'"}]}]})",
                                     R"({"filters": [{"prefix": {"hops": "3"}}]})"});
  const json::Value event = parse_json(kEvent);
  EXPECT_EQ(rules.why(0, event, {})->root.parts.front().expected, R"(is "a", or begins with "X")");
  const Why why = *rules.why(1, event, {});
  EXPECT_EQ(why.verdict, Verdict::fails);
  ASSERT_EQ(why.root.parts.size(), 1u);
  EXPECT_EQ(why.root.parts.front().kind, WhyNode::Kind::filter);
}

TEST(Dialects, NestAndAllOfTheArrayMustPass) {
  EXPECT_TRUE(passes("[]"));
  EXPECT_TRUE(passes(R"([{"any": [{"exact": {"type": "a"}}, {"exact": {"subject": "svc-7"}}]}])"));
  EXPECT_FALSE(passes(R"([{"all": [{"exact": {"type": "a"}}, {"exact": {"subject": "svc-7"}}]}])"));
  EXPECT_TRUE(passes(R"([{"not": {"exact": {"type": "a"}}}, {"exact": {"id": "1"}}])"));
  EXPECT_FALSE(passes(R"([{"exact": {"id": "1"}}, {"not": {"prefix": {"type": "com"}}}])"));
  EXPECT_TRUE(passes(R"([{"not": {"exact": {"nothere": "x"}}}])"));
}

TEST(Dialects, SqlPassesOnlyWhenTrueAndWithoutError) {
  EXPECT_TRUE(passes(R"([{"cesql": "subject LIKE 'svc-%'"}])"));
  EXPECT_TRUE(passes(R"([{"sql": "type = 'com.acme.x' AND int(hops) < 13"}])"));
  EXPECT_TRUE(passes(R"([{"sql": "hops = '12'"}])"));
  EXPECT_FALSE(passes(R"([{"sql": "hops"}])"));
  EXPECT_FALSE(passes(R"([{"sql": "nothere = 'x'"}])"));
  EXPECT_TRUE(passes(R"([{"sql": "type = 'com.acme.x' OR nothere = 'x'"}])"));
  EXPECT_TRUE(passes(R"([{"not": {"sql": "nothere = 'x'"}}])"));
}

TEST(Dialects, HoldTogetherWithTheOtherConditions) {
  EXPECT_TRUE(matches(R"({"type": "com.acme.*", "filters": [{"exact": {"id": "1"}}]})", kEvent));
  EXPECT_FALSE(matches(R"({"type": "com.other.*", "filters": [{"exact": {"id": "1"}}]})", kEvent));
  EXPECT_FALSE(matches(R"({"type": "com.acme.*", "filters": [{"exact": {"id": "2"}}]})", kEvent));
}

TEST(Dialects, AreRefusedWithTheirPlace) {
  const struct {
    const char* filters;
    const char* pointer;
    const char* says;
  } refusals[] = {
      {R"({})", "/filters", "array"},
      {R"([5])", "/filters/0", "one dialect"},
      {R"([{}])", "/filters/0", "one dialect"},
      {R"([{"exact": {"a": "b"}, "prefix": {"a": "b"}}])", "/filters/0", "one dialect"},
      {R"([{"regex": {"a": "b"}}])", "/filters/0/regex", "unknown filter dialect"},
      {R"([{"exakt": {"a": "b"}}])", "/filters/0/exakt", "did you mean \"exact\"?"},
      {R"([{"Prefix": {"a": "b"}}])", "/filters/0/Prefix", "did you mean \"prefix\"?"},
      {R"([{"exact": {}}])", "/filters/0/exact", "at least one"},
      {R"([{"exact": {"a": ""}}])", "/filters/0/exact/a", "not empty"},
      {R"([{"exact": {"a": 5}}])", "/filters/0/exact/a", "string"},
      {R"([{"prefix": {"": "x"}}])", "/filters/0/prefix/", "attribute names"},
      {R"([{"suffix": {"data.x": "x"}}])", "/filters/0/suffix/data.x", "attribute names"},
      {R"([{"all": []}])", "/filters/0/all", "at least one filter"},
      {R"([{"any": [{"not": {"nope": 1}}]}])", "/filters/0/any/0/not/nope", "unknown filter dialect"},
      {R"([{"not": []}])", "/filters/0/not", "one dialect"},
      {R"([{"sql": "a ="}])", "/filters/0/sql", "column 4"},
      {R"([{"sql": 5}])", "/filters/0/sql", "string"},
  };
  for (const auto& refusal : refusals) {
    std::vector<Fault> faults;
    const auto parsed =
        parse_conditions(parse_json(std::string("{\"filters\":") + refusal.filters + "}"), &faults);
    EXPECT_FALSE(parsed.ok());
    ASSERT_FALSE(faults.empty()) << refusal.filters;
    EXPECT_EQ(faults[0].pointer, refusal.pointer);
    EXPECT_THAT(faults[0].message, HasSubstr(refusal.says)) << refusal.filters;
  }
}

TEST(Dialects, ASlipIsAFaultAndAStrangeDialectIsNotSupported) {
  EXPECT_EQ(parse_conditions(parse_json(R"({"filters": [{"exakt": {"a": "b"}}]})")).error().code(), ErrorCode::PatternInvalid);
  EXPECT_EQ(parse_conditions(parse_json(R"({"filters": [{"regex": {"a": "b"}}]})")).error().code(), ErrorCode::NotSupported);
}

TEST(Dialects, FiltersInsideEachOtherHaveALimit) {
  const auto nested = [](uint32_t depth) {
    std::string filter = R"({"exact": {"id": "1"}})";
    for (uint32_t i = 1; i < depth; ++i) filter = R"({"not": )" + filter + "}";
    return parse_conditions(parse_json(R"({"filters": [)" + filter + "]}"));
  };
  EXPECT_TRUE(nested(kFilterDepthMax).ok());
  const auto deeper = nested(kFilterDepthMax + 1);
  ASSERT_FALSE(deeper.ok());
  EXPECT_THAT(deeper.error().message(), HasSubstr("nested more than 64 deep"));
}

TEST(Dialects, WhyTellsTheErrorOfAFilter) {
  const RuleSet rules = build_rules({R"({"filters": [{"exact": {"id": "1"}}, {"sql": "int(subject) > 1"}]})"});
  const json::Value event = parse_json(kEvent);
  const auto why = rules.why(0, event, {});
  ASSERT_TRUE(why.ok());
  EXPECT_EQ(why->verdict, Verdict::fails);
  EXPECT_THAT(to_text(*why), HasSubstr("is not of the type asked for"));
}

}  // namespace
}  // namespace hence::filter
