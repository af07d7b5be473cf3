// SPDX-License-Identifier: Apache-2.0
#include "workflow/shapes.h"

#include <vector>

namespace hence::workflow {
namespace {

// Recursion below is bounded by the depth of the document, which the readers limit (json/parse.h).

std::string_view article_name(json::Type type) {
  switch (type) {
    case json::Type::null: return "null";
    case json::Type::boolean: return "a boolean";
    case json::Type::number: return "a number";
    case json::Type::string: return "a string";
    case json::Type::array: return "an array";
    case json::Type::object: return "an object";
  }
  return "something else";
}

void wrong_type(std::string_view expected, json::View value, const std::string& pointer,
                Faults& faults) {
  faults.add(pointer, "expected " + std::string(expected) + ", found " +
                          std::string(article_name(value.type())));
}

std::string quoted(std::string_view text) {
  constexpr size_t kShownMax = 60;
  std::string out = "\"" + std::string(text.substr(0, kShownMax));
  return out + (text.size() > kShownMax ? "…\"" : "\"");
}

void check_string(const Shape& shape, json::View value, const std::string& pointer,
                  Faults& faults) {
  if (!value.is_string()) {
    return wrong_type(shape.what.empty() ? "a string" : shape.what, value, pointer, faults);
  }
  const std::string_view text = value.as_string();
  if (shape.kind == Shape::Kind::text && !shape.accepts(text)) {
    faults.add(pointer, "expected " + std::string(shape.what) + ", found " + quoted(text));
  }
  if (shape.kind != Shape::Kind::word) return;
  for (std::string_view word : shape.words) {
    if (word == text) return;
  }
  faults.add(pointer, "unknown word " + quoted(text) + suggestion(text, shape.words));
}

void check_integer(const Shape& shape, json::View value, const std::string& pointer,
                   Faults& faults) {
  if (!value.is_number()) return wrong_type("an integer", value, pointer, faults);
  const std::optional<int64_t> number = value.as_int64();
  if (!number) {
    faults.add(pointer, "expected an integer, found " + std::string(value.number_text()));
  } else if (*number < shape.min) {
    faults.add(pointer, "expected at least " + std::to_string(shape.min) + ", found " +
                            std::to_string(*number));
  } else if (*number > shape.max) {
    faults.add(pointer, "expected at most " + std::to_string(shape.max) + ", found " +
                            std::to_string(*number));
  }
}

std::string join(std::span<const std::string_view> words) {
  std::string text;
  for (size_t i = 0; i < words.size(); ++i) {
    if (i > 0) text += i + 1 == words.size() ? " or " : ", ";
    text += words[i];
  }
  return text;
}

void check_choice(const KeyChoice& choice, json::View value, const std::string& pointer,
                  Faults& faults) {
  std::vector<std::string_view> given;
  for (std::string_view name : choice.names) {
    if (value.find(name)) given.push_back(name);
  }
  if (given.empty() && !choice.optional) {
    faults.add(pointer, "expected one of the keys " + join(choice.names));
  }
  for (size_t i = 1; i < given.size(); ++i) {
    faults.add_at_key(child_pointer(pointer, given[i]),
                      "only one of " + join(choice.names) + " may be given, and \"" +
                          std::string(given[0]) + "\" is");
  }
}

const ShapeKey* find_key(std::span<const ShapeKey> keys, std::string_view name) {
  for (const ShapeKey& key : keys) {
    if (key.name == name) return &key;
  }
  return nullptr;
}

/// The known key that an open object's further key is surely meant to be; empty where it is one of its own. A key
/// that is there is not meant, and one of two letters is near to too much.
std::string_view slip_of(const Shape& shape, json::View value, std::string_view name) {
  std::vector<std::string_view> absent;
  for (const ShapeKey& known : shape.keys) {
    if (known.name.size() > 2 && !value.find(known.name)) absent.push_back(known.name);
  }
  return nearest_slip(name, absent);
}

/// A key that the shape does not name.
void check_other(const Shape& shape, json::View value, std::string_view name, const std::string& place, Faults& faults,
                 Faults* warnings) {
  using enum Shape::Others;
  if (shape.others == refused) {
    std::vector<std::string_view> names;
    for (const ShapeKey& known : shape.keys) names.push_back(known.name);
    return faults.add_at_key(place, "unknown key " + quoted(name) + suggestion(name, names));
  }
  if (shape.others == taken) return;
  const std::string_view slip = slip_of(shape, value, name);
  const std::string meant = slip.empty() ? "" : "; did you mean \"" + std::string(slip) + "\"?";
  const ShapeKey* missing = find_key(shape.keys, slip);
  if (shape.others == unread && missing != nullptr && missing->required) {  // the document does not fit anyway
    return faults.add_at_key(place, "unknown key " + quoted(name) + meant);
  }
  if (shape.others == unread && warnings) warnings->add_at_key(place, "nothing reads " + quoted(name) + meant);
  if (slip.empty()) return;
  if (shape.others == slips_warned && warnings) warnings->add_at_key(place, "unknown attribute " + quoted(name) + meant);
  if (shape.others == slips_refused && faults.of_file()) {  // what is recorded goes on as it is
    faults.add_at_key(place, "unknown attribute " + quoted(name) + meant + " If not, give \"" + std::string(slip) + "\" too");
  }
}

void check_object(const Shape& shape, json::View value, const std::string& pointer,
                  Faults& faults, Faults* warnings) {
  if (!value.is_object()) return wrong_type("an object", value, pointer, faults);
  for (auto [name, member] : value.members()) {
    const std::string place = child_pointer(pointer, name);
    if (const ShapeKey* key = find_key(shape.keys, name)) {
      check_shape(*key->shape, member, place, faults, warnings);
    } else {
      check_other(shape, value, name, place, faults, warnings);
    }
  }
  for (const ShapeKey& key : shape.keys) {
    if (key.required && !value.find(key.name)) {
      faults.add(pointer, "missing key \"" + std::string(key.name) + "\"");
    }
  }
  for (const KeyChoice& choice : shape.choices) check_choice(choice, value, pointer, faults);
}

void check_entries(const Shape& shape, json::View value, const std::string& pointer,
                   Faults& faults, Faults* warnings) {
  size_t index = 0;
  for (json::View entry : value.elements()) {
    const std::string place = child_pointer(pointer, index++);
    if (!entry.is_object() || entry.size() != 1) {
      faults.add(place, "expected an object with exactly one key, the name" +
                            (entry.is_object() ? ", found " + std::to_string(entry.size()) + " keys"
                                               : ", found " +
                                                   std::string(article_name(entry.type()))));
      continue;
    }
    for (auto [name, member] : entry.members()) {
      check_shape(*shape.item, member, child_pointer(place, name), faults, warnings);
    }
  }
}

void check_list(const Shape& shape, json::View value, const std::string& pointer, Faults& faults, Faults* warnings) {
  if (!value.is_array()) return wrong_type("an array", value, pointer, faults);
  if (value.size() < shape.min_size) {
    faults.add(pointer, "expected at least " + std::to_string(shape.min_size) +
               " item, found none");
  }
  if (shape.kind == Shape::Kind::entries) return check_entries(shape, value, pointer, faults, warnings);
  size_t index = 0;
  for (json::View item : value.elements()) {
    check_shape(*shape.item, item, child_pointer(pointer, index++), faults, warnings);
  }
}

void check_map(const Shape& shape, json::View value, const std::string& pointer, Faults& faults, Faults* warnings) {
  if (!value.is_object()) return wrong_type("an object", value, pointer, faults);
  for (auto [name, member] : value.members()) {
    check_shape(*shape.item, member, child_pointer(pointer, name), faults, warnings);
  }
}

void check_by_type(const Shape& shape, json::View value, const std::string& pointer,
                   Faults& faults, Faults* warnings) {
  const Shape* chosen = value.is_string()   ? shape.as_string
                        : value.is_object() ? shape.as_object
                        : value.is_array()  ? shape.as_array
                                            : nullptr;
  if (chosen) return check_shape(*chosen, value, pointer, faults, warnings);
  std::vector<std::string_view> expected;
  if (shape.as_string) expected.push_back("a string");
  if (shape.as_object) expected.push_back("an object");
  if (shape.as_array) expected.push_back("an array");
  wrong_type(join(expected), value, pointer, faults);
}

}  // namespace

void check_shape(const Shape& shape, json::View value, const std::string& pointer, Faults& faults, Faults* warnings) {
  switch (shape.kind) {
    case Shape::Kind::any: return;
    case Shape::Kind::string:
    case Shape::Kind::word:
    case Shape::Kind::text: return check_string(shape, value, pointer, faults);
    case Shape::Kind::boolean:
      if (!value.is_bool()) wrong_type("true or false", value, pointer, faults);
      return;
    case Shape::Kind::integer: return check_integer(shape, value, pointer, faults);
    case Shape::Kind::list:
    case Shape::Kind::entries: return check_list(shape, value, pointer, faults, warnings);
    case Shape::Kind::by_type: return check_by_type(shape, value, pointer, faults, warnings);
    case Shape::Kind::by_key:
      return check_shape(value.find(shape.key) ? *shape.with_key : *shape.without_key, value,
                         pointer,
                         faults, warnings);
    case Shape::Kind::task: return check_task(value, pointer, faults, warnings);
    case Shape::Kind::object: check_object(shape, value, pointer, faults, warnings); break;
    case Shape::Kind::map: check_map(shape, value, pointer, faults, warnings); break;
  }
  if (value.is_object() && value.size() < shape.min_size) {
    faults.add(pointer, "expected at least " + std::to_string(shape.min_size) + " key, found none");
  }
}

void visit_texts(json::View value, const std::string& pointer,
                 const std::function<void(std::string_view, const std::string&)>& visit) {
  if (value.is_string()) return visit(value.as_string(), pointer);
  if (value.is_object()) {
    for (auto [key, member] : value.members()) {
      visit_texts(member, child_pointer(pointer, key), visit);
    }
  } else if (value.is_array()) {
    size_t index = 0;
    for (json::View item : value.elements()) {
      visit_texts(item, child_pointer(pointer, index++), visit);
    }
  }
}

std::string child_pointer(const std::string& pointer, std::string_view token) {
  std::string child = pointer;
  json::append_pointer(child, token);
  return child;
}

std::string child_pointer(const std::string& pointer, size_t index) {
  return pointer + "/" + std::to_string(index);
}

}  // namespace hence::workflow
