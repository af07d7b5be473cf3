// SPDX-License-Identifier: Apache-2.0
// Nodes of kind `steps` to instructions. Each node is written for values or, inside path(…), for
// paths; parts that give one value are left to evaluate().
#include "expr/builtins.h"
#include "expr/lower.h"
#include "expr/machine.h"

namespace hence::expr {

namespace {

enum class Mode : uint8_t { value, path };

class Generator {
 public:
  explicit Generator(Compiled& compiled) : compiled_(compiled), code_(compiled.code) {}

  void run() {
    slots_ = &compiled_.slots;
    emit(Code::jump);  // instruction 0 is never an entry
    patch(0);
    generate(*compiled_.root, Mode::value);
    emit(Code::output);
    for (bool more = true; more;) {
      more = false;
      for (Procedure& procedure : compiled_.procedures) {
        for (const Mode mode : {Mode::value, Mode::path}) more |= procedure_code(procedure, mode);
      }
    }
  }

 private:
  bool procedure_code(Procedure& procedure, Mode mode) {
    const auto i = static_cast<size_t>(mode);
    if (!procedure.wanted[i] || procedure.entry[i] != 0) return false;
    procedure.entry[i] = static_cast<uint32_t>(code_.size());
    slots_ = &procedure.slots;
    generate_tail(*procedure.body, mode);
    return true;
  }

  // Instructions -------------------------------------------------------------------------------
  uint32_t emit(Code code, uint32_t a = 0, uint32_t b = 0, const Node* node = nullptr,
                uint16_t flag = 0) {
    code_.push_back({static_cast<uint16_t>(code), flag, a, b, node});
    return static_cast<uint32_t>(code_.size() - 1);
  }
  void patch(uint32_t at) { code_[at].a = static_cast<uint32_t>(code_.size()); }
  uint32_t new_slot(uint32_t count = 1) {
    const uint32_t slot = *slots_;
    *slots_ += count;
    return slot;
  }
  uint32_t save() {
    const uint32_t slot = new_slot();
    emit(Code::save, slot);
    return slot;
  }
  static uint16_t flag(Mode mode) { return mode == Mode::path ? 1 : 0; }

  void generate_base(const Node* node, Mode mode) {
    if (node != nullptr) generate(*node, mode);
  }
  /// An expression on the saved input, its results in a slot.
  uint32_t argument(uint32_t input, const Node* node) {
    emit(Code::load, input);
    generate(*node, Mode::value);
    return save();
  }

  // Nodes --------------------------------------------------------------------------------------
  static bool follows_paths(Op op) {
    switch (op) {
      case Op::identity: case Op::field: case Op::index: case Op::slice: case Op::iterate:
      case Op::recurse: case Op::pipe: case Op::comma: case Op::alternative: case Op::condition:
      case Op::bind: case Op::bind_alternatives: case Op::reduce: case Op::foreach:
      case Op::try_catch: case Op::label: case Op::break_label: case Op::native: case Op::call:
      case Op::call_parameter: case Op::first: case Op::limit:
        return true;
      default: return false;
    }
  }

  void generate(const Node& node, Mode mode) {
    if (node.op == Op::identity) return;
    if (mode == Mode::path && !follows_paths(node.op)) mode = Mode::value;
    if (mode == Mode::value && node.kind == Kind::one) {
      emit(Code::evaluate, 0, 0, &node);
      return;
    }
    switch (node.op) {
      case Op::field:
        generate_base(node.a, mode);
        emit(mode == Mode::path ? Code::field_path : Code::field, 0, 0, &node, node.optional);
        return;
      case Op::index: return index(node, mode);
      case Op::slice: return slice(node, mode);
      case Op::iterate:
        generate_base(node.a, mode);
        emit(mode == Mode::path ? Code::iterate_path : Code::iterate, 0, 0, &node, node.optional);
        return;
      case Op::recurse: return generate(*node.b, mode);
      case Op::pipe:
        for (const Node* item : node.items) generate(*item, mode);
        return;
      case Op::comma: return comma(node, mode);
      case Op::alternative: return alternative(node, mode, false);
      case Op::condition: return condition(node, mode);
      case Op::bind:
        bind_head(node);
        generate(*node.b, mode);
        return;
      case Op::bind_alternatives: return bind_alternatives(node, mode);
      case Op::reduce: return reduce(node, mode);
      case Op::foreach: return foreach(node, mode);
      case Op::try_catch: return try_catch(node, mode);
      case Op::label:
        emit(Code::label, node.slot);
        generate(*node.a, mode);
        return;
      case Op::break_label: emit(Code::break_label, node.level, node.slot); return;
      case Op::native: return native(node, mode);
      case Op::call: want(node, mode); emit(Code::call, 0, 0, &node, flag(mode)); return;
      case Op::call_parameter: emit(Code::call_parameter, 0, 0, &node, flag(mode)); return;
      case Op::first: {
        const uint32_t mark = new_slot();
        emit(Code::mark, mark);
        generate(*node.a, mode);
        emit(Code::cut, mark);
        return;
      }
      case Op::limit: return limit(node, mode);
      default: return generate_value(node);
    }
  }

  void generate_value(const Node& node) {
    switch (node.op) {
      case Op::binary: {
        const uint32_t input = save();
        generate(*node.b, Mode::value);
        const uint32_t right = save();
        emit(Code::load, input);
        generate(*node.a, Mode::value);
        emit(Code::binary, right, 0, &node);
        return;
      }
      case Op::negate:
        generate(*node.a, Mode::value);
        emit(Code::negate, 0, 0, &node);
        return;
      case Op::logical_and: case Op::logical_or: return logical(node);
      case Op::array: {
        const uint32_t array = new_slot();
        emit(Code::new_array, array);
        const uint32_t fork = emit(Code::fork);
        generate(*node.a, Mode::value);
        emit(Code::append, array);
        patch(fork);
        emit(Code::take_load, array);
        return;
      }
      case Op::object: return object(node);
      case Op::interpolate: return interpolate(node);
      case Op::range: return range(node);
      case Op::is_empty: {
        const uint32_t mark = new_slot();
        emit(Code::mark, mark);
        const uint32_t fork = emit(Code::fork);
        generate(*node.a, Mode::value);
        emit(Code::cut, mark);
        emit(Code::set_constant, 0);
        const uint32_t end = emit(Code::jump);
        patch(fork);
        emit(Code::set_constant, 1);
        patch(end);
        return;
      }
      case Op::path: return path(node);
      case Op::update: return update(node, *node.a);
      case Op::update_members: return update(node, *node.c);
      case Op::set_path: return set_path(node);
      default: HENCE_CHECK(false);
    }
  }

  void index(const Node& node, Mode mode) {
    const uint32_t input = save();
    generate(*node.b, Mode::value);
    const uint32_t key = save();
    emit(Code::load, input);
    generate_base(node.a, mode);
    emit(mode == Mode::path ? Code::index_path : Code::index, key, 0, &node, node.optional);
  }
  void slice(const Node& node, Mode mode) {
    const uint32_t input = save();
    uint32_t ends[2];
    for (int i = 1; i >= 0; --i) {
      const Node* end = i == 1 ? node.c : node.b;
      if (end == nullptr) {
        emit(Code::set_constant, 2);
        ends[i] = save();
      } else {
        ends[i] = argument(input, end);
      }
    }
    emit(Code::load, input);
    generate_base(node.a, mode);
    emit(mode == Mode::path ? Code::slice_path : Code::slice, ends[0], ends[1], &node, node.optional);
  }
  void comma(const Node& node, Mode mode) {
    std::vector<uint32_t> ends;
    for (size_t i = 0; i < node.items.size(); ++i) {
      const bool last = i + 1 == node.items.size();
      const uint32_t fork = last ? 0 : emit(Code::fork);
      generate(*node.items[i], mode);
      if (last) break;
      ends.push_back(emit(Code::jump));
      patch(fork);
    }
    for (const uint32_t end : ends) patch(end);
  }
  void condition(const Node& node, Mode mode) {
    const auto [otherwise, input] = condition_head(node);
    generate(*node.b, mode);
    const uint32_t end = emit(Code::jump);
    patch(otherwise);
    emit(Code::load, input);
    generate(*node.c, mode);
    patch(end);
  }
  /// The test; leaves the input current where it holds. Returns the jump taken where it does not,
  /// and the slot of the input.
  std::pair<uint32_t, uint32_t> condition_head(const Node& node) {
    const uint32_t input = save();
    generate(*node.a, Mode::value);
    const uint32_t otherwise = emit(Code::jump_false);
    emit(Code::load, input);
    return {otherwise, input};
  }
  void bind_head(const Node& node) {
    const uint32_t input = save();
    generate(*node.a, Mode::value);
    emit(Code::take_save, node.slot);
    emit(Code::load, input);
  }
  void alternative(const Node& node, Mode mode, bool tail) {
    const uint32_t input = save();
    const uint32_t found = new_slot(2);
    const uint32_t begin = emit(Code::alternative_begin, 0, found);
    generate(*node.a, mode);
    emit(Code::alternative_mark, found);
    const uint32_t end = tail ? emit(Code::ret) : emit(Code::jump);
    patch(begin);
    emit(Code::alternative_else, found);
    emit(Code::load, input);
    if (tail) {
      generate_tail(*node.b, mode);
    } else {
      generate(*node.b, mode);
      patch(end);
    }
  }
  void bind_alternatives(const Node& node, Mode mode) {
    const uint32_t input = save();
    std::vector<uint32_t> bodies;
    for (size_t i = 0; i < node.items.size(); ++i) {
      const bool last = i + 1 == node.items.size();
      const uint32_t fork = last ? 0 : emit(Code::pattern_begin);
      emit(Code::set_constant, 2);
      for (const uint32_t slot : node.slots) emit(Code::save, slot);
      emit(Code::load, input);
      generate(*node.items[i], Mode::value);
      if (last) break;
      bodies.push_back(emit(Code::jump));
      patch(fork);
    }
    for (const uint32_t body : bodies) patch(body);
    emit(Code::load, input);
    generate(*node.a, mode);
  }
  void reduce(const Node& node, Mode mode) {
    const uint32_t input = save();
    const uint32_t state = new_slot();
    generate(*node.b, mode);
    emit(Code::take_save, state);
    emit(Code::load, input);
    const uint32_t fork = emit(Code::fork);
    generate(*node.a, mode);
    emit(Code::take_save, node.slot);
    emit(Code::take_load, state);
    generate(*node.c, mode);
    emit(Code::take_save, state);
    emit(Code::backtrack);
    patch(fork);
    emit(Code::take_load, state);
  }
  void foreach(const Node& node, Mode mode) {
    const uint32_t input = save();
    const uint32_t state = new_slot();
    generate(*node.b, mode);
    emit(Code::take_save, state);
    emit(Code::load, input);
    generate(*node.a, mode);
    emit(Code::save, node.slot);
    emit(Code::take_load, state);
    generate(*node.c, mode);
    emit(Code::save, state);
    if (node.d != nullptr) generate(*node.d, mode);
  }
  void try_catch(const Node& node, Mode mode) {
    const uint32_t begin = emit(Code::try_begin);
    const uint32_t fork = new_slot();
    code_[begin].b = fork;
    generate(*node.a, mode);
    emit(Code::try_end, fork);
    const uint32_t end = emit(Code::jump);
    patch(begin);
    if (node.b != nullptr) {
      generate(*node.b, mode);
    } else {
      emit(Code::backtrack);
    }
    patch(end);
  }
  void native(const Node& node, Mode mode) {
    if (mode == Mode::path && node.native == &native_named("getpath", 1)) {
      const uint32_t input = save();
      const uint32_t path = argument(input, node.items[0]);
      emit(Code::load, input);
      emit(Code::get_path_path, path, 0, &node);
      return;
    }
    if (node.kind == Kind::one) {
      emit(Code::evaluate, 0, 0, &node);
      return;
    }
    const uint32_t input = save();
    std::vector<uint32_t> slots(node.items.size());
    for (size_t i = node.items.size(); i > 0; --i) slots[i - 1] = argument(input, node.items[i - 1]);
    // The function takes its arguments from neighbouring slots.
    const uint32_t first = new_slot(static_cast<uint32_t>(slots.size()));
    for (uint32_t i = 0; i < slots.size(); ++i) {
      emit(Code::load, slots[i]);
      emit(Code::save, first + i);
    }
    emit(Code::load, input);
    emit(Code::native, first, 0, &node);
  }
  void limit(const Node& node, Mode mode) {
    const uint32_t input = save();
    generate(*node.a, Mode::value);
    const uint32_t count = new_slot();
    emit(Code::limit_begin, count, 0, &node);
    emit(Code::load, input);
    const uint32_t mark = new_slot();
    emit(Code::mark, mark);
    generate(*node.b, mode);
    emit(Code::limit_step, count, mark);
  }
  void logical(const Node& node) {
    const bool is_and = node.op == Op::logical_and;
    const uint32_t input = save();
    generate(*node.a, Mode::value);
    const uint32_t jump = emit(Code::jump_false);
    emit(Code::load, input);
    if (is_and) generate(*node.b, Mode::value);
    if (!is_and) emit(Code::set_constant, 1);
    emit(Code::to_bool);
    const uint32_t end = emit(Code::jump);
    patch(jump);
    if (is_and) {
      emit(Code::set_constant, 0);
    } else {
      emit(Code::load, input);
      generate(*node.b, Mode::value);
      emit(Code::to_bool);
    }
    patch(end);
  }
  void object(const Node& node) {
    const uint32_t input = save();
    uint32_t object = new_slot();
    emit(Code::new_object, object);
    for (size_t i = 0; i + 1 < node.items.size(); i += 2) {
      const uint32_t key = argument(input, node.items[i]);
      emit(Code::load, input);
      generate(*node.items[i + 1], Mode::value);
      const uint32_t next = new_slot();
      emit(Code::insert, object, key, node.items[i]);
      emit(Code::take_save, next);
      object = next;
    }
    emit(Code::load, object);
  }
  void interpolate(const Node& node) {
    const uint32_t input = save();
    const auto count = static_cast<uint32_t>(node.items.size() / 2);
    const uint32_t first = new_slot(count);
    for (uint32_t i = count; i > 0; --i) {
      emit(Code::load, input);
      generate(*node.items[2 * i - 1], Mode::value);
      emit(Code::format, 0, 0, &node);
      emit(Code::take_save, first + i - 1);
    }
    emit(Code::concatenate, first, 0, &node);
  }
  void range(const Node& node) {
    const uint32_t input = save();
    const uint32_t first = new_slot(3);
    const Node* bounds[3] = {node.a, node.b, node.c};
    for (uint32_t i = 0; i < 3; ++i) {
      if (bounds[i] == nullptr) {
        emit(Code::set_constant, 3);
      } else {
        emit(Code::load, input);
        generate(*bounds[i], Mode::value);
      }
      emit(Code::take_save, first + i);
    }
    emit(Code::range, first, 0, &node);
  }
  void path(const Node& node) {
    const uint32_t saved = new_slot(2);
    emit(Code::path_begin, saved);
    generate_base(node.a, Mode::path);
    emit(Code::path_end, saved, 0, &node);
  }
  void update(const Node& node, const Node& paths) {
    const uint32_t state = save();
    const uint32_t dropped = new_slot();
    const uint32_t at = new_slot();
    const uint32_t mark = new_slot();
    const uint32_t saved = new_slot(2);
    emit(Code::new_array, dropped);
    const uint32_t done = emit(Code::fork);
    emit(Code::path_begin, saved);
    generate(paths, Mode::path);
    emit(Code::path_end, saved, 0, &node);
    emit(Code::save, at);
    emit(Code::mark, mark);
    const uint32_t none = emit(Code::fork);
    emit(Code::take_at, state, at, &node);
    generate(*node.b, Mode::value);
    emit(Code::cut, mark);
    emit(Code::set_at, state, at, &node);
    emit(Code::backtrack);
    patch(none);
    emit(Code::drop_at, dropped, at, &node);
    emit(Code::backtrack);
    patch(done);
    emit(Code::finish_update, state, dropped, &node);
  }
  void set_path(const Node& node) {
    // reduce path(paths) as $p (.; setpath($p; value)), for a value with several results
    const uint32_t input = save();
    const uint32_t value = argument(input, node.b);
    const uint32_t state = new_slot();
    const uint32_t at = new_slot();
    const uint32_t saved = new_slot(2);
    emit(Code::load, input);
    emit(Code::save, state);
    const uint32_t done = emit(Code::fork);
    emit(Code::path_begin, saved);
    generate_base(node.a, Mode::path);
    emit(Code::path_end, saved, 0, &node);
    emit(Code::save, at);
    emit(Code::load, value);
    emit(Code::set_at, state, at, &node);
    emit(Code::backtrack);
    patch(done);
    emit(Code::take_load, state);
  }

  // Tail position ------------------------------------------------------------------------------
  void want(const Node& node, Mode mode) {
    node.procedure->wanted[static_cast<size_t>(mode)] = true;
    for (const Node::Argument& argument : node.arguments) {
      // Which way a parameter is called shows only inside; both are written.
      if (argument.procedure != nullptr) {
        argument.procedure->wanted[0] = true;
        argument.procedure->wanted[1] = true;
      }
    }
  }
  void generate_tail(const Node& node, Mode mode) {
    if (mode == Mode::path && !follows_paths(node.op)) mode = Mode::value;
    if (!(mode == Mode::value && node.kind == Kind::one)) {
      switch (node.op) {
        case Op::pipe:
          for (size_t i = 0; i + 1 < node.items.size(); ++i) generate(*node.items[i], mode);
          return generate_tail(*node.items.back(), mode);
        case Op::comma: {
          for (size_t i = 0; i + 1 < node.items.size(); ++i) {
            const uint32_t fork = emit(Code::fork);
            generate_tail(*node.items[i], mode);
            patch(fork);
          }
          return generate_tail(*node.items.back(), mode);
        }
        case Op::condition: {
          const auto [otherwise, input] = condition_head(node);
          generate_tail(*node.b, mode);
          patch(otherwise);
          emit(Code::load, input);
          return generate_tail(*node.c, mode);
        }
        case Op::bind:
          bind_head(node);
          return generate_tail(*node.b, mode);
        case Op::alternative: return alternative(node, mode, true);
        case Op::label:
          emit(Code::label, node.slot);
          return generate_tail(*node.a, mode);
        case Op::recurse: return generate_tail(*node.b, mode);
        case Op::call:
          want(node, mode);
          emit(Code::call_tail, 0, 0, &node, flag(mode));
          return;
        case Op::call_parameter:
          emit(Code::call_parameter_tail, 0, 0, &node, flag(mode));
          return;
        default: break;
      }
    }
    generate(node, mode);
    emit(Code::ret);
  }

  Compiled& compiled_;
  std::vector<Instruction>& code_;
  uint32_t* slots_ = nullptr;
};

}  // namespace

void generate_code(Compiled& compiled) { Generator(compiled).run(); }

}  // namespace hence::expr
