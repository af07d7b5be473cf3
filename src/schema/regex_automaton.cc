// SPDX-License-Identifier: Apache-2.0
#include "schema/regex_automaton.h"

#include <algorithm>
#include <map>

#include "json/utf8.h"

namespace hence::schema {
namespace {

constexpr size_t kNfaStatesMax = 10'000;
constexpr size_t kTableRowsMax = 1'000;
constexpr size_t kTableWorkMax = 400'000;     ///< states visited while the table is made
constexpr size_t kSimulationMax = 20'000'000;  ///< states visited in one search

using Kind = RegexNode::Kind;

/// Builds the states from the end to the start: what follows is known before what comes first.
class NfaBuilder {
 public:
  explicit NfaBuilder(const RegexTree& tree) : tree_(tree) {}

  std::vector<NfaState> states;
  bool full() const { return states.size() > kNfaStatesMax; }

  uint32_t add(NfaState state) {
    states.push_back(state);
    return static_cast<uint32_t>(states.size() - 1);
  }

  uint32_t emit(uint32_t node, uint32_t next) {
    if (full()) return next;
    const RegexNode& at = tree_.nodes[node];
    switch (at.kind) {
      case Kind::set: return set(at.set, next);
      case Kind::begin: return add({NfaState::Kind::begin, 0, 0, next, 0});
      case Kind::end: return add({NfaState::Kind::end, 0, 0, next, 0});
      case Kind::repeat: return repeat(at, next);
      case Kind::choice: {
        uint32_t start = emit(at.children.back(), next);
        for (size_t i = at.children.size() - 1; i-- > 0;) start = split(emit(at.children[i], next), start);
        return start;
      }
      default:
        for (size_t i = at.children.size(); i-- > 0;) next = emit(at.children[i], next);
        return next;
    }
  }

  uint32_t split(uint32_t a, uint32_t b) { return add({NfaState::Kind::split, 0, 0, a, b}); }

 private:
  uint32_t repeat(const RegexNode& at, uint32_t next) {
    uint32_t start = next;
    if (at.high == kUnbounded) {
      const uint32_t loop = split(0, next);
      states[loop].next = emit(at.children[0], loop);
      start = loop;
    } else {
      for (uint32_t i = at.low; i < at.high && !full(); ++i) start = split(emit(at.children[0], start), next);
    }
    for (uint32_t i = 0; i < at.low && !full(); ++i) start = emit(at.children[0], start);
    return start;
  }

  uint32_t set(const CodeSet& set, uint32_t next) {
    uint32_t start = UINT32_MAX;
    std::vector<CodeRange> pending(set.rbegin(), set.rend());
    while (!pending.empty() && !full()) {
      const CodeRange range = pending.back();
      pending.pop_back();
      if (divide(range, pending)) continue;
      std::string low, high;
      json::append_utf8(range.first, low);
      json::append_utf8(range.last, high);
      uint32_t at = next;
      for (size_t i = low.size(); i-- > 0;) {
        at = add({NfaState::Kind::bytes, static_cast<uint8_t>(low[i]), static_cast<uint8_t>(high[i]), at, 0});
      }
      start = start == UINT32_MAX ? at : split(at, start);
    }
    // The empty set: a byte that UTF-8 never has.
    return start == UINT32_MAX ? add({NfaState::Kind::bytes, 0xFF, 0xFF, next, 0}) : start;
  }

  /// True if the range was no single sequence of byte ranges and its parts were put into pending.
  static bool divide(CodeRange range, std::vector<CodeRange>& pending) {
    const auto cut = [&](uint32_t last_of_first) {
      pending.push_back({last_of_first + 1, range.last});
      pending.push_back({range.first, last_of_first});
      return true;
    };
    if (range.first >= 0xD800 && range.last <= 0xDFFF) return true;
    if (range.first < 0xD800 && range.last >= 0xD800) return cut(0xD7FF);
    if (range.first <= 0xDFFF && range.last > 0xDFFF && range.first >= 0xD800) return cut(0xDFFF);
    for (const uint32_t last : {0x7Fu, 0x7FFu, 0xFFFFu}) {
      if (range.first <= last && range.last > last) return cut(last);
    }
    if (range.last <= 0x7F) return false;
    for (uint32_t bits = 6; bits <= 18; bits += 6) {
      const uint32_t mask = (1u << bits) - 1;
      if ((range.first & ~mask) == (range.last & ~mask)) break;
      if ((range.first & mask) != 0) return cut(range.first | mask);
      if ((range.last & mask) != mask) return cut((range.last & ~mask) - 1);
    }
    return false;
  }

  const RegexTree& tree_;
};

/// A set of states that knows the order in which they came.
class StateSet {
 public:
  explicit StateSet(size_t states) : seen_(states, 0) {}
  bool add(uint32_t state) {
    if (seen_[state] == round_) return false;
    seen_[state] = round_;
    items.push_back(state);
    return true;
  }
  void clear() {
    items.clear();
    ++round_;
  }
  std::vector<uint32_t> items;

 private:
  std::vector<uint32_t> seen_;
  uint32_t round_ = 1;
};

struct Position {
  bool at_begin;
  bool at_end;
};

/// Adds to set all that its states reach without a byte. True if acceptance is among it.
bool close(const std::vector<NfaState>& states, StateSet& set, Position position) {
  bool accepted = false;
  for (size_t i = 0; i < set.items.size(); ++i) {
    const NfaState& state = states[set.items[i]];
    switch (state.kind) {
      case NfaState::Kind::split:
        set.add(state.next);
        set.add(state.other);
        break;
      case NfaState::Kind::begin:
        if (position.at_begin) set.add(state.next);
        break;
      case NfaState::Kind::end:
        if (position.at_end) set.add(state.next);
        break;
      case NfaState::Kind::accept: accepted = true; break;
      case NfaState::Kind::bytes: break;
    }
  }
  return accepted;
}

}  // namespace

/// Makes the table by following every set of states that can come about.
class TableBuilder {
 public:
  TableBuilder(const std::vector<NfaState>& states, uint32_t start, Automaton& out)
      : states_(states), start_(start), out_(out), set_(states.size()), next_(states.size()) {}

  bool build() {
    const uint32_t classes = byte_classes();
    const uint32_t stride = out_.stride_ = classes + 1;
    add_row();
    add_row();
    out_.final_rows_ = stride;
    set_.clear();
    set_.add(start_);
    out_.start_ = enter({true, false}) * stride;
    while (!pending_.empty()) {
      if (accepts_.size() > kTableRowsMax || work_ > kTableWorkMax) return false;
      const uint32_t row = pending_.back();
      pending_.pop_back();
      for (uint32_t column = 0; column < classes; ++column) follow(row, column);
    }
    for (size_t row = 0; row < accepts_.size(); ++row) out_.table_[(row + 1) * stride - 1] = accepts_[row];
    return true;
  }

 private:
  uint32_t byte_classes() {
    std::array<bool, 257> begins{};
    for (const NfaState& state : states_) {
      if (state.kind != NfaState::Kind::bytes) continue;
      begins[state.first] = true;
      begins[state.last + 1u] = true;
    }
    uint32_t count = 0;
    for (uint32_t byte = 0; byte < 256; ++byte) {
      if (byte > 0 && begins[byte]) ++count;
      if (byte == 0 || begins[byte]) representative_.push_back(static_cast<uint8_t>(byte));
      out_.classes_[byte] = static_cast<uint8_t>(count);
    }
    return count + 1;
  }

  uint32_t add_row() {
    out_.table_.resize(out_.table_.size() + out_.stride_, 0);
    accepts_.push_back(0);
    kernels_.emplace_back();
    return static_cast<uint32_t>(accepts_.size() - 1);
  }

  /// The row of set_'s states at a position.
  uint32_t enter(Position position) {
    if (close(states_, set_, position)) return Automaton::kAccepted;
    work_ += set_.items.size();
    std::vector<uint32_t> kernel;
    for (const uint32_t state : set_.items) {
      const NfaState::Kind kind = states_[state].kind;
      if (kind == NfaState::Kind::bytes || kind == NfaState::Kind::end) kernel.push_back(state);
    }
    if (kernel.empty()) return Automaton::kDead;
    std::sort(kernel.begin(), kernel.end());
    if (position.at_begin) kernel.push_back(UINT32_MAX);  // the start is a row of its own
    const auto known = rows_.find(kernel);
    if (known != rows_.end()) return known->second;
    const uint32_t row = add_row();
    position.at_end = true;
    next_.clear();
    for (const uint32_t state : set_.items) next_.add(state);
    accepts_[row] = close(states_, next_, position);
    kernels_[row] = kernel;
    rows_.emplace(std::move(kernel), row);
    pending_.push_back(row);
    return row;
  }

  void follow(uint32_t row, uint32_t column) {
    const uint8_t byte = representative_[column];
    set_.clear();
    for (const uint32_t state : kernels_[row]) {
      if (state == UINT32_MAX) continue;
      const NfaState& from = states_[state];
      if (from.kind == NfaState::Kind::bytes && byte >= from.first && byte <= from.last) set_.add(from.next);
    }
    const uint32_t target = set_.items.empty() ? Automaton::kDead : enter({false, false});
    out_.table_[row * out_.stride_ + column] = target * out_.stride_;
  }

  const std::vector<NfaState>& states_;
  uint32_t start_;
  Automaton& out_;
  StateSet set_, next_;
  std::map<std::vector<uint32_t>, uint32_t> rows_;
  std::vector<std::vector<uint32_t>> kernels_;
  std::vector<uint32_t> pending_;
  std::vector<uint8_t> representative_;
  std::vector<uint8_t> accepts_;
  size_t work_ = 0;
};

std::shared_ptr<const Automaton> Automaton::build(const RegexTree& tree) {
  NfaBuilder builder(tree);
  const uint32_t accept = builder.add({NfaState::Kind::accept});
  const uint32_t start = builder.emit(tree.root, accept);
  // The search may begin at any byte.
  const uint32_t search = builder.split(start, 0);
  const uint32_t any = builder.add({NfaState::Kind::bytes, 0, 0xFF, search, 0});
  builder.states[search].other = any;
  if (builder.full()) return nullptr;
  auto made = std::make_shared<Automaton>();
  if (!TableBuilder(builder.states, search, *made).build()) {
    *made = Automaton();
    made->states_ = std::move(builder.states);
    made->nfa_start_ = search;
  }
  return made;
}

Match Automaton::simulate(std::string_view text) const {
  StateSet now(states_.size()), next(states_.size());
  now.add(nfa_start_);
  size_t work = 0;
  for (size_t i = 0;; ++i) {
    if (close(states_, now, {i == 0, i == text.size()})) return Match::yes;
    if (i == text.size()) return Match::no;
    work += now.items.size();
    if (work > kSimulationMax) return Match::gave_up;
    const auto byte = static_cast<uint8_t>(text[i]);
    next.clear();
    for (const uint32_t state : now.items) {
      const NfaState& from = states_[state];
      if (from.kind == NfaState::Kind::bytes && byte >= from.first && byte <= from.last) next.add(from.next);
    }
    std::swap(now, next);
  }
}

}  // namespace hence::schema
