// SPDX-License-Identifier: Apache-2.0
#pragma once

// Where tests find the shared data, and the small verbs they are written in.

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "filter/rule_set.h"
#include "json/parse.h"
#include "json/value.h"

namespace hence::filter {

inline std::string shared_dir() {
  const char* set = std::getenv("HENCE_SHARED_DIR");
  return set != nullptr ? set : HENCE_SOURCE_DIR "/../shared";
}

inline std::optional<std::string> read_shared(const std::string& name) {
  std::ifstream file(shared_dir() + "/" + name, std::ios::binary);
  if (!file) return std::nullopt;
  return std::string(std::istreambuf_iterator<char>(file), {});
}

inline json::Value parse_json(std::string_view text) {
  auto value = json::parse(text);
  EXPECT_TRUE(value.ok()) << text << (value.ok() ? "" : value.error().message());
  return value.ok() ? std::move(value).value() : json::Value();
}

/// The conditions of a bare pattern.
inline RuleSet build_rules(const std::vector<std::string>& ons) {
  std::vector<RuleInput> inputs;
  for (const std::string& on : ons) {
    auto conditions = parse_conditions(parse_json(on));
    EXPECT_TRUE(conditions.ok()) << on << ": "
                                 << (conditions.ok() ? "" : conditions.error().message());
    if (!conditions.ok()) continue;
    inputs.push_back({static_cast<uint32_t>(inputs.size()), std::move(conditions).value()});
  }
  auto rules = RuleSet::build(std::move(inputs));
  EXPECT_TRUE(rules.ok());
  return std::move(rules).value();
}

/// Ids that match, errors ignored.
inline std::vector<uint32_t> matching(const RuleSet& rules, json::View event) {
  static MatchScratch scratch;
  std::vector<uint32_t> ids;
  std::vector<MatchError> errors;
  rules.match(event, {}, scratch, ids, errors);
  return ids;
}

inline bool matches(const std::string& on, std::string_view event) {
  const json::Value value = parse_json(event);
  return !matching(build_rules({on}), value).empty();
}

}  // namespace hence::filter
