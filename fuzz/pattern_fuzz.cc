// SPDX-License-Identifier: Apache-2.0
// Patterns of any bytes: a refusal says where; what is accepted builds, matches an event and
// explains with the same verdict.
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "filter/rule_set.h"
#include "json/builder.h"
#include "json/parse.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace hence;
  // The pattern, a line feed, the event.
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const size_t line = text.find('\n');
  const auto pattern = json::parse(text.substr(0, line));
  if (!pattern.ok()) return 0;
  json::Builder on;
  on.begin_object().member("pattern", *pattern).end_object();
  const json::Value document = std::move(on).finish();
  std::vector<filter::Fault> faults;
  auto conditions = filter::parse_conditions(document, &faults);
  HENCE_CHECK(conditions.ok() == faults.empty());
  if (!conditions.ok()) return 0;
  const auto rules = filter::RuleSet::build({{1, std::move(*conditions)}});
  HENCE_CHECK(rules.ok());
  const auto event = json::parse(line == std::string_view::npos ? "{}" : text.substr(line + 1));
  if (!event.ok()) return 0;
  filter::MatchScratch scratch;
  std::vector<uint32_t> ids;
  std::vector<filter::MatchError> errors;
  rules->match(*event, {}, scratch, ids, errors);
  const auto why = rules->why(1, *event, {});
  HENCE_CHECK(why.ok() && (why->verdict == filter::Verdict::holds) == !ids.empty());
  HENCE_CHECK(!filter::to_text(*why).empty());
  return 0;
}
