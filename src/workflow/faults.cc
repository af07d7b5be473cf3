// SPDX-License-Identifier: Apache-2.0
#include "workflow/faults.h"

#include <algorithm>
#include <tuple>

namespace hence::workflow {
namespace {

constexpr size_t kWordBytesMax = 64;
constexpr size_t kFaultsListed = 50;

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

/// Edit distance with transpositions (Damerau, optimal string alignment), case counted as nothing.
size_t distance(std::string_view a, std::string_view b) {
  std::vector<size_t> before(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) last[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t cost = lower(a[i - 1]) == lower(b[j - 1]) ? 0 : 1;
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + cost});
      if (i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) &&
          lower(a[i - 2]) == lower(b[j - 1])) {
        row[j] = std::min(row[j], before[j - 2] + 1);
      }
    }
    std::swap(before, last);
    std::swap(last, row);
  }
  return last[b.size()];
}

}  // namespace

std::string Fault::to_string() const {
  std::string text;
  if (place.line != 0) {
    text = "line " + std::to_string(place.line) + ", column " + std::to_string(place.column) + ": ";
  }
  if (!pointer.empty()) text += pointer + ": ";
  return text + message;
}

void Faults::add(std::string_view pointer, std::string message) {
  const json::Place place = document_ ? document_->place_of(pointer) : json::Place{};
  faults_.push_back({code_, std::string(pointer), place, std::move(message)});
}

void Faults::add_at_key(std::string_view pointer, std::string message) {
  const json::Place place = document_ ? document_->key_place_of(pointer) : json::Place{};
  faults_.push_back({code_, std::string(pointer), place, std::move(message)});
}

void Faults::add_unsupported(std::string_view pointer, std::string message) {
  const json::Place place = document_ ? document_->place_of(pointer) : json::Place{};
  faults_.push_back({ErrorCode::NotSupported, std::string(pointer), place, std::move(message)});
}

void Faults::sort() {
  const auto key = [](const Fault& f) {
    return std::tie(f.place.line, f.place.column, f.pointer, f.message);
  };
  std::stable_sort(faults_.begin(), faults_.end(),
                   [&](const Fault& a, const Fault& b) { return key(a) < key(b); });
  const auto same = [&](const Fault& a, const Fault& b) { return key(a) == key(b); };
  faults_.erase(std::unique(faults_.begin(), faults_.end(), same), faults_.end());
}

Error Faults::to_error(std::string_view file_name) const {
  HENCE_CHECK(!faults_.empty());
  std::string text;
  for (size_t i = 0; i < faults_.size(); ++i) {
    if (i > 0) text += '\n';
    if (i == kFaultsListed) {
      text += "… and " + std::to_string(faults_.size() - i) + " more";
      break;
    }
    if (!file_name.empty()) text.append(file_name).append(": ");
    text += faults_[i].to_string();
  }
  return Error(faults_.front().code, std::move(text));
}

std::string_view nearest_word(std::string_view word, std::span<const std::string_view> candidates) {
  std::string_view best;
  if (word.size() > kWordBytesMax) return best;
  size_t best_distance = std::max<size_t>(1, (word.size() + 1) / 3) + 1;
  for (std::string_view candidate : candidates) {
    const size_t d = distance(word, candidate);
    if (d < best_distance && d < candidate.size()) {
      best = candidate;
      best_distance = d;
    }
  }
  return best;
}

std::string_view nearest_slip(std::string_view word, std::span<const std::string_view> candidates) {
  const std::string_view near = nearest_word(word, candidates);
  const bool slip = near != word && near.size() <= word.size() + 1 && word.size() <= near.size() + 1;
  return slip ? near : std::string_view();
}

std::string suggestion(std::string_view word, std::span<const std::string_view> candidates) {
  if (candidates.empty()) return "";
  if (const std::string_view near = nearest_word(word, candidates); !near.empty()) {
    return "; did you mean \"" + std::string(near) + "\"?";
  }
  std::string text = candidates.size() == 1 ? "; expected " : "; expected one of ";
  for (size_t i = 0; i < candidates.size(); ++i) {
    if (i > 0) text += ", ";
    text += candidates[i];
  }
  return text;
}

}  // namespace hence::workflow
