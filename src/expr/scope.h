// SPDX-License-Identifier: Apache-2.0
#pragma once

// The names a place in a program sees: functions, parameters, variables and labels, innermost last.

#include <string>
#include <string_view>
#include <vector>

#include "expr/ast.h"

namespace hence::expr {

class Scope {
 public:
  explicit Scope(Arena& arena) : arena_(arena) {}

  struct Function {
    Definition* definition = nullptr;
    bool is_parameter = false;
    uint32_t parameter = 0;
  };

  /// Names added after the mark are forgotten by restore().
  size_t mark() const { return names_.size(); }
  void restore(size_t mark) { names_.resize(mark); }

  /// Takes the names after the mark out of sight until show().
  struct Name {
    enum class Kind : uint8_t { variable, label, function } kind;
    std::string_view name;
    Binding* binding = nullptr;
    Function function;
  };
  std::vector<Name> hide(size_t mark) {
    std::vector<Name> hidden(names_.begin() + static_cast<ptrdiff_t>(mark), names_.end());
    restore(mark);
    return hidden;
  }
  void show(const std::vector<Name>& hidden) {
    names_.insert(names_.end(), hidden.begin(), hidden.end());
  }

  Binding* add_variable(std::string_view name) {
    Binding* binding = make(name);
    add_variable(binding);
    return binding;
  }
  void add_variable(Binding* binding) {
    names_.push_back({Name::Kind::variable, binding->name, binding, {}});
  }
  Binding* add_label(std::string_view name) {
    Binding* binding = make(name);
    names_.push_back({Name::Kind::label, binding->name, binding, {}});
    return binding;
  }
  /// The variable of this name added since the mark, else a new one.
  Binding* share_variable(std::string_view name, size_t mark) {
    for (size_t i = names_.size(); i > mark; --i) {
      const Name& entry = names_[i - 1];
      if (entry.kind == Name::Kind::variable && entry.name == name) return entry.binding;
    }
    return add_variable(name);
  }
  void add_function(Definition* definition) {
    names_.push_back({Name::Kind::function, definition->name, nullptr, {definition, false, 0}});
  }
  void add_parameter(Definition* definition, uint32_t index) {
    names_.push_back({Name::Kind::function, definition->parameters[index].name, nullptr,
                      {definition, true, index}});
  }

  Binding* find_variable(std::string_view name) const { return find(Name::Kind::variable, name); }
  Binding* find_label(std::string_view name) const { return find(Name::Kind::label, name); }
  const Function* find_function(std::string_view name, size_t arity) const {
    for (size_t i = names_.size(); i > 0; --i) {
      const Name& entry = names_[i - 1];
      if (entry.kind != Name::Kind::function || entry.name != name) continue;
      const size_t takes =
          entry.function.is_parameter ? 0 : entry.function.definition->parameters.size();
      if (takes == arity) return &entry.function;
    }
    return nullptr;
  }

  std::vector<std::string> variable_names() const {
    std::vector<std::string> names;
    for (const Name& entry : names_) {
      if (entry.kind == Name::Kind::variable) names.emplace_back(entry.name);
    }
    return names;
  }
  void function_names(std::vector<std::string>& names) const {
    for (const Name& entry : names_) {
      if (entry.kind == Name::Kind::function) names.emplace_back(entry.name);
    }
  }

 private:
  Binding* make(std::string_view name) {
    Binding& binding = arena_.bindings.emplace_back();
    binding.name = name;
    return &binding;
  }
  Binding* find(Name::Kind kind, std::string_view name) const {
    for (size_t i = names_.size(); i > 0; --i) {
      if (names_[i - 1].kind == kind && names_[i - 1].name == name) return names_[i - 1].binding;
    }
    return nullptr;
  }

  Arena& arena_;
  std::vector<Name> names_;
};

}  // namespace hence::expr
