// SPDX-License-Identifier: Apache-2.0
#include "expr/operations.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

namespace hence::expr {

namespace {

constexpr double kIndexMax = 536'870'911;  // jq's

Flow cannot_index(Run& run, const Val& container, const Val& key) {
  return run.fail("Cannot index " + std::string(type_of(container)) + " with " +
                  described(run, key));
}

Flow compare_too_deep(Run& run) { return run.fail_deep("Comparison too deep"); }

/// Where a slice begins and ends in something of size; false for keys that are no numbers.
bool slice_bounds(const Val& from, const Val& to, double size, double& start, double& end) {
  if ((!from.is_null() && !from.is_number()) || (!to.is_null() && !to.is_number())) return false;
  start = from.is_null() ? 0 : from.number();
  end = to.is_null() ? size : to.number();
  if (start != start) start = 0;
  if (end != end) end = size;
  if (start < 0) start += size;
  if (end < 0) end += size;
  start = std::floor(std::clamp(start, 0.0, size));
  end = std::ceil(std::clamp(end, start, size));
  end = std::min(end, size);
  return true;
}

/// Byte offset of a code point, or the end.
size_t offset_of(std::string_view text, uint32_t code_point) {
  size_t i = 0;
  constexpr size_t kBlock = 64;
  while (code_point >= kBlock && text.size() - i >= kBlock) {
    code_point -= code_points(text.substr(i, kBlock));
    i += kBlock;
  }
  for (; i < text.size(); ++i) {
    if ((text[i] & 0xC0) != 0x80 && code_point-- == 0) return i;
  }
  return i;
}

bool is_slice_key(const Val& key) { return key.is_object(); }
void slice_ends(const Val& key, Val& from, Val& to) {
  from = Val();
  to = Val();
  find_member(key, "start", from);
  find_member(key, "end", to);
}

/// Puts the elements of with where start..end was.
Flow replace_slice(Run& run, Val& array, const Val& key, const Val& with) {
  if (array.is_null()) array = make_array(run);
  if (array.is_string()) return run.fail("Cannot update string slices");
  if (!array.is_array()) return run.fail("Cannot update field at object index of " + std::string(type_of(array)));
  if (!with.is_array()) return run.fail("A slice of an array can only be assigned another array");
  Val from;
  Val to;
  slice_ends(key, from, to);
  double start = 0;
  double end = 0;
  if (!slice_bounds(from, to, array.size(), start, end)) {
    return run.fail("Start and end indices of an array slice must be numbers");
  }
  Val result = make_array(run, array.size() + with.size());
  uint32_t i = 0;
  const auto first = static_cast<uint32_t>(start);
  const auto last = static_cast<uint32_t>(end);
  auto copy = [&](Val item) {
    push(run, result, std::move(item));
    return !run.over();
  };
  each_element(array, [&](Val item) {
    if (i == first) each_element(with, copy);
    const bool inside = i >= first && i < last;
    ++i;
    return inside ? true : copy(std::move(item));
  });
  if (first >= array.size()) each_element(with, copy);
  run.step(result.size() / 8);
  array = std::move(result);
  return Flow::value;
}

/// The place of key in container, which becomes own and unshared; null containers become what the
/// key needs. Nothing on an error. Keys must not be slices.
Val* place_of(Run& run, Val& container, const Val& key) {
  count_reading(run, key);
  if (key.is_string() && (container.is_object() || container.is_null())) {
    if (container.is_null()) container = make_object(run);
    own_object(run, container, 1);
    return &member_place(run, container, key);
  }
  if (key.is_number() && (container.is_array() || container.is_null())) {
    double index = key.number();
    if (index != index) {
      run.fail("Cannot set array element at NaN index");
      return nullptr;
    }
    const double size = container.is_null() ? 0 : container.size();
    index = std::floor(index);
    if (index < 0) index += size;
    if (index < 0) {
      run.fail("Out of bounds negative array index");
      return nullptr;
    }
    if (index > kIndexMax) {
      run.fail("Array index too large");
      return nullptr;
    }
    if (index >= size && static_cast<double>(run.budget().bytes) < (index - size + 1) * 16) {
      run.exhaust("bytes");
      return nullptr;
    }
    if (container.is_null()) container = make_array(run);
    own_array(run, container);
    while (container.size() <= index && !run.over()) push(run, container, Val());
    if (run.over()) return nullptr;
    return &container.arr()->items[static_cast<uint32_t>(index)];
  }
  if (container.is_array() && key.is_array()) {
    run.fail("Cannot update field at array index of array");
    return nullptr;
  }
  cannot_index(run, container, key);
  return nullptr;
}

/// The keys of a path as an own array.
std::span<const Val> keys_of(Run& run, Val& path) {
  if (path.tag() == Tag::array_view) own_array(run, path);
  return {path.arr()->items, path.arr()->size};
}

/// Removes the elements or members that keys name from one container.
Flow delete_keys(Run& run, Val& container, const Val& keys);

}  // namespace

namespace {

constexpr uint32_t kSlicesMax = 200;  ///< nested in one path

Flow set_at(Run& run, Val& root, std::span<const Val> keys, Val value, uint32_t slices) {
  Val* place = &root;
  for (size_t i = 0; i < keys.size(); ++i) {
    if (!run.step()) return Flow::error;
    const Val& key = keys[i];
    if (is_slice_key(key) && !place->is_object()) {
      Val part;
      Val start;
      Val end;
      slice_ends(key, start, end);
      if (place->is_string()) return run.fail("Cannot update string slices");
      if (slice_value(run, *place, start, end, part) != Flow::value) return Flow::error;
      if (slices == kSlicesMax) return run.fail("Path too deep");
      if (set_at(run, part, keys.subspan(i + 1), std::move(value), slices + 1) != Flow::value) {
        return Flow::error;
      }
      return replace_slice(run, *place, key, part);
    }
    place = place_of(run, *place, key);
    if (place == nullptr) return Flow::error;
  }
  *place = std::move(value);
  return Flow::value;
}

}  // namespace

Flow set_keys(Run& run, Val& root, std::span<const Val> keys, Val value) {
  return set_at(run, root, keys, std::move(value), 0);
}

Flow field_value(Run& run, const Val& container, const Val& key, Val& out) {
  if (container.is_object()) {
    if (find_member(container, key.text(), out)) return Flow::value;
    if (run.is_secrets(container)) return run.deny(shown(run, key));  // a constant of the source
    out = Val();
    return Flow::value;
  }
  if (container.is_null()) {
    out = Val();
    return Flow::value;
  }
  return cannot_index(run, container, key);
}

Flow index_value(Run& run, const Val& container, const Val& key, Val& out) {
  count_reading(run, key);
  if (key.is_string() && (container.is_object() || container.is_null())) {
    // What was computed may be a secret itself, and errors are recorded.
    const bool denied = run.is_secrets(container) && !find_member(container, key.text(), out);
    if (denied) return run.deny("of the name asked for");
    return field_value(run, container, key, out);
  }
  if (key.is_number() && container.is_array()) {
    double index = std::floor(key.number());
    if (index < 0) index += container.size();
    const bool is_there = index >= 0 && index < container.size();
    out = is_there ? element(container, static_cast<uint32_t>(index)) : Val();
    // In a document, an element is reached past those before it.
    if (is_there && container.tag() == Tag::array_view) run.step(static_cast<uint64_t>(index) / 16);
    return run.over() ? Flow::error : Flow::value;
  }
  if (key.is_number() && container.is_null()) {
    out = Val();
    return Flow::value;
  }
  if (is_slice_key(key) && !container.is_object()) {
    Val from;
    Val to;
    slice_ends(key, from, to);
    return slice_value(run, container, from, to, out);
  }
  if (key.is_array() && container.is_array()) {
    out = array_indices(run, container, key);
    return run.too_deep ? compare_too_deep(run) : Flow::value;
  }
  if (key.is_null() && container.is_null()) {
    out = Val();
    return Flow::value;
  }
  return cannot_index(run, container, key);
}

Flow slice_value(Run& run, const Val& container, const Val& from, const Val& to, Val& out) {
  if (container.is_null()) {
    out = Val();
    return Flow::value;
  }
  count_reading(run, from);
  count_reading(run, to);
  const bool is_text = container.is_string();
  if (!is_text && !container.is_array()) {
    return run.fail("Cannot index " + std::string(type_of(container)) + " with object");
  }
  const uint32_t size = is_text ? code_points(container.text()) : container.size();
  double start = 0;
  double end = 0;
  if (!slice_bounds(from, to, size, start, end)) {
    return run.fail("Start and end indices of an array slice must be numbers");
  }
  const auto first = static_cast<uint32_t>(start);
  const auto last = static_cast<uint32_t>(std::max(start, end));
  if (is_text) {
    const std::string_view text = container.text();
    const size_t begin = offset_of(text, first);
    const std::string_view rest = text.substr(begin);
    out = make_string(run, rest.substr(0, offset_of(rest, last - first)));
    run.step(text.size() / 16);
    return Flow::value;
  }
  out = make_array(run, last - first);
  uint32_t i = 0;
  each_element(container, [&](Val item) {
    if (i >= last) return false;
    if (i >= first) push(run, out, std::move(item));
    ++i;
    return !run.over();
  });
  run.step(last / 8);
  return Flow::value;
}

Val slice_key(Run& run, const Val& from, const Val& to) {
  Val key = make_object(run, 2);
  member_place(run, key, make_string(run, "start")) = from;
  member_place(run, key, make_string(run, "end")) = to;
  return key;
}

Flow cannot_iterate(Run& run, const Val& value) {
  return run.fail("Cannot iterate over " + described(run, value));
}

Flow bad_object_key(Run& run, const Val& key) {
  return run.fail("Cannot use " + described(run, key) + " as object key");
}

Flow get_path(Run& run, const Val& root, const Val& path, Val& out) {
  if (!path.is_array()) return run.fail("Path must be specified as an array");
  if (path.size() > kNestingMax) return run.fail("Path too deep");
  out = root;
  for (uint32_t i = 0; i < path.size(); ++i) {
    if (out.is_null()) return Flow::value;
    if (!run.step()) return Flow::error;
    Val next;
    const Val key = element(path, i);
    if (index_value(run, out, key, next) != Flow::value) return Flow::error;
    out = std::move(next);
  }
  return Flow::value;
}

Flow set_path(Run& run, Val& root, const Val& path, Val value) {
  if (!path.is_array()) return run.fail("Path must be specified as an array");
  if (path.size() > kNestingMax) return run.fail("Path too deep");
  Val held = path;
  return set_keys(run, root, keys_of(run, held), std::move(value));
}

Flow take_keys(Run& run, Val& root, std::span<const Val> keys, Val& out) {
  Val* place = &root;
  for (size_t i = 0; i < keys.size(); ++i) {
    const Val& key = keys[i];
    if (!run.step()) return Flow::error;
    if (place->is_object() && key.is_string()) {
      own_object(run, *place);
      place = member_if_present(*place, key.text());
    } else if (place->is_array() && key.is_number()) {
      double index = std::floor(key.number());
      if (index < 0) index += place->size();
      own_array(run, *place);
      if (run.over()) return Flow::error;
      place = index >= 0 && index < place->size() ? &place->arr()->items[static_cast<uint32_t>(index)]
                                                  : nullptr;
    } else {
      // Nothing to take out of: a slice, null, or an error.
      Val at = *place;
      for (; i < keys.size(); ++i) {
        Val next;
        if (index_value(run, at, keys[i], next) != Flow::value) return Flow::error;
        at = std::move(next);
      }
      out = std::move(at);
      return Flow::value;
    }
    if (place == nullptr) {
      // What is absent is null, and so is all below it, if it may be asked for at all.
      Val at;
      for (++i; i < keys.size(); ++i) {
        Val next;
        if (index_value(run, at, keys[i], next) != Flow::value) return Flow::error;
      }
      out = Val();
      return Flow::value;
    }
  }
  out = std::move(*place);
  *place = Val();
  return Flow::value;
}

Flow take_path(Run& run, Val& root, const Val& path, Val& out) {
  Val held = path;
  return take_keys(run, root, keys_of(run, held), out);
}

namespace {

Flow delete_indices(Run& run, Val& array, const Val& keys) {
  std::vector<bool> gone(array.size(), false);
  for (uint32_t k = 0; k < keys.size(); ++k) {
    const Val key = element(keys, k);
    double start = 0;
    double end = 0;
    if (key.is_number()) {
      start = std::floor(key.number());
      if (start < 0) start += array.size();
      if (!(start >= 0)) continue;
      end = start + 1;
    } else if (is_slice_key(key)) {
      Val from;
      Val to;
      slice_ends(key, from, to);
      if (!slice_bounds(from, to, array.size(), start, end)) {
        return run.fail("Start and end indices of an array slice must be numbers");
      }
    } else {
      return run.fail("Cannot delete field at " + std::string(type_of(key)) + " index of array");
    }
    end = std::min<double>(end, array.size());
    if (!run.step(1 + static_cast<uint64_t>(std::max(end - start, 0.0)) / 16)) return Flow::error;
    for (double i = start; i < end; ++i) gone[static_cast<uint32_t>(i)] = true;
  }
  Val kept = make_array(run, array.size());
  uint32_t i = 0;
  each_element(array, [&](Val item) {
    if (!gone[i++]) push(run, kept, std::move(item));
    return !run.over();
  });
  run.step(array.size() / 8);
  array = std::move(kept);
  return Flow::value;
}

Flow delete_keys(Run& run, Val& container, const Val& keys) {
  if (container.is_null()) return Flow::value;
  if (container.is_array()) return delete_indices(run, container, keys);
  for (uint32_t k = 0; k < keys.size(); ++k) {
    const Val key = element(keys, k);
    if (!container.is_object()) {
      return run.fail("Cannot delete field at " + std::string(key.is_string() ? "object" : key.is_number() ? "array" : type_of(key)) +
                      " index of " + std::string(type_of(container)));
    }
    if (!key.is_string()) {
      return run.fail("Cannot delete field at " + std::string(key.is_number() ? "array" : type_of(key)) + " index of object");
    }
    remove_member(run, container, key.text());
    if (run.over()) return Flow::error;
  }
  return Flow::value;
}

}  // namespace

Flow delete_paths(Run& run, Val& root, Val paths) {
  if (!paths.is_array()) return run.fail("Paths must be specified as an array");
  std::vector<Val> all;
  Flow bad = Flow::value;
  each_element(paths, [&](Val path) {
    if (!path.is_array()) bad = run.fail("Path must be specified as an array");
    else if (path.size() > kNestingMax) bad = run.fail("Path too deep");
    all.push_back(std::move(path));
    return bad == Flow::value;
  });
  if (bad != Flow::value) return bad;
  constexpr uint64_t kStepsOfPath = 4;  // to sort it among the others and make its parent's
  run.charge(all.size() * sizeof(Val));
  if (!run.step(all.size() * kStepsOfPath)) return Flow::error;
  // Longest and last first, and those of one parent together, so that no deletion moves another.
  std::stable_sort(all.begin(), all.end(), [&](const Val& a, const Val& b) { return compare(run, a, b) > 0; });
  if (run.over()) return Flow::error;
  for (size_t i = 0; i < all.size();) {
    if (all[i].size() == 0) {
      root = Val();
      return Flow::value;
    }
    Val parent;
    if (slice_value(run, all[i], Val(), Val(-1.0), parent) != Flow::value) return Flow::error;
    Val keys = make_array(run);
    size_t j = i;
    for (; j < all.size() && all[j].size() == all[i].size(); ++j) {
      bool same = true;
      for (uint32_t k = 0; j > i && k + 1 < all[i].size() && same; ++k) {
        same = equal(run, element(all[j], k), element(parent, k));
      }
      if (!same || !run.step()) break;
      push(run, keys, element(all[j], all[j].size() - 1));
    }
    if (run.over()) return Flow::error;
    i = j;
    Val container;
    if (get_path(run, root, parent, container) != Flow::value) return Flow::error;
    if (container.is_null()) continue;
    container = Val();
    if (take_path(run, root, parent, container) != Flow::value ||
        delete_keys(run, container, keys) != Flow::value ||
        set_path(run, root, parent, std::move(container)) != Flow::value) {
      return Flow::error;
    }
  }
  return Flow::value;
}

uint32_t code_points(std::string_view text) {
  uint64_t inside = 0;  // bytes that go on with a code point: 10xxxxxx
  size_t i = 0;
  for (; i + 8 <= text.size(); i += 8) {
    uint64_t word;
    std::memcpy(&word, text.data() + i, 8);
    inside += static_cast<uint64_t>(std::popcount(word & ~(word << 1) & 0x8080808080808080ull));
  }
  for (; i < text.size(); ++i) inside += (text[i] & 0xC0) == 0x80;
  return static_cast<uint32_t>(text.size() - inside);
}

size_t find_text(std::string_view text, std::string_view part, size_t from) {
  const void* at = memmem(text.data() + from, text.size() - from, part.data(), part.size());
  return at == nullptr ? std::string_view::npos : static_cast<size_t>(static_cast<const char*>(at) - text.data());
}

bool count_search(Run& run, std::string_view text, std::string_view part) {
  return run.step(part.size() > 1 ? (text.size() + part.size()) / 4 : text.size() / 64);
}

Val string_indices(Run& run, std::string_view text, std::string_view part) {
  Val out = make_array(run);
  if (part.empty() || !count_search(run, text, part)) return out;
  size_t counted = 0;
  uint32_t points = 0;
  for (size_t at = find_text(text, part); at != std::string_view::npos; at = find_text(text, part, at + 1)) {
    points += code_points(text.substr(counted, at - counted));
    counted = at;
    push(run, out, Val(static_cast<double>(points)));
    if (!run.step(1 + part.size() / 4)) break;
  }
  return out;
}

Val array_indices(Run& run, const Val& array, const Val& part) {
  Val out = make_array(run);
  if (part.size() == 0) return Val();
  Val items = array;
  Val wanted = part;
  own_array(run, items);
  own_array(run, wanted);
  for (uint32_t i = 0; i + wanted.size() <= items.size(); ++i) {
    bool same = true;
    for (uint32_t j = 0; j < wanted.size() && same && run.step(); ++j) {
      same = equal(run, items.arr()->items[i + j], wanted.arr()->items[j]);
    }
    if (run.over() || run.too_deep) break;
    if (same) push(run, out, Val(static_cast<double>(i)));
  }
  return out;
}

Flow split_text(Run& run, std::string_view text, std::string_view separator, Val& out) {
  out = make_array(run);
  if (!count_search(run, text, separator)) return Flow::error;
  if (text.empty()) return Flow::value;
  if (separator.empty()) {
    for (size_t i = 0; i < text.size() && !run.over();) {
      size_t n = 1;
      while (i + n < text.size() && (text[i + n] & 0xC0) == 0x80) ++n;
      push(run, out, make_string(run, text.substr(i, n)));
      i += n;
    }
    return Flow::value;
  }
  size_t from = 0;
  while (run.step(1 + separator.size() / 4)) {
    const size_t at = find_text(text, separator, from);
    push(run, out, make_string(run, text.substr(from, at == std::string_view::npos ? at : at - from)));
    if (at == std::string_view::npos) break;
    from = at + separator.size();
  }
  return Flow::value;
}

Val to_string_value(Run& run, const Val& value) {
  if (value.is_string()) return value;
  std::string text;
  write_text(run, value, text);
  return make_string(run, text);
}

}  // namespace hence::expr
