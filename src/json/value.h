// SPDX-License-Identifier: Apache-2.0
#pragma once

// A JSON document is one immutable buffer with one reference count; a value is a view into it.
//
//   Value  owns: a pointer to the buffer (counted) and a place in it. 16 bytes; a copy is one
//          atomic increment. Keep it, store it, pass it between threads.
//   View   borrows: the same without the count. Trivially copyable; use it to look inside.
//          Valid while any Value of its document lives.
//
// The buffer holds the text of the document as it was received (numbers keep their text, the
// received bytes are what a record keeps), the unescaped strings that differ from the text, and a
// flat array of nodes in document order. Destruction and traversal never recurse.

#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/check.h"
#include "base/result.h"
#include "json/buffer.h"

namespace hence {
class Encoder;
class Decoder;
}  // namespace hence

namespace hence::json {

enum class Type : uint8_t { null, boolean, number, string, array, object };
std::string_view type_name(Type type);  ///< "null", "boolean", "number", …

class Value;
class Elements;
class Members;

class View {
 public:
  /// A null value with static lifetime.
  View() noexcept;

  Type type() const { return static_cast<Type>(raw().meta & kTypeMask); }
  bool is_null() const { return type() == Type::null; }
  bool is_bool() const { return type() == Type::boolean; }
  bool is_number() const { return type() == Type::number; }
  bool is_string() const { return type() == Type::string; }
  bool is_array() const { return type() == Type::array; }
  bool is_object() const { return type() == Type::object; }

  /// The accessors below require the matching type (HENCE_CHECK).
  bool as_bool() const {
    HENCE_CHECK(is_bool());
    return (raw().meta & kTrueFlag) != 0;
  }
  double as_double() const;               ///< nearest binary64; ±max where the text is beyond it (as jq 1.8)
  std::optional<int64_t> as_int64() const;  ///< the exact value if it is an integer in range (1.0 and 1e2 are)
  /// As written; shortest round-trip form where computed.
  std::string_view number_text() const {
    HENCE_CHECK(is_number());
    return text_of(buffer_, raw());
  }
  /// UTF-8, unescaped.
  std::string_view as_string() const {
    HENCE_CHECK(is_string());
    return text_of(buffer_, raw());
  }
  uint32_t size() const;                  ///< elements of an array, members of an object, bytes of a string

  /// Element of an array, index < size(): O(index) by skipping over siblings, unless none
  /// is an array or object. Iterate with elements().
  View at(uint32_t index) const;
  /// Member of an object, the last one of equal keys; nothing if absent or this is no object.
  std::optional<View> find(std::string_view key) const;
  /// find() along object keys: find_path({"data", "service"}).
  std::optional<View> find_path(std::initializer_list<std::string_view> keys) const;
  /// Convenience for documents of ours: the string member `key`, else otherwise.
  std::string_view string_or(std::string_view key, std::string_view otherwise) const;

  Elements elements() const;  ///< for (View element : v.elements()); of an array
  Members members() const;    ///< for (auto [key, value] : v.members()); of an object, in order

  /// Compact JSON text, keys in order, numbers as written.
  std::string to_text() const;
  /// The text of this value inside the received document, white space included; empty where the
  /// value was built and never was text.
  std::string_view source_text() const;

  const Buffer* buffer() const { return buffer_; }
  uint32_t node() const { return node_; }
  /// The value at a node of a buffer; the node must begin a value.
  static View at_node(const Buffer* buffer, uint32_t node) { return View(buffer, node); }

 private:
  friend class Value;
  friend class Elements;
  friend class Members;
  View(const Buffer* buffer, uint32_t node) : buffer_(buffer), node_(node) {}
  const Node& raw() const { return buffer_->nodes()[node_]; }
  const Buffer* buffer_;
  uint32_t node_;
};

class Value {
 public:
  Value() noexcept;  ///< null
  Value(const Value& other) : buffer_(other.buffer_), node_(other.node_) { retain(buffer_); }
  Value(Value&& other) noexcept : Value() { swap(other); }
  Value& operator=(const Value& other) {
    Value copy(other);
    swap(copy);
    return *this;
  }
  Value& operator=(Value&& other) noexcept {
    Value moved(std::move(other));
    swap(moved);
    return *this;
  }
  ~Value() { release(buffer_); }

  /// Owns the document of a view again; the whole document stays alive.
  explicit Value(View view);
  /// A value of its own, without the rest of the document it came from: use before storing a small
  /// part of a large document.
  static Value detached(View view);

  static Value boolean(bool value);
  static Value number(double value);       ///< NaN becomes null, infinities ±max (as jq prints them)
  static Value number(int64_t value);
  static Value string(std::string_view value);  ///< must be UTF-8 (HENCE_CHECK in debug; invalid bytes become U+FFFD)

  View view() const { return View(buffer_, node_); }
  operator View() const { return view(); }
  const View* operator->() const { return reinterpret_cast<const View*>(this); }

 private:
  friend class Builder;
  friend class Parser;
  Value(const Buffer* adopted, uint32_t node) : buffer_(adopted), node_(node) {}
  void swap(Value& other) noexcept {
    std::swap(buffer_, other.buffer_);
    std::swap(node_, other.node_);
  }
  const Buffer* buffer_;  // layout shared with View
  uint32_t node_;
};

/// Equal in type and value: numbers by exact value of their text, objects by members whatever the order.
bool equal(View a, View b);
/// jq's total order: null < false < true < numbers < strings (by code point) < arrays < objects.
std::strong_ordering compare(View a, View b);
/// Exact comparison of two JSON numbers by their text, any length, no rounding.
std::strong_ordering compare_numbers(View a, View b);

/// Iteration in document order.
class Elements {
 public:
  class Iterator {
   public:
    View operator*() const;
    Iterator& operator++();
    bool operator!=(const Iterator& other) const { return remaining_ != other.remaining_; }

   private:
    friend class Elements;
    const Buffer* buffer_;
    uint32_t node_;
    uint32_t remaining_;
  };
  Iterator begin() const;
  Iterator end() const;

 private:
  friend class View;
  explicit Elements(View array) : array_(array) {}
  View array_;
};

struct Member {
  std::string_view key;
  View value;
};
class Members {
 public:
  class Iterator {
   public:
    Member operator*() const;
    Iterator& operator++();
    bool operator!=(const Iterator& other) const { return remaining_ != other.remaining_; }

   private:
    friend class Members;
    const Buffer* buffer_;
    uint32_t node_;
    uint32_t remaining_;
  };
  Iterator begin() const;
  Iterator end() const;

 private:
  friend class View;
  explicit Members(View object) : object_(object) {}
  View object_;
};

inline View Elements::Iterator::operator*() const { return View(buffer_, node_); }
inline Elements::Iterator& Elements::Iterator::operator++() {
  node_ += span_of(buffer_->nodes()[node_]);
  --remaining_;
  return *this;
}
inline Elements::Iterator Elements::begin() const {
  Iterator it;
  it.buffer_ = array_.buffer_;
  it.node_ = array_.node_ + 1;
  it.remaining_ = count_of(array_.raw());
  return it;
}
inline Elements::Iterator Elements::end() const {
  Iterator it;
  it.buffer_ = nullptr;
  it.node_ = 0;
  it.remaining_ = 0;
  return it;
}
inline Member Members::Iterator::operator*() const {
  return {text_of(buffer_, buffer_->nodes()[node_]), View(buffer_, node_ + 1)};
}
inline Members::Iterator& Members::Iterator::operator++() {
  node_ += 1 + span_of(buffer_->nodes()[node_ + 1]);
  --remaining_;
  return *this;
}
inline Members::Iterator Members::begin() const {
  Iterator it;
  it.buffer_ = object_.buffer_;
  it.node_ = object_.node_ + 1;
  it.remaining_ = count_of(object_.raw());
  return it;
}
inline Members::Iterator Members::end() const {
  Iterator it;
  it.buffer_ = nullptr;
  it.node_ = 0;
  it.remaining_ = 0;
  return it;
}

/// Records and state hold a value as its compact text (base/codec.h).
void encode_value(Encoder& encoder, const Value& value);
void decode_value(Decoder& decoder, Value& value);

}  // namespace hence::json
