// SPDX-License-Identifier: Apache-2.0
// Regular expressions in jq's syntax. The only file that knows Oniguruma.
#include <oniguruma.h>

#include <map>
#include <memory>
#include <string>

#include "expr/builtins.h"
#include "expr/operations.h"

namespace hence::expr {

namespace {

constexpr unsigned long kRetriesFirst = 1'000;
constexpr unsigned long kRetriesMax = 10'000'000;  ///< of one match; then it is an error
constexpr unsigned kStackMax = 20'000;
constexpr size_t kPatternBytesMax = 16 << 10;

struct FreeRegex {
  void operator()(OnigRegex regex) const { onig_free(regex); }
};
using Regex = std::unique_ptr<std::remove_pointer_t<OnigRegex>, FreeRegex>;
struct FreeRegion {
  void operator()(OnigRegion* region) const { onig_region_free(region, 1); }
};
struct FreeParam {
  void operator()(OnigMatchParam* param) const { onig_free_match_param(param); }
};

const OnigUChar* bytes(const char* text) { return reinterpret_cast<const OnigUChar*>(text); }

/// Oniguruma's tables, set up once.
bool library_ready() {
  static const bool kReady = [] {
    OnigEncoding encodings[] = {ONIG_ENCODING_UTF8};
    onig_set_parse_depth_limit(256);
    onig_set_subexp_call_max_nest_level(16);
    return onig_initialize(encodings, 1) == ONIG_NORMAL;
  }();
  return kReady;
}

struct Flags {
  OnigOptionType options = ONIG_OPTION_CAPTURE_GROUP;
  bool global = false;
  bool empty_kept = true;
};

Flow read_flags(Run& run, const Val& value, Flags& flags) {
  if (value.is_null()) return Flow::value;
  if (!value.is_string()) return run.fail(described(run, value) + " is not a string");
  for (const char c : value.text()) {
    switch (c) {
      case 'g': flags.global = true; break;
      case 'i': flags.options |= ONIG_OPTION_IGNORECASE; break;
      case 'x': flags.options |= ONIG_OPTION_EXTEND; break;
      case 's': flags.options |= ONIG_OPTION_SINGLELINE; break;
      case 'p': flags.options |= ONIG_OPTION_MULTILINE | ONIG_OPTION_SINGLELINE; break;
      case 'l': flags.options |= ONIG_OPTION_FIND_LONGEST; break;
      case 'n': flags.options |= ONIG_OPTION_FIND_NOT_EMPTY; break;
      default:
        return run.fail(std::string(value.text()) + " is not a valid modifier string");
    }
  }
  return Flow::value;
}

uint32_t points_between(const char* from, const char* to) {
  return from < to ? code_points({from, static_cast<size_t>(to - from)}) : 0;
}

void put(Run& run, Val& object, std::string_view key, Val value) {
  member_place(run, object, make_string(run, key)) = std::move(value);
}

/// Whether a pattern turns on that case is ignored: (?i), (?mi:…), ….
bool ignores_case_inside(std::string_view pattern) {
  for (size_t at = pattern.find("(?"); at != std::string_view::npos; at = pattern.find("(?", at + 2)) {
    for (size_t i = at + 2; i < pattern.size() && ((pattern[i] >= 'a' && pattern[i] <= 'z') || pattern[i] == '-'); ++i) {
      if (pattern[i] == 'i') return true;
    }
  }
  return false;
}

/// Steps that compiling a pattern takes, as measured. Classes are what is dear: those of Unicode are long
/// tables, and where case is ignored each class is looked up for every character that has a case.
uint64_t steps_to_compile(std::string_view pattern, bool ignore_case) {
  constexpr uint64_t kPattern = 60, kByte = 2, kBranch = 30, kTable = 1'000;
  constexpr uint64_t kFoldedByte = 150, kFoldedClass = 3'000, kFoldedTable = 15'000;
  const bool folds = ignore_case || ignores_case_inside(pattern);
  uint64_t steps = kPattern + (folds ? kFoldedByte : kByte) * pattern.size();
  bool in_class = false;
  for (size_t i = 0; i < pattern.size(); ++i) {
    const char c = pattern[i];
    const char next = i + 1 < pattern.size() ? pattern[i + 1] : '\0';
    bool table = false;
    if (c == '\\') {
      const bool named = next == 'p' || next == 'P';
      const bool kind = (next | 0x20) == 'w' || (next | 0x20) == 'd' || (next | 0x20) == 's' || (next | 0x20) == 'h';
      table = named || (in_class && kind);
      ++i;
    } else if (c == '[') {
      table = next == ':';
      if (folds) steps += kFoldedClass;
      in_class = true;
    } else if (c == '|') {
      steps += kBranch;
    }
    if (table) steps += folds ? kFoldedTable : kTable;
  }
  return steps;
}

/// Names of the groups, by number.
std::map<int, std::string> group_names(OnigRegex regex) {
  std::map<int, std::string> names;
  onig_foreach_name(
      regex,
      [](const OnigUChar* name, const OnigUChar* end, int count, int* groups, OnigRegex, void* arg) {
        for (int i = 0; i < count; ++i) {
          (*static_cast<std::map<int, std::string>*>(arg))[groups[i]] =
              std::string(reinterpret_cast<const char*>(name), static_cast<size_t>(end - name));
        }
        return 0;
      },
      &names);
  return names;
}

/// Walks over the matches of one expression in one text.
class Matching {
 public:
  Matching(Run& run, std::string_view text) : run_(run), text_(text) {}

  Flow compile(std::string_view pattern, const Flags& flags) {
    if (pattern.size() > kPatternBytesMax) return run_.fail("the regular expression is too long");
    if (!run_.charge(256 + pattern.size() * 16) || !run_.step(steps_to_compile(pattern, (flags.options & ONIG_OPTION_IGNORECASE) != 0))) return Flow::error;
    OnigRegex made = nullptr;
    OnigErrorInfo info;
    const int status = onig_new(&made, bytes(pattern.data()), bytes(pattern.data() + pattern.size()),
                                flags.options, ONIG_ENCODING_UTF8, ONIG_SYNTAX_PERL_NG, &info);
    if (status != ONIG_NORMAL) {
      OnigUChar message[ONIG_MAX_ERROR_MESSAGE_LEN];
      onig_error_code_to_str(message, status, &info);
      return run_.fail(std::string(pattern) + " (at offset 0) is not a valid regex: " +
                       reinterpret_cast<const char*>(message));
    }
    regex_.reset(made);
    region_.reset(onig_region_new());
    param_.reset(onig_new_match_param());
    onig_initialize_match_param(param_.get());
    onig_set_match_stack_limit_size_of_match_param(param_.get(), kStackMax);
    names_ = group_names(made);
    return Flow::value;
  }

  /// Searches from an offset; matched says whether something was found. Oniguruma does not tell how
  /// much it tried, so it begins with a low limit, and each higher one is paid for first.
  Flow search(size_t from, bool& matched) {
    if (!run_.step(1 + (text_.size() - from) / 8)) return Flow::error;
    int at = ONIGERR_RETRY_LIMIT_IN_SEARCH_OVER;
    for (unsigned long limit = kRetriesFirst; limit <= kRetriesMax; limit *= 10) {
      at = try_search(from, limit);
      if (at != ONIGERR_RETRY_LIMIT_IN_SEARCH_OVER && at != ONIGERR_RETRY_LIMIT_IN_MATCH_OVER) break;
      if (!run_.step(limit)) return Flow::error;
    }
    matched = at >= 0;
    if (at >= 0 || at == ONIG_MISMATCH) return Flow::value;
    OnigUChar message[ONIG_MAX_ERROR_MESSAGE_LEN];
    onig_error_code_to_str(message, at);
    return run_.fail("the regular expression gave up: " +
                     std::string(reinterpret_cast<const char*>(message)));
  }

  size_t begin() const { return static_cast<size_t>(region_->beg[0]); }
  size_t end() const { return static_cast<size_t>(region_->end[0]); }

  /// {offset, length, string, captures}, in code points.
  Val match() {
    Val object = make_object(run_, 4);
    fill(object, 0);
    Val captures = make_array(run_);
    for (int i = 1; i < region_->num_regs; ++i) {
      Val capture = make_object(run_, 4);
      fill(capture, i);
      const auto name = names_.find(i);
      put(run_, capture, "name", name == names_.end() ? Val() : make_string(run_, name->second));
      push(run_, captures, std::move(capture));
    }
    put(run_, object, "captures", std::move(captures));
    run_.step(static_cast<uint64_t>(region_->num_regs));
    return object;
  }

 private:
  int try_search(size_t from, unsigned long retries) {
    onig_set_retry_limit_in_match_of_match_param(param_.get(), retries);
    onig_set_retry_limit_in_search_of_match_param(param_.get(), retries);
    const char* begin = text_.data();
    const char* end = begin + text_.size();
    return onig_search_with_param(regex_.get(), bytes(begin), bytes(end), bytes(begin + from),
                                  bytes(end), region_.get(), ONIG_OPTION_NONE, param_.get());
  }

  void fill(Val& object, int group) {
    const int from = region_->beg[group];
    const int to = region_->end[group];
    if (from < 0) {
      put(run_, object, "offset", Val(-1.0));
      put(run_, object, "length", Val(0.0));
      put(run_, object, "string", Val());
      return;
    }
    const char* begin = text_.data();
    // Offsets grow from match to match: count on from the last.
    if (from < counted_bytes_) {
      counted_bytes_ = 0;
      counted_points_ = 0;
    }
    counted_points_ += points_between(begin + counted_bytes_, begin + from);
    counted_bytes_ = from;
    put(run_, object, "offset", Val(static_cast<double>(counted_points_)));
    put(run_, object, "length", Val(static_cast<double>(points_between(begin + from, begin + to))));
    put(run_, object, "string",
        make_string(run_, text_.substr(static_cast<size_t>(from), static_cast<size_t>(to - from))));
  }

  Run& run_;
  std::string_view text_;
  Regex regex_;
  std::unique_ptr<OnigRegion, FreeRegion> region_;
  std::unique_ptr<OnigMatchParam, FreeParam> param_;
  std::map<int, std::string> names_;
  int counted_bytes_ = 0;
  uint32_t counted_points_ = 0;
};

/// _match(regex; flags; test): an array of matches, or whether there is one.
Flow match(Run& run, Val* a, Val& out) {
  const bool only_test = a[3].truthy();
  Val pattern = a[1];
  Val flag_text = a[2];
  if (pattern.is_array()) {
    flag_text = pattern.size() > 1 ? element(a[1], 1) : Val();
    pattern = pattern.size() > 0 ? element(a[1], 0) : Val();
  }
  if (!a[0].is_string()) {
    return run.fail(described(run, a[0]) + " cannot be matched, as it is not a string");
  }
  if (!pattern.is_string() && flag_text.is_null()) {
    return run.fail(std::string(type_of(pattern)) + " not a string or array");
  }
  if (!pattern.is_string()) {
    return run.fail(described(run, pattern) + " cannot be matched, as it is not a string");
  }
  Flags flags;
  if (read_flags(run, flag_text, flags) != Flow::value) return Flow::error;
  if (!library_ready()) return run.fail("regular expressions are not available");
  const std::string_view text = a[0].text();
  Matching matching(run, text);
  if (matching.compile(pattern.text(), flags) != Flow::value) return Flow::error;
  Val found = make_array(run);
  bool any = false;
  for (size_t from = 0; from <= text.size();) {
    bool matched = false;
    if (matching.search(from, matched) != Flow::value) return Flow::error;
    if (!matched) break;
    any = true;
    if (only_test) break;
    push(run, found, matching.match());
    if (!flags.global || run.over()) break;
    from = matching.end();
    if (matching.end() == matching.begin()) {
      ++from;
      while (from < text.size() && (text[from] & 0xC0) == 0x80) ++from;
    }
  }
  out = only_test ? Val(any) : std::move(found);
  return Flow::value;
}

constexpr Native kBuiltins[] = {{"_match", 3, true, match}};

}  // namespace

std::span<const Native> regex_builtins() { return kBuiltins; }

}  // namespace hence::expr
