// SPDX-License-Identifier: Apache-2.0
// The texts that the language gives a form: names, versions, hosts, durations, addresses.

#include <algorithm>

#include "base/time.h"
#include "expr/program.h"
#include "workflow/shapes.h"

namespace hence::workflow {
namespace {

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_word_char(char c) { return is_letter(c) || is_digit(c); }

/// Letters and digits, `inner` between them, at most 63 characters.
bool is_label(std::string_view text, std::string_view inner) {
  if (text.empty() || text.size() > 63) return false;
  if (!is_word_char(text.front()) || !is_word_char(text.back())) return false;
  return std::all_of(text.begin(), text.end(), [&](char c) {
    return is_word_char(c) || inner.find(c) != std::string_view::npos;
  });
}

bool is_plain_number(std::string_view text) {
  if (text.empty() || !std::all_of(text.begin(), text.end(), is_digit)) return false;
  return text.size() == 1 || text.front() != '0';
}

/// Dot-separated identifiers of [0-9A-Za-z-]; numbers without leading zeros where that matters.
bool are_identifiers(std::string_view text, bool zeros_matter) {
  while (true) {
    const size_t end = text.find('.');
    const std::string_view part = text.substr(0, end);
    if (part.empty()) return false;
    if (!std::all_of(part.begin(), part.end(), [](char c) { return is_word_char(c) ||
        c == '-'; })) {
      return false;
    }
    if (zeros_matter && std::all_of(part.begin(), part.end(), is_digit) && !is_plain_number(part)) {
      return false;
    }
    if (end == std::string_view::npos) return true;
    text.remove_prefix(end + 1);
  }
}

}  // namespace

bool is_dsl_name(std::string_view text) { return is_label(text, "-"); }
bool is_host(std::string_view text) { return is_label(text, "-."); }

Duration duration_of(json::View object) {
  constexpr int64_t kMicrosMost = 31'536'000'000'000'000;  // a thousand years
  constexpr std::pair<std::string_view, int64_t> kUnits[] = {{"days", 86'400'000'000},
                                                             {"hours", 3'600'000'000},
                                                             {"minutes", 60'000'000},
                                                             {"seconds", 1'000'000},
                                                             {"milliseconds", 1'000}};
  Duration sum;
  for (auto [unit, micros] : kUnits) {
    const auto member = object.find(unit);
    const std::optional<int64_t> count =
        member && member->is_number() ? member->as_int64() : std::nullopt;
    if (count && *count >= 0 && *count <= kMicrosMost / micros) sum.micros += *count * micros;
  }
  return sum;
}

bool is_semver_or_latest(std::string_view text) { return text == "latest" || is_semver(text); }

bool is_semver(std::string_view text) {
  if (const size_t plus = text.find('+'); plus != std::string_view::npos) {
    if (!are_identifiers(text.substr(plus + 1), false)) return false;
    text = text.substr(0, plus);
  }
  if (const size_t dash = text.find('-'); dash != std::string_view::npos) {
    if (!are_identifiers(text.substr(dash + 1), true)) return false;
    text = text.substr(0, dash);
  }
  const size_t first = text.find('.');
  const size_t second = first == std::string_view::npos ? first : text.find('.', first + 1);
  if (second == std::string_view::npos) return false;
  return is_plain_number(text.substr(0, first)) &&
         is_plain_number(text.substr(first + 1, second - first - 1)) &&
         is_plain_number(text.substr(second + 1));
}

bool is_expression(std::string_view text) { return expr::unwrap(text).has_value(); }

bool is_duration_text(std::string_view text) {
  return is_expression(text) || (text.starts_with('P') && parse_iso8601_duration(text).ok());
}

bool is_uri(std::string_view text) {
  return !text.empty() && !text.starts_with("${") &&
         std::none_of(text.begin(), text.end(), [](char c) { return c == ' ' ||
             (c >= '\t' && c <= '\r'); });
}

std::string raw_repository_uri(const std::string& uri) {
  constexpr std::string_view kGithub = "https://github.com/";
  const size_t tree = std::min(uri.find("/tree/"), uri.find("/blob/"));
  if (uri.starts_with(kGithub) && tree != std::string::npos) {
    return "https://raw.githubusercontent.com/" +
           uri.substr(kGithub.size(), tree - kGithub.size()) + "/refs/heads/" + uri.substr(tree + 6);
  }
  const size_t functions = uri.find("/functions/");
  const bool bare = uri.starts_with(kGithub) && functions != std::string::npos;
  if (bare) {  // a repository's own page: its main branch
    return "https://raw.githubusercontent.com/" +
           uri.substr(kGithub.size(), functions - kGithub.size()) + "/refs/heads/main" +
           uri.substr(functions);
  }
  if (const size_t gitlab = uri.find("/-/tree/"); gitlab != std::string::npos) {
    return uri.substr(0, gitlab) + "/-/raw/" + uri.substr(gitlab + 8);
  }
  return uri;
}

bool is_uri_or_expression(std::string_view text) { return is_expression(text) || is_uri(text); }

}  // namespace hence::workflow
