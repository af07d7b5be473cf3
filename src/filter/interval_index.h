// SPDX-License-Identifier: Apache-2.0
#pragma once

// Which of many number intervals a number lies in: sorted by low end, with the highest high end of
// each subtree of the implied balanced tree beside. Intervals are closed and in binary64; whoever
// asks checks exactly afterwards.

#include <cstddef>
#include <cstdint>
#include <vector>

namespace hence::filter {

class IntervalIndex {
 public:
  struct Interval {
    double low = 0;
    double high = 0;
    uint32_t item = 0;
  };

  explicit IntervalIndex(std::vector<Interval> intervals);

  /// Appends the items of all intervals that hold number: O(log n + found) for short intervals.
  void find(double number, std::vector<uint32_t>& items) const;

  size_t memory_bytes() const {
    return intervals_.capacity() * sizeof(Interval) + highest_.capacity() * sizeof(double);
  }

 private:
  double fill_highest(size_t begin, size_t end);
  void find_between(size_t begin, size_t end, double number, std::vector<uint32_t>& items) const;

  std::vector<Interval> intervals_;
  std::vector<double> highest_;  // of the subtree whose middle is here
};

}  // namespace hence::filter
