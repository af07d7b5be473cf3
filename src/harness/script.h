// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the outside answers in a test: for each sink, URL or command a list of answers that come one
// after the other, the last of which repeats, each after a delay of virtual time.

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "delivery/http_client.h"
#include "delivery/process_runner.h"

namespace hence::harness {

/// Answers of one kind, under the names they are for.
template <typename Answer>
class Script {
 public:
  struct Answers {
    std::vector<Result<Answer>> list;
    Duration delay;
    size_t next = 0;
  };
  struct Given {
    Result<Answer> answer;
    Duration delay;
  };

  /// Replaces what the name had; a list has at least one answer.
  void set(const std::string& name, std::vector<Result<Answer>> list, Duration delay) {
    entries_[name] = Answers{std::move(list), delay, 0};
  }
  /// The entry of exactly this name.
  std::optional<Given> take(const std::string& name) {
    const auto found = entries_.find(name);
    if (found == entries_.end()) return std::nullopt;
    return give(found->second);
  }
  /// The entry whose name is the longest beginning of text.
  std::optional<Given> take_by_prefix(const std::string& text) {
    Answers* best = nullptr;
    size_t best_size = 0;
    for (auto& [name, answers] : entries_) {
      if (!text.starts_with(name) || (best != nullptr && name.size() <= best_size)) continue;
      best = &answers;
      best_size = name.size();
    }
    if (best == nullptr) return std::nullopt;
    return give(*best);
  }

 private:
  static Given give(Answers& answers) {
    const size_t index = answers.next;
    if (answers.next + 1 < answers.list.size()) ++answers.next;
    return {answers.list[index], answers.delay};
  }
  std::map<std::string, Answers> entries_;
};

}  // namespace hence::harness
