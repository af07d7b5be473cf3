// SPDX-License-Identifier: Apache-2.0
#include "json/write.h"

#include <emmintrin.h>

#include <cmath>
#include <vector>

#include "base/check.h"
#include "json/number.h"

namespace hence::json {
namespace {

/// An open container while it is printed.
struct Frame {
  uint32_t remaining;
  bool is_object;
};

/// Walks the nodes of a value once, in document order, with a stack of its own.
class Writer {
 public:
  Writer(View value, std::string& out, bool pretty)
      : buffer_(value.buffer()), at_(value.node()), out_(out), pretty_(pretty) {}

  void run() {
    put_value();
    while (!open_.empty()) {
      Frame& frame = open_.back();
      if (frame.remaining == 0) {
        close();
        continue;
      }
      if (!first_) out_ += ',';
      first_ = false;
      --frame.remaining;
      if (pretty_) new_line();
      if (frame.is_object) {
        write_string(text_of(buffer_, buffer_->nodes()[at_++]), out_);
        out_ += pretty_ ? ": " : ":";
      }
      put_value();
    }
  }

 private:
  void new_line() {
    out_ += '\n';
    out_.append(open_.size() * 2, ' ');
  }
  void close() {
    const Frame frame = open_.back();
    open_.pop_back();
    if (pretty_) new_line();
    out_ += frame.is_object ? '}' : ']';
    first_ = false;
    at_ = ends_.back();
    ends_.pop_back();
  }
  void put_value() {
    const Node& node = buffer_->nodes()[at_];
    const Type type = static_cast<Type>(node.meta & kTypeMask);
    if (is_container(node)) {
      const bool is_object = type == Type::object;
      if (count_of(node) == 0) {
        out_ += is_object ? "{}" : "[]";
        ++at_;
        return;
      }
      out_ += is_object ? '{' : '[';
      open_.push_back({count_of(node), is_object});
      ends_.push_back(at_ + node.extra);
      first_ = true;
      ++at_;
      return;
    }
    ++at_;
    if (type == Type::string) return write_string(text_of(buffer_, node), out_);
    out_ += text_of(buffer_, node);
  }

  const Buffer* buffer_;
  uint32_t at_;
  std::string& out_;
  bool pretty_;
  bool first_ = false;
  std::vector<Frame> open_;
  std::vector<uint32_t> ends_;
};

/// What must be escaped: '"', '\\', below 0x20, and DEL as jq does.
bool needs_escape(unsigned char c) { return c < 0x20 || c == '"' || c == '\\' || c == 0x7F; }

/// A bit for each byte that is not written as it is.
int special(__m128i bytes) {
  const __m128i control = _mm_set1_epi8(0x1F);
  const __m128i quoted = _mm_or_si128(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('"')),
                                      _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\')));
  const __m128i other = _mm_or_si128(_mm_cmpeq_epi8(_mm_min_epu8(bytes, control), bytes),
                                     _mm_cmpeq_epi8(bytes, _mm_set1_epi8(0x7F)));
  return _mm_movemask_epi8(_mm_or_si128(quoted, other));
}
bool is_plain16(const char* p) { return special(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p))) == 0; }
bool is_plain8(const char* p) { return (special(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(p))) & 0xFF) == 0; }

void append_escape(unsigned char c, std::string& out) {
  static constexpr char kHex[] = "0123456789abcdef";
  switch (c) {
    case '"': out += "\\\""; return;
    case '\\': out += "\\\\"; return;
    case '\b': out += "\\b"; return;
    case '\f': out += "\\f"; return;
    case '\n': out += "\\n"; return;
    case '\r': out += "\\r"; return;
    case '\t': out += "\\t"; return;
    default:
      out += "\\u00";
      out += kHex[c >> 4];
      out += kHex[c & 15];
  }
}

}  // namespace

void write(View value, std::string& out) {
  if ((value.buffer()->nodes()->meta & kCompactFlag) != 0) {
    out += value.source_text();
    return;
  }
  Writer(value, out, false).run();
}

void write_pretty(View value, std::string& out) { Writer(value, out, true).run(); }

void write_string(std::string_view text, std::string& out) {
  out += '"';
  size_t begin = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    while (i + 16 <= text.size() && is_plain16(text.data() + i)) i += 16;
    if (i + 8 <= text.size() && is_plain8(text.data() + i)) i += 8;
    if (i == text.size()) break;
    const auto c = static_cast<unsigned char>(text[i]);
    if (!needs_escape(c)) continue;
    out.append(text, begin, i - begin);
    append_escape(c, out);
    begin = i + 1;
  }
  out.append(text, begin);
  out += '"';
}

void write_number(double value, std::string& out) {
  if (std::isnan(value)) {
    out += "null";
    return;
  }
  char text[kNumberTextMax];
  out.append(text, format_number(value, text));
}

}  // namespace hence::json
