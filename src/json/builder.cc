// SPDX-License-Identifier: Apache-2.0
#include "json/builder.h"

#include <charconv>
#include <cmath>
#include <limits>
#include <vector>

#include "json/number.h"
#include "json/object_index.h"
#include "json/parse.h"
#include "json/utf8.h"
#include "json/write.h"

namespace hence::json {

namespace {
struct Frame {
  uint32_t node;
  uint32_t count;
  uint64_t keys_seen;  ///< one bit by hash: a clear bit proves a key is new
  bool is_object;
  bool key_given;
  bool maybe_repeated;
};
}  // namespace

struct Builder::State {
  std::vector<Node> nodes;
  std::string text;
  std::vector<Frame> open;

  void before_value() {
    if (open.empty()) {
      HENCE_CHECK(nodes.empty());
      return;
    }
    Frame& frame = open.back();
    HENCE_CHECK(frame.key_given == frame.is_object);
    frame.key_given = false;
    ++frame.count;
    HENCE_CHECK(frame.count <= kCountMax);
  }
  void push(Type type, std::string_view bytes, uint32_t flags = 0, uint32_t extra = 0) {
    HENCE_CHECK(text.size() + bytes.size() <= UINT32_MAX);
    nodes.push_back({static_cast<uint32_t>(text.size()), static_cast<uint32_t>(bytes.size()), extra,
                     static_cast<uint32_t>(type) | flags});
    text.append(bytes);
  }
  void begin(Type type) {
    before_value();
    HENCE_CHECK(nodes.size() < UINT32_MAX - 8);
    open.push_back({static_cast<uint32_t>(nodes.size()), 0, 0, type == Type::object, false, false});
    nodes.push_back({static_cast<uint32_t>(text.size()), 0, 0, static_cast<uint32_t>(type)});
  }
  void end(Type type);
  void push_key(std::string_view key);
  void push_string(std::string_view value, uint32_t extra);
  void copy(View value);
};

void Builder::State::end(Type type) {
  HENCE_CHECK(!open.empty() && open.back().is_object == (type == Type::object) &&
              !open.back().key_given);
  const Frame frame = open.back();
  open.pop_back();
  uint32_t count = frame.count;
  uint32_t flags = 0;
  if (type == Type::object && (frame.maybe_repeated || count > kIndexedMembers)) {
    const TextParts texts{text.data(), UINT32_MAX, nullptr};
    std::vector<uint32_t> index;
    sort_keys(nodes.data() + frame.node, count, texts, index);
    if (first_repeated(nodes.data() + frame.node, index, texts)) {
      count = merge_repeated(nodes.data() + frame.node, count, index, texts);
      nodes.resize(frame.node + nodes[frame.node].extra);
      sort_keys(nodes.data() + frame.node, count, texts, index);
    }
    if (count > kIndexedMembers) {
      flags = kIndexedFlag;
      const size_t at = nodes.size();
      nodes.resize(at + index_slots(count));
      std::memcpy(static_cast<void*>(nodes.data() + at), index.data(), count * sizeof(uint32_t));
    }
  }
  Node& node = nodes[frame.node];
  node.extra = static_cast<uint32_t>(nodes.size()) - frame.node;
  node.meta = static_cast<uint32_t>(type) | flags | count << kCountShift;
}

void Builder::State::push_string(std::string_view value, uint32_t extra) {
  if (is_utf8(value)) [[likely]] return push(Type::string, value, 0, extra);
  push(Type::string, replace_invalid_utf8(value), 0, extra);
}

void Builder::State::push_key(std::string_view key) {
  HENCE_CHECK(!open.empty() && open.back().is_object && !open.back().key_given);
  push_string(key, 0);
  Node& node = nodes.back();
  node.extra = key_hash(text.data() + node.offset, node.length);
  Frame& frame = open.back();
  const uint64_t bit = key_bit(node.extra);
  if ((frame.keys_seen & bit) != 0) frame.maybe_repeated = true;
  frame.keys_seen |= bit;
  frame.key_given = true;
}

void Builder::State::copy(View value) {
  before_value();
  const Buffer* from = value.buffer();
  const Node* first = from->nodes() + value.node();
  const uint32_t span = span_of(*first);
  HENCE_CHECK(nodes.size() + span < UINT32_MAX);
  const char* texts = from->text();
  const size_t begin = nodes.size();
  nodes.insert(nodes.end(), first, first + span);
  nodes[begin].meta &= ~kCompactFlag;  // there is no received text here
  // Index slots are not nodes: they are skipped where their object ends.
  std::vector<std::pair<uint32_t, uint32_t>> indexes;
  for (uint32_t i = 0; i < span; ++i) {
    if (!indexes.empty() && indexes.back().first == i) {
      i = indexes.back().second - 1;
      indexes.pop_back();
      continue;
    }
    Node& node = nodes[begin + i];
    if ((node.meta & kTypeMask) == static_cast<uint32_t>(Type::object) &&
        (node.meta & kIndexedFlag) != 0) {
      const uint32_t end = i + node.extra;
      indexes.emplace_back(end - index_slots(count_of(node)), end);
    }
    const uint32_t offset = node.offset;
    node.offset = static_cast<uint32_t>(text.size());
    if (is_container(node)) {
      node.length = 0;
      continue;
    }
    if ((node.meta & kTypeMask) == static_cast<uint32_t>(Type::string)) node.meta &= ~kEscapedFlag;
    HENCE_CHECK(text.size() + node.length <= UINT32_MAX);
    text.append(texts + offset, node.length);
  }
}

/// One state a thread keeps, so that most builders allocate nothing but their document.
struct Builder::Spare {
  static constexpr size_t kKeptBytes = 1 << 18;
  State* state = nullptr;
  bool closed = false;

  ~Spare() {
    delete std::exchange(state, nullptr);
    closed = true;
  }
  State* take() { return state != nullptr ? std::exchange(state, nullptr) : new State; }
  void give(State* used) {
    if (used == nullptr) return;
    const size_t kept = used->nodes.capacity() * sizeof(Node) + used->text.capacity() +
                        used->open.capacity() * sizeof(Frame);
    if (state != nullptr || closed || kept > kKeptBytes) {
      delete used;
      return;
    }
    used->nodes.clear();
    used->text.clear();
    used->open.clear();
    state = used;
  }
  static Spare& of_thread() {
    thread_local Spare spare;
    return spare;
  }
};

Builder::Builder() : state_(Spare::of_thread().take()) {}
Builder::~Builder() {
  if (state_ != nullptr) Spare::of_thread().give(state_);
}
Builder::Builder(Builder&& other) noexcept : state_(std::exchange(other.state_, nullptr)) {}
Builder& Builder::operator=(Builder&& other) noexcept {
  std::swap(state_, other.state_);
  return *this;
}

Builder& Builder::begin_object() {
  state_->begin(Type::object);
  return *this;
}
Builder& Builder::end_object() {
  state_->end(Type::object);
  return *this;
}
Builder& Builder::begin_array() {
  state_->begin(Type::array);
  return *this;
}
Builder& Builder::end_array() {
  state_->end(Type::array);
  return *this;
}
Builder& Builder::key(std::string_view key) {
  state_->push_key(key);
  return *this;
}
Builder& Builder::null() {
  state_->before_value();
  state_->push(Type::null, "null");
  return *this;
}
Builder& Builder::boolean(bool value) {
  state_->before_value();
  state_->push(Type::boolean, value ? "true" : "false", value ? kTrueFlag : 0);
  return *this;
}
Builder& Builder::number(double value) {
  if (std::isnan(value)) return null();
  state_->before_value();
  char text[kNumberTextMax];
  state_->push(Type::number, {text, format_number(value, text)});
  return *this;
}
Builder& Builder::number(int64_t value) {
  state_->before_value();
  char text[24];
  const auto done = std::to_chars(text, text + sizeof text, value);
  state_->push(Type::number, {text, static_cast<size_t>(done.ptr - text)});
  return *this;
}
Builder& Builder::number_text(std::string_view text) {
  HENCE_CHECK(is_number_text(text));
  state_->before_value();
  state_->push(Type::number, text);
  return *this;
}
Builder& Builder::string(std::string_view value) {
  state_->before_value();
  state_->push_string(value, 0);
  return *this;
}
Builder& Builder::value(View value) {
  state_->copy(value);
  return *this;
}

size_t Builder::bytes() const {
  return sizeof(Buffer) + state_->nodes.size() * sizeof(Node) + state_->text.size();
}

Value Builder::finish() && {
  HENCE_CHECK(state_ != nullptr && state_->open.empty() && !state_->nodes.empty());
  const auto node_count = static_cast<uint32_t>(state_->nodes.size());
  const auto text_bytes = static_cast<uint32_t>(state_->text.size());
  Buffer* buffer = Buffer::create(node_count, text_bytes, 0);
  std::memcpy(static_cast<void*>(buffer->nodes()), state_->nodes.data(), node_count * sizeof(Node));
  std::memcpy(buffer->text(), state_->text.data(), text_bytes);
  Spare::of_thread().give(std::exchange(state_, nullptr));
  return Value(buffer, 0);
}

}  // namespace hence::json
