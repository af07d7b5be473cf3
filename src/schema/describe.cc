// SPDX-License-Identifier: Apache-2.0
#include "schema/describe.h"

#include <algorithm>

#include "json/builder.h"
#include "json/utf8.h"
#include "json/write.h"
#include "json/yaml.h"

namespace hence::schema {
namespace {

constexpr size_t kBriefBytes = 60;
constexpr size_t kValuesShown = 12;
constexpr size_t kPathRoom = 64;  ///< of most paths

std::string shortened(std::string text) {
  if (text.size() <= kBriefBytes) return text;
  text.resize(json::utf8_prefix(std::string_view(text).substr(0, kBriefBytes)));
  return text + "…";
}

}  // namespace

/// Appends a text as JSON, shortened.
void append_quoted(std::string& out, std::string_view text) {
  const size_t before = out.size();
  json::write_string(text, out);
  if (out.size() - before <= kBriefBytes) return;
  out.resize(before + json::utf8_prefix(std::string_view(out).substr(before, kBriefBytes)));
  out += "…";
}

std::string quoted(std::string_view text) {
  std::string out;
  append_quoted(out, text);
  return out;
}

std::string counted(uint64_t count, std::string_view noun) {
  std::string out = std::to_string(count) + " ";
  if (count == 1) return out += noun;
  if (noun == "property") return out += "properties";
  return (out += noun) += "s";
}

std::string brief(json::View value) {
  if (value.is_object()) return value.size() == 0 ? "an empty object" : "an object";
  if (value.is_array()) return "an array of " + counted(value.size(), "element");
  if (value.is_string()) return quoted(value.as_string());
  return shortened(value.to_text());
}

std::string one_of(std::span<const json::View> values) {
  std::string out;
  for (size_t i = 0; i < values.size() && i < kValuesShown; ++i) {
    if (i > 0) out += i + 1 == values.size() ? " or " : ", ";
    if (values[i].is_string()) append_quoted(out, values[i].as_string());
    else out += brief(values[i]);
  }
  if (values.size() > kValuesShown) out += " or " + std::to_string(values.size() - kValuesShown) + " more";
  return values.empty() ? "nothing" : out;
}

std::string type_names(uint8_t types) {
  static constexpr std::string_view kNames[] = {"null", "boolean", "number", "string", "array", "object", "integer"};
  std::string out;
  for (unsigned i = 0; i < std::size(kNames); ++i) {
    if ((types >> i & 1) == 0) continue;
    if (!out.empty()) out += " or ";
    out += kNames[i];
  }
  return out.empty() ? "of no type" : out;
}

void append_pointer_of(std::string& out, const json::Buffer* buffer, uint32_t root, uint32_t node) {
  const json::Node* nodes = buffer->nodes();
  for (uint32_t at = root; at != node;) {
    const bool object = (nodes[at].meta & json::kTypeMask) == static_cast<uint32_t>(json::Type::object);
    const uint32_t count = json::count_of(nodes[at]);
    uint32_t child = at + 1;
    uint32_t index = 0;
    for (; index < count; ++index) {
      const uint32_t end = child + (object ? 1 + json::span_of(nodes[child + 1]) : json::span_of(nodes[child]));
      if (node < end) break;
      child = end;
    }
    HENCE_CHECK(json::is_container(nodes[at]) && index < count);
    if (object) json::append_pointer(out, json::text_of(buffer, nodes[child]));
    else (out += '/') += std::to_string(index);
    if (child == node) break;  // an element, or the key itself
    at = object ? child + 1 : child;
  }
}

std::string pointer_of(const json::Buffer* buffer, uint32_t root, uint32_t node) {
  std::string out;
  append_pointer_of(out, buffer, root, node);
  return out;
}

Fault describe(const Program& program, json::View root, RawFault&& raw) {
  Fault fault;
  fault.instance_path = pointer_of(root.buffer(), root.node(), raw.node);
  const ProgramDocument& document = program.documents[raw.block->document];
  fault.schema_path.reserve(kPathRoom);
  if (raw.block->document != 0) fault.schema_path = document.uri;
  fault.schema_path += '#';
  append_pointer_of(fault.schema_path, document.value->buffer(), 0, raw.block->node);
  if (!raw.keyword.empty()) json::append_pointer(fault.schema_path, raw.keyword);
  fault.keyword = raw.keyword;
  const std::string_view but = raw.actual.empty() ? ", but it is " : ", but ";
  fault.actual = raw.actual.empty() ? brief(json::View::at_node(root.buffer(), raw.node)) : std::move(raw.actual);
  fault.expected = std::move(raw.expected);
  constexpr std::string_view kWhole = "the value", kExpected = ": expected ";
  const std::string_view place = fault.instance_path.empty() ? kWhole : std::string_view(fault.instance_path);
  fault.message.reserve(place.size() + kExpected.size() + fault.expected.size() + but.size() + fault.actual.size());
  fault.message.append(place).append(kExpected).append(fault.expected).append(but).append(fault.actual);
  return fault;
}

json::Value to_json(const Fault& fault) {
  json::Builder builder;
  builder.begin_object()
      .member("instance", fault.instance_path)
      .member("schema", fault.schema_path)
      .member("keyword", fault.keyword)
      .member("expected", fault.expected)
      .member("actual", fault.actual)
      .member("message", fault.message)
      .end_object();
  return std::move(builder).finish();
}

}  // namespace hence::schema
