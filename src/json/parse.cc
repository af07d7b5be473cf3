// SPDX-License-Identifier: Apache-2.0
#include "json/parse.h"

#include <emmintrin.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "json/number.h"
#include "json/object_index.h"
#include "json/scan.h"
#include "json/utf8.h"

namespace hence::json {
namespace {

constexpr size_t kPadding = 64;   ///< zero bytes around the text: loads need no bounds checks
constexpr size_t kScratchKeptBytes = 1 << 20;   ///< what a thread keeps between documents

struct Frame {
  uint32_t node;
  uint32_t count;
  uint64_t keys_seen;  ///< one bit by hash: a clear bit proves a key is new
  bool is_object;
  bool repeated;       ///< a key came twice (last_wins)
};

/// Uninitialised memory that grows without keeping its content.
template <typename T>
class Room {
 public:
  Room() = default;
  Room(const Room&) = delete;
  Room& operator=(const Room&) = delete;
  ~Room() { std::free(data_); }

  T* reserve(size_t count) {
    if (count > capacity_) {
      std::free(data_);
      data_ = static_cast<T*>(std::malloc(count * sizeof(T)));
      HENCE_CHECK(data_ != nullptr);
      capacity_ = count;
    }
    return data_;
  }
  void trim() {
    if (capacity_ * sizeof(T) <= kScratchKeptBytes) return;
    std::free(std::exchange(data_, nullptr));
    capacity_ = 0;
  }

 private:
  T* data_ = nullptr;
  size_t capacity_ = 0;
};

/// Room for one document while it is parsed, kept by the thread for the next.
struct Scratch {
  Room<char> text;
  Room<Node> nodes;
  Room<uint32_t> specials;
  std::string unescaped;
  std::vector<Frame> open;
  std::vector<uint32_t> index;

  void trim() {
    text.trim();
    nodes.trim();
    specials.trim();
    if (unescaped.capacity() > kScratchKeptBytes) std::string().swap(unescaped);
    if (open.capacity() * sizeof(Frame) > kScratchKeptBytes) std::vector<Frame>().swap(open);
    if (index.capacity() * sizeof(uint32_t) > kScratchKeptBytes) {
      std::vector<uint32_t>().swap(index);
    }
  }
};

/// More nodes, index slots included, than a text of this size and depth can give, legal or cut
/// short: a node needs two bytes, but for brackets that are still open. Large texts are counted.
size_t nodes_bound(const char* text, size_t size, uint32_t depth_max) {
  const size_t open = std::min<size_t>(depth_max, size);
  if (size <= (1 << 16)) return size / 2 + open + 8;
  size_t marks = 0;
  for (size_t i = 0; i < size; ++i) {
    const char c = text[i];
    marks += (c == ',') | (c == ':') | (c == '[') | (c == '{');
  }
  return marks + marks / 4 + 8;
}

bool is_space(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }
bool is_digit(char c) { return static_cast<unsigned char>(c - '0') < 10; }

/// The first quote, backslash or control character; the padding holds one.
const char* skip_plain(const char* p) {
  const __m128i quote = _mm_set1_epi8('"');
  const __m128i backslash = _mm_set1_epi8('\\');
  const __m128i control = _mm_set1_epi8(0x1F);
  while (true) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
    const __m128i stop = _mm_or_si128(
        _mm_or_si128(_mm_cmpeq_epi8(bytes, quote), _mm_cmpeq_epi8(bytes, backslash)),
        _mm_cmpeq_epi8(_mm_min_epu8(bytes, control), bytes));
    const int mask = _mm_movemask_epi8(stop);
    if (mask != 0) return p + __builtin_ctz(static_cast<unsigned>(mask));
    p += 16;
  }
}

/// The value of four hexadecimal digits, -1 if they are not.
int32_t hex4(const char* p) {
  int32_t value = 0;
  for (int i = 0; i < 4; ++i) {
    const char c = p[i];
    const char low = static_cast<char>(c | 0x20);
    if (is_digit(c)) {
      value = value << 4 | (c - '0');
    } else if (low >= 'a' && low <= 'f') {
      value = value << 4 | (low - 'a' + 10);
    } else {
      return -1;
    }
  }
  return value;
}

}  // namespace

/// Where the parser reads and writes next; text is null after a failure.
struct Cursor {
  const char* text;
  Node* node;
};

/// One pass over the text. A step takes and gives a Cursor, which travels in two registers.
class Parser {
 public:
  Parser(std::string_view text, const ParseOptions& options, Scratch& scratch)
      : options_(options), scratch_(scratch), size_(text.size()) {
    char* copy = scratch.text.reserve(size_ + 2 * kPadding) + kPadding;
    std::memset(copy - 8, 0, 8);
    if (size_ > 0) std::memcpy(copy, text.data(), size_);  // an empty view may have no data at all
    std::memset(copy + size_, 0, kPadding);
    begin_ = copy;
    end_ = begin_ + size_;
    nodes_ = scratch.nodes.reserve(nodes_bound(begin_, size_, options.depth_max));
    scratch.unescaped.clear();
    scratch.open.clear();
  }

  bool run();
  Value finish() const;
  size_t failed_at() const { return failed_at_; }
  const std::string& failure() const { return failure_; }

 private:
  Cursor fail(const char* at, std::string what) {
    failed_at_ = static_cast<size_t>(std::min(at, end_) - begin_);
    failure_ = std::move(what);
    return {nullptr, nullptr};
  }
  [[gnu::noinline]] Cursor expected(const char* at, std::string_view what);
  bool look_over();
  bool values();
  Cursor scalar(Cursor at, const uint32_t*& specials);
  Cursor open(Cursor at, Type type);
  Cursor close(Cursor at);
  Cursor number(Cursor at);
  Cursor word(Cursor at, std::string_view text, Type type, uint32_t flags);
  Cursor string(Cursor at, const uint32_t*& specials);
  [[gnu::noinline]] Cursor odd_string(Cursor at, const char* stop);
  const char* unescape(const char* begin, const char* p, Node& node);
  const char* escape(const char* p);
  const char* surrogates(const char* p, int32_t high);
  Cursor key(Cursor at, const uint32_t*& specials);
  [[gnu::noinline]] bool repeats(const Frame& frame, const Node& key) const;
  Cursor repeated_key(const Node& key);
  [[gnu::noinline]] Cursor close_keys(Cursor at, Frame& frame, uint32_t& flags);

  TextParts texts() const {
    return {begin_, static_cast<uint32_t>(size_), scratch_.unescaped.data()};
  }
  const char* skip_space(const char* p) {
    if (static_cast<unsigned char>(*p) > ' ') [[likely]] return p;
    const char* begin = p;
    while (is_space(*p)) ++p;
    compact_ &= p == begin;
    return p;
  }
  uint32_t offset_of(const char* p) const { return static_cast<uint32_t>(p - begin_); }
  Cursor put(Cursor at, const char* end, Type type, uint32_t flags) const {
    *at.node = {offset_of(at.text), static_cast<uint32_t>(end - at.text), 0,
                static_cast<uint32_t>(type) | flags};
    return {end, at.node + 1};
  }

  const ParseOptions& options_;
  Scratch& scratch_;
  size_t size_;
  const char* begin_;
  const char* end_;
  Node* nodes_;
  const uint32_t* specials_ = nullptr;
  Node* nodes_end_ = nullptr;
  bool compact_ = true;  ///< nothing seen that write() would print otherwise
  const char* read_to_ = nullptr;  ///< after the value
  size_t failed_at_ = 0;
  std::string failure_;
};

Cursor Parser::expected(const char* at, std::string_view what) {
  std::string sentence = "expected " + std::string(what);
  const auto c = static_cast<unsigned char>(*at);
  if (at >= end_) {
    sentence += ", but the text ends here";
  } else if (c > 0x20 && c < 0x7F) {
    sentence += std::string(", not '") + static_cast<char>(c) + "'";
  } else if (c < 0x80) {
    static constexpr char kHex[] = "0123456789ABCDEF";
    sentence += std::string(", not the byte 0x") + kHex[c >> 4] + kHex[c & 15];
  } else {
    sentence += ", not a character beyond ASCII";
  }
  return fail(at, std::move(sentence));
}

[[gnu::always_inline]] inline Cursor Parser::number(Cursor at) {
  const char* p = at.text;
  if (*p == '-') ++p;
  if (*p == '0') {
    ++p;
    if (is_digit(*p)) return fail(at.text, "a number must not begin with 0");
  } else {
    if (!is_digit(*p)) return expected(p, "a digit after '-'");
    while (is_digit(*p)) ++p;
  }
  if (*p == '.') {
    ++p;
    if (!is_digit(*p)) return expected(p, "a digit after the decimal point");
    while (is_digit(*p)) ++p;
  }
  if ((*p | 0x20) == 'e') {
    ++p;
    if (*p == '+' || *p == '-') ++p;
    if (!is_digit(*p)) return expected(p, "a digit in the exponent");
    while (is_digit(*p)) ++p;
  }
  return put(at, p, Type::number, 0);
}

Cursor Parser::word(Cursor at, std::string_view text, Type type, uint32_t flags) {
  if (std::memcmp(at.text, text.data(), text.size()) != 0) {
    return expected(at.text, "a JSON value");
  }
  return put(at, at.text + text.size(), type, flags);
}

const char* Parser::surrogates(const char* p, int32_t high) {
  const bool pair = high < 0xDC00 && p[6] == '\\' && p[7] == 'u';
  const int32_t low = pair ? hex4(p + 8) : -1;
  if (low < 0xDC00 || low > 0xDFFF) {
    return fail(p, "a lone surrogate escape is not a character; write the pair").text;
  }
  append_utf8(0x10000 + ((static_cast<uint32_t>(high) & 0x3FF) << 10) +
              (static_cast<uint32_t>(low) & 0x3FF), scratch_.unescaped);
  return p + 12;
}

/// Appends what the escape at p stands for; gives what follows it.
const char* Parser::escape(const char* p) {
  std::string& out = scratch_.unescaped;
  switch (p[1]) {
    case '"': out += '"'; break;
    case '\\': out += '\\'; break;
    case '/': out += '/'; break;
    case 'b': out += '\b'; break;
    case 'f': out += '\f'; break;
    case 'n': out += '\n'; break;
    case 'r': out += '\r'; break;
    case 't': out += '\t'; break;
    case 'u': {
      const int32_t code = hex4(p + 2);
      if (code < 0) return fail(p, "expected four hexadecimal digits after \\u").text;
      if (code >= 0xD800 && code <= 0xDFFF) return surrogates(p, code);
      append_utf8(static_cast<uint32_t>(code), out);
      return p + 6;
    }
    default:
      return fail(p, "no such escape; known are \\\" \\\\ \\/ \\b \\f \\n \\r \\t \\uXXXX").text;
  }
  return p + 2;
}

/// begin: after the opening quote; p: the first backslash. Gives the byte that ends the plain run.
const char* Parser::unescape(const char* begin, const char* p, Node& node) {
  std::string& out = scratch_.unescaped;
  const size_t place = out.size();
  out.append(8, '\0');
  const char* plain = begin;
  while (*p == '\\') {
    out.append(plain, p);
    p = escape(p);
    if (p == nullptr) return nullptr;
    plain = p;
    p = skip_plain(p);
  }
  if (*p != '"') return p;
  out.append(plain, p);
  const uint32_t source[2] = {offset_of(begin) - 1, static_cast<uint32_t>(p - begin) + 2};
  std::memcpy(out.data() + place, source, 8);
  node = {static_cast<uint32_t>(size_ + place + 8), static_cast<uint32_t>(out.size() - place - 8),
          0, static_cast<uint32_t>(Type::string) | kEscapedFlag};
  return p;
}

/// A string whose first special byte is not its closing quote.
Cursor Parser::odd_string(Cursor at, const char* stop) {
  if (*stop == '\\') {
    stop = unescape(at.text + 1, stop, *at.node);
    if (stop == nullptr) return {nullptr, nullptr};
    if (*stop == '"') return {stop + 1, at.node + 1};
  }
  if (stop >= end_) return fail(at.text, "the string that begins here does not end");
  return expected(stop, "a control character to be escaped (\\n, \\t, \\u00XX)");
}

/// at: the opening quote. specials: offsets not yet passed; moves on.
[[gnu::always_inline]] inline Cursor Parser::string(Cursor at, const uint32_t*& specials) {
  const char* begin = at.text + 1;
  while (*specials < offset_of(at.text)) ++specials;
  const char* stop = begin_ + specials[1];
  specials += 2;
  if (*stop != '"') [[unlikely]] return odd_string(at, stop);
  put({begin, at.node}, stop, Type::string, 0);
  return {stop + 1, at.node + 1};
}

bool Parser::repeats(const Frame& frame, const Node& key) const {
  const TextParts parts = texts();
  const Node* at = nodes_ + frame.node + 1;
  for (uint32_t left = frame.count; left > 0; --left) {
    if (at->extra == key.extra && at->length == key.length && parts.of(*at) == parts.of(key)) {
      return true;
    }
    at += 1 + span_of(at[1]);
  }
  return false;
}

Cursor Parser::repeated_key(const Node& key) {
  const std::string_view name = texts().of(key);
  uint32_t at = key.offset - 1;
  if ((key.meta & kEscapedFlag) != 0) {
    at = load32(scratch_.unescaped.data() + (key.offset - size_) - 8);
  }
  std::string what = "the key \"";
  what += replace_invalid_utf8(name.substr(0, 100));
  return fail(begin_ + at, what + "\" stands in the object twice; give it once");
}

/// at: where the key must begin; gives what follows the ':'.
[[gnu::always_inline]] inline Cursor Parser::key(Cursor at, const uint32_t*& specials) {
  if (*at.text != '"') return expected(at.text, "a key in quotes");
  Node& node = *at.node;
  at = string(at, specials);
  if (at.text == nullptr) [[unlikely]] return at;
  if ((node.meta & kEscapedFlag) == 0) [[likely]] {
    node.extra = key_hash_padded(begin_ + node.offset, node.length);
  } else {
    const std::string_view name = texts().of(node);
    node.extra = key_hash(name.data(), name.size());
  }
  Frame& frame = scratch_.open.back();
  const uint64_t bit = key_bit(node.extra);
  if ((frame.keys_seen & bit) != 0 && frame.count <= kIndexedMembers && repeats(frame, node))
      [[unlikely]] {
    if (options_.duplicate_keys == DuplicateKeys::refuse) return repeated_key(node);
    frame.repeated = true;
  }
  frame.keys_seen |= bit;
  at.text = skip_space(at.text);
  if (*at.text != ':') return expected(at.text, "':' after the key");
  return {at.text + 1, at.node};
}

/// Refuses or merges repeated keys of an object that ends and indexes it if it is large.
Cursor Parser::close_keys(Cursor at, Frame& frame, uint32_t& flags) {
  std::vector<uint32_t>& index = scratch_.index;
  Node* object = nodes_ + frame.node;
  sort_keys(object, frame.count, texts(), index);
  if (const auto repeated = first_repeated(object, index, texts())) {
    if (options_.duplicate_keys == DuplicateKeys::refuse) return repeated_key(object[*repeated]);
    compact_ = false;
    frame.count = merge_repeated(object, frame.count, index, texts());
    at.node = object + object->extra;
    sort_keys(object, frame.count, texts(), index);
  }
  if (frame.count > kIndexedMembers) {
    flags = kIndexedFlag;
    const uint32_t slots = index_slots(frame.count);
    std::memset(static_cast<void*>(at.node + slots - 1), 0, sizeof(Node));
    std::memcpy(static_cast<void*>(at.node), index.data(), frame.count * sizeof(uint32_t));
    at.node += slots;
  }
  return at;
}

[[gnu::always_inline]] inline Cursor Parser::open(Cursor at, Type type) {
  if (scratch_.open.size() >= options_.depth_max) {
    return fail(at.text, "nested deeper than " + std::to_string(options_.depth_max) + " levels");
  }
  const auto node = static_cast<uint32_t>(at.node - nodes_);
  scratch_.open.push_back({node, 0, 0, type == Type::object, false});
  return put(at, at.text + 1, type, 0);
}

/// at: the closing bracket.
[[gnu::always_inline]] inline Cursor Parser::close(Cursor at) {
  Frame& frame = scratch_.open.back();
  uint32_t flags = 0;
  if (frame.is_object && (frame.repeated || frame.count > kIndexedMembers)) [[unlikely]] {
    at = close_keys(at, frame, flags);
    if (at.text == nullptr) return at;
  }
  if (frame.count > kCountMax) {
    return fail(at.text, "more than " + std::to_string(kCountMax) + " elements in one place");
  }
  Node& node = nodes_[frame.node];
  node.length = offset_of(at.text) + 1 - node.offset;
  node.extra = static_cast<uint32_t>(at.node - &node);
  node.meta |= flags | frame.count << kCountShift;
  scratch_.open.pop_back();
  return {at.text + 1, at.node};
}

[[gnu::always_inline]] inline Cursor Parser::scalar(Cursor at,
                                                             const uint32_t*& specials) {
  const char c = *at.text;
  if (c == '"') return string(at, specials);
  if (is_digit(c) || c == '-') return number(at);
  switch (c) {
    case 't': return word(at, "true", Type::boolean, kTrueFlag);
    case 'f': return word(at, "false", Type::boolean, 0);
    case 'n': return word(at, "null", Type::null, 0);
    default: return expected(at.text, "a JSON value");
  }
}

/// Finds the special bytes and judges the encoding.
bool Parser::look_over() {
  const std::string_view text(begin_, size_);
  if (text.starts_with("\xEF\xBB\xBF")) {
    fail(begin_, "the text begins with a byte order mark; remove it (JSON has none)");
    return false;
  }
  uint32_t* specials = scratch_.specials.reserve(specials_bound(begin_, size_));
  specials_ = specials;
  const Scan scan = scan_specials(begin_, size_, specials);
  compact_ = !scan.has_del;
  if (scan.ascii) return true;
  const size_t good = utf8_prefix(text);
  if (good != size_) fail(begin_ + good, "the bytes are not UTF-8");
  return good == size_;
}

bool Parser::run() {
  if (!look_over() || !values()) return false;
  const char* p = skip_space(read_to_);
  if (p == end_) return true;
  expected(p, "the end of the text after the value");
  return false;
}

/// Reads one value with all that is inside.
bool Parser::values() {
  std::vector<Frame>& frames = scratch_.open;
  const uint32_t* specials = specials_;
  Cursor at{begin_, nodes_};
  while (true) {
    at.text = skip_space(at.text);
    const char c = *at.text;
    if (c == '{' || c == '[') {
      at = open(at, c == '{' ? Type::object : Type::array);
      if (at.text == nullptr) return false;
      at.text = skip_space(at.text);
      if (*at.text != c + 2) {  // '}' and ']' follow their openers at this distance
        if (c == '{') at = key(at, specials);
        if (at.text == nullptr) return false;
        continue;
      }
      at = close(at);
    } else {
      at = scalar(at, specials);
    }
    if (at.text == nullptr) [[unlikely]] return false;
    // After a value: close what ends here, until a comma asks for the next value.
    while (true) {
      if (frames.empty()) {
        read_to_ = at.text;
        nodes_end_ = at.node;
        return true;
      }
      Frame& frame = frames.back();
      ++frame.count;
      at.text = skip_space(at.text);
      if (*at.text == ',') {
        ++at.text;
        if (frame.is_object) at = key({skip_space(at.text), at.node}, specials);
        if (at.text == nullptr) [[unlikely]] return false;
        break;
      }
      if (*at.text != (frame.is_object ? '}' : ']')) {
        expected(at.text, frame.is_object ? "',' or '}'" : "',' or ']'");
        return false;
      }
      at = close(at);
      if (at.text == nullptr) [[unlikely]] return false;
    }
  }
}

Value Parser::finish() const {
  const auto node_count = static_cast<uint32_t>(nodes_end_ - nodes_);
  const size_t text_bytes = size_ + scratch_.unescaped.size();
  Buffer* buffer = Buffer::create(node_count, static_cast<uint32_t>(text_bytes),
                                  static_cast<uint32_t>(size_));
  std::memcpy(static_cast<void*>(buffer->nodes()), nodes_, node_count * sizeof(Node));
  if (compact_ && scratch_.unescaped.empty()) buffer->nodes()->meta |= kCompactFlag;
  std::memcpy(buffer->text(), begin_, size_);
  std::memcpy(buffer->text() + size_, scratch_.unescaped.data(), scratch_.unescaped.size());
  return Value(buffer, 0);
}

namespace {

Scratch& thread_scratch() {
  thread_local Scratch scratch;
  return scratch;
}

/// "line 3, column 7: what"; columns count characters.
Error place_error(std::string_view text, size_t at, std::string_view what) {
  size_t line = 1;
  size_t column = 1;
  for (size_t i = 0; i < at && i < text.size(); ++i) {
    if (text[i] == '\n') {
      ++line;
      column = 1;
    } else if ((static_cast<unsigned char>(text[i]) & 0xC0) != 0x80) {
      ++column;
    }
  }
  std::string sentence = "line " + std::to_string(line) + ", column " + std::to_string(column);
  return Error(ErrorCode::JsonInvalid, sentence + ": " + std::string(what));
}

/// Parses text[begin, end); places in errors are those of text.
Result<Value> parse_part(std::string_view text, size_t begin, size_t end,
                         const ParseOptions& options) {
  if (end - begin > kDocumentBytesMax) {
    return Error(ErrorCode::JsonInvalid,
                 "the document is larger than " + std::to_string(kDocumentBytesMax) + " bytes");
  }
  Scratch& scratch = thread_scratch();
  Parser parser(text.substr(begin, end - begin), options, scratch);
  if (!parser.run()) {
    Error error = place_error(text, begin + parser.failed_at(), parser.failure());
    scratch.trim();
    return error;
  }
  Value value = parser.finish();
  scratch.trim();
  return value;
}

/// Where the value that begins at begin ends, as far as brackets and quotes tell.
size_t value_end(std::string_view text, size_t begin) {
  size_t depth = 0;
  size_t i = begin;
  const auto skip_string = [&] {
    for (++i; i < text.size() && text[i] != '"'; ++i) {
      if (text[i] == '\\') ++i;
    }
    i = std::min(i + 1, text.size());
  };
  while (i < text.size()) {
    const char c = text[i];
    if (c == '"') {
      skip_string();
    } else if (c == '{' || c == '[') {
      ++depth;
      ++i;
    } else if (c == '}' || c == ']') {
      ++i;
      if (depth > 0) --depth;
    } else if (depth == 0) {
      static constexpr std::string_view kEnds = " \t\r\n,:[]{}\"";
      while (++i < text.size() && kEnds.find(text[i]) == std::string_view::npos) {
      }
    } else {
      ++i;
      continue;
    }
    if (depth == 0) return i;
  }
  return text.size();
}

}  // namespace

Result<Value> parse(std::string_view text, const ParseOptions& options) {
  return parse_part(text, 0, text.size(), options);
}

Result<std::optional<Value>> parse_next(std::string_view& text, const ParseOptions& options) {
  size_t begin = 0;
  while (begin < text.size() && is_space(text[begin])) ++begin;
  if (begin == text.size()) {
    text = {};
    return std::optional<Value>();
  }
  const size_t end = value_end(text, begin);
  HENCE_TRY(Value value, parse_part(text, begin, end, options));
  text.remove_prefix(end);
  return std::optional<Value>(std::move(value));
}

}  // namespace hence::json
