// SPDX-License-Identifier: Apache-2.0
#include "json/value.h"

#include <gtest/gtest.h>

#include "base/codec.h"
#include "json/builder.h"
#include "json/parse.h"
#include "json/write.h"

namespace hence::json {
namespace {

Value doc(std::string_view text) { return parse(text).value(); }

uint32_t references(const Value& value) { return value->buffer()->references.load(); }

TEST(Value, LooksInside) {
  const Value v = doc(R"({"id":"7","data":{"n":1.0,"tags":["a",{"b":null},"c"]},"ok":true,"off":false})");
  EXPECT_EQ(v->type(), Type::object);
  EXPECT_EQ(v->size(), 4u);
  EXPECT_EQ(v->string_or("id", "-"), "7");
  EXPECT_EQ(v->string_or("data", "-"), "-");
  EXPECT_EQ(v->find_path({"data", "n"})->as_int64(), 1);
  EXPECT_FALSE(v->find_path({"data", "n", "x"}));
  EXPECT_TRUE(v->find("ok")->as_bool());
  EXPECT_FALSE(v->find("off")->as_bool());
  const View tags = *v->find_path({"data", "tags"});
  EXPECT_EQ(tags.at(2).as_string(), "c");
  EXPECT_TRUE(tags.at(1).find("b")->is_null());
  std::string seen;
  for (const View tag : tags.elements()) seen += tag.to_text();
  for (const auto& [key, value] : v->members()) seen += std::string(key) + type_name(value.type()).data();
  EXPECT_EQ(seen, "\"a\"{\"b\":null}\"c\"idstringdataobjectokbooleanoffboolean");
}

TEST(Value, CountsReferences) {
  const Value v = doc("[1,{\"a\":2}]");
  EXPECT_EQ(references(v), 1u);
  {
    const Value copy = v;
    const Value part(v->at(1));
    EXPECT_EQ(references(v), 3u);
    Value moved = std::move(const_cast<Value&>(part));
    EXPECT_EQ(references(v), 3u);
    moved = copy;
    EXPECT_EQ(references(v), 3u);
    moved = Value();
    EXPECT_EQ(references(v), 2u);
  }
  EXPECT_EQ(references(v), 1u);
  Value self = v;
  const Value& alias = self;
  self = alias;
  EXPECT_EQ(references(v), 2u);
}

TEST(Value, DetachesParts) {
  const Value part = Value::detached(doc("[1,{\"a\":[2,\"x\\n\"]}]")->at(1));
  EXPECT_EQ(part->to_text(), "{\"a\":[2,\"x\\n\"]}");
  EXPECT_EQ(references(part), 1u);
}

TEST(Value, MakesScalars) {
  EXPECT_EQ(Value()->to_text(), "null");
  EXPECT_EQ(Value::boolean(true)->to_text(), "true");
  EXPECT_EQ(Value::number(int64_t{-5})->to_text(), "-5");
  EXPECT_EQ(Value::number(1e100)->to_text(), "1e+100");
  EXPECT_EQ(Value::number(std::numeric_limits<double>::quiet_NaN())->to_text(), "null");
  EXPECT_EQ(Value::string("a\"b")->to_text(), "\"a\\\"b\"");
  EXPECT_EQ(Value::string("a\xFF" "b\xE2\x82")->as_string(), "a\uFFFDb\uFFFD");
}

TEST(Builder, BuildsInOrder) {
  const Value from = doc(R"({"x":[1.50,{"y":"\u0041\n"}],"z":null})");
  Builder b;
  b.begin_object().key("id").string("é").member("from", from).key("list").begin_array();
  b.number(int64_t{1}).number(2.5).number_text("1e400").boolean(true).null().value(from->find("x").value());
  b.end_array().key("none").begin_object().end_object().end_object();
  const Value v = std::move(b).finish();
  EXPECT_EQ(v->to_text(),
            R"({"id":"é","from":{"x":[1.50,{"y":"A\n"}],"z":null},"list":[1,2.5,1e400,true,null,[1.50,{"y":"A\n"}]],"none":{}})");
  EXPECT_TRUE(equal(v, doc(v->to_text())));
  EXPECT_EQ(v->source_text(), "");
}

TEST(Builder, LaterMembersReplaceEarlierOnes) {
  Builder b;
  b.begin_object().key("a").number(int64_t{1}).key("b").begin_array().end_array().key("a").begin_array();
  b.number(int64_t{2}).end_array().end_object();
  EXPECT_EQ(std::move(b).finish()->to_text(), R"({"a":[2],"b":[]})");
}

TEST(Builder, CopiesIndexedObjects) {
  Builder b;
  b.begin_object();
  for (int64_t i = 0; i < 100; ++i) b.key("k" + std::to_string(i)).number(i);
  b.end_object();
  const Value large = std::move(b).finish();
  Builder outer;
  outer.begin_array().string("before").value(large).value(large).string("after").end_array();
  const Value v = std::move(outer).finish();
  EXPECT_EQ(v->at(2).find("k77")->as_int64(), 77);
  EXPECT_EQ(v->at(3).as_string(), "after");
  EXPECT_TRUE(equal(v->at(1), large));
  EXPECT_TRUE(equal(v, doc(v->to_text())));
}

TEST(Value, DeepValuesNeedNoStack) {
  constexpr int kDepth = 200'000;
  Builder b;
  Builder c;
  for (int i = 0; i < kDepth; ++i) {
    b.begin_array().begin_object().key("a");
    c.begin_array().begin_object().key("a");
  }
  b.number(int64_t{1});
  c.number(int64_t{2});
  for (int i = 0; i < kDepth; ++i) {
    b.end_object().end_array();
    c.end_object().end_array();
  }
  const Value x = std::move(b).finish();
  const Value y = std::move(c).finish();
  EXPECT_TRUE(equal(x, Value::detached(x)));
  EXPECT_FALSE(equal(x, y));
  EXPECT_TRUE(compare(x, y) < 0);
  std::string out;
  write(x, out);
  EXPECT_TRUE(equal(parse(out, {.depth_max = UINT32_MAX}).value(), x));
}

TEST(Value, OrdersAsJqDoes) {
  static constexpr std::string_view kAscending[] = {
      "null", "false", "true", "-1e400", "-1", "0", "1", "1e400", "\"\"", "\"a\"", "\"a\\u0000\"", "\"ab\"", "\"b\"",
      "\"\\uFFFF\"", "\"\\uD800\\uDC00\"", "[]", "[null]", "[1]", "[1,0]", "[2]", "[[]]", "{}", R"({"a":1})",
      R"({"a":2})", R"({"a":1,"b":1})", R"({"b":0,"a":2})", R"({"b":0})",
  };
  for (size_t i = 0; i < std::size(kAscending); ++i) {
    for (size_t j = 0; j < std::size(kAscending); ++j) {
      const Value a = doc(kAscending[i]);
      const Value b = doc(kAscending[j]);
      EXPECT_EQ(compare(a, b), i <=> j) << kAscending[i] << " " << kAscending[j];
      EXPECT_EQ(equal(a, b), i == j);
    }
  }
  EXPECT_TRUE(equal(doc(R"({"a":1,"b":[1.0,{"c":2}],"d":{}})"), doc(R"({"d":{},"b":[1e0,{"c":2.0}],"a":10e-1})")));
  EXPECT_FALSE(equal(doc(R"({"a":1,"b":2})"), doc(R"({"a":1,"c":2})")));
}

TEST(Value, TravelsThroughTheCodec) {
  std::string out;
  Encoder encoder(out);
  encode_value(encoder, doc("{\"a\":[1.50,\"\\n\"]}"));
  Decoder decoder(out);
  Value back;
  decode_value(decoder, back);
  EXPECT_FALSE(decoder.failed());
  EXPECT_EQ(back->to_text(), "{\"a\":[1.50,\"\\n\"]}");
}

TEST(Write, PrintsPretty) {
  std::string out;
  write_pretty(doc(R"({"a":[1,{"b":[]}],"c":{}})"), out);
  EXPECT_EQ(out, "{\n  \"a\": [\n    1,\n    {\n      \"b\": []\n    }\n  ],\n  \"c\": {}\n}");
}

}  // namespace
}  // namespace hence::json
