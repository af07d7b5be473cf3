// SPDX-License-Identifier: Apache-2.0
#pragma once

// What one evaluation carries: its budget, its error, the documents it made, its frames.

#include <optional>
#include <string>
#include <vector>

#include "expr/program.h"
#include "expr/value.h"

namespace hence::expr {

/// How evaluating an expression that gives at most one result ended.
enum class Flow : uint8_t {
  value,  ///< the result is there
  empty,  ///< no result
  error,  ///< run.error holds jq's error value, or the run is over
  stop,   ///< a consumer wants no more (only from each())
};

class Run {
 public:
  Run(Budget& budget, const Environment& environment) : budget_(budget), environment_(environment) {}
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;

  // Budget -------------------------------------------------------------------------------------
  /// Counts steps; false when the run is over.
  bool step(uint64_t n = 1) {
    if (budget_.steps < n) [[unlikely]] return exhaust("steps");
    budget_.steps -= n;
    return over_ == nullptr;
  }
  /// Counts bytes about to be allocated, and the steps that takes; false when the run is over.
  bool charge(uint64_t bytes) {
    constexpr uint64_t kBytesOfStep = 256;
    if (budget_.bytes < bytes) [[unlikely]] return exhaust("bytes");
    budget_.bytes -= bytes;
    return step(1 + bytes / kBytesOfStep);
  }
  bool over() const { return over_ != nullptr; }
  bool exhaust(const char* what) {
    if (over_ == nullptr) {
      over_ = what;
      error_position = kNowhere;  // the step that meets it says
    }
    return false;
  }
  const char* exhausted() const { return over_; }
  /// Ends the run because a secret was asked for that is not there. name: as the error shows it.
  Flow deny(std::string name) {
    if (over_ != nullptr) return Flow::error;
    denied_ = std::move(name);
    exhaust("secrets");
    return Flow::error;
  }
  /// The name that was asked for, as the error shows it; nothing where the budget ended the run.
  const std::optional<std::string>& denied() const { return denied_; }
  Budget& budget() { return budget_; }

  // Errors -------------------------------------------------------------------------------------
  Flow fail(Val value) {
    error = std::move(value);
    return Flow::error;
  }
  Flow fail(std::string_view text) { return fail(make_string(*this, text)); }
  /// Turns the deep-value flag into an error.
  Flow fail_deep(std::string_view text) {
    too_deep = false;
    return fail(text);
  }

  Val error;              ///< of the last Flow::error
  static constexpr uint32_t kNowhere = UINT32_MAX;
  /// Of the step that failed last, or that used up the budget: byte offset in the source.
  uint32_t error_position = kNowhere;
  bool too_deep = false;  ///< set by functions that walk values

  const Environment& environment() const { return environment_; }
  bool is_secrets(const Val& value) const {
    const json::View secrets = environment_.secrets;
    return value.tag() == Tag::object_view && value.view().buffer() == secrets.buffer() &&
           value.view().node() == secrets.node();
  }
  /// Keeps a document alive until the evaluation ends.
  json::View keep(json::Value document) {
    documents_.push_back(std::move(document));
    return documents_.back().view();
  }

  // Frames -------------------------------------------------------------------------------------
  struct Frame {
    uint32_t base;         ///< of its slots
    uint32_t count;
    uint32_t static_link;  ///< frame of the enclosing function
    uint32_t caller;
    uint32_t return_pc;
    uint32_t depth;        ///< of calls
  };
  Val& slot(uint32_t level, uint32_t index) {
    if (level == 0) [[likely]] return slots[base + index];
    return slots[frames[outer(level)].base + index];
  }
  /// The frame so many levels out of the current one.
  uint32_t outer(uint32_t level) const {
    uint32_t frame = current;
    for (; level > 0; --level) frame = frames[frame].static_link;
    return frame;
  }

  std::vector<Frame> frames;
  std::vector<Val> slots;
  uint32_t current = 0;
  uint32_t base = 0;  ///< of the current frame's slots

 private:
  Budget& budget_;
  const Environment& environment_;
  const char* over_ = nullptr;
  std::optional<std::string> denied_;
  std::vector<json::Value> documents_;
};

/// Counts the steps that reading a long text or number takes; short ones are in the step of whoever reads
/// them. Whoever looks at each byte more closely counts that beside it.
inline void count_reading(Run& run, const Val& value) {
  constexpr size_t kShort = 64;
  if (value.tag() == Tag::literal) {
    const size_t digits = value.view().number_text().size();
    if (digits > kShort) [[unlikely]] run.step(digits / 4);
  } else if (value.is_string()) {
    const size_t bytes = value.text().size();
    if (bytes > kShort) [[unlikely]] run.step(bytes / 256);
  }
}

}  // namespace hence::expr
