// SPDX-License-Identifier: Apache-2.0
#include "expr/machine.h"

#include <algorithm>

#include "expr/evaluate.h"
#include "expr/operations.h"

namespace hence::expr {

Machine::Machine(Run& run, const Compiled& compiled, Val input)
    : run_(run), compiled_(compiled), pc_(1), current_(std::move(input)) {
  run_.frames.push_back({0, compiled.slots, 0, 0, 0, 0});
}

// Forks ------------------------------------------------------------------------------------------

void Machine::push_fork(ForkKind kind, uint32_t pc) {
  if (forks_.size() == forks_.capacity()) {
    const size_t capacity = std::max<size_t>(16, forks_.capacity() * 2);
    if (!run_.charge((capacity - forks_.size()) * sizeof(Fork))) return;
    forks_.reserve(capacity);
  }
  Fork& fork = forks_.emplace_back();
  fork.kind = kind;
  fork.pc = pc;
  fork.frame = run_.current;
  fork.frames_top = static_cast<uint32_t>(run_.frames.size());
  fork.slots_top = static_cast<uint32_t>(run_.slots.size());
  fork.value = current_;
  fork.path = path_;
  fork.at = at_;
}

void Machine::cut_to(size_t height) {
  while (forks_.size() > height) forks_.pop_back();
}

void Machine::set_current(uint32_t frame) {
  run_.current = frame;
  run_.base = run_.frames[frame].base;
}

void Machine::restore(const Fork& fork, bool with_value) {
  run_.frames.resize(fork.frames_top);
  run_.slots.resize(fork.slots_top);
  set_current(fork.frame);
  pc_ = fork.pc;
  path_ = fork.path;
  at_ = fork.at;
  if (with_value) current_ = fork.value;
}

bool Machine::backtrack() {
  while (!forks_.empty()) {
    Fork& fork = forks_.back();
    switch (fork.kind) {
      case ForkKind::iterate: case ForkKind::iterate_path: return resume_iterate();
      case ForkKind::range: return resume_range();
      case ForkKind::catches: case ForkKind::exit: case ForkKind::label: case ForkKind::pattern:
        forks_.pop_back();
        break;
      case ForkKind::plain: case ForkKind::alternative:
        restore(fork, true);
        forks_.pop_back();
        return true;
    }
  }
  return false;
}

bool Machine::resume_iterate() {
  Fork& fork = forks_.back();
  restore(fork, false);
  const uint32_t i = fork.position++;
  const bool with_path = fork.kind == ForkKind::iterate_path;
  Val key;
  if (fork.value.tag() == Tag::array) {
    current_ = fork.value.arr()->items[i];
  } else if (fork.value.tag() == Tag::array_view) {
    current_ = Val(*fork.element);
    ++fork.element;
  } else if (fork.value.tag() == Tag::object) {
    current_ = fork.value.obj()->entries[i].value;
    if (with_path) key = fork.value.obj()->entries[i].key;
  } else {
    const json::Member member = *fork.member;
    ++fork.member;
    current_ = Val(member.value);
    if (with_path) key = key_of(member);
  }
  if (with_path && fork.value.is_array()) key = Val(static_cast<double>(i));
  if (fork.position == fork.size) forks_.pop_back();
  if (with_path) {
    own_array(run_, path_, 1);
    push(run_, path_, std::move(key));
    at_ = current_;
  }
  return true;
}

bool Machine::resume_range() {
  Fork& fork = forks_.back();
  restore(fork, true);
  const double next = current_.number() + fork.step;
  const bool more = fork.step > 0 ? next < fork.end : fork.step < 0 ? next > fork.end : next < fork.end;
  if (more) {
    fork.value = Val(next);
  } else {
    forks_.pop_back();
  }
  return true;
}

bool Machine::raise() {
  if (run_.over()) return false;
  while (!forks_.empty()) {
    Fork& fork = forks_.back();
    if (fork.kind == ForkKind::exit) {
      // The body had already given its result: what failed came after it.
      cut_to(fork.position);
      continue;
    }
    if (fork.kind == ForkKind::catches || fork.kind == ForkKind::pattern) {
      const bool catches = fork.kind == ForkKind::catches;
      restore(fork, true);
      if (catches) current_ = std::move(run_.error);
      forks_.pop_back();
      return true;
    }
    forks_.pop_back();
  }
  return false;
}

bool Machine::start_iterate(bool path, bool optional) {
  if (path && !intact()) {
    run_.fail("Invalid path expression near attempt to iterate through " + shown(run_, current_));
    return failed();
  }
  if (!current_.is_array() && !current_.is_object()) {
    if (!optional) cannot_iterate(run_, current_);
    return step_failed(optional);
  }
  if (current_.size() == 0) return backtrack_or_end();
  push_fork(path ? ForkKind::iterate_path : ForkKind::iterate, pc_);
  if (run_.over()) return failed();
  Fork& fork = forks_.back();
  fork.size = current_.size();
  if (current_.tag() == Tag::array_view) fork.element = current_.view().elements().begin();
  if (current_.tag() == Tag::object_view) fork.member = current_.view().members().begin();
  return resume_iterate();
}

bool Machine::backtrack_or_end() {
  if (backtrack()) return true;
  ended_ = true;
  return false;
}

// Paths ------------------------------------------------------------------------------------------

bool Machine::invalid_path(const Val& key) {
  run_.fail("Invalid path expression near attempt to access element " + shown(run_, key) + " of " +
            shown(run_, current_));
  return failed();
}

bool Machine::path_step(const Val& key, bool optional) {
  if (!intact()) return invalid_path(key);
  Val next;
  if (index_value(run_, current_, key, next) != Flow::value) return step_failed(optional);
  own_array(run_, path_, 1);
  push(run_, path_, key);
  current_ = std::move(next);
  at_ = current_;
  return true;
}

bool Machine::execute_paths(const Instruction& i) {
  switch (static_cast<Code>(i.code)) {
    case Code::field_path: return path_step(i.node->constant, i.flag != 0);
    case Code::index_path: return path_step(Val(slot(i.a)), i.flag != 0);
    case Code::slice_path: return path_step(slice_key(run_, slot(i.a), slot(i.b)), i.flag != 0);
    case Code::get_path_path: {
      const Val path = slot(i.a);
      if (!intact()) return invalid_path(path);
      if (!path.is_array()) {
        run_.fail("Path must be specified as an array");
        return failed();
      }
      Val value;
      if (get_path(run_, current_, path, value) != Flow::value) return failed();
      own_array(run_, path_, path.size());
      each_element(path, [&](Val key) {
        push(run_, path_, std::move(key));
        return !run_.over();
      });
      current_ = std::move(value);
      at_ = current_;
      return true;
    }
    case Code::path_begin:
      slot(i.a) = std::move(path_);
      slot(i.a + 1) = std::move(at_);
      path_ = make_array(run_);
      at_ = current_;
      return true;
    case Code::path_end:
      if (!intact()) {
        run_.fail("Invalid path expression with result " + shown(run_, current_));
        return failed();
      }
      current_ = std::move(path_);
      path_ = slot(i.a);
      at_ = slot(i.a + 1);
      return true;
    default: return execute_update(i);
  }
}

bool Machine::execute_update(const Instruction& i) {
  switch (static_cast<Code>(i.code)) {
    case Code::take_at: {
      const Val path = slot(i.b);
      Val value;
      if (take_path(run_, slot(i.a), path, value) != Flow::value) return failed();
      current_ = std::move(value);
      return true;
    }
    case Code::set_at: {
      const Val path = slot(i.b);
      if (set_path(run_, slot(i.a), path, std::move(current_)) != Flow::value) return failed();
      current_ = Val();
      return true;
    }
    case Code::drop_at:
      own_array(run_, slot(i.a));
      push(run_, slot(i.a), slot(i.b));
      return true;
    case Code::finish_update: {
      Val root = std::move(slot(i.a));
      const Val dropped = std::move(slot(i.b));
      if (dropped.size() > 0 && delete_paths(run_, root, dropped) != Flow::value) return failed();
      current_ = std::move(root);
      return true;
    }
    default: break;
  }
  HENCE_CHECK(false);
  return false;
}

// Calls ------------------------------------------------------------------------------------------

void Machine::leave() {
  const uint32_t frame = run_.current;
  const uint32_t caller = run_.frames[frame].caller;
  // Frames above belong to calls that have returned; only a fork could come back to them.
  if (forks_.empty() || forks_.back().frames_top <= frame) {
    run_.slots.resize(run_.frames[frame].base);
    run_.frames.resize(frame);
  }
  set_current(caller);
}

bool Machine::call(const Procedure& procedure, uint32_t static_link, bool tail, bool path,
                   const std::vector<Node::Argument>* arguments) {
  const size_t count = arguments == nullptr ? 0 : arguments->size();
  if (!run_.step(1 + count)) return false;
  std::vector<Val>& values = arguments_;
  values.resize(count);
  for (size_t n = 0; n < count; ++n) {
    const Node::Argument& argument = (*arguments)[n];
    values[n] = argument.procedure != nullptr ? Val::closure(argument.procedure, run_.current)
                                              : run_.slot(argument.level, argument.slot);
  }
  uint32_t caller = run_.current;
  uint32_t return_pc = pc_;
  uint32_t depth = run_.frames[caller].depth + 1;
  if (tail) {
    caller = run_.frames[run_.current].caller;
    return_pc = run_.frames[run_.current].return_pc;
    // A closure handed on, or a function defined inside, still looks at this frame.
    bool needed = static_link == run_.current;
    for (size_t n = 0; n < count; ++n) {
      needed |= values[n].tag() == Tag::closure && values[n].frame() == run_.current;
    }
    if (!needed) {
      depth -= 1;
      leave();
    }
  }
  if (depth > run_.budget().depth) {
    run_.exhaust("depth");
    return false;
  }
  Run::Frame frame;
  frame.base = static_cast<uint32_t>(run_.slots.size());
  frame.count = procedure.slots;
  frame.static_link = static_link;
  frame.caller = caller;
  frame.return_pc = return_pc;
  frame.depth = depth;
  if (run_.slots.size() + procedure.slots > run_.slots.capacity() ||
      run_.frames.size() == run_.frames.capacity()) {
    if (!run_.charge(run_.slots.capacity() * sizeof(Val) + run_.frames.capacity() * sizeof(frame))) {
      return false;
    }
  }
  run_.frames.push_back(frame);
  if (run_.slots.size() + procedure.slots > run_.slots.capacity()) {
    run_.slots.reserve((run_.slots.size() + procedure.slots) * 2);
  }
  run_.slots.resize(run_.slots.size() + procedure.slots);
  set_current(static_cast<uint32_t>(run_.frames.size() - 1));
  for (size_t n = 0; n < count; ++n) slot(static_cast<uint32_t>(n)) = std::move(values[n]);
  pc_ = procedure.entry[path ? 1 : 0];
  HENCE_CHECK(pc_ != 0);
  return true;
}

bool Machine::execute_control(const Instruction& i) {
  switch (static_cast<Code>(i.code)) {
    case Code::call: case Code::call_tail: {
      const bool tail = static_cast<Code>(i.code) == Code::call_tail;
      const Node& node = *i.node;
      return call(*node.procedure, run_.outer(node.level), tail, i.flag != 0, &node.arguments);
    }
    case Code::call_parameter: case Code::call_parameter_tail: {
      const bool tail = static_cast<Code>(i.code) == Code::call_parameter_tail;
      const Val closure = run_.slot(i.node->level, i.node->slot);
      HENCE_CHECK(closure.tag() == Tag::closure);
      const auto* procedure = static_cast<const Procedure*>(closure.procedure());
      return call(*procedure, closure.frame(), tail, i.flag != 0, nullptr);
    }
    case Code::ret:
      pc_ = run_.frames[run_.current].return_pc;
      leave();
      return true;
    case Code::try_begin:
      slot(i.b) = Val(static_cast<double>(forks_.size()));
      push_fork(ForkKind::catches, i.a);
      return !run_.over();
    case Code::alternative_begin:
      slot(i.b) = Val(false);
      push_fork(ForkKind::alternative, i.a);
      return !run_.over();
    case Code::alternative_mark: {
      if (!current_.truthy()) return backtrack_or_end();
      slot(i.a) = Val(true);  // from now on the other side is not wanted
      return true;
    }
    case Code::alternative_else:
      return slot(i.a).truthy() ? backtrack_or_end() : true;
    case Code::try_end: {
      const auto height = static_cast<uint32_t>(slot(i.a).number());
      if (forks_.size() == height + 1) {
        forks_.pop_back();
        return true;
      }
      push_fork(ForkKind::exit, 0);
      if (run_.over()) return false;
      forks_.back().position = height;
      return true;
    }
    case Code::pattern_begin:
      push_fork(ForkKind::pattern, i.a);
      return !run_.over();
    case Code::label:
      slot(i.a) = Val(static_cast<double>(forks_.size()));
      push_fork(ForkKind::label, 0);
      return !run_.over();
    case Code::break_label:
      cut_to(static_cast<size_t>(run_.slot(i.a, i.b).number()));
      return backtrack_or_end();
    case Code::mark: slot(i.a) = Val(static_cast<double>(forks_.size())); return true;
    case Code::cut: cut_to(static_cast<size_t>(slot(i.a).number())); return true;
    case Code::limit_begin:
      count_reading(run_, current_);
      if (run_.over()) return false;
      if (!current_.is_number() || current_.number() < 0) {
        run_.fail(current_.is_number() ? "limit doesn't support negative count"
                                       : "limit needs a number");
        return failed();
      }
      if (!(current_.number() > 0)) return backtrack_or_end();
      slot(i.a) = Val(current_.number());
      return true;
    case Code::limit_step: {
      const double left = slot(i.a).number() - 1;
      slot(i.a) = Val(left);
      if (!(left > 0)) cut_to(static_cast<size_t>(slot(i.b).number()));
      return true;
    }
    case Code::range: {
      const Val& from = slot(i.a);
      const Val& to = slot(i.a + 1);
      const Val& by = slot(i.a + 2);
      if (!from.is_number() || !to.is_number() || !by.is_number()) {
        run_.fail("Range bounds must be numeric");
        return failed();
      }
      for (const Val* bound : {&from, &to, &by}) count_reading(run_, *bound);
      if (run_.over()) return false;
      const double step = by.number();
      const double at = from.number();
      const double end = to.number();
      if (!(step > 0 ? at < end : step < 0 ? at > end : at < end)) return backtrack_or_end();
      current_ = Val(at);
      push_fork(ForkKind::range, pc_);
      if (run_.over()) return false;
      forks_.back().end = end;
      forks_.back().step = step;
      return resume_range();
    }
    default: return execute_paths(i);
  }
}

bool Machine::execute_value(const Instruction& i) {
  switch (static_cast<Code>(i.code)) {
    case Code::binary: {
      Val b = slot(i.a);
      Val out;
      if (binary(run_, static_cast<BinaryOperator>(i.node->sub), current_, b, out) != Flow::value) {
        return failed();
      }
      current_ = std::move(out);
      return true;
    }
    case Code::field: case Code::index: case Code::slice: {
      Val out;
      const auto code = static_cast<Code>(i.code);
      const Flow flow = code == Code::field   ? field_value(run_, current_, i.node->constant, out)
                        : code == Code::index ? index_value(run_, current_, slot(i.a), out)
                                              : slice_value(run_, current_, slot(i.a), slot(i.b), out);
      if (flow != Flow::value) return step_failed(i.flag != 0);
      current_ = std::move(out);
      return true;
    }
    case Code::negate: {
      Val out;
      if (negate(run_, current_, out) != Flow::value) return failed();
      current_ = std::move(out);
      return true;
    }
    case Code::format: {
      Val out;
      if (format_value(run_, static_cast<Format>(i.node->sub), current_, out) != Flow::value) {
        return failed();
      }
      current_ = std::move(out);
      return true;
    }
    case Code::native: {
      std::vector<Val> arguments;
      arguments.push_back(std::move(current_));
      for (uint32_t n = 0; n < i.node->items.size(); ++n) arguments.push_back(slot(i.a + n));
      Val out;
      for (const Val& argument : arguments) count_reading(run_, argument);
      if (run_.over()) return false;
      const Flow flow = i.node->native->function(run_, arguments.data(), out);
      if (flow == Flow::empty) return backtrack_or_end();
      if (flow != Flow::value) return failed();
      current_ = std::move(out);
      return true;
    }
    case Code::insert: {
      if (!slot(i.b).is_string()) {
        bad_object_key(run_, slot(i.b));
        return failed();
      }
      Val object = slot(i.a);
      own_object(run_, object, 1);
      member_place(run_, object, slot(i.b)) = std::move(current_);
      current_ = std::move(object);
      return true;
    }
    case Code::concatenate: {
      std::string text;
      for (size_t n = 0; n < i.node->items.size(); ++n) {
        const Val& part = n % 2 == 0 ? i.node->items[n]->constant
                                     : slot(i.a + static_cast<uint32_t>(n / 2));
        text += part.text();
      }
      current_ = make_string(run_, text);
      return true;
    }
    case Code::new_array: slot(i.a) = make_array(run_); return true;
    case Code::new_object: slot(i.a) = make_object(run_); return true;
    case Code::append:
      push(run_, slot(i.a), std::move(current_));
      return backtrack_or_end();
    default: return execute_control(i);
  }
}

bool Machine::execute(const Instruction& i) {
  switch (static_cast<Code>(i.code)) {
    case Code::evaluate: {
      Val out;
      const Flow flow = evaluate_moved(run_, *i.node, std::move(current_), out);
      if (flow == Flow::value) [[likely]] {
        current_ = std::move(out);
        return true;
      }
      return flow == Flow::empty ? backtrack_or_end() : failed();
    }
    case Code::save: slot(i.a) = current_; return true;
    case Code::take_save: slot(i.a) = std::move(current_); return true;
    case Code::load: current_ = slot(i.a); return true;
    case Code::take_load: current_ = std::move(slot(i.a)); return true;
    case Code::set_constant:
      current_ = i.a == 0 ? Val(false) : i.a == 1 ? Val(true) : i.a == 2 ? Val() : Val(1.0);
      return true;
    case Code::fork:
      push_fork(ForkKind::plain, i.a);
      return !run_.over();
    case Code::jump: pc_ = i.a; return true;
    case Code::jump_false:
      if (!current_.truthy()) pc_ = i.a;
      return true;
    case Code::to_bool: current_ = Val(current_.truthy()); return true;
    case Code::backtrack: return backtrack_or_end();
    case Code::iterate: return start_iterate(false, i.flag != 0);
    case Code::iterate_path: return start_iterate(true, i.flag != 0);
    case Code::output: output_ = true; return false;
    default: return execute_value(i);
  }
}

Flow Machine::used_up() {
  for (uint32_t at = pc_; at > 0 && run_.error_position == Run::kNowhere; --at) {
    const Node* const node = compiled_.code[at - 1].node;
    if (node != nullptr) run_.error_position = node->position;
  }
  return Flow::error;
}

Flow Machine::next(Val& out) {
  output_ = false;
  if (started_ && !backtrack()) return Flow::empty;
  started_ = true;
  while (run_.step() && execute(compiled_.code[pc_++])) {
  }
  if (run_.over()) return used_up();
  if (output_) {
    out = std::move(current_);
    return Flow::value;
  }
  return ended_ ? Flow::empty : Flow::error;
}

}  // namespace hence::expr
