// SPDX-License-Identifier: Apache-2.0
// Subscription filters of any bytes: found by index and evaluated alone they answer alike.
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "filter/rule_set.h"
#include "json/builder.h"
#include "json/parse.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace hence;
  // The filters, a line feed, the event.
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const size_t line = text.find('\n');
  const auto filters = json::parse(text.substr(0, line));
  if (!filters.ok()) return 0;
  std::vector<filter::Fault> faults;
  const auto alone = filter::DialectFilters::parse(*filters, "", faults);
  HENCE_CHECK(alone.has_value() == faults.empty());
  const auto event = json::parse(line == std::string_view::npos ? "{}" : text.substr(line + 1));
  if (!alone || !event.ok() || !(*event)->is_object()) return 0;
  json::Builder on;
  on.begin_object().member("filters", *filters).end_object();
  auto conditions = filter::parse_conditions(std::move(on).finish());
  HENCE_CHECK(conditions.ok());
  const auto rules = filter::RuleSet::build({{1, std::move(*conditions)}});
  filter::MatchScratch scratch;
  std::vector<uint32_t> ids;
  std::vector<filter::MatchError> errors;
  rules->match(*event, {}, scratch, ids, errors);
  HENCE_CHECK(alone->passes(*event) == !ids.empty());
  return 0;
}
