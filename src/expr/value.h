// SPDX-License-Identifier: Apache-2.0
#pragma once

// The values an evaluation computes with. A Val is 16 bytes: a tag and either a number, a view into
// a JSON document (the input, an argument or a constant, never converted), or a counted pointer to
// an array, object or string of the evaluation's own. Counts are not atomic: a Val belongs to one
// evaluation. An own container that nobody else holds is changed in place; every other one is
// copied first (one level). Destruction does not recurse.

#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "json/value.h"

namespace hence::expr {

class Run;
class Val;
struct Entry;

enum class Tag : uint8_t {
  null, boolean_false, boolean_true,
  number,        ///< a binary64
  literal,       ///< a number that still has its text: a view
  string_view, array_view, object_view,
  string, array, object,  ///< own, counted
  closure,       ///< an argument of a function: a procedure and a frame
};

struct Heap {
  uint32_t refs = 1;
  uint32_t size = 0;
  uint32_t capacity = 0;
};
struct Str : Heap {
  char* data() { return reinterpret_cast<char*>(this + 1); }
};
struct Arr : Heap {
  Val* items = nullptr;            ///< elsewhere, or right behind where few were asked for
  Val* behind() { return reinterpret_cast<Val*>(this + 1); }
};
struct Obj : Heap {
  Entry* entries = nullptr;        ///< in order of insertion
  uint32_t* slots = nullptr;       ///< hash table of entry number + 1; only for larger objects
  uint32_t slot_count = 0;
};

class Val {
 public:
  Val() = default;
  explicit Val(bool value) : tag_(value ? Tag::boolean_true : Tag::boolean_false) {}
  explicit Val(double value) : tag_(Tag::number) { u_.number = value; }
  explicit Val(json::View view) {
    static constexpr Tag kTags[] = {Tag::null, Tag::boolean_false, Tag::literal,
                                    Tag::string_view, Tag::array_view, Tag::object_view};
    const json::Type type = view.type();
    tag_ = kTags[static_cast<int>(type)];
    if (type == json::Type::boolean) {
      if (view.as_bool()) tag_ = Tag::boolean_true;
    } else {
      u_.buffer = view.buffer();
      node_ = view.node();
    }
  }
  Val(Tag tag, Heap* heap) : tag_(tag) { u_.heap = heap; }
  static Val closure(const void* procedure, uint32_t frame) {
    Val v;
    v.tag_ = Tag::closure;
    v.u_.procedure = procedure;
    v.node_ = frame;
    return v;
  }

  Val(const Val& other) : tag_(other.tag_), node_(other.node_), u_(other.u_) {
    if (counted()) ++u_.heap->refs;
  }
  Val(Val&& other) noexcept : tag_(other.tag_), node_(other.node_), u_(other.u_) {
    other.tag_ = Tag::null;
  }
  Val& operator=(const Val& other) {
    if (other.counted()) ++other.u_.heap->refs;
    release();
    tag_ = other.tag_;
    node_ = other.node_;
    u_ = other.u_;
    return *this;
  }
  Val& operator=(Val&& other) noexcept {
    if (this != &other) {
      release();
      tag_ = other.tag_;
      node_ = other.node_;
      u_ = other.u_;
      other.tag_ = Tag::null;
    }
    return *this;
  }
  ~Val() { release(); }

  Tag tag() const { return tag_; }
  json::Type type() const {
    using json::Type;
    static constexpr Type kTypes[] = {Type::null, Type::boolean, Type::boolean, Type::number,
                                      Type::number, Type::string, Type::array, Type::object,
                                      Type::string, Type::array, Type::object, Type::null};
    return kTypes[static_cast<int>(tag_)];
  }
  bool is_null() const { return tag_ == Tag::null; }
  bool is_number() const { return tag_ == Tag::number || tag_ == Tag::literal; }
  bool is_string() const { return tag_ == Tag::string || tag_ == Tag::string_view; }
  bool is_array() const { return tag_ == Tag::array || tag_ == Tag::array_view; }
  bool is_object() const { return tag_ == Tag::object || tag_ == Tag::object_view; }
  bool is_bool() const { return tag_ == Tag::boolean_true || tag_ == Tag::boolean_false; }
  bool truthy() const { return tag_ > Tag::boolean_false; }
  bool counted() const { return tag_ >= Tag::string && tag_ <= Tag::object; }
  bool is_view() const { return tag_ >= Tag::literal && tag_ <= Tag::object_view; }
  bool unique() const { return counted() && u_.heap->refs == 1; }

  double number() const { return tag_ == Tag::number ? u_.number : view().as_double(); }
  std::string_view text() const {
    return tag_ == Tag::string ? std::string_view(str()->data(), str()->size) : view().as_string();
  }
  json::View view() const {
    struct Raw {
      const json::Buffer* buffer;
      uint64_t node;
    };
    return std::bit_cast<json::View>(Raw{u_.buffer, node_});
  }
  Str* str() const { return static_cast<Str*>(u_.heap); }
  Arr* arr() const { return static_cast<Arr*>(u_.heap); }
  Obj* obj() const { return static_cast<Obj*>(u_.heap); }
  const void* procedure() const { return u_.procedure; }
  uint32_t frame() const { return node_; }

  /// Elements, members, or bytes.
  uint32_t size() const { return counted() ? u_.heap->size : view().size(); }

  /// The same value in the sense of identity: what a path may go on from.
  bool identical(const Val& other) const {
    if (tag_ == other.tag_) {
      if (counted()) return u_.heap == other.u_.heap;
      if (is_view() && u_.buffer == other.u_.buffer && node_ == other.node_) return true;
      if (!is_number()) return !is_view();
    }
    return is_number() && other.is_number() && number() == other.number();
  }

 private:
  void release() {
    if (counted() && --u_.heap->refs == 0) destroy(tag_, u_.heap);
  }
  static void destroy(Tag tag, Heap* heap);

  Tag tag_ = Tag::null;
  uint32_t node_ = 0;
  union {
    double number;
    const json::Buffer* buffer;
    Heap* heap;
    const void* procedure;
  } u_{};
};
static_assert(sizeof(Val) == 16);

struct Entry {
  Val key;  ///< always a string
  Val value;
};

// Making and changing values. Each charges the run for what it allocates and then does its work even
// if that was too much, so that nobody meets a container shorter than it should be; whoever sizes
// something by a number and not by values that exist asks the budget first. The evaluator stops at
// its next check.

Val make_string(Run& run, std::string_view text);
/// An empty string with room for bytes.
Val make_string_room(Run& run, uint64_t bytes);
Val make_array(Run& run, uint32_t capacity = 0);
Val make_object(Run& run, uint32_t capacity = 0);
Val make_number_text(Run& run, std::string_view text);  ///< keeps the text

/// Makes the string an own one that nobody shares, with tail after it.
void append_text(Run& run, Val& string, std::string_view tail);

/// Makes the array (or object) own and unshared, copying one level if needed.
void own_array(Run& run, Val& array, uint32_t extra = 0);
void own_object(Run& run, Val& object, uint32_t extra = 0);

void push(Run& run, Val& array, Val item);  ///< array must be own and unshared
/// Element of any array, index < size().
Val element(const Val& array, uint32_t index);

/// Member of any object; nothing (false) if absent.
bool find_member(const Val& object, std::string_view key, Val& out);
/// The place of a member in an own, unshared object, made (as null) if absent.
Val& member_place(Run& run, Val& object, const Val& key);
/// Adds a member that an own, unshared object certainly does not have.
void add_member(Run& run, Val& object, Val key, Val value);
/// The member of an own object, or nothing.
Val* member_if_present(Val& object, std::string_view key);
bool remove_member(Run& run, Val& object, std::string_view key);

/// Visits elements: f(Val) → bool, false stops.
template <typename F>
bool each_element(const Val& array, F&& f) {
  if (array.tag() == Tag::array) {
    for (uint32_t i = 0; i < array.arr()->size; ++i) {
      const Val& item = array.arr()->items[i];
      if constexpr (std::is_invocable_v<F&, const Val&>) {
        if (!f(item)) return false;
      } else if (!f(Val(item))) {
        return false;
      }
    }
    return true;
  }
  for (json::View item : array.view().elements()) {
    if (!f(Val(item))) return false;
  }
  return true;
}
/// The key of a member of a view, without a copy.
Val key_of(const json::Member& member);
/// Visits members in order: f(string_view key, Val value) → bool, false stops.
template <typename F>
bool each_member(const Val& object, F&& f) {
  if (object.tag() == Tag::object) {
    for (uint32_t i = 0; i < object.obj()->size; ++i) {
      const Entry& entry = object.obj()->entries[i];
      if (!f(entry.key.text(), Val(entry.value))) return false;
    }
    return true;
  }
  for (json::Member member : object.view().members()) {
    if (!f(member.key, Val(member.value))) return false;
  }
  return true;
}

/// The elements of an array or the values of an object, one after the other, as they are asked for.
class Children {
 public:
  explicit Children(Val container) : container_(std::move(container)) {
    if (container_.tag() == Tag::array_view) element_ = container_.view().elements().begin();
    if (container_.tag() == Tag::object_view) member_ = container_.view().members().begin();
  }
  /// False where there is no further one.
  bool next(Val& out) {
    if (next_ == container_.size()) return false;
    const uint32_t i = next_++;
    switch (container_.tag()) {
      case Tag::array: out = container_.arr()->items[i]; break;
      case Tag::object: out = container_.obj()->entries[i].value; break;
      case Tag::array_view: out = Val(*element_); ++element_; break;
      default: out = Val((*member_).value); ++member_;
    }
    return true;
  }

 private:
  Val container_;
  uint32_t next_ = 0;
  json::Elements::Iterator element_;
  json::Members::Iterator member_;
};

/// Keys of an object in code point order, as an array of strings; empty where the run is over.
Val sorted_keys(Run& run, const Val& object);

inline constexpr uint32_t kNestingMax = 10'000;  ///< of values that are compared, merged, printed

/// jq's order. Beyond kNestingMax sets run.too_deep; out of budget returns anything.
int compare(Run& run, const Val& a, const Val& b);
inline bool equal(Run& run, const Val& a, const Val& b) { return compare(run, a, b) == 0; }

/// Appends compact JSON; deeper than kNestingMax prints "<skipped: too deep>" as jq does. Stops after
/// the part of a container that passes bytes_max.
void write_text(Run& run, const Val& value, std::string& out, size_t bytes_max = SIZE_MAX);
/// As error messages show values: at most 29 bytes, then "...".
std::string shown(Run& run, const Val& value);
/// "string (\"abc\")".
std::string described(Run& run, const Val& value);
std::string_view type_of(const Val& value);

}  // namespace hence::expr
