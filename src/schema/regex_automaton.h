// SPDX-License-Identifier: Apache-2.0
#pragma once

// A regular pattern as a deterministic automaton over bytes, or, where that would be too large, as
// a non-deterministic one that is walked with the set of its states.

#include <array>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "schema/regex.h"
#include "schema/regex_syntax.h"

namespace hence::schema {

struct NfaState {
  enum class Kind : uint8_t { bytes, split, begin, end, accept };
  Kind kind;
  uint8_t first = 0, last = 0;
  uint32_t next = 0, other = 0;
};

class Automaton {
 public:
  /// Nothing if the pattern takes more states than kNfaStatesMax. tree must be regular.
  static std::shared_ptr<const Automaton> build(const RegexTree& tree);

  Match search(std::string_view text) const {
    return table_.empty() ? simulate(text) : (run_table(text) ? Match::yes : Match::no);
  }

 private:
  friend class TableBuilder;
  static constexpr uint32_t kDead = 0;
  static constexpr uint32_t kAccepted = 1;

  bool run_table(std::string_view text) const {
    // Rows of the table lead to rows of the table, classes are fewer than a row is long.
    const uint32_t* table = table_.data();
    const uint8_t* classes = classes_.data();
    uint32_t row = start_;
    if (row <= final_rows_) return row != 0;
    for (const char c : text) {
      row = table[row + classes[static_cast<unsigned char>(c)]];
      if (row <= final_rows_) return row != 0;
    }
    return table[row + stride_ - 1] != 0;
  }
  Match simulate(std::string_view text) const;

  std::vector<NfaState> states_;  ///< kept only where there is no table
  uint32_t nfa_start_ = 0;
  std::array<uint8_t, 256> classes_{};
  /// Row × byte class → row; row 0 is dead, the next has accepted. The last of a row: accepts at the end.
  std::vector<uint32_t> table_;
  uint32_t start_ = 0, stride_ = 1, final_rows_ = 0;
};

}  // namespace hence::schema
