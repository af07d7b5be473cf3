// SPDX-License-Identifier: Apache-2.0
#pragma once

// One compilation. The structure was checked before (shapes.h), so what has the wrong type here was
// reported already and is passed over; this class reports what structure does not show: expressions,
// names, references, and what is not run.

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "workflow/definition.h"

namespace hence::workflow {

class Compiler {
 public:
  /// Borrows all three while it lives.
  Compiler(json::View root, Faults& faults, Faults& unsupported)
      : root_(root), faults_(faults), unsupported_(unsupported) {}

  std::shared_ptr<Definition> run();

 private:
  /// A value and where it stands: its pointer and the scope whose variables it sees.
  struct Site {
    json::View value;
    std::string pointer;
    ScopeIndex scope = kRootScope;

    /// The member `key`, or nothing where it is absent or this is no object.
    std::optional<Site> find(std::string_view key) const;
  };

  // compile.cc
  void compile_uses();
  void note_unsupported_parts();
  ScopeIndex open_scope(ScopeRole role, TaskIndex owner, ScopeIndex parent,
                        std::initializer_list<std::string> variables);
  void compile_list(const Site& list, ScopeIndex scope);
  void compile_task(TaskIndex index, const Site& site);
  /// The entry `name` of use.`section`; a fault at `site` if there is none.
  std::optional<Site> resolve_use(std::string_view section, const Site& site);
  Then compile_then(std::optional<Site> site, TaskIndex task);
  std::string variable_name(std::optional<Site> site, std::string_view otherwise);
  void check_secret(const Site& name);

  // compile_tasks.cc
  void compile_kind(TaskIndex index, const Site& site);
  SwitchSpec compile_switch(const Site& site, TaskIndex index);
  TrySpec compile_try(const Site& site, TaskIndex index);
  ErrorFilter compile_error_filter(const Site& handler);
  RetrySpec compile_retry(Site site);
  ForSpec compile_for(const Site& site, TaskIndex index);
  ForkSpec compile_fork(const Site& site, TaskIndex index);
  void compile_listen(const Site& site, TaskIndex index);
  RaiseSpec compile_raise(const Site& site);

  // compile_calls.cc
  void compile_call(TaskIndex index, const Site& site);
  void compile_other_call(TaskIndex index, const Site& site, std::string_view name);
  HttpSpec compile_http(const Site& with);
  AuthenticationSpec compile_authentication(Site site);
  void compile_run(TaskIndex index, const Site& site);
  ShellSpec compile_shell(const Site& run, const Site& shell);
  void not_run(TaskIndex index, TaskKind kind, const Site& at);

  // compile_formulas.cc
  /// An expression with or without ${ }; `what` names the key in faults.
  Formula program(const Site& site, ArgumentSet allowed, std::string_view what);
  /// A value with expressions in its string leaves.
  Formula tmpl(const Site& site, ArgumentSet allowed, std::string_view what);
  /// A text is a program, anything else a template: `from`, `as`, `set`, `for.in`.
  Formula transform(const Site& site, ArgumentSet allowed, std::string_view what);
  Formula optional_program(std::optional<Site> site, ArgumentSet allowed, std::string_view what);
  Formula optional_tmpl(std::optional<Site> site, ArgumentSet allowed, std::string_view what);
  Formula optional_transform(std::optional<Site> site, ArgumentSet allowed, std::string_view what);
  DurationSpec duration(std::optional<Site> site, ArgumentSet allowed, std::string_view what);
  DurationSpec timeout(std::optional<Site> site, ArgumentSet allowed);
  std::optional<expr::Program> compile_text(std::string_view source, const Site& site,
                                            ArgumentSet allowed,
                                            std::string_view what);
  expr::CompileOptions options(ScopeIndex scope) const;

  json::View root_;
  Faults& faults_;
  Faults& unsupported_;
  std::shared_ptr<Definition> definition_ = std::make_shared<Definition>();
};

// What an expression may read, by place (the specification's table; `$secrets` in calls only).
inline constexpr ArgumentSet kWorkflowInputArguments{Argument::workflow, Argument::runtime};
inline constexpr ArgumentSet kWorkflowOutputArguments{Argument::context, Argument::workflow,
                                                      Argument::runtime};
inline constexpr ArgumentSet kBeforeArguments{Argument::context, Argument::task, Argument::workflow,
                                              Argument::runtime};
inline constexpr ArgumentSet kTaskArguments{Argument::context, Argument::input, Argument::task,
                                            Argument::workflow, Argument::runtime,
                                            Argument::authorization};
inline constexpr ArgumentSet kExportArguments{Argument::context, Argument::input, Argument::output,
                                              Argument::task, Argument::workflow, Argument::runtime,
                                              Argument::authorization};
inline constexpr ArgumentSet kCallArguments{Argument::context, Argument::input, Argument::secrets,
                                            Argument::secret, Argument::task, Argument::workflow,
                                            Argument::runtime, Argument::authorization};

}  // namespace hence::workflow
