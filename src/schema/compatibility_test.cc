// SPDX-License-Identifier: Apache-2.0
#include "schema/compatibility.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "json/parse.h"

namespace hence::schema {
namespace {

std::vector<std::string> breaks(std::string_view before, std::string_view after, Compatibility mode) {
  std::vector<std::string> out;
  const auto compiled = [](std::string_view text) {
    const auto document = json::parse(text);
    EXPECT_TRUE(document.ok()) << text;
    const auto schema = Schema::compile(*document);
    EXPECT_TRUE(schema.ok()) << (schema.ok() ? "" : schema.error().message());
    return *schema;
  };
  for (const Break& one : find_breaks(*compiled(before), *compiled(after), mode)) out.push_back(one.message);
  return out;
}
std::vector<std::string> backward(std::string_view before, std::string_view after) {
  return breaks(before, after, Compatibility::backward);
}

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(Compatibility, AllowsWhatOnlyWidens) {
  EXPECT_THAT(backward(R"({"type": "integer"})", R"({"type": "number"})"), IsEmpty());
  EXPECT_THAT(backward(R"({"enum": ["a"]})", R"({"enum": ["a", "b"]})"), IsEmpty());
  EXPECT_THAT(backward(R"({"enum": ["a", "bc"]})", R"({"type": "string", "maxLength": 2})"), IsEmpty());
  EXPECT_THAT(backward(R"({"required": ["a", "b"]})", R"({"required": ["a"]})"), IsEmpty());
  EXPECT_THAT(backward(R"({"minimum": 5, "exclusiveMaximum": 7})", R"({"exclusiveMinimum": 4, "maximum": 7})"), IsEmpty());
  EXPECT_THAT(backward(R"({"type": "integer", "multipleOf": 4})", R"({"type": "integer", "multipleOf": 2})"), IsEmpty());
  EXPECT_THAT(backward(R"({"properties": {"a": {"type": "string"}}, "additionalProperties": false})",
                       R"({"properties": {"a": {"type": "string"}, "b": {"type": "number"}}, "additionalProperties": false})"),
              IsEmpty());
  EXPECT_THAT(backward(R"({"type": "string"})", R"({"anyOf": [{"type": "string"}, {"type": "null"}]})"), IsEmpty());
  EXPECT_THAT(backward(R"({"anyOf": [{"type": "string"}, {"type": "null"}]})", R"({"type": ["string", "null", "number"]})"), IsEmpty());
  EXPECT_THAT(backward(R"({"$ref": "#/$defs/a", "$defs": {"a": {"type": "string"}}})", R"({"type": ["string", "null"]})"), IsEmpty());
}

TEST(Compatibility, NamesEveryChangeThatBreaks) {
  EXPECT_THAT(backward(R"({"properties": {"a": {"type": ["string", "null"]}, "n": {"minimum": 1}}})",
                       R"({"properties": {"a": {"type": "string"}, "n": {"minimum": 2}}, "required": ["a"]})"),
              ElementsAre("the value: property \"a\" is required, which the old schema does not ask for (by the new schema)",
                          "/a: values of type null are not accepted (by the new schema)",
                          "/n: minimum 2 is tighter than before (by the new schema)"));
  EXPECT_THAT(backward(R"({"enum": ["a", "b"]})", R"({"enum": ["a"]})"), ElementsAre(HasSubstr("\"b\" is not accepted")));
  EXPECT_THAT(backward(R"({"items": {"maxLength": 9}})", R"({"items": {"maxLength": 8, "pattern": "^a"}})"),
              ElementsAre("/*: maxLength 8 is less than the 9 before (by the new schema)", "/*: the pattern ^a is new (by the new schema)"));
  EXPECT_THAT(backward(R"({"properties": {"a": true}})", R"({"additionalProperties": false})"), testing::SizeIs(2));
  EXPECT_THAT(backward("true", "false"), ElementsAre(HasSubstr("nothing is accepted")));
  EXPECT_THAT(backward(R"({"minimum": 0})", R"({"exclusiveMinimum": 0})"), testing::SizeIs(1));
  EXPECT_THAT(backward("{}", R"({"not": {"type": "null"}})"), ElementsAre(HasSubstr("cannot be shown")));
  EXPECT_THAT(backward("{}", R"({"properties": {"a": {"type": "string"}}})"), testing::SizeIs(1));
}

TEST(Compatibility, PointsAtTheKeywordThatRefuses) {
  const auto compiled = [](std::string_view text) { return *Schema::compile(*json::parse(text)); };
  const auto before = compiled(R"({"type": "object", "properties": {"n": {"minimum": 1}}})");
  const auto after = compiled(R"({"type": "object", "required": ["id"], "properties": {"n": {"minimum": 2}, "none": false}})");
  std::vector<std::string> places;
  for (const Break& one : find_breaks(*before, *after, Compatibility::backward)) places.push_back(one.schema_path);
  EXPECT_THAT(places, ElementsAre("#/required", "#/properties/n/minimum", "#/properties/none"));
}

TEST(Compatibility, SaysThatAnAddedPropertyCouldHoldAnythingBefore) {
  const char* open = R"({"type": "object", "properties": {"total": {"type": "number"}}})";
  const char* noted = R"({"type": "object", "properties": {"total": {"type": "number"}, "note": {"type": "string"}}})";
  EXPECT_THAT(backward(open, noted),
              ElementsAre("/note: only values of type string are accepted (by the new schema); the old schema does not name the "
                          "property and allows additional ones: it could hold anything"));
  EXPECT_THAT(breaks(open, noted, Compatibility::forward), IsEmpty());
  EXPECT_THAT(breaks(noted, open, Compatibility::forward), ElementsAre(HasSubstr("(by the old schema); the new schema does not name")));
  // Where additional properties were not allowed, or the property was named, there is nothing to say.
  EXPECT_THAT(backward(R"({"properties": {"note": {"type": ["string", "null"]}}})", R"({"properties": {"note": {"type": "string"}}})"),
              ElementsAre("/note: values of type null are not accepted (by the new schema)"));
}

TEST(Compatibility, ForwardIsBackwardTheOtherWayRound) {
  const char* narrow = R"({"enum": ["a"]})";
  const char* wide = R"({"enum": ["a", "b"]})";
  EXPECT_THAT(breaks(wide, narrow, Compatibility::forward), IsEmpty());
  EXPECT_THAT(breaks(narrow, wide, Compatibility::forward), ElementsAre(HasSubstr("(by the old schema)")));
  EXPECT_EQ(breaks(narrow, wide, Compatibility::full).size(), 1u);
  EXPECT_THAT(breaks(wide, wide, Compatibility::full), IsEmpty());
}

TEST(Compatibility, EndsOnRecursiveSchemas) {
  const char* tree = R"({"$defs": {"t": {"type": "object", "properties": {"n": {"type": "integer"}, "kids": {"type": "array", "items": {"$ref": "#/$defs/t"}}}}}, "$ref": "#/$defs/t"})";
  const char* wider = R"({"$defs": {"t": {"type": "object", "properties": {"n": {"type": "number"}, "kids": {"type": "array", "items": {"$ref": "#/$defs/t"}}}}}, "$ref": "#/$defs/t"})";
  EXPECT_THAT(backward(tree, wider), IsEmpty());
  EXPECT_EQ(backward(wider, tree).size(), 1u);
  const char* list = R"({"$defs": {"l": {"anyOf": [{"type": "null"}, {"type": "object", "properties": {"next": {"$ref": "#/$defs/l"}}}]}}, "$ref": "#/$defs/l", "title": "a"})";
  const char* renamed = R"({"$defs": {"l": {"anyOf": [{"type": "null"}, {"type": "object", "properties": {"next": {"$ref": "#/$defs/l"}}}]}}, "$ref": "#/$defs/l", "title": "b"})";
  EXPECT_THAT(breaks(list, renamed, Compatibility::full), IsEmpty());
}

TEST(Compatibility, TakesOneOfAsTheSameOnlyWhereItReadsTheSame) {
  const char* before = R"({"oneOf": [{"$ref": "#/$defs/a"}, {"type": "null"}], "$defs": {"a": {"type": "string"}}})";
  EXPECT_THAT(backward(before, R"({"title": "t", "oneOf": [{"$ref": "#/$defs/a"}, {"type": "null"}], "$defs": {"a": {"type": "string"}}})"), IsEmpty());
  EXPECT_FALSE(backward(before, R"({"oneOf": [{"$ref": "#/$defs/a"}, {"type": "null"}], "$defs": {"a": {"type": "number"}}})").empty());
}

}  // namespace
}  // namespace hence::schema
