// SPDX-License-Identifier: Apache-2.0
#include "schema/walk.h"

#include <algorithm>

#include "schema/describe.h"

namespace hence::schema {

/// Takes a fault. False where one is enough to know: the caller then stops.
bool Walk::note(const Block& block, std::string_view keyword, uint32_t node, std::string expected, std::string actual) {
  constexpr size_t kFew = 4;
  if (report_->faults.empty()) report_->faults.reserve(kFew);
  if (report_->faults.size() < report_->limit) {
    report_->faults.push_back({&block, keyword, node, level_, std::move(expected), std::move(actual)});
  }
  return report_->faults.size() < report_->limit;
}

bool Walk::check(const Block& block, uint32_t node, Marks* marks) {
  if (nested_ >= kNestedMax) return stop("schemas apply within each other more than 1,500 levels deep");
  if (steps_left_ == 0) return stop("it takes more steps than are allowed");
  --steps_left_;
  ++nested_;
  const bool entered = program_.dynamic && (scope_.empty() || scope_.back() != block.resource);
  if (entered) scope_.push_back(block.resource);
  const bool ok = block.unevaluated_properties != nullptr || block.unevaluated_items != nullptr
                      ? check_tracked(block, node, marks)
                      : check_inside(block, node, marks);
  if (entered) scope_.pop_back();
  --nested_;
  return ok;
}

/// All but the unevaluated keywords.
bool Walk::check_inside(const Block& block, uint32_t node, Marks* marks) {
  const uint32_t type = nodes_[node].meta & json::kTypeMask;
  if (((block.types >> type) & 1) == 0 && !check_type(block, node)) return false;
  bool ok = true;
  const auto failed = [&](bool good) {
    ok = ok && good;
    return !good && !reporting();
  };
  switch (static_cast<json::Type>(type)) {
    case json::Type::string:
      if (block.strings != nullptr && failed(check_string(block, node))) return false;
      break;
    case json::Type::number:
      if (block.numbers != nullptr && failed(check_number(block, node))) return false;
      break;
    case json::Type::array:
      if (block.arrays != nullptr && failed(check_array(block, node, marks))) return false;
      break;
    case json::Type::object:
      if (block.objects != nullptr && failed(check_object(block, node, marks))) return false;
      break;
    default: break;
  }
  if ((block.constant != nullptr || block.enumeration != nullptr) && failed(check_values(block, node))) return false;
  if (block.combined != nullptr && failed(check_combined(block, node, marks))) return false;
  if (block.never) {
    if (reporting()) note(block, "", node, "nothing here");
    return false;
  }
  return ok;
}

bool Walk::check_tracked(const Block& block, uint32_t node, Marks* marks) {
  const json::Type type = view(node).type();
  const bool concerned = (type == json::Type::object && block.unevaluated_properties != nullptr) ||
                         (type == json::Type::array && block.unevaluated_items != nullptr);
  if (!concerned) return check_inside(block, node, marks);
  Marks own(json::count_of(nodes_[node]));
  // What a failed branch did not look at is no fault of its own.
  if (!check_inside(block, node, &own) || !check_unevaluated(block, node, own)) return false;
  if (marks != nullptr) {
    for (uint32_t i = 0; i < json::count_of(nodes_[node]); ++i) marks->set(i);
  }
  return true;
}

bool Walk::check_unevaluated(const Block& block, uint32_t node, const Marks& marks) {
  const bool object = view(node).is_object();
  const Block& rest = object ? *block.unevaluated_properties : *block.unevaluated_items;
  const std::string_view keyword = object ? "unevaluatedProperties" : "unevaluatedItems";
  const uint32_t count = json::count_of(nodes_[node]);
  bool ok = true;
  uint32_t at = node + 1;
  for (uint32_t i = 0; i < count; ++i) {
    const uint32_t value = object ? at + 1 : at;
    at = value + json::span_of(nodes_[value]);
    if (marks.has(i)) continue;
    if (rest.never) {
      ok = false;
      if (!reporting()) return false;
      ++level_;
      note(block, keyword, value, object ? "no property " + quoted(text(value - 1)) : "no element here", "it is there");
      --level_;
    } else if (!check_child(rest, value)) {
      ok = false;
      if (!reporting()) return false;
    }
  }
  return ok;
}

/// A block that applies no other, where only the verdict counts: it neither nests nor takes steps.
bool Walk::check_leaf(const Block& block, uint32_t node) {
  const uint32_t type = nodes_[node].meta & json::kTypeMask;
  if (((block.types >> type) & 1) == 0 && !check_type(block, node)) return false;
  if (type == static_cast<uint32_t>(json::Type::string)) {
    if (block.strings != nullptr && !check_string(block, node)) return false;
  } else if (type == static_cast<uint32_t>(json::Type::number)) {
    if (block.numbers != nullptr && !check_number(block, node)) return false;
  }
  return (block.constant == nullptr && block.enumeration == nullptr) || check_values(block, node);
}

bool Walk::fits(const Block& block, uint32_t node, Marks* marks) {
  Report* kept = std::exchange(report_, nullptr);
  const bool ok = check(block, node, marks);
  report_ = kept;
  return ok;
}

bool Walk::check_type(const Block& block, uint32_t node) {
  if (view(node).is_number() && (block.types & kIntegerBit) != 0 && is_whole(text(node))) return true;
  if (reporting()) note(block, "type", node, type_names(block.types));
  return false;
}

bool Walk::check_values(const Block& block, uint32_t node) {
  bool ok = true;
  for (const ValueRules* rules : {block.constant.get(), block.enumeration.get()}) {
    if (rules == nullptr) continue;
    bool found = false;
    if (rules->only_strings) {
      if (view(node).is_string()) {
        const std::string_view value = text(node);
        found = rules->strings.size() > 8
                    ? std::binary_search(rules->strings.begin(), rules->strings.end(), value)
                    : std::any_of(rules->strings.begin(), rules->strings.end(),
                                  [&](std::string_view one) { return same_text(one, value); });
      }
    } else {
      found = std::any_of(rules->values.begin(), rules->values.end(),
                          [&](json::View one) { return json::equal(one, view(node)); });
    }
    if (found) continue;
    ok = false;
    if (!reporting()) return false;
    note(block, rules == block.constant.get() ? "const" : "enum", node, one_of(rules->values));
  }
  return ok;
}

bool Walk::check_string(const Block& block, uint32_t node) {
  const StringRules& rules = *block.strings;
  const std::string_view value = text(node);
  bool ok = true;
  const auto fault = [&](std::string_view keyword, auto expected) {
    ok = false;
    if (reporting()) note(block, keyword, node, expected());
    return !reporting();
  };
  // Bytes say enough where they are within what any text of so many code points takes.
  if (value.size() < rules.length_min * 4 || value.size() > rules.length_max) {
    const auto length = static_cast<uint64_t>(
        std::count_if(value.begin(), value.end(), [](char c) { return (c & 0xC0) != 0x80; }));
    if (length < rules.length_min &&
        fault("minLength", [&] { return "at least " + counted(rules.length_min, "character"); })) {
      return false;
    }
    if (length > rules.length_max &&
        fault("maxLength", [&] { return "at most " + counted(rules.length_max, "character"); })) {
      return false;
    }
  }
  if (rules.pattern) {
    const Match match = rules.pattern->search(value);
    if (match == Match::gave_up) return stop("a pattern takes more steps than are allowed");
    if (match == Match::no && fault("pattern", [&] { return "a string that matches " + rules.pattern->pattern(); })) {
      return false;
    }
  }
  if (rules.format != nullptr && !rules.format->check(value)) {
    fault("format", [&] { return std::string(rules.format->description); });
  }
  return ok;
}

bool Walk::check_number(const Block& block, uint32_t node) {
  const NumberRules& rules = *block.numbers;
  const std::string_view value = text(node);
  bool ok = true;
  const auto test = [&](bool good, std::string_view keyword, std::string_view words, const std::string& limit) {
    if (good) return;
    ok = false;
    if (reporting()) note(block, keyword, node, std::string(words) + limit);
  };
  if (rules.minimum) test(rules.minimum->compare(value) >= 0, "minimum", "at least ", rules.minimum->text());
  if (rules.maximum) test(rules.maximum->compare(value) <= 0, "maximum", "at most ", rules.maximum->text());
  if (rules.above) test(rules.above->compare(value) > 0, "exclusiveMinimum", "more than ", rules.above->text());
  if (rules.below) test(rules.below->compare(value) < 0, "exclusiveMaximum", "less than ", rules.below->text());
  if (rules.multiple_of) {
    test(rules.multiple_of->divides(value), "multipleOf", "a multiple of ", rules.multiple_of->text());
  }
  return ok;
}

}  // namespace hence::schema
