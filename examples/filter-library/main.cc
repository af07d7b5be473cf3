// SPDX-License-Identifier: Apache-2.0
// The filter alone, as docs/guides/filter-library.md shows it.

#include <cstdio>

#include "filter/conditions.h"
#include "filter/rule_set.h"
#include "json/parse.h"

int main() {
  using namespace hence;
  const auto on = json::parse(
      R"({"type": "com.acme.*", "pattern": {"data": {"risk": [{"numeric": [">=", 3]}]}}})");
  auto conditions = filter::parse_conditions(*on);  // an Error names the place and the fault
  if (!conditions.ok()) return 1;
  const auto rules = filter::RuleSet::build({{7, std::move(*conditions)}});  // 7: your rule's id
  if (!rules.ok()) return 1;

  filter::MatchScratch scratch;  // working memory: keep one a thread
  std::vector<uint32_t> matched;
  std::vector<filter::MatchError> errors;
  const auto event = json::parse(R"({"type": "com.acme.deployed", "data": {"risk": "5"}})");
  rules->match(*event, {}, scratch, matched, errors);
  std::printf("%zu rules match\n", matched.size());

  const auto why = rules->why(7, *event, {});
  std::fputs(filter::to_text(*why).c_str(), stdout);
}
