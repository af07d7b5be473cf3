// SPDX-License-Identifier: Apache-2.0
#include "resource/catalogue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "json/parse.h"

namespace hence::resource {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

std::vector<Catalogue::Member> members_of(const std::string& text) {
  Parsed parsed = parse_resources(text);
  for (const auto& fault : parsed.faults) ADD_FAILURE() << fault.pointer << ": " << fault.message;
  std::vector<Catalogue::Member> members;
  for (Resource& one : parsed.resources) members.push_back(std::make_shared<const Resource>(std::move(one)));
  return members;
}

/// One document from name and spec, in flow style.
std::string type(const std::string& name, const std::string& spec) {
  return "---\napiVersion: hence/v1\nkind: EventType\nmetadata: {name: " + name + "}\nspec: " + spec + "\n";
}

struct Made {
  std::shared_ptr<const Catalogue> catalogue;
  std::vector<CatalogueFault> faults;
};
Made make(const std::string& text) {
  Made made;
  made.catalogue = Catalogue::build(members_of(text), made.faults);
  return made;
}

VerdictPtr check(const Catalogue& catalogue, const std::string& type_name, const std::string& rest) {
  const auto event = event::parse_structured(R"({"specversion":"1.0","id":"1","source":"/s","type":")" + type_name + "\"" + rest + "}");
  if (!event.ok()) ADD_FAILURE() << event.error().message();
  return catalogue.check(*event);
}

std::string faults_of_document(const std::string& text) {
  std::string all;
  for (const auto& fault : parse_resources(text).faults) all += fault.pointer + ": " + fault.message + "\n";
  return all;
}

constexpr const char* kOrder = "{type: order.placed, schema: {type: object, required: [total], properties: {total: {type: number, minimum: 0}}}}";

TEST(Catalogue, ReportsEveryFaultOfData) {
  const Made made = make(type("placed", kOrder));
  ASSERT_TRUE(made.faults.empty());
  EXPECT_EQ(check(*made.catalogue, "order.placed", R"(,"data":{"total":1})"), nullptr);
  EXPECT_EQ(check(*made.catalogue, "order.other", R"(,"data":{"total":"x"})"), nullptr);
  const VerdictPtr verdict = check(*made.catalogue, "order.placed", R"(,"data":{"total":-1})");
  ASSERT_NE(verdict, nullptr);
  EXPECT_TRUE(verdict->refused);
  EXPECT_EQ(verdict->event_type, "placed");
  EXPECT_EQ(verdict->faults.at(0).instance_path, "/total");
  EXPECT_EQ(verdict->message(), "the event does not fit EventType placed: /total: expected at least 0, but it is -1");
}

TEST(Catalogue, TakesAbsentDataForNullAndRefusesBinaryData) {
  const Made made = make(type("placed", kOrder) + type("empty", "{type: empty, schema: {type: 'null'}}"));
  EXPECT_NE(check(*made.catalogue, "order.placed", ""), nullptr);
  EXPECT_EQ(check(*made.catalogue, "empty", ""), nullptr);
  const VerdictPtr binary = check(*made.catalogue, "order.placed", R"(,"data_base64":"AAA=")");
  ASSERT_NE(binary, nullptr);
  EXPECT_THAT(binary->message(), HasSubstr("binary"));
}

TEST(Catalogue, ModeWarnRefusesNothing) {
  const Made made = make(type("w", "{type: w, mode: warn, schema: {type: string}}"));
  const VerdictPtr verdict = check(*made.catalogue, "w", R"(,"data":1)");
  ASSERT_NE(verdict, nullptr);
  EXPECT_FALSE(verdict->refused);
}

TEST(Catalogue, TheNarrowestTypeCounts) {
  const Made made = make(type("all", "{type: '*', schema: {type: object}}") + type("acme", "{type: com.acme.*, schema: {type: string}}") +
                         type("deep", "{type: com.acme.a.*, schema: {type: boolean}}") + type("exact", "{type: com.acme.a.b, schema: {type: 'null'}}"));
  ASSERT_TRUE(made.faults.empty());
  const auto name_for = [&](std::string_view wanted) { return made.catalogue->find(wanted)->resource->name; };
  EXPECT_EQ(name_for("com.acme.a.b"), "exact");
  EXPECT_EQ(name_for("com.acme.a.c"), "deep");
  EXPECT_EQ(name_for("com.acme.a.c.d"), "deep");
  EXPECT_EQ(name_for("com.acme.a"), "acme");
  EXPECT_EQ(name_for("com.acme"), "all");
  EXPECT_EQ(name_for("com.acme."), "all");
  EXPECT_EQ(name_for("x"), "all");
}

TEST(Catalogue, RejectsUnknownTypesUnderAPattern) {
  const Made made = make(type("closed", "{type: com.acme.*, unknown: reject}") + type("known", "{type: com.acme.a}"));
  EXPECT_EQ(check(*made.catalogue, "com.acme.a", ""), nullptr);
  EXPECT_EQ(check(*made.catalogue, "org.other", ""), nullptr);
  const VerdictPtr verdict = check(*made.catalogue, "com.acme.b", "");
  ASSERT_NE(verdict, nullptr);
  EXPECT_TRUE(verdict->refused);
  EXPECT_THAT(verdict->message(), HasSubstr("com.acme.b is in no EventType of its own"));
}

TEST(Catalogue, ChecksDataAgainstDataschema) {
  const Made made = make(type("v1", "{type: a, schema: {$id: 'https://s/v1', type: object}}") +
                         type("v2", "{type: b, schema: {$id: 'https://s/v2', type: object, required: [x]}}") + type("free", "{type: c, schema: {type: object}}"));
  EXPECT_EQ(check(*made.catalogue, "a", R"(,"dataschema":"https://s/v1","data":{})"), nullptr);
  EXPECT_NE(check(*made.catalogue, "a", R"(,"dataschema":"https://s/v2","data":{})"), nullptr);
  EXPECT_EQ(check(*made.catalogue, "a", R"(,"dataschema":"https://s/v2","data":{"x":1})"), nullptr);
  EXPECT_THAT(check(*made.catalogue, "a", R"(,"dataschema":"https://s/v9","data":{})")->message(), HasSubstr("https://s/v9"));
  EXPECT_EQ(check(*made.catalogue, "c", R"(,"dataschema":"https://elsewhere/","data":{})"), nullptr);
  const VerdictPtr untyped = check(*made.catalogue, "none", R"(,"dataschema":"https://s/v2","data":{})");
  ASSERT_NE(untyped, nullptr);
  EXPECT_EQ(untyped->event_type, "v2");
  EXPECT_TRUE(untyped->refused);
}

TEST(Catalogue, SchemasReferToEachOtherById) {
  const std::string money = type("money", "{type: money, schema: {$id: 'https://s/money', type: integer}}");
  const std::string bill = type("bill", "{type: bill, schema: {properties: {sum: {$ref: 'https://s/money'}}}, example: {sum: 1}}");
  const Made made = make(money + bill);
  ASSERT_TRUE(made.faults.empty());
  EXPECT_NE(check(*made.catalogue, "bill", R"(,"data":{"sum":"x"})"), nullptr);
  EXPECT_EQ(check(*made.catalogue, "bill", R"(,"data":{"sum":3})"), nullptr);
  const Made alone = make(bill);
  ASSERT_EQ(alone.faults.size(), 1u);
  EXPECT_EQ(alone.faults[0].pointer, "/spec/schema");
  EXPECT_THAT(alone.faults[0].message, HasSubstr("https://s/money"));
}

TEST(Catalogue, SaysWhichChangeBreaks) {
  const Made before = make(type("placed", kOrder));
  const auto breaks = [&](const std::string& spec) {
    std::string all;
    for (const CatalogueFault& fault : make(type("placed", spec)).catalogue->find_breaks(*before.catalogue)) all += fault.message + "\n";
    return all;
  };
  EXPECT_EQ(breaks(kOrder), "");
  const std::string narrower = "type: order.placed, schema: {type: object, required: [total, id], properties: {total: {type: number, minimum: 0}}}";
  EXPECT_THAT(breaks("{" + narrower + "}"), StartsWith("not backward compatible with what is applied: "));
  EXPECT_THAT(breaks("{" + narrower + "}"), HasSubstr("id"));
  EXPECT_EQ(breaks("{compatibility: none, " + narrower + "}"), "");
  EXPECT_EQ(breaks("{compatibility: forward, " + narrower + "}"), "");
  EXPECT_EQ(breaks("{type: order.placed}"), "");
  EXPECT_THAT(breaks("{type: order.*, compatibility: full}"), HasSubstr("not forward compatible"));
}

TEST(Catalogue, ASchemaReferredToMayBreakOthers) {
  const std::string bill = type("bill", "{type: bill, schema: {properties: {sum: {$ref: 'https://s/money'}}}}");
  const Made before = make(type("money", "{type: money, schema: {$id: 'https://s/money', type: number}}") + bill);
  const Made after = make(type("money", "{type: money, compatibility: none, schema: {$id: 'https://s/money', type: integer}}") + bill);
  const auto breaks = after.catalogue->find_breaks(*before.catalogue);
  ASSERT_EQ(breaks.size(), 1u);
  EXPECT_EQ(breaks[0].name, "bill");
}

TEST(Catalogue, RefusesTwoOfOneTypeOrId) {
  EXPECT_EQ(make(type("a", "{type: x}") + type("b", "{type: x}")).faults.size(), 1u);
  EXPECT_EQ(make(type("a", "{type: x, schema: {$id: 'https://s/1'}}") + type("b", "{type: y, schema: {$id: 'https://s/1'}}")).faults.size(), 1u);
}

TEST(EventTypeDocument, SaysWhatIsWrong) {
  EXPECT_THAT(faults_of_document(type("t", "{type: a.*.b}")), HasSubstr("/spec/type"));
  EXPECT_THAT(faults_of_document(type("t", "{type: a, schema: {type: 3}}")), HasSubstr("/spec/schema: #/type"));
  EXPECT_THAT(faults_of_document(type("t", "{type: a, schema: {type: string}, example: 3}")), HasSubstr("/spec/example: the example does not fit"));
  EXPECT_THAT(faults_of_document(type("t", "{type: a, unknown: reject}")), HasSubstr("/spec/unknown"));
  EXPECT_THAT(faults_of_document(type("t", "{type: a.*, unknown: reject, schema: {}}")), HasSubstr("/spec/schema"));
  EXPECT_THAT(faults_of_document(type("t", "{type: a, example: 1}")), HasSubstr("/spec/example"));
  EXPECT_THAT(faults_of_document(type("t", "{type: a, mode: warn}")), HasSubstr("/spec/mode"));
  EXPECT_THAT(faults_of_document(type("t", "{type: a, scheme: {}}")), HasSubstr("schema"));
}

}  // namespace
}  // namespace hence::resource
