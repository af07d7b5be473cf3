// SPDX-License-Identifier: Apache-2.0
#include "json/yaml.h"

#include <gtest/gtest.h>

#include "json/builder.h"
#include "json/parse.h"
#include "json/write.h"

namespace hence::json {
namespace {

std::string read(std::string_view text) {
  const auto parsed = parse_yaml(text);
  if (!parsed.ok()) return parsed.error().message();
  std::string out;
  for (const YamlDocument& document : *parsed) {
    if (!out.empty()) out += " | ";
    out += document.value->to_text();
  }
  return out;
}

TEST(Yaml, ReadsTheCoreSchema) {
  EXPECT_EQ(read("[true, True, FALSE, yes, on, off, no, null, ~, Null, 12, -3, 1.50, 1e3, 0x1F, 0o17, 007, +5, .5, 5., -.5e1]"),
            R"([true,true,false,"yes","on","off","no",null,null,null,12,-3,1.50,1e3,31,15,7,5,0.5,5,-0.5e1])");
  EXPECT_EQ(read("['1', \"true\", 'null', 1_000, 12:30, 2024-01-01, 0b1, 0x, 0xZ, 1.2.3, +, -, ., .x, 1e]"),
            R"(["1","true","null","1_000","12:30","2024-01-01","0b1","0x","0xZ","1.2.3","+","-",".",".x","1e"])");
  EXPECT_EQ(read("123456789012345678901234567890"), "123456789012345678901234567890");
  EXPECT_EQ(read("a: 1\nb:\n  - x\n  - y: {z: []}\nc: |\n  two\n  lines\nd: >-\n  one\n  line\ne:\n"),
            R"({"a":1,"b":["x",{"y":{"z":[]}}],"c":"two\nlines\n","d":"one line","e":null})");
  EXPECT_EQ(read("a :\nb:\n\"c\":\nd:   # x\n? e\nf: {g, h: }\n"),
            R"({"a":null,"b":null,"c":null,"d":null,"e":null,"f":{"g":null,"h":null}})");
  EXPECT_EQ(read("200: ok\ntrue: yes\n"), R"({"200":"ok","true":"yes"})");
  EXPECT_EQ(read("\xEF\xBB\xBF" "a: é"), "{\"a\":\"é\"}");
  EXPECT_EQ(read("\"<<\": 1"), R"({"<<":1})");
}

TEST(Yaml, TellsThePlaceOfAnErrorFromWhatItSays) {
  const auto taken = [](std::string_view text) { return take_place(parse_yaml(text).error()); };
  const PlacedMessage twice = taken("a: 1\nb: 2\na: 3");
  EXPECT_EQ(twice.place.line, 3u);
  EXPECT_EQ(twice.place.column, 1u);
  EXPECT_EQ(twice.message, "the key \"a\" is already given at line 1; give it once");
  const PlacedMessage large = taken(std::string(kYamlBytesMax + 1, ' '));
  EXPECT_EQ(large.place.line, 0u);
  EXPECT_TRUE(large.message.starts_with("the file is larger than"));
  EXPECT_EQ(take_place(parse("[1,").error()).place.column, 4u);
}

TEST(Yaml, LeavesOutEmptyDocuments) {
  EXPECT_EQ(read(""), "");
  EXPECT_EQ(read("# nothing\n"), "");
  EXPECT_EQ(read("---\n---\na: 1\n---\n# x\n---\nb\n...\nc\n"), "{\"a\":1} | \"b\" | \"c\"");
  EXPECT_EQ(read("null"), "null");
}

TEST(Yaml, ReadsJson) {
  EXPECT_EQ(read("{\n\t\"a\":\t[1,\"\\ud83d\\ude00\\/\"]}"), "{\"a\":[1,\"😀/\"]}");
  EXPECT_EQ(read("{a: 1, \"b\":[x, y]}"), R"({"a":1,"b":["x","y"]})");
}

TEST(Yaml, RefusesWithLineAndColumn) {
  const std::pair<std::string, std::string> kCases[] = {
      {"a: &x 1\nb: *x", "line 1, column 4: anchors (&x) are not supported; write values out where used"},
      {"a: 1\nb: *x", "line 2, column 4: aliases (*name) are not supported; write the value out"},
      {"a: !!str 1", "line 1, column 4: tags (tag:yaml.org,2002:str) are not supported; put text in quotes instead of a tag"},
      {"a: !x [1]", "line 1, column 4: tags (!x) are not supported; put text in quotes instead of a tag"},
      {"a:\n  <<: {b: 1}", "line 2, column 3: merge keys (<<) are not supported; write the members out"},
      {"a: 1\nb: 2\na: 3", "line 3, column 1: the key \"a\" is already given at line 1; give it once"},
      {"é: {b: 1, b: 2}", "line 1, column 11: the key \"b\" is already given at line 1; give it once"},
      {"{\"a\": 1, \"a\": 2}", "line 1, column 10: the key \"a\" is already given at line 1; give it once"},
      {"[a]: 1", "line 1, column 1: a key must be text, not a mapping or sequence"},
      {"? {a: 1}\n: 1", "line 1, column 3: a key must be text, not a mapping or sequence"},
      {"a: .inf", "line 1, column 4: JSON has no infinity and no NaN; put the text in quotes"},
      {"- .NaN", "line 1, column 3: JSON has no infinity and no NaN; put the text in quotes"},
      {"a: 0x1FFFFFFFFFFFFFFFF", "line 1, column 4: the number is beyond 64 bits; write it in decimal or in quotes"},
      {"a: 1\nb: \x04 2", "line 2, column 4: control characters are not allowed; use an escape in double quotes"},
      {"a: \xFF", "line 1, column 4: the bytes are not UTF-8"},
      {"[1] [2]", "line 1, column 5: expected the end of the document; is the indentation right? A further document begins with ---"},
      {"a: 1\nz\n", "line 2, column 1: expected ':' and a value after the key"},
      {"~: 1", "line 1, column 1: the key is missing; give one, in quotes if it is null"},
  };
  for (const auto& [text, message] : kCases) EXPECT_EQ(read(text), message) << text;
}

TEST(Yaml, RefusesWhatIsBroken) {
  for (const char* text : {"a: [1", "a: {b", "a: \"x", "a: 'x", "a: b: c", "a:\n\t- b", "a: @x", "- a\nb: 1", "a: 1\n b: 2",
                           "a: |\n x\n  y\nz", "a: 1\nz # x\nb: 1", "%TAG ! tag:x,2000:\n---\n!y 1", "a: \"\\q\"", "{a: 1}}", "a: ]", "`x`"}) {
    EXPECT_FALSE(parse_yaml(text).ok()) << text << " gives " << read(text);
  }
}

TEST(Yaml, SurvivesHostileNesting) {
  for (const std::string item : {"[", "{", "- ", "? ", "{a: ", "[[", "[{", "{? ", "a: [", "{[", "!x ", "[a: "}) {
    std::string text;
    while (text.size() < 300'000) text += item;
    EXPECT_FALSE(parse_yaml(text).ok()) << item;
  }
  std::string indented;
  for (int i = 0; i < 1000; ++i) indented += std::string(static_cast<size_t>(i), ' ') + "a:\n";
  EXPECT_EQ(read(indented), "line 129, column 129: nested deeper than 128 levels");
  EXPECT_EQ(read(std::string(200, '[') + std::string(200, ']')), "line 1, column 129: nested deeper than 128 levels");
  std::string many = "[";
  for (int i = 0; i < 100'001; ++i) many += "1,";
  EXPECT_NE(read(many + "1]").find("more than 100000 nodes"), std::string::npos);
  EXPECT_NE(read("- " + many + "1]").find("more than 100000 nodes"), std::string::npos);
  EXPECT_NE(read(std::string(kYamlBytesMax + 1, ' ')).find("larger than"), std::string::npos);
  std::string wide = "? " + std::string(400'000, 'k') + "\n: [";
  for (int i = 0; i < 90'000; ++i) wide += "1,";
  EXPECT_NE(read(wide + "1]").find("too long"), std::string::npos);
}

TEST(Yaml, KnowsPlaces) {
  for (const std::string_view text : {"a: 1\nb/~:\n  - x\n  - é: 2\n    k: null\n",
                                      "{\"a\": 1, \n\"b/~\"\n:\n[ \"x\",\n  {\"é\": 2,\n \"k\": null} ] }"}) {
    const YamlDocument document = parse_yaml(text).value().at(0);
    const bool json = text.front() == '{';
    const auto place = [&](std::string_view pointer) {
      const Place p = document.place_of(pointer);
      return std::to_string(p.line) + ":" + std::to_string(p.column);
    };
    const auto key = [&](std::string_view pointer) {
      const Place p = document.key_place_of(pointer);
      return std::to_string(p.line) + ":" + std::to_string(p.column);
    };
    EXPECT_EQ(place(""), "1:1");
    EXPECT_EQ(place("/a"), json ? "1:7" : "1:4");
    EXPECT_EQ(key("/a"), json ? "1:2" : "1:1");
    EXPECT_EQ(key("/b~1~0"), json ? "2:1" : "2:1");
    EXPECT_EQ(place("/b~1~0"), json ? "4:1" : "3:3");
    EXPECT_EQ(place("/b~1~0/1/é"), json ? "5:9" : "4:8");
    EXPECT_EQ(key("/b~1~0/1/é"), json ? "5:4" : "4:5");
    EXPECT_EQ(place("/b~1~0/1/k"), json ? "6:7" : "5:8");
    EXPECT_EQ(place("/b~1~0/1/missing/deep"), json ? "5:3" : "4:5");
    EXPECT_EQ(place("/nothing"), "1:1");
  }
}

TEST(WriteYaml, RoundTrips) {
  for (const std::string_view text : {
           "null", "true", "1.50", "\"\"", "\"a\"", "\"true\"", "\"1\"", "\"~\"", "\"0x1\"", "\"a: b\"", "\"a #b\"", "\"- a\"", "[]", "{}",
           "\"two\\nlines\"", "\"two\\nlines\\n\"", "\"x\\n\\ny\\n\\n\"", "\"\\n\"", "\" a\\nb\"", "\"a\\n b\\n\"", "\"\\t\\u0001\\u007f\"",
           R"({"a":[1,[2,[3]],{"b":{"c":[]}}],"":{"<<":1},"null":null,"x y":"p: q","m":"l1\n  l2\nl3"})",
           R"([[[]],[{}],[{"a":1,"b":[{"c":2}]}],"a\nb","\u00e9 \ud83d\ude00","---","...","'","\"","on","=","!x","&a","*a","%"])",
           R"({"when":"${ .data.x == \"y\" }","on":"#","a":"a\rb","t":"a\n\tb","s":"a\n \nb","url":"http://x/y?z=1"})",
       }) {
    const Value value = *parse(text);
    std::string yaml;
    write_yaml(value, yaml);
    EXPECT_EQ(read(yaml), value->to_text()) << yaml;
  }
  std::string yaml;
  write_yaml(*parse(R"({"a":[{"b":1,"c":"x y"},[2]],"d":"l1\nl2\n"})"), yaml);
  EXPECT_EQ(yaml, "a:\n  - b: 1\n    c: x y\n  - - 2\nd: |\n  l1\n  l2\n");
}

TEST(WriteYaml, RoundTripsDeepAndLongKeys) {
  Builder b;
  for (int i = 0; i < 60; ++i) b.begin_array().begin_object().key(i == 3 ? std::string(2000, 'k') : "a\tb");
  b.null();
  for (int i = 0; i < 60; ++i) b.end_object().end_array();
  const Value value = std::move(b).finish();
  std::string yaml;
  write_yaml(value, yaml);
  EXPECT_EQ(read(yaml), value->to_text());
}

}  // namespace
}  // namespace hence::json
