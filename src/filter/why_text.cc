// SPDX-License-Identifier: Apache-2.0

// The two forms in which a Why is shown.

#include <string>
#include <string_view>

#include "filter/why.h"
#include "json/builder.h"

namespace hence::filter {

namespace {

constexpr size_t kColumns = 80;

std::string_view mark_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::holds:
      return "✓ ";
    case Verdict::fails:
      return "✗ ";
    case Verdict::error:
      return "! ";
    case Verdict::not_reached:
      return "· ";
  }
  return "";
}

bool starts_character(char byte) { return (static_cast<unsigned char>(byte) & 0xC0u) != 0x80; }

/// Lines of at most kColumns characters, continued under an indent of their own.
class TextWriter {
 public:
  /// Writes text after indent spaces, further lines after hang spaces.
  void line(size_t indent, size_t hang, std::string_view text) {
    size_t room = kColumns - indent;
    out_.append(indent, ' ');
    while (true) {
      const size_t taken = fitting(text, room);
      out_.append(text.substr(0, taken));
      out_ += '\n';
      text.remove_prefix(taken);
      while (text.starts_with(' ')) text.remove_prefix(1);
      if (text.empty()) return;
      out_.append(hang, ' ');
      room = kColumns - hang;
    }
  }
  std::string take() { return std::move(out_); }

 private:
  /// How many bytes fit into room columns, broken after a space where there is one.
  static size_t fitting(std::string_view text, size_t room) {
    size_t columns = 0;
    size_t last_space = 0;
    for (size_t i = 0; i < text.size(); ++i) {
      if (text[i] == '\n') return i + 1;
      if (!starts_character(text[i])) continue;
      if (columns == room) return last_space > 0 ? last_space : i;
      ++columns;
      if (text[i] == ' ') last_space = i;
    }
    return text.size();
  }

  std::string out_;
};

std::string head_of(const WhyNode& node) {
  std::string out(mark_of(node.verdict));
  switch (node.kind) {
    case WhyNode::Kind::all:
      out += "all of these";
      break;
    case WhyNode::Kind::any:
      out += "any of these alternatives";
      break;
    case WhyNode::Kind::condition:
      out += node.path + " " + node.expected;
      break;
    case WhyNode::Kind::agreement:
      out += node.expected;
      break;
    case WhyNode::Kind::filter:
      out += "filter " + node.expected;
      break;
    case WhyNode::Kind::when:
      out += "when " + node.expected;
      break;
  }
  if (node.decides && node.verdict != Verdict::holds) out += "   <- decides";
  return out;
}

// The tree is at most four deep: rule, alternatives, alternative, condition.
void write_node(const WhyNode& node, size_t indent, TextWriter& out) {
  out.line(indent, indent + 4, head_of(node));
  const bool is_shown = node.verdict != Verdict::holds || node.kind == WhyNode::Kind::when;
  if (!node.actual.empty() && is_shown) {
    out.line(indent + 4, indent + 12, "found:  " + node.actual);
  }
  if (!node.hint.empty()) out.line(indent + 4, indent + 12, "hint:   " + node.hint);
  for (const WhyNode& part : node.parts) write_node(part, indent + 2, out);
}

std::string_view kind_name(WhyNode::Kind kind) {
  switch (kind) {
    case WhyNode::Kind::all:
      return "all";
    case WhyNode::Kind::any:
      return "any";
    case WhyNode::Kind::condition:
      return "condition";
    case WhyNode::Kind::agreement:
      return "agreement";
    case WhyNode::Kind::filter:
      return "filter";
    case WhyNode::Kind::when:
      return "when";
  }
  return "";
}

void build_node(const WhyNode& node, json::Builder& out) {
  out.begin_object();
  out.member("kind", kind_name(node.kind)).member("verdict", verdict_name(node.verdict));
  if (node.decides) out.key("decides").boolean(true);
  if (!node.path.empty()) out.member("path", std::string_view(node.path));
  if (!node.operators.empty()) out.member("operator", std::string_view(node.operators));
  if (!node.expected.empty()) out.member("expected", std::string_view(node.expected));
  if (!node.actual.empty()) out.member("actual", std::string_view(node.actual));
  if (!node.hint.empty()) out.member("hint", std::string_view(node.hint));
  if (!node.parts.empty()) {
    out.key("parts").begin_array();
    for (const WhyNode& part : node.parts) build_node(part, out);
    out.end_array();
  }
  out.end_object();
}

}  // namespace

std::string to_text(const Why& why, std::string_view name) {
  TextWriter out;
  const std::string_view answer = why.verdict == Verdict::holds   ? "matches"
                                  : why.verdict == Verdict::error ? "failed"
                                                                  : "does not match";
  out.line(0, 2, std::string(mark_of(why.verdict)) + "rule " + (name.empty() ? std::to_string(why.rule) : std::string(name)) + " " +
                     std::string(answer));
  for (const WhyNode& part : why.root.parts) write_node(part, 2, out);
  return out.take();
}

json::Value to_json(const Why& why, std::string_view name) {
  json::Builder out;
  out.begin_object();
  if (name.empty()) out.key("rule").number(int64_t{why.rule});
  else out.member("rule", name);
  out.key("matches").boolean(why.verdict == Verdict::holds);
  out.member("verdict", verdict_name(why.verdict));
  out.key("conditions").begin_array();
  for (const WhyNode& part : why.root.parts) build_node(part, out);
  out.end_array().end_object();
  return std::move(out).finish();
}

}  // namespace hence::filter
