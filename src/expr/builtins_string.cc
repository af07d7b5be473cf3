// SPDX-License-Identifier: Apache-2.0
// Builtins about strings.
#include <algorithm>
#include <cmath>

#include "expr/builtins.h"
#include "expr/lexer.h"
#include "expr/operations.h"

namespace hence::expr {

namespace {

Flow starts_with(Run& run, Val* a, Val& out) {
  if (!a[0].is_string() || !a[1].is_string()) return run.fail("startswith() requires string inputs");
  out = Val(a[0].text().starts_with(a[1].text()));
  return Flow::value;
}
Flow ends_with(Run& run, Val* a, Val& out) {
  if (!a[0].is_string() || !a[1].is_string()) return run.fail("endswith() requires string inputs");
  out = Val(a[0].text().ends_with(a[1].text()));
  return Flow::value;
}

Flow trim_fixed(Run& run, Val* a, Val& out, bool left, bool right) {
  if (!a[0].is_string() || !a[1].is_string()) {
    return run.fail(left ? "startswith() requires string inputs" : "endswith() requires string inputs");
  }
  std::string_view text = a[0].text();
  const std::string_view part = a[1].text();
  if (left && text.starts_with(part)) text.remove_prefix(part.size());
  if (right && text.ends_with(part)) text.remove_suffix(part.size());
  out = text.size() == a[0].size() ? a[0] : make_string(run, text);
  return Flow::value;
}
Flow ltrimstr(Run& run, Val* a, Val& out) { return trim_fixed(run, a, out, true, false); }
Flow rtrimstr(Run& run, Val* a, Val& out) { return trim_fixed(run, a, out, false, true); }
Flow trimstr(Run& run, Val* a, Val& out) { return trim_fixed(run, a, out, true, true); }

/// Bytes of the white space character at the front of text (Unicode White_Space), or 0.
size_t blank_at(std::string_view text) {
  static constexpr std::string_view kWide[] = {
      "\xC2\x85", "\xC2\xA0", "\xE1\x9A\x80", "\xE2\x80\x80", "\xE2\x80\x81", "\xE2\x80\x82",
      "\xE2\x80\x83", "\xE2\x80\x84", "\xE2\x80\x85", "\xE2\x80\x86", "\xE2\x80\x87",
      "\xE2\x80\x88", "\xE2\x80\x89", "\xE2\x80\x8A", "\xE2\x80\xA8", "\xE2\x80\xA9",
      "\xE2\x80\xAF", "\xE2\x81\x9F", "\xE3\x80\x80"};
  if (text.empty()) return 0;
  if (text[0] == ' ' || (text[0] >= '\t' && text[0] <= '\r')) return 1;
  if (static_cast<unsigned char>(text[0]) < 0x80) return 0;
  for (const std::string_view blank : kWide) {
    if (text.starts_with(blank)) return blank.size();
  }
  return 0;
}
Flow trim_blank(Run& run, Val* a, Val& out, bool left, bool right) {
  if (!a[0].is_string()) return run.fail(described(run, a[0]) + " cannot be trimmed");
  std::string_view text = a[0].text();
  while (left) {
    const size_t n = blank_at(text);
    if (n == 0) break;
    text.remove_prefix(n);
  }
  while (right && !text.empty()) {
    size_t begin = text.size() - 1;
    while (begin > 0 && (text[begin] & 0xC0) == 0x80) --begin;
    if (blank_at(text.substr(begin)) != text.size() - begin) break;
    text.remove_suffix(text.size() - begin);
  }
  run.step((a[0].size() - text.size()) / 4);
  out = text.size() == a[0].size() ? a[0] : make_string(run, text);
  return Flow::value;
}
Flow trim(Run& run, Val* a, Val& out) { return trim_blank(run, a, out, true, true); }
Flow ltrim(Run& run, Val* a, Val& out) { return trim_blank(run, a, out, true, false); }
Flow rtrim(Run& run, Val* a, Val& out) { return trim_blank(run, a, out, false, true); }

Flow explode(Run& run, Val* a, Val& out) {
  if (!a[0].is_string()) return run.fail(described(run, a[0]) + " cannot be exploded");
  const std::string_view text = a[0].text();
  out = make_array(run);
  for (size_t i = 0; i < text.size() && run.step();) {
    const auto lead = static_cast<unsigned char>(text[i]);
    const size_t n = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    uint32_t code = n == 1 ? lead : lead & (0xFFu >> (n + 1));
    for (size_t k = 1; k < n && i + k < text.size(); ++k) {
      code = code << 6 | (static_cast<unsigned char>(text[i + k]) & 0x3F);
    }
    push(run, out, Val(static_cast<double>(code)));
    i += n;
  }
  return Flow::value;
}

Flow implode(Run& run, Val* a, Val& out) {
  if (!a[0].is_array()) return run.fail("implode input must be an array");
  std::string text;
  Flow flow = Flow::value;
  each_element(a[0], [&](const Val& item) {
    if (!item.is_number() || item.number() != item.number()) {
      flow = run.fail(described(run, item) +
                      " can't be imploded, unicode codepoint needs to be numeric");
      return false;
    }
    const double code = std::trunc(item.number());
    const bool valid = code >= 0 && code <= 0x10FFFF && !(code >= 0xD800 && code <= 0xDFFF);
    append_utf8(valid ? static_cast<uint32_t>(code) : 0xFFFD, text);
    return run.step(2);
  });
  if (flow == Flow::value) out = make_string(run, text);
  return flow;
}

Flow split(Run& run, Val* a, Val& out) {
  if (!a[0].is_string() || !a[1].is_string()) {
    return run.fail("split input and separator must be strings");
  }
  return split_text(run, a[0].text(), a[1].text(), out);
}

/// Joins an own array that holds strings only, and some; false: it is another.
bool join_strings(Run& run, const Arr* arr, std::string_view separator, Val& out) {
  uint64_t room = separator.size() * (uint64_t{arr->size} - 1);
  for (uint32_t i = 0; i < arr->size; ++i) {
    if (!arr->items[i].is_string()) return false;
    room += arr->items[i].text().size();
  }
  out = make_string_room(run, room);
  if (!run.step(arr->size)) return true;
  char* at = out.str()->data();
  for (uint32_t i = 0; i < arr->size; ++i) {
    const std::string_view text = arr->items[i].text();
    if (i > 0) at = std::copy_n(separator.data(), separator.size(), at);
    at = std::copy_n(text.data(), text.size(), at);
  }
  out.str()->size = static_cast<uint32_t>(room);
  return true;
}

Flow join(Run& run, Val* a, Val& out) {
  if (!a[0].is_array() && !a[0].is_object()) return cannot_iterate(run, a[0]);
  if (a[0].tag() == Tag::array && a[0].size() > 0 && a[1].is_string() &&
      join_strings(run, a[0].arr(), a[1].text(), out)) {
    return Flow::value;
  }
  // Room for the strings, so that the usual case allocates once.
  uint64_t room = 0;
  auto count = [&](const Val& item) {
    room += (item.is_string() ? item.size() : 8) + (a[1].is_string() ? a[1].size() : 0);
    return true;
  };
  if (a[0].is_array()) {
    each_element(a[0], count);
  } else {
    each_member(a[0], [&](std::string_view, const Val& item) { return count(item); });
  }
  Val text = make_string_room(run, room);
  Flow flow = Flow::value;
  bool first = true;
  const auto append = [&](std::string_view tail) {
    Str* str = text.str();
    if (str->capacity - str->size < tail.size()) return append_text(run, text, tail);
    std::memcpy(str->data() + str->size, tail.data(), tail.size());
    str->size += static_cast<uint32_t>(tail.size());
  };
  auto add = [&](const Val& item) {
    if (!first) {  // with one element nothing is put between
      if (!a[1].is_string() && !a[1].is_null()) {
        flow = run.fail(described(run, text) + " and " + described(run, a[1]) + " cannot be added");
        return false;
      }
      if (a[1].is_string()) append(a[1].text());
    }
    first = false;
    if (item.is_string()) {
      append(item.text());
    } else if (item.is_number() || item.is_bool()) {
      std::string shown_item;
      write_text(run, item, shown_item);
      append(shown_item);
    } else if (!item.is_null()) {
      flow = run.fail(described(run, text) + " and " + described(run, item) + " cannot be added");
      return false;
    }
    return run.step();
  };
  if (a[0].is_array()) {
    each_element(a[0], add);
  } else {
    each_member(a[0], [&](std::string_view, const Val& item) { return add(item); });
  }
  out = std::move(text);
  return flow;
}

Flow change_case(Run& run, Val* a, Val& out, char from, int by, std::string_view name) {
  if (!a[0].is_string()) return run.fail(std::string(name) + " input must be a string");
  std::string text(a[0].text());
  for (char& c : text) {
    if (c >= from && c < from + 26) c = static_cast<char>(c + by);
  }
  run.step(text.size() / 256);
  out = make_string(run, text);
  return Flow::value;
}
Flow downcase(Run& run, Val* a, Val& out) {
  return change_case(run, a, out, 'A', 32, "ascii_downcase");
}
Flow upcase(Run& run, Val* a, Val& out) { return change_case(run, a, out, 'a', -32, "ascii_upcase"); }

constexpr Native kBuiltins[] = {
    {"startswith", 1, true, starts_with},
    {"endswith", 1, true, ends_with},
    {"ltrimstr", 1, true, ltrimstr},
    {"rtrimstr", 1, true, rtrimstr},
    {"trimstr", 1, true, trimstr},
    {"trim", 0, true, trim},
    {"ltrim", 0, true, ltrim},
    {"rtrim", 0, true, rtrim},
    {"explode", 0, true, explode},
    {"implode", 0, true, implode},
    {"split", 1, true, split},
    {"join", 1, true, join},
    {"ascii_downcase", 0, true, downcase},
    {"ascii_upcase", 0, true, upcase},
};

}  // namespace

std::span<const Native> string_builtins() { return kBuiltins; }

}  // namespace hence::expr
