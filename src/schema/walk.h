// SPDX-License-Identifier: Apache-2.0
#pragma once

// Applies a program to a value. Without a report it stops at the first fault and allocates nothing
// unless schemas keep track of more than 128 members or pick targets dynamically.

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "schema/block.h"

namespace hence::schema {

/// A fault as it was met; its sentences are made when the walk is over.
struct RawFault {
  const Block* block;
  std::string_view keyword;
  uint32_t node;   ///< of the value (or key) that does not fit
  uint32_t level;  ///< how deep that value lies
  std::string expected;
  std::string actual;  ///< empty: the value itself
};

struct Report {
  size_t limit;
  std::vector<RawFault> faults;
};

/// Which members or elements of one value some keyword has looked at.
class Marks {
 public:
  explicit Marks(uint32_t count) : words_((count + 63) / 64) {
    if (words_ <= 2) return;
    large_ = std::make_unique<uint64_t[]>(words_);
    bits_ = large_.get();
  }
  Marks(const Marks&) = delete;
  Marks& operator=(const Marks&) = delete;

  void set(uint32_t index) { bits_[index / 64] |= uint64_t{1} << (index % 64); }
  bool has(uint32_t index) const { return (bits_[index / 64] >> (index % 64) & 1) != 0; }
  void merge(const Marks& other) {
    for (uint32_t i = 0; i < words_; ++i) bits_[i] |= other.bits_[i];
  }

 private:
  uint32_t words_;
  uint64_t small_[2] = {0, 0};
  uint64_t* bits_ = small_;
  std::unique_ptr<uint64_t[]> large_;
};

class Walk {
 public:
  /// report: where faults go; null: only whether there are any.
  Walk(const Program& program, json::View value, Report* report) : Walk(program, *program.root, value, report) {}
  /// Applies one block of the program.
  Walk(const Program& program, const Block& start, json::View value, Report* report)
      : program_(program), start_(start), buffer_(value.buffer()), nodes_(buffer_->nodes()), root_(value.node()), report_(report),
        steps_left_(kStepsMax + uint64_t{16} * buffer_->node_count) {}

  bool run() {
    const bool ok = check(start_, root_, nullptr);
    return ok && stopped_.empty();
  }
  /// Why the walk could not be finished; empty if it was.
  std::string_view stopped() const { return stopped_; }

 private:
  bool check(const Block& block, uint32_t node, Marks* marks);
  bool check_inside(const Block& block, uint32_t node, Marks* marks);
  bool check_tracked(const Block& block, uint32_t node, Marks* marks);
  bool check_unevaluated(const Block& block, uint32_t node, const Marks& marks);
  bool check_type(const Block& block, uint32_t node);
  bool check_values(const Block& block, uint32_t node);
  bool check_string(const Block& block, uint32_t node);
  bool check_number(const Block& block, uint32_t node);
  bool check_array(const Block& block, uint32_t node, Marks* marks);
  bool check_contains(const Block& block, uint32_t node, Marks* marks);
  bool check_unique(const Block& block, uint32_t node);
  bool check_object(const Block& block, uint32_t node, Marks* marks);
  bool check_member(const Block& block, uint32_t key, const Property* property, bool& evaluated);
  bool check_required(const Block& block, uint32_t node, uint64_t seen);
  bool check_dependent_names(const Block& block, uint32_t node);
  bool check_combined(const Block& block, uint32_t node, Marks* marks);
  bool check_branches(const Block& block, uint32_t node, Marks* marks);
  bool check_choice(const Block& block, uint32_t node, Marks* marks, bool exactly_one);
  bool check_condition(const Block& block, uint32_t node, Marks* marks);
  bool check_dynamic(const Block& block, uint32_t node, Marks* marks);
  bool check_leaf(const Block& block, uint32_t node);
  bool leaf_fits(const Block& block, uint32_t node) {
    Report* kept = std::exchange(report_, nullptr);
    const bool ok = check_leaf(block, node);
    report_ = kept;
    return ok;
  }
  bool check_child(const Block& block, uint32_t node) {
    if (block.leaf && !reporting()) return check_leaf(block, node);
    if (block.leaf && leaf_fits(block, node)) return true;  // most do, whatever else is to be reported
    ++level_;
    const bool ok = check(block, node, nullptr);
    --level_;
    return ok;
  }
  /// Whether a value fits, its faults being of no interest.
  bool fits(const Block& block, uint32_t node, Marks* marks);

  bool reporting() const { return report_ != nullptr; }
  bool note(const Block& block, std::string_view keyword, uint32_t node, std::string expected, std::string actual = {});
  bool stop(std::string_view why) {
    if (stopped_.empty()) stopped_ = why;
    return false;
  }
  json::View view(uint32_t node) const { return json::View::at_node(buffer_, node); }
  std::string_view text(uint32_t node) const { return json::text_of(buffer_, nodes_[node]); }

  const Program& program_;
  const Block& start_;
  const json::Buffer* buffer_;
  const json::Node* nodes_;
  uint32_t root_;
  Report* report_;
  uint64_t steps_left_;
  uint32_t nested_ = 0;
  uint32_t level_ = 0;
  std::string_view stopped_;
  std::vector<uint32_t> scope_;  ///< resources entered, where targets are dynamic
};

}  // namespace hence::schema
