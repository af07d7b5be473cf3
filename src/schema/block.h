// SPDX-License-Identifier: Apache-2.0
#pragma once

// The compiled form: one Block for every subschema that is used, rules grouped by the type of value
// they are about, so that a value is only asked what concerns it.

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "json/value.h"
#include "schema/format.h"
#include "schema/number.h"
#include "schema/regex.h"
#include "schema/schema.h"

namespace hence::schema {

struct Block;

inline constexpr uint8_t kIntegerBit = 1 << 6;  ///< above the bits of json::Type
inline constexpr uint8_t kAnyType = 0x7F;
inline constexpr uint8_t type_bit(json::Type type) { return static_cast<uint8_t>(1u << static_cast<unsigned>(type)); }
/// The names of a set of types, in a fixed order: "string or null".
std::string type_names(uint8_t types);

inline constexpr uint64_t kNoLimit = UINT64_MAX;

struct StringRules {
  uint64_t length_min = 0, length_max = kNoLimit;  ///< in code points
  std::optional<Regex> pattern;
  const Format* format = nullptr;
};

struct NumberRules {
  std::optional<Bound> minimum, maximum, above, below;
  std::optional<Divisor> multiple_of;
};

struct ArrayRules {
  std::vector<const Block*> prefix;
  const Block* rest = nullptr;          ///< elements beyond prefix
  std::string_view rest_keyword = "items";
  const Block* contains = nullptr;
  uint64_t contains_min = 1, contains_max = kNoLimit;
  bool contains_evaluates = false;      ///< 2020-12: elements that match count as evaluated
  uint64_t items_min = 0, items_max = kNoLimit;
  bool unique = false;
};

/// Whether two texts are the same; short ones, as names are, without a call.
inline bool same_text(std::string_view a, std::string_view b) {
  const size_t n = a.size();
  if (n != b.size()) return false;
  const char* p = a.data();
  const char* q = b.data();
  if (n >= 8) {
    if (n > 16) return a == b;
    return json::load64(p) == json::load64(q) && json::load64(p + n - 8) == json::load64(q + n - 8);
  }
  if (n >= 4) return json::load32(p) == json::load32(q) && json::load32(p + n - 4) == json::load32(q + n - 4);
  return n == 0 || (p[0] == q[0] && p[n / 2] == q[n / 2] && p[n - 1] == q[n - 1]);
}

/// A name an object's rules know.
struct Property {
  std::string name;
  uint32_t hash = 0;
  uint32_t required_index = UINT32_MAX;  ///< below 64: its bit in the set of those seen
  const Block* block = nullptr;
};

/// Properties by the hash that every key of a document carries.
class PropertyTable {
 public:
  /// The property of this name, made if there is none. Only before finish().
  Property& at(std::string_view name);
  void finish();
  const Property* find(uint32_t hash, std::string_view name) const {
    if (slots_.empty()) return nullptr;
    // The mask keeps the place within the table: no check for every step.
    const Slot* slots = slots_.data();
    for (uint32_t slot = hash & mask_;; slot = (slot + 1) & mask_) {
      const Slot& entry = slots[slot];
      if (entry.index == UINT32_MAX) return nullptr;
      if (entry.hash == hash && same_text(properties_[entry.index].name, name)) return &properties_[entry.index];
    }
  }
  const std::vector<Property>& properties() const { return properties_; }
  template <typename Visit>
  void for_each(Visit visit) {
    for (Property& property : properties_) visit(property);
  }

 private:
  struct Slot {
    uint32_t hash = 0;
    uint32_t index = UINT32_MAX;
  };
  std::vector<Property> properties_;
  std::unordered_map<std::string, uint32_t> places_;  ///< until finish()
  std::vector<Slot> slots_;
  uint32_t mask_ = 0;
};

struct PatternProperty {
  Regex pattern;
  const Block* block;
};
struct DependentNames {
  std::string name;
  std::vector<std::string> required;
  std::string_view keyword;
};
struct DependentBlock {
  std::string name;
  const Block* block;
};

struct ObjectRules {
  PropertyTable table;
  std::vector<std::string> required;
  uint64_t required_mask = 0;  ///< of the first 64
  std::vector<PatternProperty> patterns;
  const Block* additional = nullptr;
  std::string_view additional_keyword = "additionalProperties";
  const Block* names = nullptr;
  uint64_t properties_min = 0, properties_max = kNoLimit;
  std::vector<DependentNames> dependent_names;
};

struct ValueRules {
  std::vector<json::View> values;  ///< in a document of the program
  std::vector<std::string_view> strings;  ///< all values, sorted, if all are strings
  bool only_strings = false;
};

struct DynamicTarget {
  uint32_t resource;
  const Block* block;
};
/// A reference whose target depends on the resources entered before.
struct DynamicReference {
  const Block* initial = nullptr;
  std::vector<DynamicTarget> targets;  ///< empty: always the initial one
  std::string_view keyword;
};

/// Schemas that apply to the same value.
struct Combination {
  const Block* reference = nullptr;
  std::vector<const Block*> all_of, any_of, one_of;
  const Block* negated = nullptr;
  const Block* condition = nullptr;
  const Block* then_block = nullptr;
  const Block* else_block = nullptr;
  std::vector<DependentBlock> dependent;
  std::optional<DynamicReference> dynamic;
};

struct Block {
  uint8_t types = kAnyType;
  bool never = false;               ///< the schema `false`
  bool leaf = false;                ///< only type, string, number and value rules: applies no other schema
  uint32_t document = 0, node = 0;  ///< where it stands
  uint32_t resource = 0;
  std::unique_ptr<StringRules> strings;
  std::unique_ptr<NumberRules> numbers;
  std::unique_ptr<ArrayRules> arrays;
  std::unique_ptr<ObjectRules> objects;
  std::unique_ptr<ValueRules> constant, enumeration;
  std::unique_ptr<Combination> combined;
  const Block* unevaluated_properties = nullptr;
  const Block* unevaluated_items = nullptr;
};

struct ProgramDocument {
  json::Value value;
  std::string uri;
};

struct Program {
  std::deque<Block> blocks;
  std::vector<ProgramDocument> documents;
  const Block* root = nullptr;
  bool dynamic = false;  ///< a target depends on the resources entered
  bool assert_format = true;
};

/// JSON pointer of a node (a value or a key) of a document.
std::string pointer_of(const json::Buffer* buffer, uint32_t root, uint32_t node);

}  // namespace hence::schema
