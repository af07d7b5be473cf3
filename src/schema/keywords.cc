// SPDX-License-Identifier: Apache-2.0
// What each keyword puts into a block.
#include <algorithm>

#include "schema/compiler.h"

namespace hence::schema {
namespace {

constexpr uint8_t draft_bit(Draft draft) { return static_cast<uint8_t>(1u << static_cast<unsigned>(draft)); }
constexpr uint8_t kAll = 0x1F;
constexpr uint8_t kFrom6 = 0x1E;
constexpr uint8_t kFrom7 = 0x1C;
constexpr uint8_t kFrom2019 = 0x18;
constexpr uint8_t kOnly2020 = 0x10;
constexpr uint8_t kOnly2019 = 0x08;
constexpr uint8_t kOnly4 = 0x01;
constexpr uint8_t kUntil2019 = 0x0F;

enum class Group : uint8_t { core, applicator, validation, format, unevaluated };

template <typename T>
T& made(std::unique_ptr<T>& rules) {
  if (rules == nullptr) rules = std::make_unique<T>();
  return *rules;
}

}  // namespace

struct Compiler::Keyword {
  std::string_view name;
  uint8_t drafts;
  Group group;
  Handler handler;
};

/// Sorted by name; a name may come more than once, for different drafts.
const Compiler::Keyword Compiler::kKeywords[] = {
    {"$dynamicRef", kOnly2020, Group::core, &Compiler::on_dynamic_ref},
    {"$recursiveRef", kOnly2019, Group::core, &Compiler::on_recursive_ref},
    {"$ref", kAll, Group::core, &Compiler::on_ref},
    {"additionalItems", kUntil2019, Group::applicator, &Compiler::on_additional_items},
    {"additionalProperties", kAll, Group::applicator, &Compiler::on_additional},
    {"allOf", kAll, Group::applicator, &Compiler::on_branches},
    {"anyOf", kAll, Group::applicator, &Compiler::on_branches},
    {"const", kFrom6, Group::validation, &Compiler::on_const},
    {"contains", kFrom6, Group::applicator, &Compiler::on_contains},
    {"dependencies", kAll, Group::applicator, &Compiler::on_dependencies},
    {"dependentRequired", kFrom2019, Group::validation, &Compiler::on_dependent_required},
    {"dependentSchemas", kFrom2019, Group::applicator, &Compiler::on_dependent_schemas},
    {"enum", kAll, Group::validation, &Compiler::on_enum},
    {"exclusiveMaximum", kFrom6, Group::validation, &Compiler::on_exclusive},
    {"exclusiveMaximum", kOnly4, Group::validation, &Compiler::on_exclusive_flag},
    {"exclusiveMinimum", kFrom6, Group::validation, &Compiler::on_exclusive},
    {"exclusiveMinimum", kOnly4, Group::validation, &Compiler::on_exclusive_flag},
    {"format", kAll, Group::format, &Compiler::on_format},
    {"if", kFrom7, Group::applicator, &Compiler::on_if},
    {"items", kOnly2020, Group::applicator, &Compiler::on_items_2020},
    {"items", kUntil2019, Group::applicator, &Compiler::on_items},
    {"maxItems", kAll, Group::validation, &Compiler::on_size},
    {"maxLength", kAll, Group::validation, &Compiler::on_size},
    {"maxProperties", kAll, Group::validation, &Compiler::on_size},
    {"maximum", kAll, Group::validation, &Compiler::on_number},
    {"minItems", kAll, Group::validation, &Compiler::on_size},
    {"minLength", kAll, Group::validation, &Compiler::on_size},
    {"minProperties", kAll, Group::validation, &Compiler::on_size},
    {"minimum", kAll, Group::validation, &Compiler::on_number},
    {"multipleOf", kAll, Group::validation, &Compiler::on_multiple_of},
    {"not", kAll, Group::applicator, &Compiler::on_not},
    {"oneOf", kAll, Group::applicator, &Compiler::on_branches},
    {"pattern", kAll, Group::validation, &Compiler::on_pattern},
    {"patternProperties", kAll, Group::applicator, &Compiler::on_pattern_properties},
    {"prefixItems", kOnly2020, Group::applicator, &Compiler::on_prefix},
    {"properties", kAll, Group::applicator, &Compiler::on_properties},
    {"propertyNames", kFrom6, Group::applicator, &Compiler::on_names},
    {"required", kAll, Group::validation, &Compiler::on_required},
    {"type", kAll, Group::validation, &Compiler::on_type},
    {"unevaluatedItems", kFrom2019, Group::unevaluated, &Compiler::on_unevaluated},
    {"unevaluatedProperties", kFrom2019, Group::unevaluated, &Compiler::on_unevaluated},
    {"uniqueItems", kAll, Group::validation, &Compiler::on_unique},
};

const Compiler::Keyword* Compiler::find_keyword(std::string_view name) {
  const auto* found = std::lower_bound(std::begin(kKeywords), std::end(kKeywords), name,
                                       [](const Keyword& a, std::string_view b) { return a.name < b; });
  return found != std::end(kKeywords) && found->name == name ? found : nullptr;
}

Status Compiler::apply_keyword(Block& block, const Keyword& first, std::string_view name, json::View value) {
  for (const Keyword* keyword = &first; keyword != std::end(kKeywords) && keyword->name == name; ++keyword) {
    if ((keyword->drafts & draft_bit(dialect_.draft)) == 0) continue;
    if (keyword->group == Group::validation && !dialect_.validation) continue;
    if (keyword->group == Group::applicator && !dialect_.applicators) continue;
    if (keyword->group == Group::unevaluated && !dialect_.unevaluated) continue;
    keyword_ = keyword->name;
    HENCE_TRY_VOID((this->*keyword->handler)(block, value));
  }
  return {};
}

Result<uint64_t> Compiler::count(json::View value) {
  if (!value.is_number() || !is_whole(value.number_text()) || value.as_double() < 0) {
    return refused(value, "a whole number of at least 0").error();
  }
  const auto number = value.as_int64();
  return number ? static_cast<uint64_t>(*number) : kNoLimit - 1;
}

Result<std::vector<const Block*>> Compiler::blocks_of(json::View value) {
  if (!value.is_array() || (value.size() == 0 && keyword_ != "items")) {
    return refused(value, "an array of at least one schema").error();
  }
  std::vector<const Block*> out;
  for (const json::View part : value.elements()) {
    HENCE_TRY(const Block* block, block_for(part));
    out.push_back(block);
  }
  return out;
}

Result<Bound> Compiler::bound(json::View value) {
  if (!value.is_number()) return refused(value, "a number").error();
  return Bound(value.number_text());
}

Result<std::string_view> Compiler::text(json::View value, std::string_view wanted) {
  if (!value.is_string()) return refused(value, wanted).error();
  return value.as_string();
}

Result<std::vector<std::string>> Compiler::names_of(json::View value) {
  if (!value.is_array()) return refused(value, "an array of property names").error();
  std::vector<std::string> out;
  for (const json::View name : value.elements()) {
    HENCE_TRY(const std::string_view one, text(name, "a property name"));
    if (std::find(out.begin(), out.end(), one) == out.end()) out.emplace_back(one);
  }
  return out;
}

Result<Regex> Compiler::regex(std::string_view pattern, json::View place) {
  Result<Regex> made_regex = Regex::compile(pattern);
  if (made_regex.ok()) return made_regex;
  return made_regex.error().in(resources_.location(current_->document, place.node()) + ": \"" +
                               std::string(pattern) + "\"");
}

Status Compiler::on_type(Block& block, json::View value) {
  static constexpr std::string_view kWanted =
      "one of \"null\", \"boolean\", \"integer\", \"number\", \"string\", \"array\", \"object\", or an array of them";
  block.types = 0;
  const auto add = [&](json::View name) -> Status {
    HENCE_TRY(const std::string_view type, text(name, kWanted));
    if (type == "integer") {
      block.types |= kIntegerBit;
      return {};
    }
    for (unsigned i = 0; i < 6; ++i) {
      if (json::type_name(static_cast<json::Type>(i)) != type) continue;
      block.types |= static_cast<uint8_t>(1u << i);
      return {};
    }
    return Error(ErrorCode::SchemaInvalid, resources_.location(block.document, name.node()) + ": \"" +
                                               std::string(type) + "\" is no type; it must be " + std::string(kWanted));
  };
  if (!value.is_array()) return add(value);
  for (const json::View name : value.elements()) HENCE_TRY_VOID(add(name));
  return {};
}

Status Compiler::on_const(Block& block, json::View value) {
  ValueRules& rules = made(block.constant);
  rules.values = {value};
  rules.only_strings = value.is_string();
  if (rules.only_strings) rules.strings = {value.as_string()};
  return {};
}

Status Compiler::on_enum(Block& block, json::View value) {
  if (!value.is_array()) return refused(value, "an array of values");
  ValueRules& rules = made(block.enumeration);
  rules.only_strings = true;
  for (const json::View one : value.elements()) {
    rules.values.push_back(one);
    rules.only_strings = rules.only_strings && one.is_string();
  }
  if (!rules.only_strings) return {};
  for (const json::View one : rules.values) rules.strings.push_back(one.as_string());
  std::sort(rules.strings.begin(), rules.strings.end());
  return {};
}

Status Compiler::on_number(Block& block, json::View value) {
  HENCE_TRY(Bound limit, bound(value));
  const bool low = keyword_ == "minimum";
  NumberRules& rules = made(block.numbers);
  const auto flag = schema_.find(low ? "exclusiveMinimum" : "exclusiveMaximum");
  if (dialect_.draft == Draft::draft4 && flag && flag->is_bool() && flag->as_bool()) {
    (low ? rules.above : rules.below) = std::move(limit);
  } else {
    (low ? rules.minimum : rules.maximum) = std::move(limit);
  }
  return {};
}

Status Compiler::on_exclusive(Block& block, json::View value) {
  HENCE_TRY(Bound limit, bound(value));
  NumberRules& rules = made(block.numbers);
  (keyword_ == "exclusiveMinimum" ? rules.above : rules.below) = std::move(limit);
  return {};
}

Status Compiler::on_exclusive_flag(Block&, json::View value) {
  return value.is_bool() ? Status() : refused(value, "a boolean (in draft 4, beside minimum or maximum)");
}

Status Compiler::on_multiple_of(Block& block, json::View value) {
  if (!value.is_number()) return refused(value, "a number above 0");
  made(block.numbers).multiple_of = Divisor::create(value.number_text());
  if (block.numbers->multiple_of) return {};
  return Error(ErrorCode::SchemaInvalid, resources_.location(block.document, value.node()) +
                                             ": must be a number above 0 of at most 18 significant digits");
}

Status Compiler::on_size(Block& block, json::View value) {
  HENCE_TRY(const uint64_t limit, count(value));
  const bool low = keyword_.substr(0, 3) == "min";
  const std::string_view what = keyword_.substr(3);
  if (what == "Length") {
    StringRules& rules = made(block.strings);
    (low ? rules.length_min : rules.length_max) = limit;
  } else if (what == "Items") {
    ArrayRules& rules = made(block.arrays);
    (low ? rules.items_min : rules.items_max) = limit;
  } else {
    ObjectRules& rules = made(block.objects);
    (low ? rules.properties_min : rules.properties_max) = limit;
  }
  return {};
}

Status Compiler::on_pattern(Block& block, json::View value) {
  HENCE_TRY(const std::string_view pattern, text(value, "a regular expression, as text"));
  HENCE_TRY(made(block.strings).pattern, regex(pattern, value));
  return {};
}

Status Compiler::on_format(Block& block, json::View value) {
  HENCE_TRY(const std::string_view name, text(value, "the name of a format"));
  if (!options_.assert_format) return {};
  const Format* format = find_format(name);
  if (format != nullptr) made(block.strings).format = format;
  return {};
}

Status Compiler::on_unique(Block& block, json::View value) {
  if (!value.is_bool()) return refused(value, "a boolean");
  made(block.arrays).unique = value.as_bool();
  return {};
}

Status Compiler::on_items(Block& block, json::View value) {
  ArrayRules& rules = made(block.arrays);
  if (value.is_array()) {
    HENCE_TRY(rules.prefix, blocks_of(value));
    return {};
  }
  HENCE_TRY(rules.rest, block_for(value));
  return {};
}

Status Compiler::on_items_2020(Block& block, json::View value) {
  if (value.is_array()) return refused(value, "a schema (an array of them is prefixItems since 2020-12)");
  HENCE_TRY(made(block.arrays).rest, block_for(value));
  return {};
}

Status Compiler::on_prefix(Block& block, json::View value) {
  HENCE_TRY(made(block.arrays).prefix, blocks_of(value));
  return {};
}

Status Compiler::on_additional_items(Block& block, json::View value) {
  HENCE_TRY(const Block* rest, block_for(value));
  const auto items = schema_.find("items");
  if (!items || !items->is_array()) return {};  // without an array of items it says nothing
  made(block.arrays).rest = rest;
  block.arrays->rest_keyword = "additionalItems";
  return {};
}

Status Compiler::on_contains(Block& block, json::View value) {
  ArrayRules& rules = made(block.arrays);
  HENCE_TRY(rules.contains, block_for(value));
  rules.contains_evaluates = dialect_.draft >= Draft::draft2020_12;
  if (dialect_.draft < Draft::draft2019_09 || !dialect_.validation) return {};
  if (const auto low = schema_.find("minContains")) {
    HENCE_TRY(rules.contains_min, count(*low));
  }
  if (const auto high = schema_.find("maxContains")) {
    HENCE_TRY(rules.contains_max, count(*high));
  }
  return {};
}

Status Compiler::on_properties(Block& block, json::View value) {
  if (!value.is_object()) return refused(value, "an object of schemas");
  ObjectRules& rules = made(block.objects);
  for (const auto [name, schema] : value.members()) {
    HENCE_TRY(const Block* inner, block_for(schema));
    rules.table.at(name).block = inner;
  }
  return {};
}

Status Compiler::on_pattern_properties(Block& block, json::View value) {
  if (!value.is_object()) return refused(value, "an object of schemas");
  ObjectRules& rules = made(block.objects);
  for (const auto [pattern, schema] : value.members()) {
    HENCE_TRY(Regex compiled, regex(pattern, schema));
    HENCE_TRY(const Block* inner, block_for(schema));
    rules.patterns.push_back({std::move(compiled), inner});
  }
  return {};
}

Status Compiler::on_additional(Block& block, json::View value) {
  HENCE_TRY(made(block.objects).additional, block_for(value));
  return {};
}

Status Compiler::on_names(Block& block, json::View value) {
  HENCE_TRY(made(block.objects).names, block_for(value));
  return {};
}

Status Compiler::on_required(Block& block, json::View value) {
  HENCE_TRY(made(block.objects).required, names_of(value));
  return {};
}

Status Compiler::on_dependent_required(Block& block, json::View value) {
  if (!value.is_object()) return refused(value, "an object of arrays of property names");
  for (const auto [name, required] : value.members()) {
    HENCE_TRY(std::vector<std::string> names, names_of(required));
    made(block.objects).dependent_names.push_back({std::string(name), std::move(names), keyword_});
  }
  return {};
}

Status Compiler::on_dependent_schemas(Block& block, json::View value) {
  if (!value.is_object()) return refused(value, "an object of schemas");
  for (const auto [name, schema] : value.members()) {
    HENCE_TRY(const Block* inner, block_for(schema));
    made(block.combined).dependent.push_back({std::string(name), inner});
  }
  return {};
}

Status Compiler::on_dependencies(Block& block, json::View value) {
  if (!value.is_object()) return refused(value, "an object of schemas or arrays of property names");
  for (const auto [name, needs] : value.members()) {
    if (needs.is_array()) {
      HENCE_TRY(std::vector<std::string> names, names_of(needs));
      made(block.objects).dependent_names.push_back({std::string(name), std::move(names), keyword_});
    } else {
      HENCE_TRY(const Block* inner, block_for(needs));
      made(block.combined).dependent.push_back({std::string(name), inner});
    }
  }
  return {};
}

Status Compiler::refer(Block& block, json::View value, const Block*& out) {
  HENCE_TRY(const std::string_view reference, text(value, "a URI reference, as text"));
  const Result<Place> place = resources_.resolve({block.document, block.node, block.resource}, reference);
  if (!place.ok()) {
    return place.error().in(resources_.location(block.document, value.node()) + " (" + std::string(reference) + ")");
  }
  out = block_at(*place);
  return {};
}

Status Compiler::on_ref(Block& block, json::View value) { return refer(block, value, made(block.combined).reference); }

Status Compiler::on_dynamic_ref(Block& block, json::View value) {
  DynamicReference& dynamic = made(block.combined).dynamic.emplace();
  dynamic.keyword = keyword_;
  HENCE_TRY_VOID(refer(block, value, dynamic.initial));
  // It is dynamic only where it leads to a $dynamicAnchor of that name in the first place.
  const std::string_view reference = value.as_string();
  const size_t hash = reference.find('#');
  if (hash == std::string_view::npos) return {};
  const std::string_view name = reference.substr(hash + 1);
  const auto& anchors = resources_.resource(dynamic.initial->resource).dynamic_anchors;
  const auto anchor = anchors.find(name);
  if (anchor != anchors.end() && anchor->second == dynamic.initial->node) {
    dynamic_uses_.push_back({&block, std::string(name)});
  }
  return {};
}

Status Compiler::on_recursive_ref(Block& block, json::View value) {
  DynamicReference& dynamic = made(block.combined).dynamic.emplace();
  dynamic.keyword = keyword_;
  HENCE_TRY_VOID(refer(block, value, dynamic.initial));
  if (resources_.resource(dynamic.initial->resource).recursive) dynamic_uses_.push_back({&block, ""});
  return {};
}

Status Compiler::on_branches(Block& block, json::View value) {
  Combination& combined = made(block.combined);
  auto& list = keyword_ == "allOf" ? combined.all_of : keyword_ == "anyOf" ? combined.any_of : combined.one_of;
  HENCE_TRY(list, blocks_of(value));
  return {};
}

Status Compiler::on_not(Block& block, json::View value) {
  HENCE_TRY(made(block.combined).negated, block_for(value));
  return {};
}

Status Compiler::on_if(Block& block, json::View value) {
  Combination& combined = made(block.combined);
  HENCE_TRY(combined.condition, block_for(value));
  if (const auto then_schema = schema_.find("then")) {
    HENCE_TRY(combined.then_block, block_for(*then_schema));
  }
  if (const auto else_schema = schema_.find("else")) {
    HENCE_TRY(combined.else_block, block_for(*else_schema));
  }
  return {};
}

Status Compiler::on_unevaluated(Block& block, json::View value) {
  auto& out = keyword_ == "unevaluatedItems" ? block.unevaluated_items : block.unevaluated_properties;
  HENCE_TRY(out, block_for(value));
  return {};
}

}  // namespace hence::schema
