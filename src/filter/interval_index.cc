// SPDX-License-Identifier: Apache-2.0
#include "filter/interval_index.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace hence::filter {

IntervalIndex::IntervalIndex(std::vector<Interval> intervals) : intervals_(std::move(intervals)) {
  std::sort(intervals_.begin(), intervals_.end(), [](const Interval& a, const Interval& b) {
    return std::tie(a.low, a.high, a.item) < std::tie(b.low, b.high, b.item);
  });
  highest_.resize(intervals_.size());
  if (!intervals_.empty()) fill_highest(0, intervals_.size());
}

// Recursion halves the range: at most 32 deep.
double IntervalIndex::fill_highest(size_t begin, size_t end) {
  const size_t middle = begin + (end - begin) / 2;
  double highest = intervals_[middle].high;
  if (begin < middle) highest = std::max(highest, fill_highest(begin, middle));
  if (middle + 1 < end) highest = std::max(highest, fill_highest(middle + 1, end));
  highest_[middle] = highest;
  return highest;
}

void IntervalIndex::find(double number, std::vector<uint32_t>& items) const {
  find_between(0, intervals_.size(), number, items);
}

void IntervalIndex::find_between(size_t begin, size_t end, double number,
                                 std::vector<uint32_t>& items) const {
  while (begin < end) {
    const size_t middle = begin + (end - begin) / 2;
    if (highest_[middle] < number) return;
    find_between(begin, middle, number, items);
    const Interval& at = intervals_[middle];
    if (at.low > number) return;
    if (at.high >= number) items.push_back(at.item);
    begin = middle + 1;
  }
}

}  // namespace hence::filter
