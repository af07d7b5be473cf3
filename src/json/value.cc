// SPDX-License-Identifier: Apache-2.0
#include "json/value.h"

#include <charconv>
#include <cmath>
#include <cstdlib>
#include <new>

#include "base/codec.h"
#include "json/builder.h"
#include "json/number.h"
#include "json/object_index.h"
#include "json/parse.h"
#include "json/utf8.h"
#include "json/write.h"

namespace hence::json {
namespace {

/// A document of one scalar with static lifetime.
struct StaticDocument {
  Buffer buffer;
  Node node;
  char text[8];
};
static_assert(offsetof(StaticDocument, text) == sizeof(Buffer) + sizeof(Node));

constinit StaticDocument null_document{{kImmortal, 1, 4, 0}, {0, 4, 0, 0}, "null"};
constinit StaticDocument false_document{{kImmortal, 1, 5, 0}, {0, 5, 0, 1}, "false"};
constinit StaticDocument true_document{{kImmortal, 1, 4, 0}, {0, 4, 0, 1 | kTrueFlag}, "true"};

}  // namespace

std::string_view type_name(Type type) {
  static constexpr std::string_view kNames[] = {"null", "boolean", "number", "string", "array", "object"};
  return kNames[static_cast<size_t>(type)];
}

Buffer* Buffer::create(uint32_t node_count, uint32_t text_bytes, uint32_t source_bytes) {
  void* memory = std::malloc(sizeof(Buffer) + size_t{node_count} * sizeof(Node) + text_bytes);
  HENCE_CHECK(memory != nullptr);
  return new (memory) Buffer{1, node_count, text_bytes, source_bytes};
}

void Buffer::destroy(const Buffer* buffer) noexcept { std::free(const_cast<Buffer*>(buffer)); }

View::View() noexcept : buffer_(&null_document.buffer), node_(0) {}

uint32_t View::size() const {
  if (is_container(raw())) return count_of(raw());
  HENCE_CHECK(is_string());
  return raw().length;
}

View View::at(uint32_t index) const {
  HENCE_CHECK(is_array() && index < count_of(raw()));
  const Node* nodes = buffer_->nodes();
  uint32_t at = node_ + 1;
  if (raw().extra == count_of(raw()) + 1) return View(buffer_, at + index);  // no element has a subtree
  for (; index > 0; --index) at += span_of(nodes[at]);
  return View(buffer_, at);
}

std::optional<View> View::find(std::string_view key) const {
  if (!is_object()) return std::nullopt;
  const uint32_t found = find_member(buffer_, node_, key);
  if (found == 0) return std::nullopt;
  return View(buffer_, found);
}

std::optional<View> View::find_path(std::initializer_list<std::string_view> keys) const {
  View at = *this;
  for (const std::string_view key : keys) {
    const auto next = at.find(key);
    if (!next) return std::nullopt;
    at = *next;
  }
  return at;
}

std::string_view View::string_or(std::string_view key, std::string_view otherwise) const {
  const auto found = find(key);
  return found && found->is_string() ? found->as_string() : otherwise;
}

Elements View::elements() const {
  HENCE_CHECK(is_array());
  return Elements(*this);
}

Members View::members() const {
  HENCE_CHECK(is_object());
  return Members(*this);
}

std::string View::to_text() const {
  std::string out;
  write(*this, out);
  return out;
}

std::string_view View::source_text() const {
  if (buffer_->source_bytes == 0) return {};
  const Node& node = raw();
  const char* text = buffer_->text();
  if (!is_string()) return {text + node.offset, node.length};
  if ((node.meta & kEscapedFlag) == 0) return {text + node.offset - 1, size_t{node.length} + 2};
  const char* place = text + node.offset - 8;
  return {text + load32(place), load32(place + 4)};
}

Value::Value() noexcept : buffer_(&null_document.buffer), node_(0) {}

Value::Value(View view) : buffer_(view.buffer_), node_(view.node_) { retain(buffer_); }

Value Value::detached(View view) {
  Builder builder;
  builder.value(view);
  return std::move(builder).finish();
}

Value Value::boolean(bool value) {
  return Value(value ? &true_document.buffer : &false_document.buffer, 0);
}

namespace {

Buffer* scalar_document(Type type, std::string_view text) {
  HENCE_CHECK(text.size() < UINT32_MAX);
  const auto bytes = static_cast<uint32_t>(text.size());
  Buffer* buffer = Buffer::create(1, bytes, 0);
  *buffer->nodes() = {0, bytes, 0, static_cast<uint32_t>(type)};
  std::memcpy(buffer->text(), text.data(), bytes);
  return buffer;
}

}  // namespace

Value Value::number(double value) {
  if (std::isnan(value)) return Value();
  char text[kNumberTextMax];
  return Value(scalar_document(Type::number, {text, format_number(value, text)}), 0);
}

Value Value::number(int64_t value) {
  char text[24];
  const auto done = std::to_chars(text, text + sizeof text, value);
  return Value(scalar_document(Type::number, {text, static_cast<size_t>(done.ptr - text)}), 0);
}

Value Value::string(std::string_view value) {
  if (is_utf8(value)) [[likely]] return Value(scalar_document(Type::string, value), 0);
  return Value(scalar_document(Type::string, replace_invalid_utf8(value)), 0);
}

void encode_value(Encoder& encoder, const Value& value) { encoder.bytes(value->to_text()); }

void decode_value(Decoder& decoder, Value& value) {
  const std::string_view text = decoder.bytes();
  if (decoder.failed()) return;
  // What was built inside may be deeper than the edge allows.
  auto parsed = parse(text, {.depth_max = UINT32_MAX, .duplicate_keys = DuplicateKeys::refuse});
  if (!parsed.ok()) return decoder.fail();
  value = std::move(parsed).value();
}

}  // namespace hence::json
