// SPDX-License-Identifier: Apache-2.0
#pragma once

// One compilation. The structure was checked before (shapes.h), so what has the wrong type here was
// reported already and is passed over; this class reports what structure does not show: expressions,
// names, references, and what is not run.

#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "workflow/definition.h"

namespace hence::workflow {

class Compiler {
 public:
  /// Borrows both while it lives. stored: read back from records.
  Compiler(json::View root, Compiled& result, Permissions permissions, bool stored)
      : secrets_anywhere_(permissions.secrets_anywhere), stored_(stored), root_(root), faults_(result.faults),
        unsupported_(result.unsupported), warnings_(result.warnings), imports_(result.imports) {}

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
  /// What of a list is reached from its first task, and whether the task around it comes to go on.
  struct Reach {
    std::set<TaskIndex> tasks;
    bool leaves = false;
  };
  void note_unreachable();
  const Reach& reach(ScopeIndex index);  ///< as deep as lists stand in lists, which the readers bound
  std::vector<Then> ways_out(const Task& task);
  DataSchema data_schema(const std::optional<Site>& holder);
  std::optional<schema::Draft> draft_of(const Site& schema);
  // compile_uses.cc
  void compile_uses();
  /// The faults of entries of `use` that nothing refers to; what is used is compiled where it is.
  void check_unused();
  void open_functions(const Site& functions);
  void compile_extensions(const Site& extensions);
  void extend(TaskIndex index, std::string_view key);
  void compile_approval(TaskIndex index, const Site& site);
  void compile_function_call(TaskIndex index, const Site& site, std::string_view name);
  void note_cycles();
  /// What the import's URI was read as; nothing, and an entry in imports, if it was not read yet.
  std::optional<Site> import_of(Import import);
  /// What an endpoint says, for who needs it at pointer; nothing, and a fault, where its URI is an expression.
  std::optional<Import> import_from(const Site& endpoint, const std::string& pointer);
  std::optional<Import> function_import(std::string_view name, const Site& site);
  /// What use.catalogs says of one of its entries; nothing where that has a fault.
  const std::optional<Import>& read_catalog(std::string_view name, const Site& entry);
  void note_unsupported_parts();
  ScopeIndex open_scope(ScopeRole role, TaskIndex owner, ScopeIndex parent,
                        std::initializer_list<std::string> variables);
  void compile_list(const Site& list, ScopeIndex scope);
  void compile_task(TaskIndex index, const Site& site);
  void compile_compensation(TaskIndex index, const Site& site);
  /// Whether what stands in the scope is run to undo a task.
  bool compensates(ScopeIndex scope) const;
  /// The entry `name` of use.`section`; a fault at `site` if there is none.
  std::optional<Site> resolve_use(std::string_view section, const Site& site);
  /// A fault of what has an effect only when it runs, or none: documents that were recorded with it go on as
  /// they are.
  void refuse_new(const std::string& pointer, std::string message);
  /// The same for a name that an earlier one of its list has.
  void refuse_new_name(const std::string& pointer, std::string_view name, std::string_view of);
  void check_head(const Site& head);
  /// Keys of `metadata` that look like those that Hence reads; others are free.
  void check_metadata(const Site& owner, std::string_view other);
  Then compile_then(std::optional<Site> site, TaskIndex task);
  std::string variable_name(std::optional<Site> site, std::string_view otherwise);
  /// Whether use.secrets has it; else a fault.
  bool check_secret(const std::string& pointer, std::string_view name);

  // compile_tasks.cc
  void compile_kind(TaskIndex index, const Site& site);
  SwitchSpec compile_switch(const Site& site, TaskIndex index);
  TrySpec compile_try(const Site& site, TaskIndex index);
  ErrorFilter compile_error_filter(const Site& handler);
  RetrySpec compile_retry(Site site);
  void check_retry_limit(const Site& retry);
  ForSpec compile_for(const Site& site, TaskIndex index);
  ForkSpec compile_fork(const Site& site, TaskIndex index);
  RaiseSpec compile_raise(const Site& site);

  // compile_listen.cc
  class FilterReader;
  ListenSpec compile_listen(const Site& site, TaskIndex index);
  /// The schema of foreach's `output` or `export`. In a document recorded when nothing read these, one with a fault
  /// checks nothing; what was imported for it was imported to be read.
  DataSchema item_schema(const std::optional<Site>& holder);
  ListenSpec::Events compile_strategy(const Site& strategy, TaskIndex index);
  void compile_filters(const Site& list, TaskIndex index);
  void compile_filter(const Site& filter, TaskIndex index);
  void read_buffer(ListenSite& site, TaskIndex index);
  bool is_never(const Site& condition) const;

  // compile_schedule.cc
  void compile_schedule(const std::optional<Site>& schedule);
  void compile_schedule_settings(Timing& timing, const std::optional<Site>& schedule);
  void compile_triggers(const Site& on, ScheduleSpec& spec);
  void check_all_keys(const Site& on, const ScheduleSpec& spec);

  // compile_calls.cc
  void compile_call(TaskIndex index, const Site& site);
  void compile_other_call(TaskIndex index, const Site& site, std::string_view name);
  void check_call_not_run(TaskIndex index, TaskKind kind, const Site& with);
  HttpSpec compile_http(const Site& with);
  OpenapiSpec compile_openapi(const Site& with);
  static void note_secrets(HttpSpec& spec);
  /// is_entry: of use.authentications, which refers to no other.
  AuthenticationSpec compile_authentication(Site site, ArgumentSet allowed, bool is_entry = false);
  void compile_run(TaskIndex index, const Site& site);
  ShellSpec compile_shell(const Site& run, const Site& shell);
  ShellSpec compile_script(const Site& run, const Site& script);
  SubflowSpec compile_subflow(const Site& run, const Site& workflow);
  void read_run_options(const Site& run, ShellSpec& spec);
  HttpSpec compile_document(const Site& resource);
  void not_run(TaskIndex index, TaskKind kind, const Site& at);

  // compile_formulas.cc
  /// An expression with or without ${ }; `what` names the key in faults.
  Formula program(const Site& site, ArgumentSet allowed, std::string_view what);
  /// In loose mode: the value with each text that is an expression made one that cannot fail.
  json::Value loosened(const Site& site, ArgumentSet allowed) const;
  /// A text around expressions, `Hello ${ .name }`, as one expression; empty where it holds none, where one does
  /// not compile, or beyond 100 closing braces: then it is the text.
  std::string woven(std::string_view text, ScopeIndex scope) const;
  std::optional<std::string> loose_text(std::string_view text, const Site& site,
                                        ArgumentSet allowed) const;
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
  /// Why the source does not compile; of unknown variables not the first alone.
  void report_uncompiled(std::string_view source, const Site& site, std::string message);
  expr::CompileOptions options(ScopeIndex scope) const;
  /// What may be read in the scope where `allowed` may be read elsewhere.
  ArgumentSet readable(ArgumentSet allowed, ScopeIndex scope) const;

  bool secrets_anywhere_;
  bool stored_;
  json::View root_;
  Faults& faults_;
  Faults& unsupported_;
  Faults& warnings_;
  std::vector<Import>& imports_;
  bool loose_ = false;           ///< evaluate.mode
  bool in_extension_ = false;    ///< tasks of extensions are not extended
  struct Extension {
    std::string_view kind;
    ExtensionUse use;
  };
  std::vector<Extension> extensions_;
  std::map<std::string, TaskIndex, std::less<>> functions_;
  std::set<std::string> used_;  ///< pointers of the entries of `use` that something refers to
  std::map<std::string, std::optional<Import>, std::less<>> catalogs_;  ///< those that were asked for
  std::map<ScopeIndex, Reach> reach_;
  std::shared_ptr<Definition> definition_ = std::make_shared<Definition>();
};

/// Bounds of metadata.correlation.buffer.
inline constexpr Duration kKeepForMax = Duration::days(7);
inline constexpr int64_t kKeepCountMax = 10'000;
/// What `schedule.on.all` keeps of a filter where the document does not say.
inline constexpr Duration kScheduleKeepFor = kKeepForMax;
inline constexpr uint32_t kScheduleKeepCount = 1'000;

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
/// Authentication of what is read before there is an instance.
inline constexpr ArgumentSet kImportArguments{Argument::secrets, Argument::secret};
inline constexpr ArgumentSet kCallArguments{Argument::context, Argument::input, Argument::secrets,
                                            Argument::secret, Argument::task, Argument::workflow,
                                            Argument::runtime, Argument::authorization};

}  // namespace hence::workflow
