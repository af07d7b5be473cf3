// SPDX-License-Identifier: Apache-2.0
// Arrays and objects.
#include <algorithm>

#include "schema/describe.h"
#include "schema/walk.h"

namespace hence::schema {

bool Walk::check_array(const Block& block, uint32_t node, Marks* marks) {
  const ArrayRules& rules = *block.arrays;
  const uint32_t count = json::count_of(nodes_[node]);
  bool ok = true;
  const auto failed = [&](bool good) {
    ok = ok && good;
    return !good && !reporting();
  };
  if (count < rules.items_min) {
    if (failed(false)) return false;
    note(block, "minItems", node, "at least " + counted(rules.items_min, "element"), counted(count, "element"));
  }
  if (count > rules.items_max) {
    if (failed(false)) return false;
    note(block, "maxItems", node, "at most " + counted(rules.items_max, "element"), counted(count, "element"));
  }
  uint32_t at = node + 1;
  for (uint32_t i = 0; i < count; ++i) {
    const Block* element = i < rules.prefix.size() ? rules.prefix[i] : rules.rest;
    if (element == nullptr) break;
    if (element->never && i >= rules.prefix.size()) {
      if (failed(false)) return false;
      ++level_;
      note(block, rules.rest_keyword, at, "at most " + counted(rules.prefix.size(), "element"), counted(count, "element"));
      --level_;
      break;
    }
    if (failed(check_child(*element, at))) return false;
    if (marks != nullptr) marks->set(i);
    at += json::span_of(nodes_[at]);
  }
  if (rules.unique && count > 1 && failed(check_unique(block, node))) return false;
  if (rules.contains != nullptr && failed(check_contains(block, node, marks))) return false;
  return ok;
}

bool Walk::check_contains(const Block& block, uint32_t node, Marks* marks) {
  const ArrayRules& rules = *block.arrays;
  const uint32_t count = json::count_of(nodes_[node]);
  uint64_t found = 0;
  uint32_t at = node + 1;
  for (uint32_t i = 0; i < count; ++i) {
    if (fits(*rules.contains, at, nullptr)) {
      ++found;
      if (marks != nullptr && rules.contains_evaluates) marks->set(i);
    }
    at += json::span_of(nodes_[at]);
  }
  if (found >= rules.contains_min && found <= rules.contains_max) return true;
  if (reporting()) {
    const bool few = found < rules.contains_min;
    const std::string_view keyword = few ? (rules.contains_min == 1 ? "contains" : "minContains") : "maxContains";
    note(block, keyword, node,
         (few ? "at least " : "at most ") + counted(few ? rules.contains_min : rules.contains_max, "element") +
             " of the kind wanted",
         counted(found, "element") + " of it");
  }
  return false;
}

bool Walk::check_unique(const Block& block, uint32_t node) {
  constexpr uint32_t kPairwise = 16;
  const uint32_t count = json::count_of(nodes_[node]);
  const auto repeated = [&](uint32_t place) {
    if (reporting()) note(block, "uniqueItems", node, "no element twice", brief(view(place)) + " is there again");
    return false;
  };
  if (count <= kPairwise) {
    uint32_t places[kPairwise];
    uint32_t at = node + 1;
    for (uint32_t i = 0; i < count; ++i) {
      places[i] = at;
      const json::Node& element = nodes_[at];
      for (uint32_t j = 0; j < i; ++j) {
        const json::Node& other = nodes_[places[j]];
        if ((element.meta & json::kTypeMask) != (other.meta & json::kTypeMask)) continue;
        if (view(at).is_string() ? text(at) == text(places[j]) : json::equal(view(at), view(places[j]))) {
          return repeated(at);
        }
      }
      at += json::span_of(element);
    }
    return true;
  }
  std::vector<uint32_t> sorted;
  sorted.reserve(count);
  for (uint32_t i = 0, at = node + 1; i < count; ++i, at += json::span_of(nodes_[at])) sorted.push_back(at);
  std::sort(sorted.begin(), sorted.end(), [&](uint32_t a, uint32_t b) { return json::compare(view(a), view(b)) < 0; });
  for (uint32_t i = 1; i < count; ++i) {
    if (json::equal(view(sorted[i - 1]), view(sorted[i]))) return repeated(sorted[i]);
  }
  return true;
}

bool Walk::check_object(const Block& block, uint32_t node, Marks* marks) {
  const ObjectRules& rules = *block.objects;
  const uint32_t count = json::count_of(nodes_[node]);
  bool ok = true;
  const auto failed = [&](bool good) {
    ok = ok && good;
    return !good && !reporting();
  };
  if (count < rules.properties_min) {
    if (failed(false)) return false;
    note(block, "minProperties", node, "at least " + counted(rules.properties_min, "property"), counted(count, "property"));
  }
  if (count > rules.properties_max) {
    if (failed(false)) return false;
    note(block, "maxProperties", node, "at most " + counted(rules.properties_max, "property"), counted(count, "property"));
  }
  uint64_t seen = 0;
  uint32_t at = node + 1;
  for (uint32_t i = 0; i < count; ++i) {
    const Property* property = rules.table.find(nodes_[at].extra, text(at));
    if (property != nullptr && property->required_index < 64) seen |= uint64_t{1} << property->required_index;
    bool evaluated = false;
    if (failed(check_member(block, at, property, evaluated))) return false;
    if (marks != nullptr && evaluated) marks->set(i);
    at += 1 + json::span_of(nodes_[at + 1]);
  }
  if ((seen != rules.required_mask || rules.required.size() > 64) && failed(check_required(block, node, seen))) {
    return false;
  }
  if (!rules.dependent_names.empty() && failed(check_dependent_names(block, node))) return false;
  return ok;
}

/// One member, by all that is said of its name.
bool Walk::check_member(const Block& block, uint32_t key, const Property* property, bool& evaluated) {
  const ObjectRules& rules = *block.objects;
  bool ok = true;
  if (property != nullptr && property->block != nullptr) {
    evaluated = true;
    ok = check_child(*property->block, key + 1);
    if (!ok && !reporting()) return false;
  }
  for (const PatternProperty& pattern : rules.patterns) {
    const Match match = pattern.pattern.search(text(key));
    if (match == Match::gave_up) return stop("a pattern takes more steps than are allowed");
    if (match == Match::no) continue;
    evaluated = true;
    if (check_child(*pattern.block, key + 1)) continue;
    ok = false;
    if (!reporting()) return false;
  }
  if (!evaluated && rules.additional != nullptr) {
    evaluated = true;
    if (rules.additional->never) {
      ok = false;
      if (!reporting()) return false;
      ++level_;
      note(block, rules.additional_keyword, key + 1, "no property " + quoted(text(key)), "it is there");
      --level_;
    } else if (!check_child(*rules.additional, key + 1)) {
      ok = false;
      if (!reporting()) return false;
    }
  }
  if (rules.names != nullptr && !check_child(*rules.names, key)) ok = false;
  return ok;
}

bool Walk::check_required(const Block& block, uint32_t node, uint64_t seen) {
  const ObjectRules& rules = *block.objects;
  bool ok = true;
  for (size_t i = 0; i < rules.required.size(); ++i) {
    const bool there = i < 64 ? (seen >> i & 1) != 0 : view(node).find(rules.required[i]).has_value();
    if (there) continue;
    ok = false;
    if (!reporting()) return false;
    note(block, "required", node, "property " + quoted(rules.required[i]), "it is missing");
  }
  return ok;
}

bool Walk::check_dependent_names(const Block& block, uint32_t node) {
  bool ok = true;
  for (const DependentNames& dependent : block.objects->dependent_names) {
    if (!view(node).find(dependent.name)) continue;
    for (const std::string& name : dependent.required) {
      if (view(node).find(name)) continue;
      ok = false;
      if (!reporting()) return false;
      note(block, dependent.keyword, node, "property " + quoted(name) + " beside " + quoted(dependent.name), "it is missing");
    }
  }
  return ok;
}

}  // namespace hence::schema
