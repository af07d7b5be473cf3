// SPDX-License-Identifier: Apache-2.0
#include "delivery/redaction.h"

#include <algorithm>
#include <set>

#include "event/base64.h"
#include "workflow/http.h"

namespace hence::delivery {
namespace {

char small(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

void add_forms(const std::string& text, std::set<std::string>& forms) {
  if (text.size() < kHiddenBytesMin) return;
  const std::string quoted = json::Value::string(text)->to_text();
  std::string encoded;
  workflow::append_percent_encoded(text, encoded);
  std::string base64 = event::base64_encode(text);
  base64.resize(base64.find_last_not_of('=') + 1);
  for (const std::string& form : {text, quoted.substr(1, quoted.size() - 2), encoded, base64,
                                  text.substr(0, text.find_first_of("?#"))}) {
    if (form.size() >= kHiddenBytesMin) forms.insert(form);
  }
}

/// How many bytes at the beginning of text are to be hidden for this one.
size_t bytes_to_hide(std::string_view text, std::string_view one) {
  const auto differ = std::mismatch(text.begin(), text.end(), one.begin(), one.end(),
                                    [](char a, char b) { return small(a) == small(b); });
  const auto same = static_cast<size_t>(differ.first - text.begin());
  if (same == one.size()) return same;
  const std::string_view rest = text.substr(same);
  const bool cut = rest.starts_with("...") || (rest.empty() && same >= kHiddenBytesMin);
  return cut ? same : 0;
}

}  // namespace

std::vector<std::string> hidden_texts(json::View secrets) {
  std::set<std::string> forms;
  std::vector<json::View> queue = {secrets};
  while (!queue.empty()) {
    const json::View one = queue.back();
    queue.pop_back();
    if (one.is_object()) {
      for (const auto [key, member] : one.members()) queue.push_back(member);
    } else if (one.is_array()) {
      for (const json::View item : one.elements()) queue.push_back(item);
    } else if (one.is_string()) {
      add_forms(std::string(one.as_string()), forms);
    } else if (one.is_number()) {
      add_forms(one.to_text(), forms);
    }
  }
  return {forms.begin(), forms.end()};
}

std::string redacted(std::string_view text, const std::vector<std::string>& hidden) {
  std::string result;
  for (size_t at = 0; at < text.size();) {
    size_t hide = 0;
    for (const std::string& one : hidden) hide = std::max(hide, bytes_to_hide(text.substr(at), one));
    if (hide > 0) {
      result += "***";
    } else {
      result += text[at];
    }
    at += std::max<size_t>(hide, 1);
  }
  return result;
}

Error redacted(const Error& error, const std::vector<std::string>& hidden) {
  return Error(error.code(), redacted(error.message(), hidden));
}

}  // namespace hence::delivery
