// SPDX-License-Identifier: Apache-2.0
// The only file of the module that knows Oniguruma.
#include "schema/regex_onig.h"

#include <oniguruma.h>

#include <string>

namespace hence::schema {
namespace {

constexpr unsigned long kRetriesMax = 200'000;  ///< of one search: some milliseconds
constexpr unsigned kStackMax = 20'000;
constexpr size_t kTextBytesMax = 1 << 20;
constexpr size_t kTranslatedBytesMax = 256 << 10;

using Kind = RegexNode::Kind;

struct FreeRegex {
  void operator()(OnigRegex regex) const { onig_free(regex); }
};
struct FreeParam {
  void operator()(OnigMatchParam* param) const { onig_free_match_param(param); }
};

const OnigUChar* bytes(const char* text) { return reinterpret_cast<const OnigUChar*>(text); }

/// Oniguruma's tables, set up once.
bool library_ready() {
  static const bool kReady = [] {
    OnigEncoding encodings[] = {ONIG_ENCODING_UTF8};
    return onig_initialize(encodings, 1) == ONIG_NORMAL;
  }();
  return kReady;
}

/// Writes a tree as Oniguruma's Perl syntax means it.
class Translator {
 public:
  explicit Translator(const RegexTree& tree) : tree_(tree) {}
  std::string out;

  void write(uint32_t node) {
    if (out.size() > kTranslatedBytesMax) return;
    const RegexNode& at = tree_.nodes[node];
    static constexpr char kWord[] = "[A-Za-z0-9_]";
    switch (at.kind) {
      case Kind::empty: break;
      case Kind::set: set(at.set); break;
      case Kind::property_set: out += at.text; break;
      case Kind::begin: out += "\\A"; break;
      case Kind::end: out += "\\z"; break;
      case Kind::word_boundary: boundary(kWord, "(?!", "(?="); break;
      case Kind::no_word_boundary: boundary(kWord, "(?=", "(?!"); break;
      case Kind::look_ahead: around("(?=", at); break;
      case Kind::no_look_ahead: around("(?!", at); break;
      case Kind::look_behind: around("(?<=", at); break;
      case Kind::no_look_behind: around("(?<!", at); break;
      case Kind::group: around("(", at); break;
      case Kind::back_reference: out += "(?:\\" + std::to_string(at.low) + ")"; break;
      case Kind::sequence: around("(?:", at); break;
      case Kind::choice:
        out += "(?:";
        for (size_t i = 0; i < at.children.size(); ++i) {
          if (i > 0) out += '|';
          write(at.children[i]);
        }
        out += ')';
        break;
      case Kind::repeat: repeat(at); break;
    }
  }

 private:
  void around(const char* open, const RegexNode& at) {
    out += open;
    for (const uint32_t child : at.children) write(child);
    out += ')';
  }
  void boundary(const std::string& word, const std::string& after_word, const std::string& after_other) {
    out += "(?:(?<=" + word + ")" + after_word + word + ")|(?<!" + word + ")" + after_other + word + "))";
  }
  void repeat(const RegexNode& at) {
    around("(?:", at);
    out += "{" + std::to_string(at.low) + ",";
    if (at.high != kUnbounded) out += std::to_string(at.high);
    out += "}";
    if (at.lazy) out += "?";
  }
  void set(const CodeSet& set) {
    const size_t begin = out.size();
    char text[40];
    for (const CodeRange range : set) {
      const auto part = [&](uint32_t first, uint32_t last) {
        if (first > last) return;
        std::snprintf(text, sizeof text, "\\x{%x}-\\x{%x}", first, last);
        out += text;
      };
      part(range.first, std::min<uint32_t>(range.last, 0xD7FF));
      part(std::max<uint32_t>(range.first, 0xE000), range.last);
    }
    if (out.size() == begin) {
      out += "(?!)";
    } else {
      out.insert(begin, "[");
      out += ']';
    }
  }

  const RegexTree& tree_;
};

class OnigBacktracker : public Backtracker {
 public:
  explicit OnigBacktracker(OnigRegex regex) : regex_(regex) {}

  Match search(std::string_view text) const override {
    if (text.size() > kTextBytesMax) return Match::gave_up;
    std::unique_ptr<OnigMatchParam, FreeParam> param(onig_new_match_param());
    onig_initialize_match_param(param.get());
    onig_set_match_stack_limit_size_of_match_param(param.get(), kStackMax);
    onig_set_retry_limit_in_match_of_match_param(param.get(), kRetriesMax);
    onig_set_retry_limit_in_search_of_match_param(param.get(), kRetriesMax);
    const char* begin = text.data() == nullptr ? "" : text.data();
    const char* end = begin + text.size();
    const int at = onig_search_with_param(regex_.get(), bytes(begin), bytes(end), bytes(begin), bytes(end),
                                          nullptr, ONIG_OPTION_NONE, param.get());
    if (at == ONIG_MISMATCH) return Match::no;
    return at >= 0 ? Match::yes : Match::gave_up;
  }

 private:
  std::unique_ptr<std::remove_pointer_t<OnigRegex>, FreeRegex> regex_;
};

}  // namespace

Result<std::shared_ptr<const Backtracker>> Backtracker::build(const RegexTree& tree) {
  if (!library_ready()) return Error(ErrorCode::Internal, "regular expressions are not available");
  Translator translator(tree);
  translator.write(tree.root);
  const std::string& text = translator.out;
  if (text.size() > kTranslatedBytesMax) return Error(ErrorCode::SchemaInvalid, "the pattern is too large");
  OnigRegex made = nullptr;
  OnigErrorInfo info;
  const int status = onig_new(&made, bytes(text.data()), bytes(text.data() + text.size()),
                              ONIG_OPTION_CAPTURE_GROUP, ONIG_ENCODING_UTF8, ONIG_SYNTAX_PERL_NG, &info);
  if (status != ONIG_NORMAL) {
    OnigUChar message[ONIG_MAX_ERROR_MESSAGE_LEN];
    onig_error_code_to_str(message, status, &info);
    return Error(ErrorCode::SchemaInvalid,
                 std::string("the pattern cannot be used: ") + reinterpret_cast<const char*>(message));
  }
  return std::shared_ptr<const Backtracker>(std::make_shared<OnigBacktracker>(made));
}

}  // namespace hence::schema
