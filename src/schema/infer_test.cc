// SPDX-License-Identifier: Apache-2.0
#include "schema/infer.h"

#include <gtest/gtest.h>

#include "json/parse.h"
#include "schema/schema.h"

namespace hence::schema {
namespace {

/// The schema inferred from the values, without $schema; every value must fit it.
std::string inferred(const std::vector<std::string>& texts) {
  Inference inference;
  for (const std::string& text : texts) inference.add(*json::parse(text));
  const json::Value schema = inference.schema();
  const auto compiled = Schema::compile(schema);
  if (!compiled.ok()) return compiled.error().message();
  for (const std::string& text : texts) EXPECT_TRUE((*compiled)->valid(*json::parse(text))) << text << schema->to_text();
  std::string text = schema->to_text();
  const std::string head = R"("$schema":"https://json-schema.org/draft/2020-12/schema")";
  return text.erase(1, head.size() + (text[head.size() + 1] == ',' ? 1 : 0));
}

TEST(Infer, RequiresWhatEveryObjectHas) {
  EXPECT_EQ(inferred({R"({"a":1,"b":"x"})", R"({"a":2})"}),
            R"({"type":"object","properties":{"a":{"type":"integer"},"b":{"type":"string"}},"required":["a"]})");
}

TEST(Infer, WidensTypesToAllThatWereSeen) {
  EXPECT_EQ(inferred({"1", "2.5"}), R"({"type":"number"})");
  EXPECT_EQ(inferred({"1", "null", "true", "\"x\""}), R"({"type":["null","boolean","integer","string"]})");
  EXPECT_EQ(inferred({"1e400"}), R"({"type":"number"})");
  EXPECT_EQ(inferred({}), "{}");
}

TEST(Infer, ProposesAFormatThatEveryTextHas) {
  EXPECT_EQ(inferred({R"("2026-01-31T12:00:00Z")", R"("2026-02-01T00:00:00+01:00")"}), R"({"type":"string","format":"date-time"})");
  EXPECT_EQ(inferred({R"("2026-01-31T12:00:00Z")", R"("soon")"}), R"({"type":"string"})");
  EXPECT_EQ(inferred({R"("7f0c1c9e-8a6b-4a8e-9d2e-0a6a1b2c3d4e")"}), R"({"type":"string","format":"uuid"})");
}

TEST(Infer, TakesItemsTogether) {
  EXPECT_EQ(inferred({R"([])", R"([{"q":1},{"q":null}])"}),
            R"({"type":"array","items":{"type":"object","properties":{"q":{"type":["null","integer"]}},"required":["q"]}})");
}

TEST(Infer, StopsAtItsBounds) {
  std::string wide = "{", deep;
  for (size_t i = 0; i <= kInferredMembersMax; ++i) wide += (i ? ",\"k" : "\"k") + std::to_string(i) + "\":1";
  EXPECT_EQ(inferred({wide + "}"}), R"({"type":"object"})");
  for (uint32_t i = 0; i < kInferredDepthMax + 10; ++i) deep += "[";
  deep += std::string(deep.size(), ']');
  EXPECT_LT(inferred({deep}).size(), 3'000u);
}

}  // namespace
}  // namespace hence::schema
