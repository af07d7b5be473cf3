// SPDX-License-Identifier: Apache-2.0
#include "schema/schema.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "json/parse.h"

namespace hence::schema {
namespace {

json::Value parsed(std::string_view text) {
  auto value = json::parse(text, {.depth_max = 20'000});
  EXPECT_TRUE(value.ok()) << text;
  return value.ok() ? *value : json::Value();
}

std::shared_ptr<const Schema> compiled(std::string_view text, const CompileOptions& options = {}) {
  auto schema = Schema::compile(parsed(text), options);
  EXPECT_TRUE(schema.ok()) << (schema.ok() ? "" : schema.error().message());
  return schema.ok() ? *schema : *Schema::compile(json::Value::boolean(true));
}

std::string refusal(std::string_view text, const CompileOptions& options = {}) {
  auto schema = Schema::compile(parsed(text), options);
  if (schema.ok()) return "(compiled)";
  EXPECT_EQ(schema.error().code(), ErrorCode::SchemaInvalid);
  return schema.error().message();
}

std::vector<std::string> messages(std::string_view schema, std::string_view value, size_t limit = kFaultsDefault) {
  std::vector<std::string> out;
  for (const Fault& fault : compiled(schema)->faults(parsed(value), limit)) out.push_back(fault.message);
  return out;
}

using testing::ElementsAre;
using testing::HasSubstr;

TEST(Schema, SaysWhereWhatAndWhy) {
  const auto schema = compiled(R"({"properties": {"a/b": {"$ref": "#/$defs/n"}}, "$defs": {"n": {"type": ["integer", "null"]}}})");
  const json::Value value = parsed(R"({"a/b": "12"})");
  const auto faults = schema->faults(value);
  ASSERT_EQ(faults.size(), 1u);
  EXPECT_EQ(faults[0].instance_path, "/a~1b");
  EXPECT_EQ(faults[0].schema_path, "#/$defs/n/type");
  EXPECT_EQ(faults[0].keyword, "type");
  EXPECT_EQ(faults[0].expected, "null or integer");
  EXPECT_EQ(faults[0].actual, "\"12\"");
  EXPECT_EQ(faults[0].message, "/a~1b: expected null or integer, but it is \"12\"");
}

TEST(Schema, GivesAllFaultsUpToTheLimit) {
  const char* schema = R"({"required": ["x", "y"], "additionalProperties": false,
      "properties": {"n": {"minimum": 1, "multipleOf": 2}, "s": {"minLength": 3, "pattern": "^a"}}})";
  EXPECT_THAT(messages(schema, R"({"n": -1, "s": "b", "z": 0})"),
              ElementsAre("/n: expected at least 1, but it is -1", "/n: expected a multiple of 2, but it is -1",
                          "/s: expected at least 3 characters, but it is \"b\"",
                          "/s: expected a string that matches ^a, but it is \"b\"",
                          "/z: expected no property \"z\", but it is there",
                          "the value: expected property \"x\", but it is missing",
                          "the value: expected property \"y\", but it is missing"));
  EXPECT_EQ(messages(schema, R"({"n": -1, "s": "b", "z": 0})", 2).size(), 2u);
  EXPECT_EQ(messages(schema, "{}", 0).size(), 1u);
}

TEST(Schema, ReportsTheBranchThatCameFurthest) {
  const char* schema = R"({"oneOf": [
      {"properties": {"call": {"const": "http"}, "with": {"required": ["method"], "properties": {"method": {"type": "string"}}}}, "required": ["call"]},
      {"properties": {"do": {"type": "array"}}, "required": ["do"]}]})";
  EXPECT_THAT(messages(schema, R"({"call": "http", "with": {"method": 1}})"),
              ElementsAre("/with/method: expected string, but it is 1",
                          "the value: expected something that fits exactly one of 2 schemas, but it fits none"));
  EXPECT_THAT(messages(R"({"anyOf": [{"type": "string"}, {"type": "null"}]})", "1"),
              ElementsAre("the value: expected something that fits one of 2 schemas, but it fits none"));
  EXPECT_THAT(messages(R"({"oneOf": [true, {"type": "number"}]})", "1"),
              ElementsAre("the value: expected something that fits exactly one of 2 schemas, but it fits more than one"));
}

TEST(Schema, DoesNotBlameWhatAFailedBranchDidNotLookAt) {
  EXPECT_THAT(messages(R"({"allOf": [{"properties": {"a": {"type": "string"}, "b": true}}], "unevaluatedProperties": false})",
                       R"({"b": 1, "a": 2})"),
              ElementsAre("/a: expected string, but it is 2"));
  EXPECT_THAT(messages(R"({"$ref": "#/$defs/x", "unevaluatedProperties": false, "$defs": {"x": {"properties": {"a": true}}}})",
                       R"({"b": 1, "a": 2})"),
              ElementsAre("/b: expected no property \"b\", but it is there"));
}

TEST(Schema, RefusesWhatIsNoSchemaWithThePlace) {
  EXPECT_THAT(refusal(R"({"properties": {"a": {"type": "strnig"}}})"), HasSubstr("#/properties/a/type: \"strnig\" is no type"));
  EXPECT_THAT(refusal(R"({"minimum": "1"})"), HasSubstr("#/minimum: must be a number, but is string"));
  EXPECT_THAT(refusal(R"({"pattern": "(a"})"), HasSubstr("#/pattern: \"(a\": column 3: a group is not closed"));
  EXPECT_THAT(refusal(R"({"items": [{}]})"), HasSubstr("prefixItems"));
  EXPECT_THAT(refusal(R"({"maxLength": -1})"), HasSubstr("#/maxLength: must be a whole number"));
  EXPECT_THAT(refusal(R"({"anyOf": []})"), HasSubstr("at least one schema"));
  EXPECT_THAT(refusal(R"({"multipleOf": 0})"), HasSubstr("above 0"));
  EXPECT_THAT(refusal("3"), HasSubstr("#: must be a schema"));
  EXPECT_THAT(refusal(R"({"$schema": "http://json-schema.org/draft-04/schema#", "not": true})"), HasSubstr("must be a schema: an object"));
  EXPECT_THAT(refusal(R"({"$schema": "https://example.com/mine"})"), HasSubstr("is unknown"));
}

TEST(Schema, FetchesNothing) {
  EXPECT_THAT(refusal(R"({"$ref": "https://example.com/a.json"})"), HasSubstr("nothing is fetched"));
  EXPECT_THAT(refusal(R"({"$ref": "file:///etc/passwd"})"), HasSubstr("nothing is fetched"));
  EXPECT_THAT(refusal(R"({"properties": {"a": {"$ref": "#/$defs/b"}}})"), HasSubstr("there is no \"$defs\" at #"));
  Registry registry;
  registry.add("https://example.com/a.json", parsed(R"({"$defs": {"n": {"type": "number"}}})"));
  const auto schema = compiled(R"({"$ref": "https://example.com/a.json#/$defs/n"})", {.registry = &registry});
  EXPECT_TRUE(schema->valid(parsed("1")));
  const auto faults = schema->faults(parsed("true"));
  ASSERT_EQ(faults.size(), 1u);
  EXPECT_EQ(faults[0].schema_path, "https://example.com/a.json#/$defs/n/type");
}

TEST(Schema, RefusesReferencesThatGoInCircles) {
  EXPECT_THAT(refusal(R"({"$ref": "#"})"), HasSubstr("without end"));
  EXPECT_THAT(refusal(R"({"$ref": "#/$defs/a", "$defs": {"a": {"allOf": [{"anyOf": [{"$ref": "#/$defs/a"}]}]}}})"), HasSubstr("without end"));
  EXPECT_EQ(refusal(R"({"properties": {"a": {"$ref": "#"}}})"), "(compiled)");
}

TEST(Schema, EndsOnDeepAndWideValues) {
  std::string deep;
  for (int i = 0; i < 10'000; ++i) deep += "[";
  deep += std::string(10'000, ']');
  const auto schema = compiled(R"({"items": {"$ref": "#"}})");
  EXPECT_FALSE(schema->valid(parsed(deep)));
  EXPECT_THAT(schema->faults(parsed(deep))[0].message, HasSubstr("1,500 levels"));
  // Two ways at every level: exponential without a bound on steps.
  const auto twice = compiled(R"({"anyOf": [{"items": {"$ref": "#"}, "minItems": 9}, {"items": {"$ref": "#"}, "maxItems": 0}]})");
  EXPECT_FALSE(twice->valid(parsed(std::string(60, '[') + "1" + std::string(60, ']'))) &&
               twice->faults(parsed(std::string(60, '[') + "1" + std::string(60, ']'))).empty());
  EXPECT_FALSE(compiled(R"({"not": {"items": {"$ref": "#/not"}, "type": "array"}})")->valid(parsed(deep)));
}

TEST(Schema, ComparesNumbersExactly) {
  EXPECT_TRUE(compiled(R"({"type": "integer"})")->valid(parsed("1e400")));
  EXPECT_TRUE(compiled(R"({"type": "integer"})")->valid(parsed("1.50e1")));
  EXPECT_FALSE(compiled(R"({"type": "integer"})")->valid(parsed("1e-1")));
  EXPECT_FALSE(compiled(R"({"maximum": 9007199254740992})")->valid(parsed("9007199254740993")));
  EXPECT_FALSE(compiled(R"({"exclusiveMinimum": 0})")->valid(parsed("-0.0")));
  EXPECT_TRUE(compiled(R"({"exclusiveMinimum": 0})")->valid(parsed("0.01")));
  EXPECT_FALSE(compiled(R"({"minimum": 0})")->valid(parsed("-0.5")));
  EXPECT_TRUE(compiled(R"({"multipleOf": 0.01})")->valid(parsed("0.07")));
  EXPECT_TRUE(compiled(R"({"multipleOf": 7})")->valid(parsed("7e300")));
  EXPECT_FALSE(compiled(R"({"multipleOf": 7})")->valid(parsed("8e300")));
  EXPECT_TRUE(compiled(R"({"const": 100})")->valid(parsed("1e2")));
}

TEST(Schema, AssertsFormatsUnlessToldNotTo) {
  const char* text = R"({"format": "uuid"})";
  EXPECT_FALSE(compiled(text)->valid(parsed("\"x\"")));
  EXPECT_TRUE(compiled(text, {.assert_format = false})->valid(parsed("\"x\"")));
  EXPECT_TRUE(compiled(R"({"format": "colour"})")->valid(parsed("\"x\"")));
}

TEST(Schema, KnowsRecursiveReferencesOf2019) {
  const auto schema = compiled(R"({"$schema": "https://json-schema.org/draft/2019-09/schema", "$id": "https://x/strict",
      "$recursiveAnchor": true, "$ref": "tree", "unevaluatedProperties": false,
      "$defs": {"tree": {"$id": "tree", "$recursiveAnchor": true, "properties": {"kids": {"items": {"$recursiveRef": "#"}}}}}})");
  EXPECT_TRUE(schema->valid(parsed(R"({"kids": [{"kids": []}]})")));
  EXPECT_FALSE(schema->valid(parsed(R"({"kids": [{"kidz": []}]})")));
}

TEST(Schema, AppliesTheMetaschemasOfAllDrafts) {
  for (const char* uri : {"https://json-schema.org/draft/2020-12/schema", "https://json-schema.org/draft/2019-09/schema",
                          "http://json-schema.org/draft-07/schema#", "http://json-schema.org/draft-06/schema#",
                          "http://json-schema.org/draft-04/schema#"}) {
    const std::string text = std::string("{\"$schema\": \"") + uri + "\", \"$ref\": \"" + uri + "\"}";
    const auto schema = compiled(text);
    EXPECT_TRUE(schema->valid(parsed(R"({"properties": {"a": {"type": "string", "not": {"minimum": 1}}}})"))) << uri;
    EXPECT_FALSE(schema->valid(parsed(R"({"properties": {"a": {"type": "strnig"}}})"))) << uri;
    EXPECT_FALSE(schema->valid(parsed(R"({"properties": {"a": {"not": {"minimum": "1"}}}})"))) << uri;
  }
}

TEST(Schema, ReadsKeywordsAsTheDraftHasThem) {
  EXPECT_FALSE(compiled(R"({"const": 1, "if": false})", {.draft = Draft::draft6})->valid(parsed("2")));
  EXPECT_TRUE(compiled(R"({"const": 1})", {.draft = Draft::draft4})->valid(parsed("2")));
  EXPECT_TRUE(compiled(R"({"if": true, "then": false})", {.draft = Draft::draft6})->valid(parsed("2")));
  EXPECT_FALSE(compiled(R"({"if": true, "then": false})", {.draft = Draft::draft7})->valid(parsed("2")));
  EXPECT_FALSE(compiled(R"({"minimum": 1, "exclusiveMinimum": true})", {.draft = Draft::draft4})->valid(parsed("1")));
  EXPECT_FALSE(compiled(R"({"items": [{"type": "null"}], "additionalItems": false})", {.draft = Draft::draft2019_09})
                   ->valid(parsed("[null, 1]")));
  EXPECT_TRUE(compiled(R"({"contains": {"type": "null"}, "minContains": 0})", {.draft = Draft::draft2019_09})->valid(parsed("[]")));
  EXPECT_FALSE(compiled(R"({"contains": {"type": "null"}, "unevaluatedItems": false})", {.draft = Draft::draft2019_09})
                   ->valid(parsed("[null]")));
  EXPECT_TRUE(compiled(R"({"contains": {"type": "null"}, "unevaluatedItems": false})")->valid(parsed("[null]")));
}

TEST(Schema, KeepsTrackOfManyMembers) {
  std::string value = "{";
  for (int i = 0; i < 300; ++i) value += "\"p" + std::to_string(i) + "\": 1, ";
  const auto schema = compiled(R"({"allOf": [{"patternProperties": {"^p": true}}], "unevaluatedProperties": false})");
  EXPECT_TRUE(schema->valid(parsed(value + "\"p\": 1}")));
  EXPECT_FALSE(schema->valid(parsed(value + "\"q\": 1}")));
}

TEST(Schema, FindsItsDraftByName) {
  EXPECT_EQ(find_draft("2020-12"), Draft::draft2020_12);
  EXPECT_EQ(find_draft("draft-07"), Draft::draft7);
  EXPECT_EQ(find_draft("http://json-schema.org/draft-04/schema#"), Draft::draft4);
  EXPECT_EQ(find_draft("draft-03"), std::nullopt);
}

}  // namespace
}  // namespace hence::schema
