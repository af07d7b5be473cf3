// SPDX-License-Identifier: Apache-2.0
#pragma once

// What documents look like, as data: a shape says which keys and values may stand in a place, and
// check_shape reports everything that does not fit. The language's own shapes are in
// shapes_document.cc and shapes_tasks.cc; src/resource has tables of its own.

#include <cstdint>
#include <functional>
#include <limits>
#include <span>
#include <string>
#include <string_view>

#include "base/time.h"
#include "json/value.h"
#include "workflow/faults.h"

namespace hence::workflow {

struct Shape;

struct ShapeKey {
  std::string_view name;
  const Shape* shape = nullptr;
  bool required = false;
};

/// Exactly one of these keys must be there (at most one where optional).
struct KeyChoice {
  std::span<const std::string_view> names;
  bool optional = false;
};

struct Shape {
  enum class Kind : uint8_t {
    any, string, boolean, integer, word, text, object, map, list, entries, by_type, by_key, task
  };
  /// What becomes of further keys of an object.
  enum class Others : uint8_t {
    refused,
    unread,         ///< allowed, with a warning: nothing reads them
    taken,
    slips_warned,   ///< taken, with a warning where one is surely a known key misspelt
    slips_refused,  ///< taken, but none that is surely a known key misspelt
  };
  Kind kind = Kind::any;
  /// Of text: what is expected ("a semantic version such as 1.0.0").
  std::string_view what = {};
  bool (*accepts)(std::string_view) = nullptr;
  std::span<const std::string_view> words = {};  ///< of word
  int64_t min = std::numeric_limits<int64_t>::min();
  int64_t max = std::numeric_limits<int64_t>::max();
  // Of object:
  std::span<const ShapeKey> keys = {};
  std::span<const KeyChoice> choices = {};
  Others others = Others::refused;
  uint32_t min_size = 0;    ///< members of object and map, items of list and entries
  const Shape* item = nullptr;  ///< of map, list, entries (a list of maps with one key each)
  // Of by_type: by the type found; null where the type is wrong.
  const Shape* as_string = nullptr;
  const Shape* as_object = nullptr;
  const Shape* as_array = nullptr;
  // Of by_key: an object with the key has one shape, others the other.
  std::string_view key = {};
  const Shape* with_key = nullptr;
  const Shape* without_key = nullptr;
};

/// Reports what of value, which stands at pointer, does not fit; what fits and is surely not meant only to warnings.
void check_shape(const Shape& shape, json::View value, const std::string& pointer, Faults& faults,
                 Faults* warnings = nullptr);

/// The whole workflow document.
extern const Shape kDocumentShape;
extern const Shape kTaskListShape;
extern const Shape kTaskShape;
extern const Shape kDurationObjectShape;  ///< {days, hours, minutes, seconds, milliseconds}
extern const Shape kDurationShape;  ///< object, ISO 8601 text or expression
extern const Shape kStringShape;
extern const Shape kBooleanShape;
extern const Shape kAnyShape;

/// Shape kind `task`: picks the keys by the one that says what the task is.
void check_task(json::View value, const std::string& pointer, Faults& faults, Faults* warnings);
/// The key that says what a task is ("call", "do", …), empty if there is none.
std::string_view task_key(json::View task);

/// Every kind of task as an object shape of its own and the common keys: name ("call http"), shape.
void visit_task_shapes(const std::function<void(std::string_view, const Shape&)>& visit);

// Words of the language.
bool is_dsl_name(std::string_view text);      ///< ^[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?$
bool is_semver(std::string_view text);
bool is_semver_or_latest(std::string_view text);
/// The sum of {days, hours, …}; what does not fit kDurationObjectShape counts as nothing.
Duration duration_of(json::View object);
bool is_host(std::string_view text);
bool is_duration_text(std::string_view text);  ///< ISO 8601 or a whole `${ … }`
bool is_expression(std::string_view text);     ///< a whole `${ … }`
bool is_uri_or_expression(std::string_view text);
bool is_uri(std::string_view text);
/// Of a file in a GitHub or GitLab repository as people see it, the address of its text.
std::string raw_repository_uri(const std::string& uri);

/// Calls visit(text, pointer) for every string in value, itself included.
void visit_texts(json::View value, const std::string& pointer,
                 const std::function<void(std::string_view, const std::string&)>& visit);

/// pointer + "/" + token, escaped.
std::string child_pointer(const std::string& pointer, std::string_view token);
std::string child_pointer(const std::string& pointer, size_t index);

}  // namespace hence::workflow
