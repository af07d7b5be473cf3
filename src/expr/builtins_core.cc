// SPDX-License-Identifier: Apache-2.0
// Builtins about values as such: types, lengths, keys, paths, conversions.
#include <cmath>
#include <optional>
#include <vector>

#include "expr/builtins.h"
#include "expr/operations.h"
#include "json/builder.h"
#include "json/parse.h"
#include "json/write.h"

namespace hence::expr {

namespace {

Flow empty(Run&, Val*, Val&) { return Flow::empty; }
Flow error_0(Run& run, Val* a, Val&) { return run.fail(std::move(a[0])); }
Flow error_1(Run& run, Val* a, Val&) { return run.fail(std::move(a[1])); }

Flow object_key(Run& run, Val* a, Val& out) {
  if (!a[0].is_string()) return bad_object_key(run, a[0]);
  out = std::move(a[0]);
  return Flow::value;
}

Flow absolute(Run& run, const Val& value, Val& out) {
  const double number = value.number();
  if (value.tag() == Tag::literal) {
    if (value.view().number_text().front() == '-') return negate(run, value, out);
    out = value;
  } else {
    out = Val(number < 0 ? -number : number);
  }
  return Flow::value;
}

Flow length(Run& run, Val* a, Val& out) {
  const Val& value = a[0];
  if (value.is_null()) {
    out = Val(0.0);
  } else if (value.is_string()) {
    run.step(value.size() / 32);
    out = Val(static_cast<double>(code_points(value.text())));
  } else if (value.is_array() || value.is_object()) {
    out = Val(static_cast<double>(value.size()));
  } else if (value.is_number()) {
    return absolute(run, value, out);
  } else {
    return run.fail(described(run, value) + " has no length");
  }
  return Flow::value;
}

Flow utf8_byte_length(Run& run, Val* a, Val& out) {
  if (!a[0].is_string()) {
    return run.fail(described(run, a[0]) + " only strings have UTF-8 byte length");
  }
  out = Val(static_cast<double>(a[0].size()));
  return Flow::value;
}

/// Texts that every evaluation may view: they live as long as the process.
json::Value names_of_types() {
  json::Builder names;
  names.begin_array();
  for (int type = 0; type <= static_cast<int>(json::Type::object); ++type) {
    names.string(json::type_name(static_cast<json::Type>(type)));
  }
  names.end_array();
  return std::move(names).finish();
}

Flow type(Run&, Val* a, Val& out) {
  static const json::Value kNames = names_of_types();
  const auto type = static_cast<uint32_t>(a[0].type());
  out = Val(kNames->at(type));
  return Flow::value;
}

Flow keys(Run& run, Val* a, Val& out) {
  if (a[0].is_object()) {
    out = sorted_keys(run, a[0]);
    return Flow::value;
  }
  if (!a[0].is_array()) return run.fail(described(run, a[0]) + " has no keys");
  out = make_array(run, a[0].size());
  for (uint32_t i = 0; i < a[0].size() && !run.over(); ++i) push(run, out, Val(static_cast<double>(i)));
  return Flow::value;
}

Flow keys_unsorted(Run& run, Val* a, Val& out) {
  if (!a[0].is_object()) return keys(run, a, out);
  out = make_array(run, a[0].size());
  if (a[0].tag() == Tag::object) {
    for (uint32_t i = 0; i < a[0].obj()->size; ++i) push(run, out, a[0].obj()->entries[i].key);
  } else {
    for (json::Member member : a[0].view().members()) push(run, out, key_of(member));
  }
  return Flow::value;
}

Flow has(Run& run, Val* a, Val& out) {
  if (a[0].is_null()) {
    out = Val(false);
    return Flow::value;
  }
  if (a[0].is_object() && a[1].is_string()) {
    Val found;
    out = Val(find_member(a[0], a[1].text(), found));
    return Flow::value;
  }
  if (a[0].is_array() && a[1].is_number()) {
    const double index = a[1].number();
    out = Val(index >= 0 && index < a[0].size());
    return Flow::value;
  }
  return run.fail("Cannot check whether " + std::string(type_of(a[0])) + " has a " +
                  std::string(type_of(a[1])) + " key");
}

/// Whether a container holds another: for each part of b one of a is sought.
struct Search {
  Val a;
  Val b;
  uint32_t wanted = 0;  ///< of b
  uint32_t tried = 0;   ///< of a, for arrays
};

/// Decides scalars at once; nothing for two containers of one type.
std::optional<bool> contains_flat(Run& run, const Val& a, const Val& b) {
  if (a.type() != b.type()) return false;
  if (a.is_string()) {
    return count_search(run, a.text(), b.text()) && find_text(a.text(), b.text()) != std::string_view::npos;
  }
  if (a.is_array() || a.is_object()) return std::nullopt;
  return equal(run, a, b);
}

void open_search(Run& run, const Val& a, const Val& b, std::vector<Search>& stack) {
  if (stack.size() > kNestingMax) run.too_deep = true;
  Search search{a, b, 0, 0};
  if (a.is_array()) {
    own_array(run, search.a);
    own_array(run, search.b);
  } else {
    own_object(run, search.b);
  }
  stack.push_back(std::move(search));
}

/// The next two values to look at; nothing where the search is decided already, in result.
bool next_candidate(const Search& search, Val& a, Val& b, bool& result) {
  const bool is_array = search.a.is_array();
  result = search.wanted == search.b.size();
  if (result) return false;
  if (is_array) {
    if (search.tried == search.a.size()) return false;
    a = search.a.arr()->items[search.tried];
    b = search.b.arr()->items[search.wanted];
    return true;
  }
  const Entry& entry = search.b.obj()->entries[search.wanted];
  b = entry.value;
  return find_member(search.a, entry.key.text(), a);
}

bool contains_value(Run& run, const Val& whole, const Val& part) {
  if (const auto flat = contains_flat(run, whole, part)) return *flat;
  std::vector<Search> stack;
  open_search(run, whole, part, stack);
  std::optional<bool> answer;  // of what was looked at last
  while (!stack.empty() && run.step() && !run.too_deep) {
    Search& top = stack.back();
    if (answer) {
      if (*answer) {
        ++top.wanted;
        top.tried = 0;
      } else if (top.a.is_array()) {
        ++top.tried;
      } else {
        stack.pop_back();
        continue;
      }
    }
    Val a;
    Val b;
    bool result = false;
    if (!next_candidate(top, a, b, result)) {
      answer = result;
      stack.pop_back();
      continue;
    }
    answer = contains_flat(run, a, b);
    if (!answer) open_search(run, a, b, stack);
  }
  return answer.value_or(false);
}

Flow contains(Run& run, Val* a, Val& out) {
  // For jq true and false are of two kinds.
  const bool differ = a[0].type() == json::Type::boolean && a[1].type() == json::Type::boolean && a[0].truthy() != a[1].truthy();
  if (a[0].type() != a[1].type() || differ) {
    return run.fail(described(run, a[0]) + " and " + described(run, a[1]) +
                    " cannot have their containment checked");
  }
  out = Val(contains_value(run, a[0], a[1]));
  return run.too_deep ? run.fail_deep("Containment check too deep") : Flow::value;
}

Flow to_string(Run& run, Val* a, Val& out) {
  out = to_string_value(run, a[0]);
  return Flow::value;
}

Flow to_json(Run& run, Val* a, Val& out) {
  std::string text;
  write_text(run, a[0], text);
  out = make_string(run, text);
  return Flow::value;
}

Flow from_json(Run& run, Val* a, Val& out) {
  if (!a[0].is_string()) return run.fail(described(run, a[0]) + " only strings can be parsed");
  const std::string_view text = a[0].text();
  if (!run.charge(text.size() * 4 + 64) || !run.step(text.size() / 64)) return Flow::error;
  if (text.find_first_not_of(" \t\r\n") == std::string_view::npos) return Flow::empty;
  if (text == "nan" || text == "NaN") {
    out = Val(std::nan(""));
    return Flow::value;
  }
  json::ParseOptions options;
  options.depth_max = kNestingMax;
  options.duplicate_keys = json::DuplicateKeys::last_wins;
  auto parsed = json::parse(text, options);
  if (!parsed.ok()) {
    return run.fail(parsed.error().message() + " (while parsing '" + std::string(text.substr(0, 200)) + "')");
  }
  out = Val(run.keep(std::move(*parsed)));
  return Flow::value;
}

bool is_number_text(std::string_view text) {
  size_t i = 0;
  auto digits = [&] {
    const size_t from = i;
    while (i < text.size() && text[i] >= '0' && text[i] <= '9') ++i;
    return i - from;
  };
  if (i < text.size() && (text[i] == '+' || text[i] == '-')) ++i;
  size_t count = digits();
  if (i < text.size() && text[i] == '.') {
    ++i;
    count += digits();
  }
  if (count == 0) return false;
  if (i < text.size() && (text[i] == 'e' || text[i] == 'E')) {
    ++i;
    if (i < text.size() && (text[i] == '+' || text[i] == '-')) ++i;
    if (digits() == 0) return false;
  }
  return i == text.size();
}

Flow to_number(Run& run, Val* a, Val& out) {
  if (a[0].is_number()) {
    out = std::move(a[0]);
    return Flow::value;
  }
  if (!a[0].is_string()) return run.fail(described(run, a[0]) + " cannot be parsed as a number");
  const std::string_view text = a[0].text();
  if (text == "nan") {
    out = Val(std::nan(""));
    return Flow::value;
  }
  if (!run.step(text.size() / 8)) return Flow::error;
  if (!is_number_text(text)) return run.fail(described(run, a[0]) + " cannot be parsed as a number");
  // Into JSON's spelling: no plus, no leading zeros, digits on both sides of the point.
  std::string_view rest = text;
  std::string plain = rest.front() == '-' ? "-" : "";
  if (rest.front() == '-' || rest.front() == '+') rest.remove_prefix(1);
  while (rest.size() > 1 && rest[0] == '0' && rest[1] >= '0' && rest[1] <= '9') rest.remove_prefix(1);
  if (rest.front() == '.') plain += '0';
  plain += rest;
  if (const size_t dot = plain.find('.');
      dot != std::string::npos && (dot + 1 == plain.size() || plain[dot + 1] < '0' || plain[dot + 1] > '9')) {
    plain.erase(dot, 1);
  }
  out = make_number_text(run, plain);
  return Flow::value;
}

Flow to_boolean(Run& run, Val* a, Val& out) {
  if (a[0].is_bool()) {
    out = std::move(a[0]);
    return Flow::value;
  }
  if (a[0].is_string() && (a[0].text() == "true" || a[0].text() == "false")) {
    out = Val(a[0].text() == "true");
    return Flow::value;
  }
  return run.fail(described(run, a[0]) + " cannot be parsed as a boolean");
}

Flow getpath(Run& run, Val* a, Val& out) { return get_path(run, a[0], a[1], out); }
Flow setpath(Run& run, Val* a, Val& out) {
  const Flow flow = set_path(run, a[0], a[1], std::move(a[2]));
  out = std::move(a[0]);
  return flow;
}
Flow delpaths(Run& run, Val* a, Val& out) {
  const Flow flow = delete_paths(run, a[0], std::move(a[1]));
  out = std::move(a[0]);
  return flow;
}

/// Of an array, with indexes for keys, as its keys are.
Flow to_entries(Run& run, Val* a, Val& out) {
  if (!a[0].is_object() && !a[0].is_array()) return run.fail(described(run, a[0]) + " has no keys");
  out = make_array(run, a[0].size());
  static const json::Value kKey = json::Value::string("key");
  static const json::Value kValue = json::Value::string("value");
  auto add = [&](Val key, Val value) {
    Val entry = make_object(run, 2);
    add_member(run, entry, Val(kKey.view()), std::move(key));
    add_member(run, entry, Val(kValue.view()), std::move(value));
    push(run, out, std::move(entry));
    return run.step();
  };
  if (a[0].is_array()) {
    double index = 0;
    each_element(a[0], [&](Val value) { return add(Val(index++), std::move(value)); });
  } else if (a[0].tag() == Tag::object) {
    for (uint32_t i = 0; i < a[0].obj()->size; ++i) {
      if (!add(a[0].obj()->entries[i].key, a[0].obj()->entries[i].value)) break;
    }
  } else {
    for (json::Member member : a[0].view().members()) {
      if (!add(key_of(member), Val(member.value))) break;
    }
  }
  return Flow::value;
}

/// The key and value of an entry, under the names jq knows.
Flow entry_parts(Run& run, const Val& entry, Val& key, Val& value) {
  if (entry.is_null()) {
    key = Val();
    value = Val();
    return Flow::value;
  }
  if (!entry.is_object()) {
    return run.fail("Cannot index " + std::string(type_of(entry)) + " with " +
                    described(run, make_string(run, "key")));
  }
  if (!find_member(entry, "key", key) || key.is_null()) {
    for (const std::string_view name : {"k", "name", "Name", "K", "Key"}) {
      if (find_member(entry, name, key) && key.truthy()) break;
    }
  }
  for (const std::string_view name : {"value", "v", "Value", "V"}) {
    if (find_member(entry, name, value)) break;
  }
  return Flow::value;
}

Flow from_entries(Run& run, Val* a, Val& out) {
  if (!a[0].is_array() && !a[0].is_object()) return cannot_iterate(run, a[0]);
  out = make_object(run, a[0].size());
  Flow flow = Flow::value;
  auto add = [&](const Val& entry) {
    Val key;
    Val value;
    flow = entry_parts(run, entry, key, value);
    if (flow != Flow::value || !run.step()) return false;
    member_place(run, out, to_string_value(run, key)) = std::move(value);
    return true;
  };
  if (a[0].is_array()) {
    each_element(a[0], add);
  } else {
    each_member(a[0], [&](std::string_view, const Val& entry) { return add(entry); });
  }
  return flow;
}

Flow to_array(Run& run, Val* a, Val& out) {
  if (a[0].is_array()) {
    out = std::move(a[0]);
    return Flow::value;
  }
  out = make_array(run, 1);
  push(run, out, std::move(a[0]));
  return Flow::value;
}

Flow abs(Run& run, Val* a, Val& out) {
  if (!a[0].is_number()) return run.fail(described(run, a[0]) + " has no absolute value");
  return absolute(run, a[0], out);
}

Flow builtins(Run& run, Val*, Val& out) {
  out = make_array(run);
  for (const std::string& signature : builtin_signatures()) push(run, out, make_string(run, signature));
  return Flow::value;
}

constexpr Native kBuiltins[] = {
    {"empty", 0, true, empty},
    {"error", 0, true, error_0},
    {"error", 1, true, error_1},
    {"not", 0, true, nullptr},
    {"range", 2, true, nullptr},
    {"range", 3, true, nullptr},
    {"first", 1, true, nullptr},
    {"limit", 2, true, nullptr},
    {"isempty", 1, true, nullptr},
    {"path", 1, true, nullptr},
    {"recurse", 0, true, nullptr},
    {"_object_key", 0, true, object_key},
    {"length", 0, true, length},
    {"utf8bytelength", 0, true, utf8_byte_length},
    {"type", 0, true, type},
    {"keys", 0, true, keys},
    {"keys_unsorted", 0, true, keys_unsorted},
    {"has", 1, true, has},
    {"contains", 1, true, contains},
    {"tostring", 0, true, to_string},
    {"tojson", 0, true, to_json},
    {"fromjson", 0, true, from_json},
    {"tonumber", 0, true, to_number},
    {"toboolean", 0, true, to_boolean},
    {"getpath", 1, true, getpath},
    {"setpath", 2, true, setpath},
    {"delpaths", 1, true, delpaths},
    {"to_entries", 0, true, to_entries},
    {"from_entries", 0, true, from_entries},
    {"toarray", 0, true, to_array},
    {"abs", 0, true, abs},
    {"builtins", 0, true, builtins},
};

}  // namespace

std::span<const Native> core_builtins() { return kBuiltins; }

}  // namespace hence::expr
