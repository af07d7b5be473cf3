// SPDX-License-Identifier: Apache-2.0
#include "json/parse.h"

#include <emmintrin.h>

#include <algorithm>
#include <cstring>
#include <vector>

#include "json/number.h"
#include "json/object_index.h"
#include "json/utf8.h"

namespace hence::json {
namespace {

constexpr size_t kPadding = 64;                 ///< zero bytes after the text: no bounds checks
constexpr size_t kScratchKeptBytes = 1 << 20;   ///< what a thread keeps between documents

struct Frame {
  uint32_t node;
  uint32_t count;
  uint64_t keys_seen;  ///< one bit by hash: a clear bit proves a key is new
  bool is_object;
  bool repeated;       ///< a key came twice (last_wins)
};

/// Room for one document while it is parsed, kept by the thread for the next.
struct Scratch {
  std::vector<char> text;
  std::vector<Node> nodes;
  std::string unescaped;
  std::vector<Frame> open;
  std::vector<uint32_t> index;

  void trim() {
    if (text.capacity() > kScratchKeptBytes) std::vector<char>().swap(text);
    if (nodes.capacity() * sizeof(Node) > kScratchKeptBytes) std::vector<Node>().swap(nodes);
    if (unescaped.capacity() > kScratchKeptBytes) std::string().swap(unescaped);
    if (open.capacity() * sizeof(Frame) > kScratchKeptBytes) std::vector<Frame>().swap(open);
    if (index.capacity() * sizeof(uint32_t) > kScratchKeptBytes) {
      std::vector<uint32_t>().swap(index);
    }
  }
};

bool is_space(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }
bool is_digit(char c) { return static_cast<unsigned char>(c - '0') < 10; }

const char* skip_space(const char* p) {
  if (static_cast<unsigned char>(*p) > ' ') [[likely]] return p;
  while (is_space(*p)) ++p;
  return p;
}

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

/// One pass over the text; a failed step sets what and where and gives nullptr.
class Parser {
 public:
  Parser(std::string_view text, const ParseOptions& options, Scratch& scratch)
      : options_(options), scratch_(scratch), size_(text.size()) {
    if (scratch.text.size() < size_ + kPadding) scratch.text.resize(size_ + kPadding);
    begin_ = scratch.text.data();
    std::memcpy(scratch.text.data(), text.data(), size_);
    std::memset(scratch.text.data() + size_, 0, kPadding);
    end_ = begin_ + size_;
    scratch.nodes.clear();
    scratch.unescaped.clear();
    scratch.open.clear();
  }

  bool run();
  Value finish() const;
  size_t failed_at() const { return failed_at_; }
  const std::string& failure() const { return failure_; }

 private:
  using Step = const char*;  // the next byte to read, or nullptr after fail()

  Step fail(const char* at, std::string what) {
    failed_at_ = static_cast<size_t>(std::min(at, end_) - begin_);
    failure_ = std::move(what);
    return nullptr;
  }
  Step expected(const char* at, std::string_view what);
  Step scalar(const char* p);
  Step open(const char* p, Type type);
  Step close(const char* p);
  Step number(const char* p);
  Step word(const char* p, std::string_view text, Type type, uint32_t flags);
  Step string(const char* p);
  Step string_with_escapes(const char* begin, const char* p);
  Step escape(const char* p);
  Step surrogates(const char* p, int32_t high);
  Step key(const char* p);
  bool repeats(const Frame& frame, const Node& key) const;
  Step repeated_key(const Node& key);
  bool close_keys(Frame& frame, uint32_t& flags);

  TextParts texts() const {
    return {begin_, static_cast<uint32_t>(size_), scratch_.unescaped.data()};
  }
  uint32_t offset_of(const char* p) const { return static_cast<uint32_t>(p - begin_); }
  void push(const char* p, size_t length, Type type, uint32_t flags) {
    scratch_.nodes.push_back({offset_of(p), static_cast<uint32_t>(length), 0,
                              static_cast<uint32_t>(type) | flags});
  }

  const ParseOptions& options_;
  Scratch& scratch_;
  size_t size_;
  const char* begin_;
  const char* end_;
  size_t failed_at_ = 0;
  std::string failure_;
};

Parser::Step Parser::expected(const char* at, std::string_view what) {
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

Parser::Step Parser::number(const char* p) {
  const char* begin = p;
  if (*p == '-') ++p;
  if (*p == '0') {
    ++p;
    if (is_digit(*p)) return fail(begin, "a number must not begin with 0");
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
  push(begin, static_cast<size_t>(p - begin), Type::number, 0);
  return p;
}

Parser::Step Parser::word(const char* p, std::string_view text, Type type, uint32_t flags) {
  if (std::memcmp(p, text.data(), text.size()) != 0) return expected(p, "a JSON value");
  push(p, text.size(), type, flags);
  return p + text.size();
}

Parser::Step Parser::surrogates(const char* p, int32_t high) {
  if (high >= 0xDC00 || p[6] != '\\' || p[7] != 'u') {
    return fail(p, "a lone surrogate escape is not a character; write the pair");
  }
  const int32_t low = hex4(p + 8);
  if (low < 0xDC00 || low > 0xDFFF) {
    return fail(p, "a lone surrogate escape is not a character; write the pair");
  }
  append_utf8(0x10000 + ((static_cast<uint32_t>(high) & 0x3FF) << 10) +
              (static_cast<uint32_t>(low) & 0x3FF), scratch_.unescaped);
  return p + 12;
}

/// Appends what the escape at p stands for.
Parser::Step Parser::escape(const char* p) {
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
      if (code < 0) return fail(p, "expected four hexadecimal digits after \\u");
      if (code >= 0xD800 && code <= 0xDFFF) return surrogates(p, code);
      append_utf8(static_cast<uint32_t>(code), out);
      return p + 6;
    }
    default: return fail(p, "no such escape; known are \\\" \\\\ \\/ \\b \\f \\n \\r \\t \\uXXXX");
  }
  return p + 2;
}

/// begin: after the opening quote; p: the first backslash.
Parser::Step Parser::string_with_escapes(const char* begin, const char* p) {
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
  scratch_.nodes.push_back({static_cast<uint32_t>(size_ + place + 8),
                            static_cast<uint32_t>(out.size() - place - 8), 0,
                            static_cast<uint32_t>(Type::string) | kEscapedFlag});
  return p;
}

/// p: the opening quote.
Parser::Step Parser::string(const char* p) {
  const char* begin = p + 1;
  p = skip_plain(begin);
  if (*p == '"') [[likely]] {
    push(begin, static_cast<size_t>(p - begin), Type::string, 0);
    return p + 1;
  }
  if (*p == '\\') {
    p = string_with_escapes(begin, p);
    if (p == nullptr) return nullptr;
    if (*p == '"') return p + 1;
  }
  if (p >= end_) return fail(begin - 1, "the string that begins here does not end");
  return expected(p, "a control character to be escaped (\\n, \\t, \\u00XX)");
}

bool Parser::repeats(const Frame& frame, const Node& key) const {
  const TextParts parts = texts();
  const Node* at = scratch_.nodes.data() + frame.node + 1;
  for (uint32_t left = frame.count; left > 0; --left) {
    if (at->extra == key.extra && at->length == key.length && parts.of(*at) == parts.of(key)) {
      return true;
    }
    at += 1 + span_of(at[1]);
  }
  return false;
}

Parser::Step Parser::repeated_key(const Node& key) {
  const std::string_view name = texts().of(key);
  uint32_t at = key.offset - 1;
  if ((key.meta & kEscapedFlag) != 0) {
    at = load32(scratch_.unescaped.data() + (key.offset - size_) - 8);
  }
  std::string what = "the key \"";
  what += replace_invalid_utf8(name.substr(0, 100));
  return fail(begin_ + at, what + "\" stands in the object twice; give it once");
}

Parser::Step Parser::key(const char* p) {
  if (*p != '"') return expected(p, "a key in quotes");
  p = string(p);
  if (p == nullptr) return nullptr;
  Node& node = scratch_.nodes.back();
  const std::string_view name = texts().of(node);
  node.extra = key_hash(name.data(), name.size());
  Frame& frame = scratch_.open.back();
  const uint64_t bit = uint64_t{1} << (node.extra & 63);
  if ((frame.keys_seen & bit) != 0 && frame.count <= kIndexedMembers && repeats(frame, node)) {
    if (options_.duplicate_keys == DuplicateKeys::refuse) return repeated_key(node);
    frame.repeated = true;
  }
  frame.keys_seen |= bit;
  p = skip_space(p);
  if (*p != ':') return expected(p, "':' after the key");
  return p + 1;
}

/// Refuses or merges repeated keys of an object that ends and indexes it if it is large.
bool Parser::close_keys(Frame& frame, uint32_t& flags) {
  std::vector<Node>& nodes = scratch_.nodes;
  std::vector<uint32_t>& index = scratch_.index;
  sort_keys(nodes.data() + frame.node, frame.count, texts(), index);
  const auto repeated = first_repeated(nodes.data() + frame.node, index, texts());
  if (repeated) {
    if (options_.duplicate_keys == DuplicateKeys::refuse) {
      repeated_key(nodes[frame.node + *repeated]);
      return false;
    }
    frame.count = merge_repeated(nodes, frame.node, frame.count, index, texts());
    sort_keys(nodes.data() + frame.node, frame.count, texts(), index);
  }
  if (frame.count > kIndexedMembers) {
    flags = kIndexedFlag;
    const size_t at = nodes.size();
    nodes.resize(at + index_slots(frame.count));
    std::memcpy(static_cast<void*>(nodes.data() + at), index.data(),
                frame.count * sizeof(uint32_t));
  }
  return true;
}

Parser::Step Parser::open(const char* p, Type type) {
  if (scratch_.open.size() >= options_.depth_max) {
    return fail(p, "nested deeper than " + std::to_string(options_.depth_max) + " levels");
  }
  const auto node = static_cast<uint32_t>(scratch_.nodes.size());
  scratch_.open.push_back({node, 0, 0, type == Type::object, false});
  push(p, 0, type, 0);
  return p + 1;
}

/// p: the closing bracket.
Parser::Step Parser::close(const char* p) {
  Frame& frame = scratch_.open.back();
  uint32_t flags = 0;
  if (frame.is_object && (frame.repeated || frame.count > kIndexedMembers) &&
      !close_keys(frame, flags)) {
    return nullptr;
  }
  if (frame.count > kCountMax) {
    return fail(p, "more than " + std::to_string(kCountMax) + " elements in one place");
  }
  Node& node = scratch_.nodes[frame.node];
  node.length = offset_of(p) + 1 - node.offset;
  node.extra = static_cast<uint32_t>(scratch_.nodes.size()) - frame.node;
  node.meta |= flags | frame.count << kCountShift;
  scratch_.open.pop_back();
  return p + 1;
}

Parser::Step Parser::scalar(const char* p) {
  switch (*p) {
    case '"': return string(p);
    case 't': return word(p, "true", Type::boolean, kTrueFlag);
    case 'f': return word(p, "false", Type::boolean, 0);
    case 'n': return word(p, "null", Type::null, 0);
    case '-': case '0': case '1': case '2': case '3': case '4': case '5': case '6': case '7':
    case '8': case '9':
      return number(p);
    default: return expected(p, "a JSON value");
  }
}

bool Parser::run() {
  if (std::string_view(begin_, size_).starts_with("\xEF\xBB\xBF")) {
    return fail(begin_, "the text begins with a byte order mark; remove it (JSON has none)") != nullptr;
  }
  const size_t good = utf8_prefix({begin_, size_});
  if (good != size_) return fail(begin_ + good, "the bytes are not UTF-8") != nullptr;
  std::vector<Frame>& frames = scratch_.open;
  const char* p = begin_;
  while (true) {
    p = skip_space(p);
    if (*p == '{' || *p == '[') {
      const bool is_object = *p == '{';
      p = open(p, is_object ? Type::object : Type::array);
      if (p == nullptr) return false;
      p = skip_space(p);
      if (*p != (is_object ? '}' : ']')) {
        if (is_object) p = key(p);
        if (p == nullptr) return false;
        continue;
      }
      p = close(p);
    } else {
      p = scalar(p);
    }
    if (p == nullptr) return false;
    // After a value: close what ends here, until a comma asks for the next value.
    while (!frames.empty()) {
      Frame& frame = frames.back();
      ++frame.count;
      p = skip_space(p);
      if (*p == ',') {
        ++p;
        if (frame.is_object) p = key(skip_space(p));
        if (p == nullptr) return false;
        break;
      }
      if (*p != (frame.is_object ? '}' : ']')) {
        return expected(p, frame.is_object ? "',' or '}'" : "',' or ']'") != nullptr;
      }
      p = close(p);
      if (p == nullptr) return false;
    }
    if (frames.empty()) break;
  }
  p = skip_space(p);
  if (p != end_) return expected(p, "the end of the text after the value") != nullptr;
  return true;
}

Value Parser::finish() const {
  const auto node_count = static_cast<uint32_t>(scratch_.nodes.size());
  const size_t text_bytes = size_ + scratch_.unescaped.size();
  Buffer* buffer = Buffer::create(node_count, static_cast<uint32_t>(text_bytes),
                                  static_cast<uint32_t>(size_));
  std::memcpy(static_cast<void*>(buffer->nodes()), scratch_.nodes.data(),
              node_count * sizeof(Node));
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
