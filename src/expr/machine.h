// SPDX-License-Identifier: Apache-2.0
#pragma once

// Runs instructions. One value is current; everything else is in slots of frames. A generator leaves
// a fork: where to go on, with which value, when the next result is wanted. Slots are written once
// on the way to a fork, so going back needs no restoring of them; a frame stays while a fork can
// return to it. A call at the end of a function takes the place of its caller where no fork needs
// the caller, so that loops written as recursion do not grow.
//
// Inside path(…) the machine follows two more things: the path so far, and the value it leads to. A
// step along a path whose input is not that value is an invalid path expression.

#include <vector>

#include "expr/ir.h"

namespace hence::expr {

enum class Code : uint16_t {
  evaluate, save, take_save, load, take_load, set_constant, fork, jump, backtrack,
  jump_false, to_bool, output,
  iterate, iterate_path, field, field_path, index, index_path, slice, slice_path, get_path_path,
  range, binary, negate, format, native, insert, concatenate,
  new_array, append, new_object,
  try_begin, try_end, alternative_begin, alternative_mark, alternative_else,
  pattern_begin, label, break_label, mark, cut, limit_begin, limit_step,
  path_begin, path_end, take_at, set_at, drop_at, finish_update,
  call, call_tail, call_parameter, call_parameter_tail, ret,
};

class Machine {
 public:
  Machine(Run& run, const Compiled& compiled, Val input);

  /// The next result: value, or empty at the end, or error.
  Flow next(Val& out);

 private:
  enum class ForkKind : uint8_t {
    plain, iterate, iterate_path, range, catches, exit, alternative, pattern, label,
  };
  struct Fork {
    ForkKind kind = ForkKind::plain;
    uint32_t pc = 0;
    uint32_t frame = 0;
    uint32_t frames_top = 0;
    uint32_t slots_top = 0;
    uint32_t position = 0;  ///< iterate: next element; exit: how many forks stay
    uint32_t size = 0;
    Val value;
    Val path;
    Val at;
    double end = 0;
    double step = 0;
    json::Elements::Iterator element;
    json::Members::Iterator member;
  };

  // Each gives false where the run stops: a result is there, nothing is left, or an error.
  bool execute(const Instruction& i);
  bool execute_value(const Instruction& i);
  bool execute_control(const Instruction& i);
  bool execute_paths(const Instruction& i);
  bool execute_update(const Instruction& i);

  void push_fork(ForkKind kind, uint32_t pc);
  void cut_to(size_t height);
  void restore(const Fork& fork, bool with_value);
  bool backtrack();  ///< false: no fork is left
  bool backtrack_or_end();
  bool resume_iterate();
  bool resume_range();
  bool raise();      ///< unwinds to a fork that catches; false: none
  bool failed() {
    const Instruction& i = compiled_.code[pc_ - 1];
    if (i.node != nullptr && static_cast<Code>(i.code) != Code::evaluate) run_.error_position = i.node->position;
    return raise();
  }
  /// Remembers the last step with a place, where the end of the budget has none yet.
  Flow used_up();
  /// An error of a step followed by "?" is no result.
  bool step_failed(bool optional) {
    return optional && !run_.over() ? backtrack_or_end() : failed();
  }
  bool start_iterate(bool path, bool optional);
  bool call(const Procedure& procedure, uint32_t static_link, bool tail, bool path,
            const std::vector<Node::Argument>* arguments);
  void leave();
  void set_current(uint32_t frame);
  /// Whether the current value is where the path leads.
  bool intact() {
    if (!at_.is_string()) count_reading(run_, at_);
    return at_.identical(current_);
  }
  bool path_step(const Val& key, bool optional);
  bool invalid_path(const Val& key);
  Val& slot(uint32_t index) { return run_.slots[run_.base + index]; }

  Run& run_;
  const Compiled& compiled_;
  uint32_t pc_ = 0;
  std::vector<Val> arguments_;  ///< of the call being made
  Val current_;
  Val path_;  ///< array, or null outside of path(…)
  Val at_;
  std::vector<Fork> forks_;
  bool started_ = false;
  bool ended_ = false;
  bool output_ = false;
};

}  // namespace hence::expr
