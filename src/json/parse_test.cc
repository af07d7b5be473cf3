// SPDX-License-Identifier: Apache-2.0
#include "json/parse.h"

#include <gtest/gtest.h>

#include "json/write.h"

namespace hence::json {
namespace {

std::string error_of(std::string_view text) {
  const auto parsed = parse(text);
  return parsed.ok() ? "accepted" : parsed.error().message();
}

TEST(Parse, AcceptsWhatTheStandardAccepts) {
  using namespace std::string_view_literals;
  static constexpr std::string_view kTexts[] = {
      "null", "true", "false", "0", "-0", "1e400", "-1e-400", "123456789012345678901234567890",
      "0.5", "-0.5e+10", "1E5", "1e05", "0e1", "0E+1", "0.0", "10", "1.000", "\"\"", "\"a\"",
      "[]", "{}", " [ ] ", "\t\r\n{ }\n", "[[]]", "[{}]", "[1,2]", "[ 1 , 2 ]", "[null,true,false]",
      R"({"a":1})", R"({"":0})", R"({"a":{},"b":[]})", R"({"a":1,"A":2})", R"("\"\\\/\b\f\n\r\t")",
      R"("\u0000")", R"("\u00e9")", R"("\uD83D\uDE00")", R"("\ud83d\ude00")", R"("\uFFFF")",
      R"("\uDBFF\uDFFF")", R"("a\u0062c")", R"(["\\u0041"])", "\"\x7F\"", "\"\u00e9\"", "\"\u20ac\"",
      "\"\U0001F600\"", "\"\uFEFF\"", "\"\uFFFF\"", "\"\u2028\u2029\"", "[\"\U0010FFFF\"]",
      R"({"\u0061":1,"b":2})", "[-1,-0,-0.0]", "[1]\n", "\n1\n", "\"0123456789abcdef\"",
      "\"0123456789abcde\\n0123456789abcdef0\"", "[\"\",\"\",\"\"]", R"({"a":"b","c":["d",{"e":null}]})",
      "20.0e-0", "1e0000000000000000000000001", R"("/")", "[[[[[[[[[[]]]]]]]]]]",
  };
  for (const auto text : kTexts) EXPECT_EQ(error_of(text), "accepted") << text;
}

TEST(Parse, RefusesWhatTheStandardRefuses) {
  using namespace std::string_view_literals;
  static constexpr std::string_view kTexts[] = {
      "", " ", "\n", "nul", "nulll", "True", "NULL", "NaN", "Infinity", "-Infinity", "nan", "undefined",
      "01", "[01]", "-01", "00", "-", "+1", "1.", ".1", "-.1", "1e", "1e+", "1.e1", "1.5.5", "0x10",
      "1_000", "1e1.5", "--1", "- 1", "1 2", "1,2", "1a", "0e", "2.e3", "1eE2", "0.3e", "-1x", "１",
      "[", "]", "[1", "[1,", "[1,]", "[,1]", "[,]", "[1 2]", "[1,,2]", "[1]]", "[1}", "[1:2]", "[}",
      "{", "}", "{\"a\"", "{\"a\":", "{\"a\":1", "{\"a\":1,", "{\"a\":1,}", "{,}", "{a:1}", "{'a':1}",
      "{1:1}", "{\"a\" 1}", "{\"a\",1}", "{\"a\":1 \"b\":2}", "{\"a\"::1}", "{\"a\":}", "{:1}", "{null:1}",
      "{\"a\":1]", "{\"a\":1}}", "{}{}", "[][]", "{\"a\":1;\"b\":2}", "{[1]:2}", "{\"a\":1,,\"b\":2}",
      "\"", "\"a", "a\"", "'a'", "\"\\\"", "\"\\", "\"\\a\"", "\"\\x41\"", "\"\\u\"", "\"\\u12\"",
      "\"\\u123\"", "\"\\u12G4\"", "\"\\U0041\"", "\"\\'\"", "\"\\ \"", "\"\\u 041\"", "\"\\u-041\"",
      "\"\\ud800\"", "\"\\udc00\"", "\"\\ud800\\ud800\"", "\"\\ud800a\"", "\"\\udfff\\ud800\"",
      "\"\\ud800\\n\"", "\"\\ud800\\u0041\"", "\"\\ud83d\\\"", "[\"\\uD834\\uDd\"]", "\"\t\"", "\"\n\"", "\"\x01\"",
      "\"\x1F\"", "\"a\0b\""sv, "\0"sv, "[1,\0]"sv, "[\0]"sv, "1\0"sv, "[]\0"sv, "\"\xFF\"", "\"\x80\"", "\"\xC3\"",
      "\"\xC0\xAF\"", "\"\xE0\x80\x80\"", "\"\xED\xA0\x80\"", "\"\xF4\x90\x80\x80\"", "\"\xF8\x88\x80\x80\x80\"",
      "\"\xC3(\"", "\"\xE2\x82\"", "\xFF", "[\xC3\xA9]", "\xEF\xBB\xBF{}", "\xEF\xBB\xBF", "[\xEF\xBB\xBF]",
      "/**/1", "1//", "#1", "[1]#", "\x0B" "1", "\x0C" "1", "\xC2\xA0" "1", "\xE2\x80\x8B" "1", "1\xC2\xA0",
      "tru", "fals", "t", "f", "n", "truefalse", "true1", "[true false]", "[nul]", "[tru]", "[\"a\":1]",
      "[\"a\",\n4\n,1,", "[1,\n1\n,1", "*", "<null>", "[<null>]", "{\"a\":\"b\"}#", "{\"a\": true} \"x\"",
      "\xE5", "{\"x\", null}", "[\"x\"", "[\"x", "{\"a", "{\"a\":\"b", "[{", "[[", "{\"a\":[", "{\"a\":{",
      "{\"a\":1,\"a\":2}", "{\"a\":1,\"\\u0061\":2}", "{\"\":1,\"\":2}", "&", "(1)", "\"\"\"", "\\u0022a\\u0022",
  };
  for (const auto text : kTexts) EXPECT_NE(error_of(text), "accepted") << text;
}

TEST(Parse, SaysWhereAndWhat) {
  EXPECT_EQ(error_of("{\n  \"a\": 1,\n  \"b\" 2\n}"), "line 3, column 7: expected ':' after the key, not '2'");
  EXPECT_EQ(error_of("[\"é\", x]"), "line 1, column 7: expected a JSON value, not 'x'");
  EXPECT_EQ(error_of("\xEF\xBB\xBF{}"),
            "line 1, column 1: the text begins with a byte order mark; remove it (JSON has none)");
  EXPECT_EQ(error_of("{\"key\":1,\n \"key\":2}"),
            "line 2, column 2: the key \"key\" stands in the object twice; give it once");
  EXPECT_EQ(error_of("[1,"), "line 1, column 4: expected a JSON value, but the text ends here");
  EXPECT_EQ(error_of("1 2"), "line 1, column 3: expected the end of the text after the value, not '2'");
}

TEST(Parse, LimitsDepth) {
  const std::string fits = std::string(128, '[') + std::string(128, ']');
  EXPECT_TRUE(parse(fits).ok());
  const std::string deep = std::string(129, '[') + std::string(129, ']');
  EXPECT_EQ(error_of(deep), "line 1, column 129: nested deeper than 128 levels");
  EXPECT_FALSE(parse(std::string(1'000'000, '[')).ok());
  const std::string deeper = std::string(100'000, '[') + std::string(100'000, ']');
  EXPECT_TRUE(parse(deeper, {.depth_max = 100'000}).ok());
}

TEST(Parse, KeepsTextAndUnescapes) {
  const Value v = *parse(R"( {"a\u0062" : "x\ny\ud83d\ude00", "n": [1.50 , -0]} )");
  EXPECT_EQ(v->to_text(), "{\"ab\":\"x\\ny😀\",\"n\":[1.50,-0]}");
  EXPECT_EQ(v->source_text(), R"({"a\u0062" : "x\ny\ud83d\ude00", "n": [1.50 , -0]})");
  EXPECT_EQ(v->find("ab")->source_text(), R"("x\ny\ud83d\ude00")");
  EXPECT_EQ(v->find("n")->source_text(), "[1.50 , -0]");
  EXPECT_EQ(v->find("n")->at(0).source_text(), "1.50");
}

TEST(Parse, PrintsCompactWhateverTheReceivedForm) {
  const std::pair<std::string_view, std::string> kCases[] = {
      {R"({"a":[1,"x y"]})", R"({"a":[1,"x y"]})"}, {R"( {"a":[1,"x y"]})", R"({"a":[1,"x y"]})"},
      {R"({"a":[1,"x y"]} )", R"({"a":[1,"x y"]})"}, {R"({"a" :[1]})", R"({"a":[1]})"},
      {R"({"a": [1]})", R"({"a":[1]})"}, {R"([1 ])", "[1]"}, {R"([ ])", "[]"}, {"{\n}", "{}"},
      {R"(["\/"])", R"(["/"])"}, {R"(["\u0041"])", R"(["A"])"}, {"[\"\x7F\"]", R"(["\u007f"])"},
      {"[\"\x7F\",\"0123456789012345678901234567890123456789012345678901234567890123456789\"]",
       R"(["\u007f","0123456789012345678901234567890123456789012345678901234567890123456789"])"},
  };
  for (const auto& [text, compact] : kCases) EXPECT_EQ(parse(text)->view().to_text(), compact) << text;
  const Value merged = *parse(R"({"a":1,"a":2})", {.duplicate_keys = DuplicateKeys::last_wins});
  EXPECT_EQ(merged->to_text(), R"({"a":2})");
  EXPECT_EQ(parse(R"([{"a":["b",1.50]},2])")->view().at(0).find("a")->to_text(), R"(["b",1.50])");
}

std::string large_object(int members, int repeated) {
  std::string text = "{";
  for (int i = 0; i < members; ++i) {
    text += (i > 0 ? ",\"key" : "\"key") + std::to_string(i == members - 1 ? repeated : i) + "\":" + std::to_string(i);
  }
  return text + "}";
}

TEST(Parse, FindsRepeatedKeysInLargeObjects) {
  for (const int members : {5, 31, 32, 33, 34, 100, 5000}) {
    EXPECT_FALSE(parse(large_object(members, 1)).ok()) << members;
    const auto ok = parse(large_object(members, members));
    ASSERT_TRUE(ok.ok());
    const Value v = *ok;
    for (int i = 0; i < members - 1; ++i) {
      ASSERT_EQ(v->find("key" + std::to_string(i))->as_int64(), i);
    }
    EXPECT_FALSE(v->find("key").has_value());
    EXPECT_EQ(parse(v->to_text())->view().to_text(), v->to_text());
  }
}

TEST(Parse, LastWinsKeepsTheFirstPlaceAndTheLastValue) {
  const ParseOptions options{.duplicate_keys = DuplicateKeys::last_wins};
  EXPECT_EQ(parse(R"({"a":[1],"b":2,"a":{"c":1,"c":[2,3]},"d":4})", options)->view().to_text(),
            R"({"a":{"c":[2,3]},"b":2,"d":4})");
  for (const int members : {33, 34, 100}) {
    const Value v = *parse(large_object(members, 1), options);
    EXPECT_EQ(v->size(), static_cast<uint32_t>(members - 1));
    EXPECT_EQ(v->find("key1")->as_int64(), members - 1);
    EXPECT_EQ(v->members().begin().operator*().key, "key0");
  }
}

TEST(Parse, ReadsStreams) {
  std::string_view text = " 1 [2]{\"a\":\"]}\\\"\"}\"x\"\"y\" true\nnull ";
  std::string seen;
  while (true) {
    auto next = parse_next(text);
    ASSERT_TRUE(next.ok()) << next.error().message();
    if (!*next) break;
    seen += (*next)->view().to_text() + ";";
  }
  EXPECT_EQ(seen, "1;[2];{\"a\":\"]}\\\"\"};\"x\";\"y\";true;null;");
  for (std::string_view bad : {"}", ",", "truefalse", "[1", "\"a", ":", "nan"}) {
    EXPECT_FALSE(parse_next(bad).ok()) << bad;
  }
}

}  // namespace
}  // namespace hence::json
