// SPDX-License-Identifier: Apache-2.0
#include "schema/regex_syntax.h"

#include <algorithm>
#include <map>
#include <optional>

#include "json/utf8.h"

namespace hence::schema {
namespace {

using Kind = RegexNode::Kind;

const CodeSet kDigits{{'0', '9'}};
const CodeSet kWords{{'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}};
const CodeSet kSpaces{{9, 13},           {32, 32},         {0xA0, 0xA0},     {0x1680, 0x1680},
                      {0x2000, 0x200A},  {0x2028, 0x2029}, {0x202F, 0x202F}, {0x205F, 0x205F},
                      {0x3000, 0x3000},  {0xFEFF, 0xFEFF}};
const CodeSet kLineEnds{{10, 10}, {13, 13}, {0x2028, 0x2029}};

CodeSet normalized(CodeSet set) {
  std::sort(set.begin(), set.end(), [](CodeRange a, CodeRange b) { return a.first < b.first; });
  CodeSet out;
  for (const CodeRange range : set) {
    if (!out.empty() && range.first <= out.back().last + 1) {
      out.back().last = std::max(out.back().last, range.last);
    } else {
      out.push_back(range);
    }
  }
  return out;
}

void append_onig_set(const CodeSet& set, std::string& out) {
  static constexpr char kHex[] = "0123456789abcdef";
  const auto code = [&out](uint32_t value) {
    std::string digits;
    do digits.insert(digits.begin(), kHex[value & 15]);
    while ((value >>= 4) != 0);
    out += "\\x{" + digits + "}";
  };
  // Code points of surrogates are no characters to Oniguruma.
  const auto range = [&](uint32_t first, uint32_t last) {
    if (first > last) return;
    code(first);
    if (first != last) {
      out += '-';
      code(last);
    }
  };
  for (const CodeRange part : set) {
    range(part.first, std::min<uint32_t>(part.last, 0xD7FF));
    range(std::max<uint32_t>(part.first, 0xE000), part.last);
  }
}

/// What one escape or character of a class stands for.
struct Atom {
  CodeSet set;
  std::string property;  ///< not empty: \p{…}
  bool single = false;   ///< one code point: may begin or end a range
};

class SyntaxParser {
 public:
  explicit SyntaxParser(std::string_view text) : text_(text) {}

  Result<RegexTree> parse() {
    if (text_.size() > kPatternBytesMax) return fail("the pattern is longer than 16 KiB");
    if (!scan_groups()) return fail("a group's name is not well-formed or used twice");
    const auto root = choice(0);
    if (!root) return error();
    if (at_ < text_.size()) return fail("unmatched ')'");
    if (backreference_max_ > group_total_) return fail("a reference to a group that is not there");
    tree_.root = *root;
    return std::move(tree_);
  }

 private:
  Error fail(std::string what) {
    message_ = std::move(what);
    return error();
  }
  Error error() const {
    return Error(ErrorCode::SchemaInvalid, "column " + std::to_string(at_ + 1) + ": " + message_);
  }
  std::nullopt_t stop(std::string what) {
    if (message_.empty()) message_ = std::move(what);
    return std::nullopt;
  }

  bool done() const { return at_ >= text_.size(); }
  char peek(size_t ahead = 0) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0'; }
  bool take(std::string_view word) {
    if (text_.substr(at_, word.size()) != word) return false;
    at_ += word.size();
    return true;
  }
  uint32_t add(RegexNode node) {
    tree_.nodes.push_back(std::move(node));
    return static_cast<uint32_t>(tree_.nodes.size() - 1);
  }
  uint32_t add_set(CodeSet set) {
    RegexNode node;
    node.kind = Kind::set;
    node.set = std::move(set);
    return add(std::move(node));
  }
  uint32_t add_kind(Kind kind, std::vector<uint32_t> children = {}) {
    if (kind != Kind::sequence && kind != Kind::choice && kind != Kind::empty && kind != Kind::begin &&
        kind != Kind::end && kind != Kind::group) {
      tree_.regular = false;
    }
    RegexNode node;
    node.kind = kind;
    node.children = std::move(children);
    return add(std::move(node));
  }

  /// Counts groups and collects their names: references may come before.
  bool scan_groups() {
    bool in_class = false;
    for (size_t i = 0; i < text_.size(); ++i) {
      if (text_[i] == '\\') {
        ++i;
      } else if (in_class) {
        in_class = text_[i] != ']';
      } else if (text_[i] == '[') {
        in_class = true;
      } else if (text_[i] == '(') {
        if (text_.substr(i + 1, 1) != "?") {
          ++group_total_;
        } else if (text_.substr(i + 1, 2) == "?<" && text_.substr(i + 3, 1) != "=" &&
                   text_.substr(i + 3, 1) != "!") {
          ++group_total_;
          const size_t end = text_.find('>', i);
          if (end == std::string_view::npos || end == i + 3) return false;
          if (!names_.emplace(text_.substr(i + 3, end - i - 3), group_total_).second) return false;
        }
      }
    }
    return true;
  }

  std::optional<uint32_t> choice(uint32_t depth) {
    if (depth > kPatternDepthMax) return stop("groups are nested more than 100 deep");
    std::vector<uint32_t> branches;
    do {
      std::vector<uint32_t> parts;
      while (!done() && peek() != '|' && peek() != ')') {
        const auto part = term(depth);
        if (!part) return std::nullopt;
        parts.push_back(*part);
      }
      branches.push_back(parts.size() == 1 ? parts[0] : add_kind(Kind::sequence, std::move(parts)));
    } while (take("|"));
    return branches.size() == 1 ? branches[0] : add_kind(Kind::choice, std::move(branches));
  }

  std::optional<uint32_t> term(uint32_t depth) {
    if (take("^")) return add_kind(Kind::begin);
    if (take("$")) return add_kind(Kind::end);
    if (take("\\b")) return add_kind(Kind::word_boundary);
    if (take("\\B")) return add_kind(Kind::no_word_boundary);
    std::optional<uint32_t> atom;
    if (peek() == '(') {
      atom = group(depth);
    } else if (take(".")) {
      atom = add_set(complement(kLineEnds));
    } else if (take("[")) {
      atom = char_class();
    } else if (peek() == '\\') {
      atom = escape_term();
    } else if (peek() == '*' || peek() == '+' || peek() == '?') {
      return stop("nothing to repeat");
    } else {
      atom = add_set({{code_point(), 0}});
      CodeRange& range = tree_.nodes[*atom].set[0];
      range.last = range.first;
    }
    if (!atom) return std::nullopt;
    return quantified(*atom);
  }

  std::optional<uint32_t> quantified(uint32_t atom) {
    uint32_t low = 0, high = kUnbounded;
    if (take("*")) {
    } else if (take("+")) {
      low = 1;
    } else if (take("?")) {
      high = 1;
    } else if (!braces(low, high)) {
      return message_.empty() ? std::optional(atom) : std::nullopt;
    }
    if (low > high) return stop("the numbers of a quantifier are out of order");
    const Kind kind = tree_.nodes[atom].kind;
    if (kind == Kind::look_behind || kind == Kind::no_look_behind) return stop("nothing to repeat");
    RegexNode node;
    node.kind = Kind::repeat;
    node.low = low;
    node.high = high;
    node.lazy = take("?");
    node.children = {atom};
    return add(std::move(node));
  }

  /// {n}, {n,} or {n,m}; anything else that begins with a brace stands for itself.
  bool braces(uint32_t& low, uint32_t& high) {
    if (peek() != '{') return false;
    size_t i = at_ + 1;
    const auto number = [&](uint32_t& out) {
      const size_t from = i;
      uint64_t value = 0;
      for (; i < text_.size() && text_[i] >= '0' && text_[i] <= '9'; ++i) {
        value = std::min<uint64_t>(value * 10 + static_cast<uint64_t>(text_[i] - '0'), kUnbounded - 1);
      }
      out = static_cast<uint32_t>(value);
      return i > from;
    };
    if (!number(low)) return false;
    high = low;
    if (text_.substr(i, 1) == ",") {
      ++i;
      if (!number(high)) high = kUnbounded;
    }
    if (text_.substr(i, 1) != "}") return false;
    at_ = i + 1;
    return true;
  }

  std::optional<uint32_t> group(uint32_t depth) {
    static constexpr std::pair<std::string_view, Kind> kLooks[] = {
        {"(?=", Kind::look_ahead}, {"(?!", Kind::no_look_ahead},
        {"(?<=", Kind::look_behind}, {"(?<!", Kind::no_look_behind}};
    Kind kind = Kind::sequence;  // (?:…)
    uint32_t number = 0;
    const auto* look = std::find_if(std::begin(kLooks), std::end(kLooks),
                                    [&](const auto& entry) { return take(entry.first); });
    if (look != std::end(kLooks)) {
      kind = look->second;
    } else if (!take("(?:")) {
      if (take("(?<")) {
        at_ = text_.find('>', at_) + 1;
      } else if (take("(?")) {
        return stop("'(?' is followed by none of : = ! <= <! <name>");
      } else {
        take("(");
      }
      kind = Kind::group;
      number = ++groups_;
    }
    const auto inside = choice(depth + 1);
    if (!inside) return std::nullopt;
    if (!take(")")) return stop("a group is not closed");
    const uint32_t node = add_kind(kind, {*inside});
    tree_.nodes[node].low = number;
    return node;
  }

  std::optional<uint32_t> escape_term() {
    if (peek(1) == 'k' && peek(2) == '<') {
      const size_t end = text_.find('>', at_);
      const auto name = end == std::string_view::npos
                            ? names_.end()
                            : names_.find(std::string(text_.substr(at_ + 3, end - at_ - 3)));
      if (name == names_.end()) return stop("a reference to a group that is not there");
      at_ = end + 1;
      return back_reference(name->second);
    }
    if (peek(1) >= '1' && peek(1) <= '9') {
      ++at_;
      uint32_t number = 0;
      for (; peek() >= '0' && peek() <= '9' && number < 1000; ++at_) {
        number = number * 10 + static_cast<uint32_t>(peek() - '0');
      }
      return back_reference(number);
    }
    auto atom = escape(false);
    if (!atom) return std::nullopt;
    if (atom->property.empty()) return add_set(std::move(atom->set));
    const uint32_t node = add_kind(Kind::property_set);
    tree_.nodes[node].text = "[" + atom->property + "]";
    return node;
  }

  uint32_t back_reference(uint32_t number) {
    backreference_max_ = std::max(backreference_max_, number);
    const uint32_t node = add_kind(Kind::back_reference);
    tree_.nodes[node].low = number;
    return node;
  }

  std::optional<uint32_t> char_class() {
    const bool negated = take("^");
    CodeSet set;
    std::string properties;
    while (true) {
      if (done()) return stop("a character class is not closed");
      if (take("]")) break;
      auto low = class_atom();
      if (!low) return std::nullopt;
      if (peek() == '-' && peek(1) != ']' && at_ + 1 < text_.size()) {
        const size_t dash = at_++;
        auto high = class_atom();
        if (!high) return std::nullopt;
        if (!low->single || !high->single) {
          at_ = dash;
          return stop("a range of a character class has a set at its end");
        }
        if (low->set[0].first > high->set[0].first) {
          at_ = dash;
          return stop("a range of a character class is out of order");
        }
        low->set[0].last = high->set[0].first;
      }
      properties += low->property;
      set.insert(set.end(), low->set.begin(), low->set.end());
    }
    set = normalized(std::move(set));
    if (properties.empty()) return add_set(negated ? complement(set) : set);
    append_onig_set(set, properties);
    const uint32_t node = add_kind(Kind::property_set);
    tree_.nodes[node].text = (negated ? "[^" : "[") + properties + "]";
    return node;
  }

  std::optional<Atom> class_atom() {
    if (peek() == '\\') return escape(true);
    const uint32_t code = code_point();
    return Atom{{{code, code}}, {}, true};
  }

  uint32_t code_point() {
    const auto lead = static_cast<unsigned char>(text_[at_++]);
    if (lead < 0x80) return lead;
    const int more = lead >= 0xF0 ? 3 : lead >= 0xE0 ? 2 : 1;
    uint32_t code = lead & (0x3Fu >> more);
    for (int i = 0; i < more && at_ < text_.size(); ++i) {
      code = code << 6 | (static_cast<unsigned char>(text_[at_++]) & 0x3Fu);
    }
    return std::min(code, kCodeMax);
  }

  std::optional<Atom> escape(bool in_class) {
    ++at_;
    if (done()) return stop("a backslash at the end");
    const auto one = [](uint32_t code) { return Atom{{{code, code}}, {}, true}; };
    const char c = text_[at_++];
    switch (c) {
      case 'd': return Atom{kDigits, {}, false};
      case 'D': return Atom{complement(kDigits), {}, false};
      case 'w': return Atom{kWords, {}, false};
      case 'W': return Atom{complement(kWords), {}, false};
      case 's': return Atom{kSpaces, {}, false};
      case 'S': return Atom{complement(kSpaces), {}, false};
      case 't': return one('\t');
      case 'n': return one('\n');
      case 'v': return one('\v');
      case 'f': return one('\f');
      case 'r': return one('\r');
      case '0': return one(0);
      case 'b': if (in_class) return one('\b'); break;
      case 'c':
        if ((peek() | 32) >= 'a' && (peek() | 32) <= 'z') return one(static_cast<uint32_t>(text_[at_++]) & 31);
        return stop("\\c wants a letter");
      case 'x': return hex(2);
      case 'u': return unicode();
      case 'p':
      case 'P': return property(c == 'P');
      default: break;
    }
    // Letters and digits that mean nothing are mistakes; of all others, the escape is the character.
    if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) {
      --at_;
      return stop(std::string("\\") + c + " means nothing");
    }
    --at_;
    return one(code_point());
  }

  std::optional<uint32_t> hex_digits(size_t count) {
    uint32_t value = 0;
    for (size_t i = 0; i < count; ++i) {
      const char c = peek();
      const int digit = c >= '0' && c <= '9' ? c - '0'
                        : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10 : -1;
      if (digit < 0) return stop("a hexadecimal digit is missing");
      value = value << 4 | static_cast<uint32_t>(digit);
      ++at_;
    }
    return value;
  }
  std::optional<Atom> hex(size_t count) {
    const auto code = hex_digits(count);
    if (!code) return std::nullopt;
    return Atom{{{*code, *code}}, {}, true};
  }

  std::optional<Atom> unicode() {
    if (take("{")) {
      const size_t end = text_.find('}', at_);
      if (end == std::string_view::npos || end == at_ || end - at_ > 6) return stop("\\u{…} is not well-formed");
      auto atom = hex(end - at_);
      if (!atom) return std::nullopt;
      ++at_;
      if (atom->set[0].first > kCodeMax) return stop("a code point beyond 10FFFF");
      return atom;
    }
    auto atom = hex(4);
    if (!atom) return std::nullopt;
    uint32_t& code = atom->set[0].first;
    if (code >= 0xD800 && code < 0xDC00 && take("\\u")) {
      const auto low = hex_digits(4);
      if (!low) return std::nullopt;
      if (*low < 0xDC00 || *low > 0xDFFF) return stop("half of a surrogate pair");
      code = 0x10000 + ((code - 0xD800) << 10) + (*low - 0xDC00);
    }
    atom->set[0].last = code;
    return atom;
  }

  std::optional<Atom> property(bool negated) {
    const size_t end = text_.find('}', at_);
    if (peek() != '{' || end == std::string_view::npos) return stop("\\p wants {Property}");
    std::string_view name = text_.substr(at_ + 1, end - at_ - 1);
    for (const std::string_view key : {"General_Category=", "gc=", "Script=", "sc=", "Script_Extensions=", "scx="}) {
      if (name.substr(0, key.size()) == key) {
        name.remove_prefix(key.size());
        break;
      }
    }
    const bool plain = !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
      return (c >= '0' && c <= '9') || (c | 32) == '_' || c == '_' || ((c | 32) >= 'a' && (c | 32) <= 'z');
    });
    if (!plain) return stop("\\p{…} does not name a property");
    at_ = end + 1;
    return Atom{{}, (negated ? "\\P{" : "\\p{") + std::string(name) + "}", false};
  }

  std::string_view text_;
  size_t at_ = 0;
  RegexTree tree_;
  std::string message_;
  std::map<std::string, uint32_t> names_;
  uint32_t groups_ = 0, group_total_ = 0, backreference_max_ = 0;
};

}  // namespace

CodeSet complement(const CodeSet& set) {
  CodeSet out;
  uint32_t next = 0;
  for (const CodeRange range : set) {
    if (range.first > next) out.push_back({next, range.first - 1});
    next = range.last + 1;
  }
  if (next <= kCodeMax) out.push_back({next, kCodeMax});
  return out;
}

Result<RegexTree> parse_regex(std::string_view pattern) { return SyntaxParser(pattern).parse(); }

}  // namespace hence::schema
