// SPDX-License-Identifier: Apache-2.0
#include "expr/value.h"

#include <algorithm>
#include <cstdlib>
#include <new>
#include <vector>

#include "base/text.h"
#include "expr/run.h"
#include "json/parse.h"

namespace hence::expr {

namespace {

constexpr uint32_t kSmallObject = 8;

void* allocate(size_t bytes) {
  void* memory = std::malloc(bytes);
  HENCE_CHECK(memory != nullptr);
  return memory;
}

/// Containers that nobody holds any more, still to be given back: few need no memory.
class Pending {
 public:
  void add(Tag tag, Heap* heap) {
    if (count_ < kFew) {
      few_[count_++] = {tag, heap};
    } else {
      many_.push_back({tag, heap});
    }
  }
  bool take(Tag& tag, Heap*& heap) {
    if (count_ == 0) return false;
    const Item item = many_.empty() ? few_[--count_] : many_.back();
    if (!many_.empty()) many_.pop_back();
    tag = item.tag;
    heap = item.heap;
    return true;
  }

 private:
  static constexpr uint32_t kFew = 32;
  struct Item {
    Tag tag;
    Heap* heap;
  };
  uint32_t count_ = 0;
  Item few_[kFew];
  std::vector<Item> many_;
};

/// Gives back one level; children that nobody holds any more go to pending.
void free_one(Tag tag, Heap* heap, Pending& pending) {
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
          pending.add(child_tag, inner);
        }
      }
    }
  };
  if (tag == Tag::array) {
    auto* arr = static_cast<Arr*>(heap);
    for (uint32_t i = 0; i < arr->size; ++i) drop(arr->items[i]);
    if (arr->items != arr->behind()) std::free(static_cast<void*>(arr->items));
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
      if (equal_text(obj->entries[i].key.text(), key)) return i;
    }
    return -1;
  }
  const uint32_t mask = obj->slot_count - 1;
  uint32_t place = static_cast<uint32_t>(hash_of(key)) & mask;
  while (obj->slots[place] != 0) {
    const uint32_t number = obj->slots[place] - 1;
    if (equal_text(obj->entries[number].key.text(), key)) return number;
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
    run.step(obj->size);
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
  const bool moves = arr->items == arr->behind();
  void* items = std::realloc(moves ? nullptr : static_cast<void*>(arr->items), sizeof(Val) * capacity);
  HENCE_CHECK(items != nullptr);
  if (moves) std::memcpy(items, static_cast<void*>(arr->items), sizeof(Val) * arr->size);
  arr->items = static_cast<Val*>(items);
  arr->capacity = capacity;
}

}  // namespace

void Val::destroy(Tag tag, Heap* heap) {
  if (tag == Tag::string) {
    std::free(heap);
    return;
  }
  Pending pending;
  do {
    free_one(tag, heap, pending);
  } while (pending.take(tag, heap));
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
  constexpr uint32_t kBehindMax = 16;  // what grows beyond it leaves little unused
  const uint32_t behind = capacity <= kBehindMax ? capacity : 0;
  const size_t bytes = sizeof(Arr) + behind * sizeof(Val);
  run.charge(bytes);
  auto* arr = new (allocate(bytes)) Arr;
  Val value(Tag::array, arr);
  if (behind > 0) {
    arr->items = arr->behind();
    arr->capacity = behind;
  } else if (capacity > 0) {
    grow_array(run, arr, capacity);
  }
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
  constexpr uint64_t kStepsOfParsing = 8;
  run.step(kStepsOfParsing);
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
  run.step(array.size() / 16);
  Val copy = make_array(run, array.size() + extra);
  each_element(array, [&](Val item) {
    push(run, copy, std::move(item));
    return true;
  });
  array = std::move(copy);
}

void own_object(Run& run, Val& object, uint32_t extra) {
  if (object.tag() == Tag::object && object.unique()) return;
  run.step(object.size());
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

void add_member(Run& run, Val& object, Val key, Val value) {
  insert_entry(run, object.obj(), std::move(key), std::move(value));
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
  run.step(obj->size);
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
  const uint32_t count = object.size();
  Val keys = make_array(run, count);
  // Each key is compared about as often as the count has binary digits.
  if (!run.step(uint64_t{count} * static_cast<uint64_t>(std::bit_width(count)))) return keys;
  Arr* arr = keys.arr();
  auto add = [&](const Val& key) {
    count_reading(run, key);
    new (&arr->items[arr->size++]) Val(key);
  };
  if (object.tag() == Tag::object) {
    for (uint32_t i = 0; i < count; ++i) add(object.obj()->entries[i].key);
  } else {
    for (json::Member member : object.view().members()) add(key_of(member));
  }
  const auto before = [](const Val& a, const Val& b) { return a.text() < b.text(); };
  if (count == 2) {
    if (before(arr->items[1], arr->items[0])) std::swap(arr->items[0], arr->items[1]);
  } else {
    std::sort(arr->items, arr->items + count, before);
  }
  return keys;
}

}  // namespace hence::expr
