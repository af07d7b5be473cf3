// SPDX-License-Identifier: Apache-2.0
// Events of any bytes against a fixed rule set with every operator: match and why agree on each rule.
#include <algorithm>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "filter/rule_set.h"
#include "json/parse.h"

namespace {

using namespace hence;

constexpr const char* kRules[] = {
    R"({"type": "com.acme.*"})",
    R"({"pattern": {"a": ["x", 1, null, true]}})",
    R"({"pattern": {"a": [{"prefix": "x"}, {"suffix": {"equals-ignore-case": "Y"}}]}})",
    R"({"pattern": {"a": {"b": [{"anything-but": ["x", "y"]}], "c": [{"exists": false}]}}})",
    R"({"pattern": {"a": {"b": ["x"], "c": ["y"]}, "d": {"e": {"f": [1]}}}})",
    R"({"pattern": {"a": [{"numeric": [">", 0, "<=", 5]}, {"cidr": "10.0.0.0/8"}]}})",
    R"({"pattern": {"a": [{"wildcard": "x*y*z"}, {"regexp": "(x|y)+"}, {"shellstyle": "*q"}]}})",
    R"({"pattern": {"$or": [{"a": ["x"]}, {"d": [{"exists": false}, "y"]}]}})",
    R"({"filters": [{"any": [{"exact": {"type": "t"}}, {"sql": "int(a) > 5"}]}]})",
    R"({"when": ".a.b == \"x\" and .a.c > 3"})",
};

filter::RuleSet make_rules() {
  std::vector<filter::RuleInput> inputs;
  for (const char* rule : kRules) {
    auto conditions = filter::parse_conditions(std::move(json::parse(rule)).value());
    HENCE_CHECK(conditions.ok());
    inputs.push_back({static_cast<uint32_t>(inputs.size()), std::move(*conditions)});
  }
  return std::move(filter::RuleSet::build(std::move(inputs))).value();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const filter::RuleSet rules = make_rules();
  static filter::MatchScratch scratch;
  const auto event = json::parse({reinterpret_cast<const char*>(data), size});
  if (!event.ok()) return 0;
  std::vector<uint32_t> ids;
  std::vector<filter::MatchError> errors;
  rules.match(*event, {}, scratch, ids, errors);
  for (uint32_t id = 0; id < rules.size(); ++id) {
    const auto why = rules.why(id, *event, {});
    const bool found = std::binary_search(ids.begin(), ids.end(), id);
    HENCE_CHECK(why.ok() && (why->verdict == filter::Verdict::holds) == found);
  }
  return 0;
}
