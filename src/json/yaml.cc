// SPDX-License-Identifier: Apache-2.0
#include "json/yaml.h"

#include <algorithm>
#include <charconv>

#include "json/number.h"
#include "json/parse.h"
#include "json/utf8.h"
#include "json/yaml_events.h"

namespace hence::json {

void append_pointer(std::string& pointer, std::string_view token) {
  pointer += '/';
  if (token.find('~') == std::string_view::npos && token.find('/') == std::string_view::npos) {
    pointer += token;
    return;
  }
  for (const char c : token) {
    if (c == '~') {
      pointer += "~0";
    } else if (c == '/') {
      pointer += "~1";
    } else {
      pointer += c;
    }
  }
}

Place YamlDocument::place_of(std::string_view pointer) const {
  while (true) {
    const auto found = values.find(std::string(pointer));
    if (found != values.end()) return found->second;
    if (pointer.empty()) return {};
    pointer = pointer.substr(0, std::min(pointer.rfind('/'), pointer.size()));
    if (pointer.find('/') == std::string_view::npos) pointer = {};
  }
}

Place YamlDocument::key_place_of(std::string_view pointer) const {
  const auto found = keys.find(std::string(pointer));
  return found != keys.end() ? found->second : place_of(pointer);
}

PlaceTable::PlaceTable(std::string_view text) : text_(text) {
  Place place{1, 1};
  marks_.reserve(text.size() / kStep + 1);
  for (size_t i = 0; i <= text.size(); ++i) {
    if (i % kStep == 0) marks_.push_back(place);
    if (i == text.size()) break;
    if (text[i] == '\n') {
      ++place.line;
      place.column = 1;
    } else if ((static_cast<unsigned char>(text[i]) & 0xC0) != 0x80) {
      ++place.column;
    }
  }
}

Place PlaceTable::at(size_t offset) const {
  offset = std::min(offset, text_.size());
  Place place = marks_[offset / kStep];
  for (size_t i = offset / kStep * kStep; i < offset; ++i) {
    if (text_[i] == '\n') {
      ++place.line;
      place.column = 1;
    } else if ((static_cast<unsigned char>(text_[i]) & 0xC0) != 0x80) {
      ++place.column;
    }
  }
  return place;
}

Error yaml_error(Place place, std::string_view what) {
  std::string sentence = "line " + std::to_string(place.line) + ", column " +
                         std::to_string(place.column) + ": ";
  return Error(ErrorCode::YamlInvalid, sentence + std::string(what));
}

PlacedMessage take_place(const Error& error) {
  std::string_view rest = error.message();
  const auto take = [&](std::string_view word, std::string_view after) -> uint32_t {
    uint32_t number = 0;
    if (!rest.starts_with(word)) return 0;
    const char* begin = rest.data() + word.size();
    const auto read = std::from_chars(begin, rest.data() + rest.size(), number);
    rest.remove_prefix(static_cast<size_t>(read.ptr - rest.data()));
    if (read.ec != std::errc() || !rest.starts_with(after)) return 0;
    rest.remove_prefix(after.size());
    return number;
  };
  const uint32_t line = take("line ", ", ");
  const uint32_t column = line == 0 ? 0 : take("column ", ": ");
  if (column == 0) return {{}, error.message()};
  return {{line, column}, std::string(rest)};
}

namespace {

constexpr std::string_view kDigits = "0123456789";

/// A number of the core schema that is no JSON text: +5, 007, .5, 1., 0x1F, 0o17. Empty if none.
std::string converted_number(std::string_view text) {
  std::string out;
  if (text.starts_with('-') || text.starts_with('+')) {
    if (text.front() == '-') out = "-";
    text.remove_prefix(1);
  }
  const size_t whole = std::min(text.find_first_not_of(kDigits), text.size());
  std::string_view digits = text.substr(0, whole);
  text.remove_prefix(whole);
  std::string_view fraction;
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    const size_t size = std::min(text.find_first_not_of(kDigits), text.size());
    fraction = text.substr(0, size);
    text.remove_prefix(size);
  }
  if (digits.empty() && fraction.empty()) return {};
  digits.remove_prefix(std::min(digits.find_first_not_of('0'), digits.size()));
  out += digits.empty() ? "0" : digits;
  if (!fraction.empty()) out.append(".").append(fraction);
  out += text;
  return is_number_text(out) ? out : std::string();
}

/// 0x1F or 0o17 in decimal; empty digits where text is neither.
PlainScalar based_number(std::string_view text) {
  const int base = text.starts_with("0x") ? 16 : 8;
  const char* end = text.data() + text.size();
  uint64_t value = 0;
  const auto done = std::from_chars(text.data() + 2, end, value, base);
  if (done.ptr != end || text.size() == 2) return {};
  if (done.ec != std::errc()) {
    return {PlainScalar::Kind::refused, false,
            "the number is beyond 64 bits; write it in decimal or in quotes"};
  }
  return {PlainScalar::Kind::number, false, std::to_string(value)};
}

bool is_one_of(std::string_view text, std::initializer_list<std::string_view> words) {
  return std::find(words.begin(), words.end(), text) != words.end();
}

}  // namespace

PlainScalar resolve_plain(std::string_view text) {
  using Kind = PlainScalar::Kind;
  if (is_one_of(text, {"true", "True", "TRUE"})) return {Kind::boolean, true, {}};
  if (is_one_of(text, {"false", "False", "FALSE"})) return {Kind::boolean, false, {}};
  if (text.empty() || (kDigits.find(text.front()) == std::string_view::npos &&
                       !is_one_of(text.substr(0, 1), {"+", "-", "."}))) {
    return {};
  }
  if (is_number_text(text)) return {Kind::number, false, std::string(text)};
  if (text.starts_with("0x") || text.starts_with("0o")) return based_number(text);
  std::string_view bare = text;
  if (bare.front() == '+' || bare.front() == '-') bare.remove_prefix(1);
  if (is_one_of(bare, {".inf", ".Inf", ".INF"}) || is_one_of(text, {".nan", ".NaN", ".NAN"})) {
    return {Kind::refused, false, "JSON has no infinity and no NaN; put the text in quotes"};
  }
  std::string number = converted_number(text);
  if (number.empty()) return {};
  return {Kind::number, false, std::move(number)};
}

namespace {

/// The offset in the received text where a node begins.
size_t source_offset(const Buffer* buffer, const Node& node) {
  if (static_cast<Type>(node.meta & kTypeMask) != Type::string) return node.offset;
  if ((node.meta & kEscapedFlag) == 0) return node.offset - 1;
  return load32(buffer->text() + node.offset - 8);
}

/// Fills the places of a parsed JSON document; false if the budget is used up.
bool collect_places(YamlDocument& document, const PlaceTable& table) {
  struct Open {
    uint32_t at;
    uint32_t count;
    uint32_t done;
    bool is_object;
  };
  const Buffer* buffer = document.value->buffer();
  const Node* nodes = buffer->nodes();
  PlaceCollector places(document);
  std::vector<Open> open;
  uint32_t at = 0;
  while (true) {
    if (!places.add_value(table.at(source_offset(buffer, nodes[at])))) return false;
    if (is_container(nodes[at])) {
      open.push_back({at + 1, count_of(nodes[at]), 0,
                      static_cast<Type>(nodes[at].meta & kTypeMask) == Type::object});
    } else if (!open.empty()) {
      places.pop();
    }
    while (!open.empty() && open.back().done == open.back().count) {
      open.pop_back();
      if (!open.empty()) places.pop();
    }
    if (open.empty()) return true;
    Open& top = open.back();
    if (top.is_object) {
      places.push(text_of(buffer, nodes[top.at]));
      if (!places.add_key(table.at(source_offset(buffer, nodes[top.at])))) return false;
      ++top.at;
    } else {
      places.push(std::to_string(top.done));
    }
    at = top.at;
    top.at += span_of(nodes[at]);
    ++top.done;
  }
}

Result<std::vector<YamlDocument>> documents_of_json(Value value, std::string_view text) {
  if (value->buffer()->node_count > kYamlNodesMax) {
    return Error(ErrorCode::YamlInvalid,
                 "more than " + std::to_string(kYamlNodesMax) + " nodes; split the file");
  }
  std::vector<YamlDocument> documents(1);
  documents[0].value = std::move(value);
  if (!collect_places(documents[0], PlaceTable(text))) {
    return Error(ErrorCode::YamlInvalid, std::string(kPlacesExceeded));
  }
  return documents;
}

}  // namespace

Result<std::vector<YamlDocument>> parse_yaml(std::string_view text) {
  if (text.size() > kYamlBytesMax) {
    return Error(ErrorCode::YamlInvalid, "the file is larger than " +
                                             std::to_string(kYamlBytesMax) + " bytes; split it");
  }
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  const size_t good = utf8_prefix(text);
  if (good != text.size()) {
    return yaml_error(PlaceTable(text).at(good), "the bytes are not UTF-8");
  }
  const size_t first = text.find_first_not_of(" \t\r\n");
  if (first != std::string_view::npos && (text[first] == '{' || text[first] == '[')) {
    auto parsed = parse(text);
    if (parsed.ok()) return documents_of_json(std::move(parsed).value(), text);
  }
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if ((static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t' && c != '\r') ||
        c == 0x7F) {
      return yaml_error(PlaceTable(text).at(i),
                        "control characters are not allowed; use an escape in double quotes");
    }
  }
  return parse_yaml_events(text);
}

}  // namespace hence::json
