// SPDX-License-Identifier: Apache-2.0
#include "expr/value.h"

#include <algorithm>
#include <cstdlib>
#include <new>
#include <vector>

#include "expr/run.h"
#include "json/parse.h"
#include "json/write.h"

namespace hence::expr {

namespace {

constexpr uint32_t kSmallObject = 8;

void* allocate(size_t bytes) {
  void* memory = std::malloc(bytes);
  HENCE_CHECK(memory != nullptr);
  return memory;
}

/// Gives back one level; children that nobody holds any more go to pending.
void free_one(Tag tag, Heap* heap, std::vector<std::pair<Tag, Heap*>>& pending) {
  struct Raw {
    Tag tag;
    uint32_t node;
    Heap* heap;
  };
  auto drop = [&](Val& child) {
    const Tag child_tag = child.tag();
    if (child.counted()) {
      Heap* inner = child.tag() == Tag::string ? static_cast<Heap*>(child.str())
                    : child.tag() == Tag::array ? static_cast<Heap*>(child.arr())
                                                : static_cast<Heap*>(child.obj());
      if (--inner->refs == 0) {
        if (child_tag == Tag::string) {
          std::free(inner);
        } else {
          pending.emplace_back(child_tag, inner);
        }
      }
    }
  };
  if (tag == Tag::array) {
    auto* arr = static_cast<Arr*>(heap);
    for (uint32_t i = 0; i < arr->size; ++i) drop(arr->items[i]);
    std::free(static_cast<void*>(arr->items));
  } else if (tag == Tag::object) {
    auto* obj = static_cast<Obj*>(heap);
    for (uint32_t i = 0; i < obj->size; ++i) {
      drop(obj->entries[i].key);
      drop(obj->entries[i].value);
    }
    std::free(static_cast<void*>(obj->entries));
    std::free(obj->slots);
  }
  std::free(heap);
}

uint64_t hash_of(std::string_view key) {
  uint64_t h = 0x9e3779b97f4a7c15ull ^ key.size();
  size_t i = 0;
  for (; i + 8 <= key.size(); i += 8) {
    uint64_t word;
    std::memcpy(&word, key.data() + i, 8);
    const auto product = static_cast<unsigned __int128>(h ^ word) * 0xd6e8feb86659fd93ull;
    h = static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
  }
  uint64_t tail = 0;
  std::memcpy(&tail, key.data() + i, key.size() - i);
  const auto product = static_cast<unsigned __int128>(h ^ tail) * 0xa0761d6478bd642full;
  return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
}

void index_entry(Obj* obj, uint32_t number) {
  const uint32_t mask = obj->slot_count - 1;
  uint32_t place = static_cast<uint32_t>(hash_of(obj->entries[number].key.text())) & mask;
  while (obj->slots[place] != 0) place = (place + 1) & mask;
  obj->slots[place] = number + 1;
}

void rebuild_index(Obj* obj) {
  std::free(obj->slots);
  obj->slots = nullptr;
  obj->slot_count = 0;
  if (obj->size <= kSmallObject) return;
  obj->slot_count = std::bit_ceil(obj->capacity * 2);
  obj->slots = static_cast<uint32_t*>(allocate(sizeof(uint32_t) * obj->slot_count));
  std::memset(obj->slots, 0, sizeof(uint32_t) * obj->slot_count);
  for (uint32_t i = 0; i < obj->size; ++i) index_entry(obj, i);
}

int64_t find_entry(const Obj* obj, std::string_view key) {
  if (obj->slots == nullptr) {
    for (uint32_t i = 0; i < obj->size; ++i) {
      if (obj->entries[i].key.text() == key) return i;
    }
    return -1;
  }
  const uint32_t mask = obj->slot_count - 1;
  uint32_t place = static_cast<uint32_t>(hash_of(key)) & mask;
  while (obj->slots[place] != 0) {
    const uint32_t number = obj->slots[place] - 1;
    if (obj->entries[number].key.text() == key) return number;
    place = (place + 1) & mask;
  }
  return -1;
}

void grow_object(Run& run, Obj* obj, uint32_t capacity) {
  run.charge(uint64_t{capacity - obj->capacity} * (sizeof(Entry) + 2 * sizeof(uint32_t)));
  auto* entries = static_cast<Entry*>(allocate(sizeof(Entry) * capacity));
  if (obj->size > 0) {
    std::memcpy(static_cast<void*>(entries), static_cast<void*>(obj->entries),
                sizeof(Entry) * obj->size);
  }
  std::free(static_cast<void*>(obj->entries));
  obj->entries = entries;
  obj->capacity = capacity;
}

void insert_entry(Run& run, Obj* obj, Val key, Val value) {
  if (obj->size == obj->capacity) {
    grow_object(run, obj, std::max(4u, obj->capacity * 2));
    new (&obj->entries[obj->size]) Entry{std::move(key), std::move(value)};
    ++obj->size;
    rebuild_index(obj);
    return;
  }
  new (&obj->entries[obj->size]) Entry{std::move(key), std::move(value)};
  ++obj->size;
  if (obj->slots != nullptr) {
    index_entry(obj, obj->size - 1);
  } else if (obj->size > kSmallObject) {
    rebuild_index(obj);
  }
}

void grow_array(Run& run, Arr* arr, uint32_t capacity) {
  run.charge(uint64_t{capacity - arr->capacity} * sizeof(Val));
  void* items = std::realloc(static_cast<void*>(arr->items), sizeof(Val) * capacity);
  HENCE_CHECK(items != nullptr);
  arr->items = static_cast<Val*>(items);
  arr->capacity = capacity;
}

}  // namespace

void Val::destroy(Tag tag, Heap* heap) {
  if (tag == Tag::string) {
    std::free(heap);
    return;
  }
  std::vector<std::pair<Tag, Heap*>> pending;
  free_one(tag, heap, pending);
  while (!pending.empty()) {
    auto [next_tag, next] = pending.back();
    pending.pop_back();
    free_one(next_tag, next, pending);
  }
}

Val make_string(Run& run, std::string_view text) {
  run.charge(sizeof(Str) + text.size());
  auto* str = new (allocate(sizeof(Str) + text.size())) Str;
  str->size = str->capacity = static_cast<uint32_t>(text.size());
  std::memcpy(str->data(), text.data(), text.size());
  return Val(Tag::string, str);
}

Val make_string_room(Run& run, uint64_t bytes) {
  const bool fits = bytes < UINT32_MAX - 64 && run.charge(sizeof(Str) + bytes);
  const uint64_t capacity = fits ? bytes : 0;
  if (!fits) run.exhaust("bytes");
  auto* str = new (allocate(sizeof(Str) + capacity)) Str;
  str->capacity = static_cast<uint32_t>(capacity);
  return Val(Tag::string, str);
}

Val make_array(Run& run, uint32_t capacity) {
  run.charge(sizeof(Arr));
  auto* arr = new (allocate(sizeof(Arr))) Arr;
  Val value(Tag::array, arr);
  if (capacity > 0) grow_array(run, arr, capacity);
  return value;
}

Val make_object(Run& run, uint32_t capacity) {
  run.charge(sizeof(Obj));
  auto* obj = new (allocate(sizeof(Obj))) Obj;
  Val value(Tag::object, obj);
  if (capacity > 0) grow_object(run, obj, capacity);
  return value;
}

Val make_number_text(Run& run, std::string_view text) {
  auto parsed = json::parse(text);
  if (!parsed.ok()) return Val();
  run.charge(64 + text.size());
  return Val(run.keep(std::move(*parsed)));
}

void append_text(Run& run, Val& string, std::string_view tail) {
  const uint64_t size = string.size();
  if (size + tail.size() >= UINT32_MAX) {
    run.exhaust("bytes");
    return;
  }
  if (string.tag() == Tag::string && string.unique() &&
      string.str()->capacity - size >= tail.size()) {
    std::memcpy(string.str()->data() + size, tail.data(), tail.size());
    string.str()->size += static_cast<uint32_t>(tail.size());
    return;
  }
  const bool grows = string.unique();
  const uint64_t capacity =
      std::min<uint64_t>(grows ? (size + tail.size()) * 2 : size + tail.size(), UINT32_MAX - 64);
  if (!run.charge(sizeof(Str) + capacity)) return;
  auto* str = new (allocate(sizeof(Str) + capacity)) Str;
  str->capacity = static_cast<uint32_t>(capacity);
  str->size = static_cast<uint32_t>(size + tail.size());
  std::memcpy(str->data(), string.text().data(), size);
  std::memcpy(str->data() + size, tail.data(), tail.size());
  string = Val(Tag::string, str);
}

void own_array(Run& run, Val& array, uint32_t extra) {
  if (array.tag() == Tag::array && array.unique()) return;
  Val copy = make_array(run, array.size() + extra);
  each_element(array, [&](Val item) {
    push(run, copy, std::move(item));
    return true;
  });
  array = std::move(copy);
}

void own_object(Run& run, Val& object, uint32_t extra) {
  if (object.tag() == Tag::object && object.unique()) return;
  Val copy = make_object(run, object.size() + extra);
  if (object.tag() == Tag::object) {
    const Obj* from = object.obj();
    for (uint32_t i = 0; i < from->size; ++i) {
      new (&copy.obj()->entries[i]) Entry(from->entries[i]);
    }
    copy.obj()->size = from->size;
    rebuild_index(copy.obj());
  } else {
    for (json::Member member : object.view().members()) {
      const Val key = key_of(member);
      member_place(run, copy, key) = Val(member.value);
    }
  }
  object = std::move(copy);
}

void push(Run& run, Val& array, Val item) {
  Arr* arr = array.arr();
  if (arr->size == arr->capacity) {
    grow_array(run, arr, std::max(4u, arr->capacity * 2));
  }
  new (&arr->items[arr->size]) Val(std::move(item));
  ++arr->size;
}

Val element(const Val& array, uint32_t index) {
  return array.tag() == Tag::array ? array.arr()->items[index] : Val(array.view().at(index));
}

bool find_member(const Val& object, std::string_view key, Val& out) {
  if (object.tag() == Tag::object) {
    const int64_t number = find_entry(object.obj(), key);
    if (number < 0) return false;
    out = Val(object.obj()->entries[number].value);
    return true;
  }
  auto found = object.view().find(key);
  if (!found) return false;
  out = Val(*found);
  return true;
}

Val& member_place(Run& run, Val& object, const Val& key) {
  Obj* obj = object.obj();
  int64_t number = find_entry(obj, key.text());
  if (number < 0) {
    insert_entry(run, obj, key, Val());
    number = obj->size - 1;
  }
  return obj->entries[number].value;
}

Val* member_if_present(Val& object, std::string_view key) {
  const int64_t number = find_entry(object.obj(), key);
  return number < 0 ? nullptr : &object.obj()->entries[number].value;
}

bool remove_member(Run& run, Val& object, std::string_view key) {
  own_object(run, object);
  Obj* obj = object.obj();
  const int64_t number = find_entry(obj, key);
  if (number < 0) return false;
  run.step(obj->size / 8);
  for (uint32_t i = static_cast<uint32_t>(number); i + 1 < obj->size; ++i) {
    obj->entries[i] = std::move(obj->entries[i + 1]);
  }
  obj->entries[obj->size - 1].~Entry();
  --obj->size;
  rebuild_index(obj);
  return true;
}

Val key_of(const json::Member& member) {
  // A key is the node before its value (json/buffer.h).
  struct Raw {
    const json::Buffer* buffer;
    uint64_t node;
  };
  const json::View key =
      std::bit_cast<json::View>(Raw{member.value.buffer(), uint64_t{member.value.node()} - 1});
  return Val(key);
}

Val sorted_keys(Run& run, const Val& object) {
  Val keys = make_array(run, object.size());
  if (object.tag() == Tag::object) {
    for (uint32_t i = 0; i < object.obj()->size; ++i) push(run, keys, object.obj()->entries[i].key);
  } else {
    for (json::Member member : object.view().members()) push(run, keys, key_of(member));
  }
  Arr* arr = keys.arr();
  run.step(arr->size);
  std::sort(arr->items, arr->items + arr->size,
            [](const Val& a, const Val& b) { return a.text() < b.text(); });
  return keys;
}

namespace {

int order_of(const Val& value) {
  static constexpr int kOrder[] = {0, 1, 2, 3, 3, 4, 5, 6, 4, 5, 6, 7};
  return kOrder[static_cast<int>(value.tag())];
}

int compare_number(const Val& a, const Val& b) {
  if (a.tag() == Tag::literal && b.tag() == Tag::literal) {
    const auto order = json::compare_numbers(a.view(), b.view());
    return order < 0 ? -1 : order > 0 ? 1 : 0;
  }
  const double x = a.number();
  const double y = b.number();
  if (x != x) return -1;
  if (y != y) return 1;
  return x < y ? -1 : x == y ? 0 : 1;
}

int compare_text(const Val& a, const Val& b) {
  const int order = a.text().compare(b.text());
  return order < 0 ? -1 : order > 0 ? 1 : 0;
}

/// The values of one container in the order of comparison.
struct Walk {
  Val value;
  json::Elements::Iterator element;
};

/// Two containers of one type being compared.
struct Pair {
  Walk a;
  Walk b;
  Val keys;  ///< of objects: they have the same
  uint32_t next = 0;
  uint32_t count = 0;
};

Val next_of(Walk& walk, const Pair& pair) {
  if (walk.value.is_object()) {
    Val found;
    find_member(walk.value, pair.keys.arr()->items[pair.next].text(), found);
    return found;
  }
  if (walk.value.tag() == Tag::array) return walk.value.arr()->items[pair.next];
  const Val item(*walk.element);
  ++walk.element;
  return item;
}

/// Prepares two containers of one type; gives the order if their keys already decide.
int open_pair(Run& run, const Val& a, const Val& b, std::vector<Pair>& stack) {
  if (stack.size() > kNestingMax) {
    run.too_deep = true;
    return 0;
  }
  if (!run.step()) return 0;
  Pair pair;
  pair.a.value = a;
  pair.b.value = b;
  pair.count = std::min(a.size(), b.size());
  if (a.is_object()) {
    const Val left = sorted_keys(run, a);
    pair.keys = sorted_keys(run, b);
    for (uint32_t i = 0; i < pair.count; ++i) {
      const int order = compare_text(left.arr()->items[i], pair.keys.arr()->items[i]);
      if (order != 0) return order;
    }
    if (a.size() != b.size()) return a.size() < b.size() ? -1 : 1;
  } else {
    if (a.tag() == Tag::array_view) pair.a.element = a.view().elements().begin();
    if (b.tag() == Tag::array_view) pair.b.element = b.view().elements().begin();
  }
  stack.push_back(std::move(pair));
  return 0;
}

/// Scalars, and whatever differs in type; containers of one type say nothing (is_open).
int compare_flat(const Val& a, const Val& b, bool& is_open) {
  is_open = false;
  if (a.is_number() && b.is_number()) return compare_number(a, b);
  const int x = order_of(a);
  const int y = order_of(b);
  if (x != y) return x < y ? -1 : 1;
  if (x == 4) return compare_text(a, b);
  is_open = x > 4;
  return 0;
}

/// The first difference, in depth-first order, decides.
int compare_containers(Run& run, const Val& left, const Val& right) {
  std::vector<Pair> stack;
  int order = open_pair(run, left, right, stack);
  while (order == 0 && !stack.empty() && !run.too_deep && !run.over()) {
    Pair& top = stack.back();
    if (top.next == top.count) {
      const uint32_t x = top.a.value.size();
      const uint32_t y = top.b.value.size();
      order = x < y ? -1 : x == y ? 0 : 1;
      stack.pop_back();
      continue;
    }
    const Val a = next_of(top.a, top);
    const Val b = next_of(top.b, top);
    ++top.next;
    bool is_open = false;
    order = compare_flat(a, b, is_open);
    if (is_open) order = open_pair(run, a, b, stack);
  }
  return order;
}

}  // namespace

int compare(Run& run, const Val& a, const Val& b) {
  bool is_open = false;
  const int order = compare_flat(a, b, is_open);
  return is_open ? compare_containers(run, a, b) : order;
}

namespace {

/// One container being printed.
struct Printing {
  Val value;
  uint32_t next = 0;
  json::Elements::Iterator element;
  json::Members::Iterator member;
};

void write_scalar(const Val& value, std::string& out) {
  switch (value.tag()) {
    case Tag::boolean_false: out += "false"; break;
    case Tag::boolean_true: out += "true"; break;
    case Tag::number:
      if (value.number() != value.number()) {
        out += "null";
      } else {
        json::write_number(value.number(), out);
      }
      break;
    case Tag::literal: out += value.view().number_text(); break;
    case Tag::string:
    case Tag::string_view: json::write_string(value.text(), out); break;
    default: out += "null";
  }
}

/// Opens the value: prints a scalar whole, pushes a container.
void open_value(Run& run, std::vector<Printing>& stack, const Val& value, std::string& out) {
  if (!value.is_array() && !value.is_object()) {
    write_scalar(value, out);
    return;
  }
  if (stack.size() > kNestingMax) {
    out += "\"<skipped: too deep>\"";
    return;
  }
  run.step();
  out.push_back(value.is_array() ? '[' : '{');
  Printing printing{value, 0, {}, {}};
  if (value.tag() == Tag::array_view) printing.element = value.view().elements().begin();
  if (value.tag() == Tag::object_view) printing.member = value.view().members().begin();
  stack.push_back(std::move(printing));
}

}  // namespace

void write_text(Run& run, const Val& value, std::string& out) {
  const size_t before = out.size();
  size_t charged = before;
  std::vector<Printing> stack;
  open_value(run, stack, value, out);
  while (!stack.empty()) {
    Printing& top = stack.back();
    if (out.size() - charged > 4096) {
      if (!run.charge(out.size() - charged) || !run.step()) return;
      charged = out.size();
    }
    if (top.next == top.value.size()) {
      out.push_back(top.value.is_array() ? ']' : '}');
      stack.pop_back();
      continue;
    }
    if (top.next > 0) out.push_back(',');
    const uint32_t i = top.next++;
    Val item;
    if (top.value.tag() == Tag::array) {
      item = top.value.arr()->items[i];
    } else if (top.value.tag() == Tag::array_view) {
      item = Val(*top.element);
      ++top.element;
    } else if (top.value.tag() == Tag::object) {
      const Entry& entry = top.value.obj()->entries[i];
      json::write_string(entry.key.text(), out);
      out.push_back(':');
      item = entry.value;
    } else {
      const json::Member member = *top.member;
      ++top.member;
      json::write_string(member.key, out);
      out.push_back(':');
      item = Val(member.value);
    }
    open_value(run, stack, item, out);
  }
  run.charge(out.size() - charged);
}

std::string shown(Run& run, const Val& value) {
  std::string text;
  if (value.is_string() && value.size() > 64) {
    json::write_string(value.text().substr(0, 64), text);
  } else {
    write_text(run, value, text);
  }
  constexpr size_t kMax = 29;
  if (text.size() <= kMax) return text;
  std::string tail = "...";
  if (value.is_string()) tail += '"';
  if (value.is_array()) tail += ']';
  if (value.is_object()) tail += '}';
  size_t keep = kMax - tail.size();
  while (keep > 0 && (static_cast<unsigned char>(text[keep]) & 0xC0) == 0x80) --keep;
  return text.substr(0, keep) + tail;
}

std::string_view type_of(const Val& value) { return json::type_name(value.type()); }

std::string described(Run& run, const Val& value) {
  return std::string(type_of(value)) + " (" + shown(run, value) + ")";
}

}  // namespace hence::expr
