// SPDX-License-Identifier: Apache-2.0
#include "schema/compatibility.h"

#include <algorithm>
#include <set>

#include "json/yaml.h"
#include "schema/block.h"
#include "schema/describe.h"
#include "schema/sameness.h"
#include "schema/walk.h"

namespace hence::schema {
namespace {

constexpr uint32_t kDepthMax = 200;
constexpr size_t kPairsMax = 100'000;

const Block kAnything;
const StringRules kNoStrings;
const NumberRules kNoNumbers;
const ArrayRules kNoArrays;
const ObjectRules kNoObjects;

/// Shows that all that fits one schema (the giver's) fits the other (the taker's), or where not.
class Inclusion {
 public:
  Inclusion(const Schema& giver, const Schema& taker, Compatibility direction, std::vector<Break>& out)
      : giver_(giver.program()), taker_(taker.program()), direction_(direction), out_(out) {}

  void run() { include(*giver_.root, *taker_.root); }

 private:
  /// A pair met again is being shown already: what recursive schemas come down to.
  void include(const Block& given, const Block& taken) {
    if (out_.size() >= kBreaksMax || !seen_.emplace(&given, &taken).second) return;
    if (given.never || unlimited(taken)) return;
    if (depth_ >= kDepthMax || ++*work_ > kPairsMax) return refuse(taken, "the schemas are too large to be compared");
    if (given.combined != nullptr && covered_by_parts(*given.combined, taken)) return;
    ++depth_;
    if (taken.never) {
      refuse(taken, "nothing is accepted here any more");
    } else if (given.constant != nullptr || given.enumeration != nullptr) {
      include_values(given, taken);
    } else {
      include_types(given, taken);
    }
    --depth_;
  }

  /// What fits all parts of a schema fits each; what fits any branch is covered if all branches are.
  bool covered_by_parts(const Combination& given, const Block& taken) {
    const auto covered = [&](const Block* part) { return includes(*part, taken); };
    if (given.reference != nullptr && covered(given.reference)) return true;
    if (std::any_of(given.all_of.begin(), given.all_of.end(), covered)) return true;
    for (const auto* branches : {&given.any_of, &given.one_of}) {
      if (!branches->empty() && std::all_of(branches->begin(), branches->end(), covered)) return true;
    }
    return false;
  }

  static bool unlimited(const Block& block) {
    return block.types == kAnyType && !block.never && block.strings == nullptr && block.numbers == nullptr &&
           block.arrays == nullptr && block.objects == nullptr && block.constant == nullptr &&
           block.enumeration == nullptr && block.combined == nullptr && block.unevaluated_items == nullptr &&
           block.unevaluated_properties == nullptr;
  }

  /// A list of values is tried out, whatever the other schema says. A value that its own schema does
  /// not take is none.
  void include_values(const Block& given, const Block& taken) {
    const ValueRules& rules = given.constant != nullptr ? *given.constant : *given.enumeration;
    for (const json::View one : rules.values) {
      const json::Value value = json::Value::detached(one);
      if (!fits(giver_, given, value) || fits(taker_, taken, value)) continue;
      refuse(taken, brief(one) + " is not accepted", taken.constant != nullptr ? "const" : "enum");
    }
  }

  static bool fits(const Program& program, const Block& block, const json::Value& value) {
    return Walk(program, block, value, nullptr).run();
  }

  void include_types(const Block& given, const Block& taken) {
    const auto number = type_bit(json::Type::number);
    uint8_t lost = static_cast<uint8_t>(given.types & ~taken.types);
    if ((taken.types & number) != 0) lost &= static_cast<uint8_t>(~kIntegerBit);
    if (lost != 0) {
      refuse(taken, given.types == kAnyType ? "only values of type " + type_names(taken.types) + " are accepted"
                                            : "values of type " + type_names(lost) + " are not accepted", "type");
    }
    if (taken.constant != nullptr || taken.enumeration != nullptr) {
      refuse(taken, "only the values " + one_of((taken.constant ? taken.constant : taken.enumeration)->values) + " are accepted",
             taken.constant ? "const" : "enum");
    }
    const uint8_t both = given.types & static_cast<uint8_t>(taken.types | ((taken.types & number) != 0 ? kIntegerBit : 0));
    const auto concerns = [&](json::Type type) { return (both & type_bit(type)) != 0; };
    if (concerns(json::Type::string) && taken.strings != nullptr) include_strings(given, taken);
    if ((both & (number | kIntegerBit)) != 0 && taken.numbers != nullptr) include_numbers(given, taken);
    if (concerns(json::Type::array) && taken.arrays != nullptr) include_arrays(given, taken);
    if (concerns(json::Type::object) && taken.objects != nullptr) include_objects(given, taken);
    if (taken.combined != nullptr) include_combined(given, taken);
    if ((taken.unevaluated_properties != nullptr || taken.unevaluated_items != nullptr) && !same_text_of(given, taken)) {
      refuse(taken, "unevaluatedProperties or unevaluatedItems stands beside other schemas that changed: the effect cannot be shown");
    }
  }

  void include_strings(const Block& given, const Block& taken) {
    const StringRules& from = given.strings != nullptr ? *given.strings : kNoStrings;
    const StringRules& to = *taken.strings;
    at_least(taken, from.length_min, to.length_min, "minLength");
    at_most(taken, from.length_max, to.length_max, "maxLength");
    if (to.pattern && (!from.pattern || from.pattern->pattern() != to.pattern->pattern())) {
      refuse(taken, "the pattern " + to.pattern->pattern() + " is new", "pattern");
    }
    if (to.format != nullptr && (from.format == nullptr || from.format->check != to.format->check)) {
      refuse(taken, "the format " + std::string(to.format->name) + " is new", "format");
    }
  }

  void include_numbers(const Block& given, const Block& taken) {
    const NumberRules& from = given.numbers != nullptr ? *given.numbers : kNoNumbers;
    const NumberRules& to = *taken.numbers;
    // order: 1 where the giver's limit must not lie below, -1 where it must not lie above.
    const auto within = [&](const std::optional<Bound>& limit, bool open, const std::optional<Bound>& closed_from,
                            const std::optional<Bound>& open_from, int order, std::string_view keyword) {
      if (!limit) return;
      const bool by_closed = closed_from && limit->compare(closed_from->text()) * order >= (open ? 1 : 0);
      const bool by_open = open_from && limit->compare(open_from->text()) * order >= 0;
      if (!by_closed && !by_open) refuse(taken, std::string(keyword) + " " + limit->text() + " is tighter than before", keyword);
    };
    within(to.minimum, false, from.minimum, from.above, 1, "minimum");
    within(to.above, true, from.minimum, from.above, 1, "exclusiveMinimum");
    within(to.maximum, false, from.maximum, from.below, -1, "maximum");
    within(to.below, true, from.maximum, from.below, -1, "exclusiveMaximum");
    if (!to.multiple_of) return;
    const bool whole = (given.types & type_bit(json::Type::number)) == 0 && to.multiple_of->divides("1");
    if (!whole && !(from.multiple_of && to.multiple_of->divides(from.multiple_of->text()))) {
      refuse(taken, "multipleOf " + to.multiple_of->text() + " is new", "multipleOf");
    }
  }

  void include_arrays(const Block& given, const Block& taken) {
    const ArrayRules& from = given.arrays != nullptr ? *given.arrays : kNoArrays;
    const ArrayRules& to = *taken.arrays;
    at_least(taken, from.items_min, to.items_min, "minItems");
    at_most(taken, from.items_max, to.items_max, "maxItems");
    if (to.unique && !from.unique)
      refuse(taken, "elements must be unique, which the " + giver_name() + " does not ask for", "uniqueItems");
    const size_t places = std::max(from.prefix.size(), to.prefix.size());
    for (size_t i = 0; i <= places; ++i) {
      if (i >= from.items_max) break;
      const Block* have = i < from.prefix.size() ? from.prefix[i] : from.rest;
      const Block* want = i < to.prefix.size() ? to.prefix[i] : to.rest;
      if (want != nullptr) below(i < places ? std::to_string(i) : "*", have, *want);
    }
    if (to.contains == nullptr) return;
    const bool same = from.contains != nullptr && from.contains_min >= to.contains_min && from.contains_max <= to.contains_max &&
                      same_text_of(*from.contains, *to.contains);
    if (!same && (to.contains_min > 0 || to.contains_max != kNoLimit)) refuse(taken, "contains changed: the effect cannot be shown", "contains");
  }

  void include_objects(const Block& given, const Block& taken) {
    const ObjectRules& from = given.objects != nullptr ? *given.objects : kNoObjects;
    const ObjectRules& to = *taken.objects;
    at_least(taken, std::max<uint64_t>(from.properties_min, from.required.size()), to.properties_min, "minProperties");
    at_most(taken, from.properties_max, to.properties_max, "maxProperties");
    for (const std::string& name : to.required) {
      if (std::find(from.required.begin(), from.required.end(), name) == from.required.end()) {
        refuse(taken, "property " + quoted(name) + " is required, which the " + giver_name() + " does not ask for", "required");
      }
    }
    for (const DependentNames& rule : to.dependent_names) {
      const auto covered = [&](const std::string& name) {
        return std::any_of(from.dependent_names.begin(), from.dependent_names.end(), [&](const DependentNames& one) {
                 return one.name == rule.name && std::find(one.required.begin(), one.required.end(), name) != one.required.end();
               }) || std::find(from.required.begin(), from.required.end(), name) != from.required.end();
      };
      for (const std::string& name : rule.required) {
        if (!covered(name)) refuse(taken, "property " + quoted(name) + " is required beside " + quoted(rule.name), "dependentRequired");
      }
    }
    if (to.names != nullptr && !(from.names != nullptr && same_text_of(*from.names, *to.names))) {
      if (from.names == nullptr) refuse(taken, "propertyNames is new", "propertyNames");
      else below("*", from.names, *to.names);
    }
    include_members(from, to);
  }

  /// Every name that either side knows, then all others.
  void include_members(const ObjectRules& from, const ObjectRules& to) {
    std::set<std::string, std::less<>> names;
    for (const Property& one : from.table.properties()) names.insert(one.name);
    for (const Property& one : to.table.properties()) names.insert(one.name);
    for (const std::string& name : names) {
      std::vector<const Block*> have = said_of(from, name);
      if (have.empty() && !is_named(from, name)) open_ = path_ + pointer_to(name);
      for (const Block* want : said_of(to, name)) below_any(name, have, *want);
      open_.clear();
    }
    for (const PatternProperty& pattern : to.patterns) {
      const auto same = std::find_if(from.patterns.begin(), from.patterns.end(), [&](const PatternProperty& one) {
        return one.pattern.pattern() == pattern.pattern.pattern();
      });
      // Other names that match are, before, whatever was additional.
      below("*", same != from.patterns.end() ? same->block : from.additional, *pattern.block);
    }
    if (to.additional == nullptr) return;
    below("*", from.additional, *to.additional);
    for (const PatternProperty& pattern : from.patterns) {
      const bool known = std::any_of(to.patterns.begin(), to.patterns.end(), [&](const PatternProperty& one) {
        return one.pattern.pattern() == pattern.pattern.pattern();
      });
      if (!known) below("*", pattern.block, *to.additional);
    }
  }

  static bool is_named(const ObjectRules& rules, std::string_view name) {
    return rules.table.find(json::key_hash(name.data(), name.size()), name) != nullptr;
  }
  static std::string pointer_to(std::string_view token) {
    std::string out;
    json::append_pointer(out, token);
    return out;
  }

  static std::vector<const Block*> said_of(const ObjectRules& rules, std::string_view name) {
    std::vector<const Block*> out;
    const Property* property = rules.table.find(json::key_hash(name.data(), name.size()), name);
    if (property != nullptr && property->block != nullptr) out.push_back(property->block);
    for (const PatternProperty& pattern : rules.patterns) {
      if (pattern.pattern.search(name) != Match::no) out.push_back(pattern.block);
    }
    if (out.empty() && rules.additional != nullptr) out.push_back(rules.additional);
    return out;
  }

  void include_combined(const Block& given, const Block& taken) {
    const Combination& to = *taken.combined;
    if (same_text_of(given, taken)) return;
    if (to.reference != nullptr) include(reference_of(given), *to.reference);
    for (const Block* part : to.all_of) include(given, *part);
    const Combination* from = given.combined.get();
    include_choice(given, taken, from == nullptr ? nullptr : &from->any_of, to.any_of, "anyOf");
    include_choice(given, taken, from == nullptr ? nullptr : &from->one_of, to.one_of, "oneOf");
    const bool hard = to.negated != nullptr || to.condition != nullptr || !to.dependent.empty() || to.dynamic.has_value();
    if (hard) refuse(taken, "not, if, dependentSchemas or $dynamicRef is new or changed: the effect cannot be shown");
  }

  /// What a $ref with nothing else beside it stands for.
  static const Block& reference_of(const Block& given) {
    return given.combined != nullptr && given.combined->reference != nullptr ? *given.combined->reference : given;
  }

  void include_choice(const Block& given, const Block& taken, const std::vector<const Block*>* from,
                      const std::vector<const Block*>& to, std::string_view keyword) {
    if (to.empty()) return;
    const std::vector<const Block*> whole{&given};
    const bool exact = keyword == "oneOf";
    if (exact && (from == nullptr || from->size() != to.size())) {
      return refuse(taken, "oneOf is new or has branches more or less: that a value fits exactly one cannot be shown", keyword);
    }
    for (const Block* have : from == nullptr || from->empty() ? whole : *from) {
      const bool covered = std::any_of(to.begin(), to.end(), [&](const Block* want) {
        return exact ? same_text_of(*have, *want) : includes(*have, *want);
      });
      if (!covered) refuse(taken, "no branch of " + std::string(keyword) + " takes all that was accepted", keyword);
    }
  }

  /// Whether inclusion can be shown, the reasons against it being of no interest.
  bool includes(const Block& given, const Block& taken) {
    std::vector<Break> breaks;
    Inclusion inner(*this, breaks);
    inner.include(given, taken);
    return breaks.empty();
  }
  /// A trial of its own that holds to be shown what its outer one is about to show.
  Inclusion(const Inclusion& outer, std::vector<Break>& out)
      : giver_(outer.giver_), taker_(outer.taker_), direction_(outer.direction_), out_(out), depth_(outer.depth_ + 1),
        work_(outer.work_), seen_(outer.seen_) {}

  bool same_text_of(const Block& given, const Block& taken) const {
    return &given != &kAnything && reads_same(giver_, given, taker_, taken);
  }

  void below(std::string_view token, const Block* given, const Block& taken) {
    below_any(token, given == nullptr ? std::vector<const Block*>{} : std::vector{given}, taken);
  }

  /// Of several schemas that hold before, one that is within the other is enough.
  void below_any(std::string_view token, const std::vector<const Block*>& given, const Block& taken) {
    const size_t size = path_.size();
    json::append_pointer(path_, token);
    const auto good = std::find_if(given.begin(), given.end(), [&](const Block* one) { return given.size() > 1 && includes(*one, taken); });
    if (good == given.end()) include(given.empty() ? kAnything : *given.front(), taken);
    path_.resize(size);
  }

  void at_least(const Block& taken, uint64_t from, uint64_t to, std::string_view keyword) {
    if (to > from) refuse(taken, std::string(keyword) + " rises from " + std::to_string(from) + " to " + std::to_string(to), keyword);
  }
  void at_most(const Block& taken, uint64_t from, uint64_t to, std::string_view keyword) {
    if (to >= from) return;
    refuse(taken, std::string(keyword) + " " + std::to_string(to) + " is " +
                      (from == kNoLimit ? "new" : "less than the " + std::to_string(from) + " before"), keyword);
  }

  std::string giver_name() const { return direction_ == Compatibility::backward ? "old schema" : "new schema"; }
  std::string taker_name() const { return direction_ == Compatibility::backward ? "new schema" : "old schema"; }

  /// keyword: what refuses; pointed at where the schema has it by that name.
  void refuse(const Block& taken, const std::string& what, std::string_view keyword = {}) {
    if (out_.size() >= kBreaksMax) return;
    const ProgramDocument& document = taker_.documents[taken.document];
    Break found;
    found.direction = direction_;
    found.path = path_;
    found.schema_path = document.uri + "#" + pointer_of(document.value->buffer(), 0, taken.node);
    if (!keyword.empty() && json::View::at_node(document.value->buffer(), taken.node).find(keyword))
      json::append_pointer(found.schema_path, keyword);
    found.message = (path_.empty() ? "the value" : path_) + ": " + what + " (by the " + taker_name() + ")";
    if (!open_.empty() && path_ == open_)
      found.message += "; the " + giver_name() + " does not name the property and allows additional ones: it could hold anything";
    out_.push_back(std::move(found));
  }

  const Program& giver_;
  const Program& taker_;
  Compatibility direction_;
  std::vector<Break>& out_;
  uint32_t depth_ = 0;
  size_t own_work_ = 0;
  size_t* work_ = &own_work_;  ///< shared by all trials
  std::string path_;
  std::string open_;  ///< the path being shown, where the giver takes anything because it does not name it
  std::set<std::pair<const Block*, const Block*>> seen_;  ///< only asked for membership
};

}  // namespace

std::optional<Compatibility> find_compatibility(std::string_view name) {
  if (name == "backward") return Compatibility::backward;
  if (name == "forward") return Compatibility::forward;
  if (name == "full") return Compatibility::full;
  return std::nullopt;
}

std::vector<Break> find_breaks(const Schema& before, const Schema& after, Compatibility mode) {
  std::vector<Break> out;
  if (same_documents(before.program(), after.program())) return out;
  if (mode != Compatibility::forward) Inclusion(before, after, Compatibility::backward, out).run();
  if (mode != Compatibility::backward) Inclusion(after, before, Compatibility::forward, out).run();
  return out;
}

}  // namespace hence::schema
