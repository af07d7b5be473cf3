// SPDX-License-Identifier: Apache-2.0

// Values as block-style YAML. Below kBlockDepth, where indentation would outweigh the content,
// compact JSON, which is YAML too.

#include <algorithm>
#include <vector>

#include "json/buffer.h"
#include "json/write.h"
#include "json/yaml.h"
#include "json/yaml_events.h"

namespace hence::json {
namespace {

constexpr size_t kBlockDepth = 64;
constexpr size_t kSimpleKeyMax = 1000;  ///< YAML allows 1024 characters before the ':'

bool is_null_word(std::string_view text) {
  return text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL";
}

/// Whether text may stand without quotes and reads back as the same string.
bool is_plain(std::string_view text) {
  static constexpr std::string_view kSafe = "_./@+=-()$% ";
  if (is_null_word(text) || text == "<<") return false;
  const auto alnum = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  };
  const char first = text.front();
  if (!alnum(first) && first != '_' && first != '/' && first != '$') return false;
  if (text.back() == ' ') return false;
  for (const char c : text) {
    if (!alnum(c) && kSafe.find(c) == std::string_view::npos) return false;
  }
  return resolve_plain(text).kind == PlainScalar::Kind::string;
}

/// Whether text can be a literal block (|) that reads back the same.
bool is_literal(std::string_view text) {
  if (text.find('\n') == std::string_view::npos || text.ends_with("\n\n")) return false;
  size_t begin = 0;
  while (begin < text.size()) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    const std::string_view line = text.substr(begin, end - begin);
    if (begin == 0 && line.empty()) return false;
    if (!line.empty() && (line.find_first_not_of(" \t") == std::string_view::npos ||
                          line.front() == '\t' || (begin == 0 && line.front() == ' '))) {
      return false;
    }
    for (const char c : line) {
      if ((static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7F) return false;
    }
    begin = end + 1;
  }
  return true;
}

struct Frame {
  uint32_t at;
  uint32_t remaining;
  size_t indent;
  bool is_object;
  bool in_line;  ///< the next item follows "- " on the same line
};

class YamlWriter {
 public:
  YamlWriter(View value, std::string& out) : buffer_(value.buffer()), out_(out) {
    put_value(value.node(), 0, true);
    while (!open_.empty()) {
      if (open_.back().remaining == 0) {
        open_.pop_back();
      } else {
        put_item();
      }
    }
  }

 private:
  const Node& node(uint32_t at) const { return buffer_->nodes()[at]; }

  void put_item() {
    Frame& frame = open_.back();
    --frame.remaining;
    if (!frame.in_line) out_.append(frame.indent, ' ');
    frame.in_line = false;
    const size_t indent = frame.indent;
    uint32_t value = frame.at;
    if (frame.is_object) {
      put_key(text_of(buffer_, node(value)), indent);
      ++value;
    } else {
      out_ += '-';
    }
    frame.at = value + span_of(node(value));
    put_value(value, indent + 2, !frame.is_object);
  }

  void put_key(std::string_view key, size_t indent) {
    const size_t begin = out_.size();
    put_string(key, 0, false);
    if (out_.size() - begin > kSimpleKeyMax) {
      out_.insert(begin, "? ");
      out_ += '\n';
      out_.append(indent, ' ');
    }
    out_ += ':';
  }

  /// after_dash: a container may begin on the line of "-" (or of nothing, at the root).
  void put_value(uint32_t at, size_t indent, bool after_dash) {
    const bool root = open_.empty();
    if (is_container(node(at)) && count_of(node(at)) > 0 && open_.size() < kBlockDepth) {
      if (!root) out_ += after_dash ? ' ' : '\n';
      const bool is_object = static_cast<Type>(node(at).meta & kTypeMask) == Type::object;
      open_.push_back({at + 1, count_of(node(at)), root ? 0 : indent, is_object, after_dash});
      return;
    }
    if (!root) out_ += ' ';
    if (static_cast<Type>(node(at).meta & kTypeMask) == Type::string) {
      put_string(text_of(buffer_, node(at)), root ? 2 : indent, true);
    } else {
      write(view_at(at), out_);
    }
    if (out_.back() != '\n') out_ += '\n';
  }

  void put_string(std::string_view text, size_t indent, bool literal_allowed) {
    if (is_plain(text)) {
      out_ += text;
    } else if (literal_allowed && is_literal(text)) {
      put_literal(text, indent);
    } else {
      write_string(text, out_);
    }
  }

  void put_literal(std::string_view text, size_t indent) {
    out_ += text.ends_with('\n') ? "|\n" : "|-\n";
    while (!text.empty()) {
      const size_t end = std::min(text.find('\n'), text.size());
      if (end > 0) out_.append(indent, ' ').append(text.substr(0, end));
      out_ += '\n';
      text.remove_prefix(std::min(end + 1, text.size()));
    }
  }

  View view_at(uint32_t at) const { return View::at_node(buffer_, at); }

  const Buffer* buffer_;
  std::string& out_;
  std::vector<Frame> open_;
};

}  // namespace

void write_yaml(View value, std::string& out) { YamlWriter(value, out); }

}  // namespace hence::json
