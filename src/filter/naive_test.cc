// SPDX-License-Identifier: Apache-2.0

// The compiled rule set against the oracle: every small pattern with every small event, all patterns
// in one set so that they share and interact. Also: the verdict of why is the verdict of match.

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "filter/naive_test_matcher.h"
#include "filter/filter_test_data.h"

namespace hence::filter {
namespace {

struct Corpus {
  std::vector<json::Value> patterns;
  std::vector<json::Value> events;
};

/// Compares every pattern with every event; returns the number of pairs.
size_t compare_all(const Corpus& corpus) {
  std::vector<RuleInput> inputs;
  for (const json::Value& pattern : corpus.patterns) {
    auto conditions = conditions_of_pattern(pattern);
    EXPECT_TRUE(conditions.ok()) << pattern->to_text();
    inputs.push_back({static_cast<uint32_t>(inputs.size()), std::move(conditions).value()});
  }
  const auto rules = RuleSet::build(std::move(inputs));
  size_t pairs = 0;
  for (const json::Value& event : corpus.events) {
    const auto ids = matching(*rules, event);
    for (uint32_t i = 0; i < corpus.patterns.size(); ++i) {
      ++pairs;
      const bool found = std::binary_search(ids.begin(), ids.end(), i);
      EXPECT_EQ(found, NaiveMatcher::matches(corpus.patterns[i], event))
          << corpus.patterns[i]->to_text() << "\n" << event->to_text();
      if (::testing::Test::HasFailure()) return pairs;
    }
  }
  return pairs;
}

TEST(NaiveOracle, AgreesOnAllSmallPatternsAndEvents) {
  const std::vector<std::string> tests = {
      R"(["a"])", R"([1])", "[null]", "[true]", R"(["a","b"])", R"([{"prefix":"a"}])",
      R"([{"suffix":"b"}])", R"([{"prefix":""}])", R"([{"equals-ignore-case":"A"}])",
      R"([{"prefix":{"equals-ignore-case":"A"}}])", R"([{"suffix":{"equals-ignore-case":"B"}}])",
      R"([{"wildcard":"a*"}])", R"([{"wildcard":"*a*"}])", R"([{"anything-but":"a"}])",
      R"([{"anything-but":[1,2]}])", R"([{"anything-but":{"prefix":"a"}}])",
      R"([{"numeric":[">=",1]}])", R"([{"numeric":[">",0,"<",2]}])", R"([{"cidr":"10.0.0.0/8"}])",
      R"([{"exists":true}])", R"([{"exists":false}])", R"([{"exists":false},"a"])",
      R"([{"exactly":"ab"}])", R"(["",1])", R"([2,null])", R"([{"numeric":["<",2]}])", R"([{"numeric":["=",1]}])",
      R"([{"wildcard":"*b"}])", R"([{"wildcard":"a"}])", R"([{"anything-but":["a","b"]}])",
      R"([{"anything-but":{"suffix":"b"}}])", R"([{"anything-but":{"wildcard":"a*"}}])",
      R"([{"anything-but":{"equals-ignore-case":"A"}}])", R"([{"exists":false},{"prefix":"a"}])", R"([{"cidr":"10.1.1.1/32"},"a"])"};
  const std::vector<std::string> values = {
      R"("a")", R"("ab")", R"("B")", R"("")", R"("10.1.1.1")", "1", "1.0", "2", "true", "null",
      "[]", "{}", R"(["a",1])", R"([["a"],"b"])", R"({"x":"a"})"};
  Corpus corpus;
  for (const auto& x : tests) {
    corpus.patterns.push_back(parse_json("{\"x\":" + x + "}"));
    for (const auto& y : tests) {
      corpus.patterns.push_back(parse_json("{\"x\":" + x + ",\"y\":" + y + "}"));
    }
  }
  corpus.events.push_back(parse_json("{}"));
  for (const auto& x : values) {
    corpus.events.push_back(parse_json("{\"x\":" + x + "}"));
    for (const auto& y : values) {
      corpus.events.push_back(parse_json("{\"x\":" + x + ",\"y\":" + y + "}"));
    }
  }
  const size_t pairs = compare_all(corpus);
  std::printf("%zu pairs\n", pairs);
  EXPECT_GT(pairs, 300'000u);
}

TEST(NaiveOracle, AgreesOnArraysInsideArrays) {
  const std::vector<std::string> tests = {R"(["a"])", R"([{"exists":false}])",
                                          R"([{"exists":true}])", R"(["b",{"exists":false}])"};
  Corpus corpus;
  for (const auto& x : tests) {
    for (const auto& y : tests) {
      for (const auto& z : tests) {
        corpus.patterns.push_back(
            parse_json("{\"l\":{\"x\":" + x + ",\"m\":{\"y\":" + y + ",\"z\":" + z + "}}}"));
        corpus.patterns.push_back(
            parse_json("{\"l\":{\"x\":" + x + "},\"m\":{\"y\":" + y + "},\"z\":" + z + "}"));
      }
    }
  }
  const std::vector<std::string> inner = {R"({"y":"a"})", R"({"z":"a"})", R"({"y":"a","z":"a"})",
                                          R"({"y":"b"})", "{}", R"([{"y":"a"},{"z":"b"}])"};
  std::vector<std::string> lists;
  for (const auto& a : inner) {
    lists.push_back(a);
    for (const auto& b : inner) lists.push_back("[" + a + "," + b + "]");
  }
  std::vector<std::string> elements = {R"({"x":"a"})", "{}", R"(["c"])"};
  for (const auto& list : lists) {
    elements.push_back(R"({"x":"a","m":)" + list + "}");
    elements.push_back(R"({"m":)" + list + "}");
    elements.push_back(R"({"x":["a",{"q":1}],"m":)" + list + "}");
  }
  for (size_t i = 0; i < elements.size(); ++i) {
    corpus.events.push_back(parse_json("{\"l\":" + elements[i] + "}"));
    for (size_t j = i % 3; j < elements.size(); j += 3) {
      corpus.events.push_back(parse_json("{\"l\":[" + elements[i] + "," + elements[j] + "],\"m\":" +
                                         lists[(i + j) % lists.size()] + "}"));
    }
  }
  const size_t pairs = compare_all(corpus);
  std::printf("%zu pairs\n", pairs);
  EXPECT_GT(pairs, 720'000u);  // with those above over a million
}

/// Random patterns and events over few names and values, so that they meet often.
class RandomCorpus {
 public:
  explicit RandomCorpus(uint32_t seed) : state_(seed) {}

  std::string value(int depth) {
    const int kind = pick(depth > 0 ? 9 : 6);
    if (kind < 6) return pick_of({"\"a\"", "\"ab\"", "\"b\"", "1", "null", "2.5"});
    std::string out;
    if (kind < 8) {
      for (int i = pick(4); i > 0; --i) out += (out.empty() ? "" : ",") + value(depth - 1);
      return "[" + out + "]";
    }
    return object(depth - 1);
  }
  std::string object(int depth) {
    std::string out;
    for (const char* name : {"x", "y", "z"}) {
      if (pick(3) == 0) continue;
      out += (out.empty() ? "\"" : ",\"") + std::string(name) + "\":" + value(depth);
    }
    return "{" + out + "}";
  }
  std::string pattern(int depth) {
    std::string out;
    const int first = pick(3);
    const int count = 1 + pick(2);
    for (int i = 0; i < count; ++i) {
      out += (out.empty() ? "\"" : ",\"") + std::string(1, static_cast<char>('x' + (first + i) % 3)) + "\":";
      out += depth > 0 && pick(2) == 0 ? pattern(depth - 1) : tests();
    }
    if (pick(8) == 0) out += ",\"$or\":[" + pattern(0) + "," + pattern(0) + "]";
    return "{" + out + "}";
  }

 private:
  std::string tests() {
    std::string out;
    for (int i = 1 + pick(2); i > 0; --i) {
      out += (out.empty() ? "" : ",") +
             pick_of({"\"a\"", "\"b\"", "1", "null", R"({"prefix":"a"})", R"({"suffix":"b"})",
                      R"({"exists":false})", R"({"exists":true})", R"({"anything-but":"a"})",
                      R"({"numeric":["<",2]})", R"({"wildcard":"a*"})",
                      R"({"equals-ignore-case":"B"})"});
    }
    return "[" + out + "]";
  }
  int pick(int count) { return static_cast<int>(next() % static_cast<uint32_t>(count)); }
  std::string pick_of(std::initializer_list<const char*> choices) {
    return *(choices.begin() + pick(static_cast<int>(choices.size())));
  }

  /// The splitmix64 generator: the same numbers everywhere.
  uint32_t next() {
    state_ += 0x9E3779B97F4A7C15ull;
    uint64_t out = state_;
    out = (out ^ (out >> 30)) * 0xBF58476D1CE4E5B9ull;
    out = (out ^ (out >> 27)) * 0x94D049BB133111EBull;
    return static_cast<uint32_t>(out >> 32);
  }

  uint64_t state_;
};

TEST(NaiveOracle, AgreesOnRandomPatternsAndEvents) {
  for (uint32_t seed = 1; seed <= 4; ++seed) {
    RandomCorpus random(seed);
    Corpus corpus;
    for (int i = 0; i < 400; ++i) corpus.patterns.push_back(parse_json(random.pattern(2)));
    for (int i = 0; i < 400; ++i) corpus.events.push_back(parse_json(random.object(4)));
    EXPECT_EQ(compare_all(corpus), 160'000u) << "seed " << seed;
    if (HasFailure()) return;
  }
}

/// HENCE_LONG_SECONDS=60: new seeds for as long.
TEST(NaiveOracle, AgreesForAsLongAsAsked) {
  const char* asked = std::getenv("HENCE_LONG_SECONDS");
  if (asked == nullptr) GTEST_SKIP() << "set HENCE_LONG_SECONDS to run new seeds for that long";
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(std::atoi(asked));
  size_t pairs = 0;
  for (uint32_t seed = 1'000; std::chrono::steady_clock::now() < end && !HasFailure(); ++seed) {
    RandomCorpus random(seed);
    Corpus corpus;
    for (int i = 0; i < 200; ++i) corpus.patterns.push_back(parse_json(random.pattern(2)));
    for (int i = 0; i < 100; ++i) corpus.events.push_back(parse_json(random.object(4)));
    pairs += compare_all(corpus);
    EXPECT_FALSE(HasFailure()) << "seed " << seed;
  }
  std::printf("%zu pairs\n", pairs);
}

TEST(NaiveOracle, WhyGivesTheVerdictOfMatch) {
  RandomCorpus random(99);
  std::vector<RuleInput> inputs;
  for (uint32_t i = 0; i < 300; ++i) {
    auto conditions = conditions_of_pattern(parse_json(random.pattern(2)));
    inputs.push_back({i, std::move(conditions).value()});
  }
  const auto rules = RuleSet::build(std::move(inputs));
  for (int i = 0; i < 100; ++i) {
    const auto event = parse_json(random.object(4));
    const auto ids = matching(*rules, event);
    for (uint32_t rule = 0; rule < 300; ++rule) {
      const auto why = rules->why(rule, event, {});
      ASSERT_TRUE(why.ok());
      ASSERT_EQ(why->verdict == Verdict::holds, std::binary_search(ids.begin(), ids.end(), rule))
          << event->to_text() << "\n" << to_text(*why);
    }
  }
}

}  // namespace
}  // namespace hence::filter
