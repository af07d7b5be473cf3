// SPDX-License-Identifier: Apache-2.0
#include "schema/infer.h"

#include <algorithm>

#include "json/builder.h"
#include "schema/format.h"

namespace hence::schema {
namespace {

/// Proposed where every text seen has it; the first that fits.
constexpr std::array<std::string_view, 6> kFormats{"date-time", "date", "uuid", "email", "ipv4", "uri"};
constexpr std::array<std::string_view, 7> kTypes{"null", "boolean", "integer", "number", "string", "array", "object"};
enum TypeBit : uint32_t { null = 1, boolean = 2, integer = 4, number = 8, string = 16, array = 32, object = 64 };

uint32_t type_bit(json::View value) {
  if (value.is_null()) return null;
  if (value.is_string()) return string;
  if (value.is_array()) return array;
  if (value.is_object()) return object;
  if (!value.is_number()) return boolean;
  return value.as_int64() ? integer : number;
}

/// Bits of kFormats that the text has.
uint32_t formats_of(std::string_view text) {
  uint32_t bits = 0;
  for (size_t i = 0; i < kFormats.size(); ++i) {
    if (find_format(kFormats[i])->check(text)) bits |= 1u << i;
  }
  return bits;
}

}  // namespace

/// All values seen at one place.
struct Inference::Place {
  uint32_t types = 0;
  uint32_t formats = ~0u;
  uint64_t objects = 0;
  uint64_t seen = 0;
  bool closed = false;  ///< too much to say more than the types
  std::vector<std::pair<std::string, std::unique_ptr<Place>>> members;
  std::unique_ptr<Place> items;
};

Inference::Inference() : root_(std::make_unique<Place>()) {}
Inference::~Inference() = default;
Inference::Inference(Inference&&) noexcept = default;
Inference& Inference::operator=(Inference&&) noexcept = default;

void Inference::add(json::View value) { add(*root_, value, 0); }

void Inference::add(Place& place, json::View value, uint32_t depth) {
  ++place.seen;
  const uint32_t type = type_bit(value);
  place.types |= type;
  if (type == string) place.formats &= formats_of(value.as_string());
  if (depth == kInferredDepthMax) place.closed = true;
  if (place.closed) return;
  if (type == object) add_object(place, value, depth);
  if (type != array) return;
  for (const json::View item : value.elements()) {
    if (place.items == nullptr) {
      if (places_ == kInferredPlacesMax) {
        place.closed = true;
        return;
      }
      ++places_;
      place.items = std::make_unique<Place>();
    }
    add(*place.items, item, depth + 1);
  }
}

void Inference::add_object(Place& place, json::View value, uint32_t depth) {
  ++place.objects;
  for (const auto [key, member] : value.members()) {
    auto found = std::find_if(place.members.begin(), place.members.end(), [&, key = key](const auto& one) { return one.first == key; });
    if (found == place.members.end()) {
      if (place.members.size() == kInferredMembersMax || places_ == kInferredPlacesMax) {
        place.closed = true;
        return;
      }
      ++places_;
      found = place.members.emplace(place.members.end(), key, std::make_unique<Place>());
    }
    add(*found->second, member, depth + 1);
  }
}

class Writer {
 public:
  json::Builder b;

  void types(uint32_t bits) {
    // Every integer is a number.
    if ((bits & number) != 0) bits &= ~static_cast<uint32_t>(integer);
    std::vector<std::string_view> names;
    for (size_t i = 0; i < kTypes.size(); ++i) {
      if ((bits >> i & 1) != 0) names.push_back(kTypes[i]);
    }
    if (names.empty()) return;
    b.key("type");
    if (names.size() == 1) {
      b.string(names.front());
      return;
    }
    b.begin_array();
    for (const std::string_view name : names) b.string(name);
    b.end_array();
  }

  void format(uint32_t bits) {
    for (size_t i = 0; i < kFormats.size(); ++i) {
      if ((bits >> i & 1) == 0) continue;
      b.member("format", kFormats[i]);
      return;
    }
  }
};

void Inference::write(const Place& place, Writer& out) {
  out.types(place.types);
  if ((place.types & string) != 0) out.format(place.formats);
  if (place.closed) return;
  if (!place.members.empty()) {
    std::vector<std::string_view> required;
    out.b.key("properties").begin_object();
    for (const auto& [key, member] : place.members) {
      if (member->seen == place.objects) required.push_back(key);
      out.b.key(key).begin_object();
      write(*member, out);
      out.b.end_object();
    }
    out.b.end_object();
    if (!required.empty()) {
      out.b.key("required").begin_array();
      for (const std::string_view key : required) out.b.string(key);
      out.b.end_array();
    }
  }
  if (place.items != nullptr) {
    out.b.key("items").begin_object();
    write(*place.items, out);
    out.b.end_object();
  }
}

json::Value Inference::schema() const {
  Writer out;
  out.b.begin_object().member("$schema", "https://json-schema.org/draft/2020-12/schema");
  write(*root_, out);
  out.b.end_object();
  return std::move(out.b).finish();
}

}  // namespace hence::schema
