// SPDX-License-Identifier: Apache-2.0
// The document, what `use` declares, lists of tasks and what all tasks have.

#include <algorithm>
#include <set>

#include "workflow/compiler.h"
#include "workflow/shapes.h"

namespace hence::workflow {
namespace {

/// The words of `then` that are no task's name.
constexpr std::string_view kWays[] = {"continue", "exit", "end"};
bool is_way(std::string_view word) { return std::find(std::begin(kWays), std::end(kWays), word) != std::end(kWays); }
constexpr std::string_view kBufferWithoutEffect =
    "this has no effect here: only a `listen` and `schedule.on` keep events that come early";

Compiled compile_document(json::View root, const json::YamlDocument* places, Permissions permissions) {
  Compiled result{nullptr, Faults(places), Faults(places), Faults(places), {}};
  if (!root.is_object()) {
    result.faults.add("", "expected a workflow document: an object with `document` and `do`");
    return result;
  }
  check_shape(kDocumentShape, root, "", result.faults, &result.warnings);
  Compiler compiler(root, result, permissions, places == nullptr);
  std::shared_ptr<Definition> definition = compiler.run();
  result.faults.sort();
  result.unsupported.sort();
  result.warnings.sort();
  if (result.faults.empty()) result.definition = std::move(definition);
  return result;
}

}  // namespace

Compiled compile(const json::YamlDocument& document, Permissions permissions) {
  return compile_document(document.value, &document, permissions);
}

Compiled compile(json::View document, Permissions permissions) {
  return compile_document(document, nullptr, permissions);
}

std::optional<Compiler::Site> Compiler::Site::find(std::string_view key) const {
  if (std::optional<json::View> member = value.find(key)) {
    return Site{*member, child_pointer(pointer, key), scope};
  }
  return std::nullopt;
}

std::shared_ptr<Definition> Compiler::run() {
  const Site root{root_, "", kRootScope};
  definition_->document = json::Value::detached(root_);
  root_ = definition_->document;
  if (const auto head = root.find("document")) {
    definition_->workflow_namespace = head->value.string_or("namespace", "");
    definition_->name = head->value.string_or("name", "");
    definition_->version = head->value.string_or("version", "");
    check_head(*head);
  }
  if (root_.find_path({"document", "metadata"})) {
    const auto metadata = *root_.find_path({"document", "metadata"});
    secrets_anywhere_ = secrets_anywhere_ || metadata.string_or(kSecretsKey, "") == "anywhere";
  }
  if (const auto evaluate = root.find("evaluate")) {
    loose_ = evaluate->value.string_or("mode", "strict") == "loose";
  }
  open_scope(ScopeRole::root, kNone, kNone, {});
  compile_uses();
  if (const auto list = root.find("do"); list && list->value.is_array()) {
    compile_list(*list, kRootScope);
  }
  if (const auto input = root.find("input")) {
    definition_->input_from = optional_transform(input->find("from"), kWorkflowInputArguments,
                                                 "input.from");
    definition_->input_schema = data_schema(input);
  }
  if (const auto output = root.find("output")) {
    definition_->output_as = optional_transform(output->find("as"), kWorkflowOutputArguments,
                                                "output.as");
    definition_->output_schema = data_schema(output);
  }
  definition_->timeout = timeout(root.find("timeout"), kWorkflowInputArguments);
  compile_schedule(root.find("schedule"));
  if (definition_->sites.empty() && imports_.empty() &&
      root_.find_path({"document", "metadata", "correlation", "buffer"})) {
    warnings_.add_at_key("/document/metadata/correlation/buffer", std::string(kBufferWithoutEffect));
  }
  check_unused();
  note_unsupported_parts();
  note_cycles();
  if (faults_.empty()) note_unreachable();
  return definition_;
}

void Compiler::refuse_new(const std::string& pointer, std::string message) {
  if (!stored_) faults_.add(pointer, std::move(message));
}

void Compiler::refuse_new_name(const std::string& pointer, std::string_view name, std::string_view of) {
  if (!stored_) faults_.add_at_key(pointer, "the name \"" + std::string(name) + "\" is taken by an earlier " + std::string(of));
}

void Compiler::check_head(const Site& head) {
  check_metadata(head, "schedule");
  const auto dsl = head.find("dsl");
  if (!dsl || !dsl->value.is_string() || !is_semver(dsl->value.as_string())) return;  // reported already
  if (!dsl->value.as_string().starts_with("1.0.")) {
    refuse_new(dsl->pointer, "this version reads DSL 1.0.x, such as 1.0.3");
  }
}

void Compiler::check_metadata(const Site& owner, std::string_view other) {
  const auto metadata = owner.find("metadata");
  if (!metadata || !metadata->value.is_object()) return;
  const std::string_view known[] = {"correlation", other};
  for (auto [key, value] : metadata->value.members()) {
    // Names of other tools may begin like ours.
    if (const std::string_view near = nearest_slip(key, known); !near.empty()) {
      warnings_.add_at_key(child_pointer(metadata->pointer, key),
                           "nothing reads \"" + std::string(key) + "\"; did you mean \"" + std::string(near) + "\"?");
    }
  }
  const auto correlation = metadata->find("correlation");
  if (!correlation || stored_) return;
  if (!correlation->value.is_object()) return faults_.add(correlation->pointer, "expected an object of `buffer`");
  constexpr std::string_view kBuffer[] = {"buffer"};
  for (auto [key, value] : correlation->value.members()) {
    if (key != kBuffer[0]) {
      faults_.add_at_key(child_pointer(correlation->pointer, key),
                         "unknown key \"" + std::string(key) + "\"" + suggestion(key, kBuffer));
    }
  }
}

std::optional<schema::Draft> Compiler::draft_of(const Site& schema) {
  const std::string_view format = schema.value.string_or("format", "json");
  const std::string_view kind = format.substr(0, format.find(':'));
  if (kind != "json") {
    unsupported_.add_unsupported(schema.find("format")->pointer,
                                 "schemas of format \"" + std::string(kind) +
                                     "\" are not supported; `json` is");
    return std::nullopt;
  }
  if (kind.size() == format.size()) return schema::Draft::draft2020_12;
  const auto draft = schema::find_draft(format.substr(kind.size() + 1));
  if (!draft) {
    faults_.add(schema.find("format")->pointer,
                "unknown draft of JSON Schema; expected json:draft-04, json:draft-06, "
                "json:draft-07, json:2019-09 or json:2020-12");
  }
  return draft;
}

DataSchema Compiler::data_schema(const std::optional<Site>& holder) {
  const auto site = holder ? holder->find("schema") : std::nullopt;
  if (!site || !site->value.is_object()) return nullptr;
  const auto draft = draft_of(*site);
  if (!draft) return nullptr;
  auto document = site->find("document");
  if (const auto resource = site->find("resource")) {
    const auto endpoint = resource->find("endpoint");
    auto import = endpoint ? import_from(*endpoint, endpoint->pointer) : std::nullopt;
    if (import) document = import_of(std::move(*import));
  }
  if (!document) return nullptr;
  auto compiled = schema::Schema::compile(document->value, {.draft = *draft});
  if (compiled.ok()) return *compiled;
  faults_.add(document->pointer, "the schema does not compile: " + compiled.error().message());
  return nullptr;
}

/// How a task may be left, as its own `then` and the lists inside it say; none where it never is. In doubt it may be.
std::vector<Then> Compiler::ways_out(const Task& task) {
  std::vector<Then> ways;
  if (task.if_.present()) ways.push_back({});  // skipped: the next task of the list
  if (const auto* cases = std::get_if<SwitchSpec>(&task.spec)) {
    for (const SwitchCase& one : cases->cases) ways.push_back(one.then);
    ways.push_back(cases->otherwise ? cases->otherwise->then : task.then);
  } else if (const auto* tried = std::get_if<TrySpec>(&task.spec)) {
    if (reach(tried->body).leaves) ways.push_back(task.then);
    // With retries alone, an error that they did not end goes on outwards.
    const bool handled = tried->handler != kNone ? reach(tried->handler).leaves : tried->then || !tried->retry;
    if (handled) ways.push_back(tried->then ? *tried->then : task.then);
  } else if (const auto* list = std::get_if<DoSpec>(&task.spec)) {
    if (reach(list->body).leaves) ways.push_back(task.then);
  } else if (task.kind != TaskKind::raise) {
    ways.push_back(task.then);
  }
  if (!task.extensions.empty()) ways.push_back(task.then);  // `exit` in `before` takes the place of the task
  return ways;
}

const Compiler::Reach& Compiler::reach(ScopeIndex index) {
  if (const auto known = reach_.find(index); known != reach_.end()) return known->second;
  Reach found;
  const std::vector<TaskIndex>& tasks = definition_->scopes[index].tasks;
  std::vector<TaskIndex> open;
  if (tasks.empty()) found.leaves = true;
  else open.push_back(tasks.front());
  while (!open.empty()) {
    const TaskIndex at = open.back();
    open.pop_back();
    if (!found.tasks.insert(at).second) continue;
    for (const Then& way : ways_out(definition_->tasks[at])) {
      TaskIndex next = kNone;
      if (way.kind == Then::Kind::continue_) next = definition_->tasks[at].next;
      if (way.kind == Then::Kind::task) next = way.task;
      if (next != kNone) open.push_back(next);
      else if (way.kind != Then::Kind::end) found.leaves = true;
    }
  }
  return reach_.emplace(index, std::move(found)).first->second;
}

void Compiler::note_unreachable() {
  for (ScopeIndex index = 0; index < definition_->scopes.size(); ++index) {
    const Scope& scope = definition_->scopes[index];
    if (scope.role == ScopeRole::branches) continue;
    const Reach& reached = reach(index);
    for (TaskIndex at : scope.tasks) {
      if (reached.tasks.contains(at)) continue;
      const Task& task = definition_->tasks[at];
      warnings_.add_at_key(task.reference, "nothing leads to the task \"" + task.name +
                                               "\": every task before it goes elsewhere");
    }
  }
}

void Compiler::note_unsupported_parts() {
  const Site root{root_, "", kRootScope};
  const auto note = [&](const std::optional<Site>& site, std::string_view what) {
    if (site) unsupported_.add_unsupported(site->pointer, std::string(what) + " not supported yet");
  };
  if (const auto evaluate = root.find("evaluate")) {
    if (evaluate->value.string_or("language", "jq") != "jq") {
      note(evaluate->find("language"), "expression languages other than jq are");
    }
  }
}

ScopeIndex Compiler::open_scope(ScopeRole role, TaskIndex owner, ScopeIndex parent,
                                std::initializer_list<std::string> variables) {
  Scope scope;
  scope.role = role;
  scope.owner = owner;
  if (parent != kNone) scope.variables = definition_->scopes[parent].variables;
  for (const std::string& name : variables) {  // an inner name takes the place of the outer
    if (std::find(scope.variables.begin(), scope.variables.end(), name) == scope.variables.end()) {
      scope.variables.push_back(name);
    }
  }
  definition_->scopes.push_back(std::move(scope));
  return static_cast<ScopeIndex>(definition_->scopes.size() - 1);
}

void Compiler::compile_list(const Site& list, ScopeIndex scope) {
  // All names first, so that `then` may point forward.
  std::vector<Site> sites;
  const TaskIndex first = static_cast<TaskIndex>(definition_->tasks.size());
  const bool side_by_side = definition_->scopes[scope].role == ScopeRole::branches;
  std::set<std::string_view> names;
  uint32_t position = 0;
  for (json::View entry : list.value.elements()) {
    const std::string at = child_pointer(list.pointer, position);
    ++position;
    if (!entry.is_object() || entry.size() != 1) continue;
    const json::Member member = *entry.members().begin();
    Task task;
    task.name = member.key;
    task.reference = child_pointer(at, member.key);
    task.definition = json::Value(member.value);
    task.scope = scope;
    task.position = static_cast<uint32_t>(sites.size());
    if (!names.insert(member.key).second) {
      faults_.add_at_key(task.reference, "the name \"" + task.name +
                                             "\" is taken by an earlier task of this list");
    }
    if (is_way(member.key) && !side_by_side) {
      warnings_.add_at_key(task.reference, "no `then` can lead to a task of this name: there \"" + task.name +
                                               "\" is a word of the language");
    }
    sites.push_back({member.value, task.reference, scope});
    definition_->scopes[scope].tasks.push_back(static_cast<TaskIndex>(definition_->tasks.size()));
    definition_->tasks.push_back(std::move(task));
  }
  for (size_t i = 0; i + 1 < sites.size() && !side_by_side; ++i) {
    definition_->tasks[first + i].next = static_cast<TaskIndex>(first + i + 1);
  }
  for (size_t i = 0; i < sites.size(); ++i) {
    compile_task(static_cast<TaskIndex>(first + i), sites[i]);
  }
}

void Compiler::compile_task(TaskIndex index, const Site& site) {
  if (!site.value.is_object()) return;
  check_metadata(site, "compensate");
  if (task_key(site.value) != "listen" && site.value.find_path({"metadata", "correlation", "buffer"})) {
    warnings_.add_at_key(site.pointer + "/metadata/correlation/buffer", std::string(kBufferWithoutEffect));
  }
  Task& task = definition_->tasks[index];
  task.if_ = optional_program(site.find("if"), kBeforeArguments, "if");
  if (const auto input = site.find("input")) {
    task.input_from = optional_transform(input->find("from"), kBeforeArguments, "input.from");
    task.input_schema = data_schema(input);
  }
  if (const auto output = site.find("output")) {
    task.output_as = optional_transform(output->find("as"), kTaskArguments, "output.as");
    task.output_schema = data_schema(output);
  }
  if (const auto exported = site.find("export")) {
    task.export_as = optional_transform(exported->find("as"), kExportArguments, "export.as");
    task.export_schema = data_schema(exported);
  }
  task.timeout = timeout(site.find("timeout"), kTaskArguments);
  task.then = compile_then(site.find("then"), index);
  extend(index, task_key(site.value));
  compile_kind(index, site);  // may move the tasks
  compile_compensation(index, site);
}

void Compiler::compile_compensation(TaskIndex index, const Site& site) {
  const auto metadata = site.find("metadata");
  const auto list = metadata ? metadata->find("compensate") : std::nullopt;
  if (!list || !list->value.is_array()) return;
  if (compensates(site.scope)) {
    return faults_.add_at_key(list->pointer, "what undoes a task is not undone itself; a `try` in "
                                             "it can deal with its errors");
  }
  // Other variables than the task's own input and output are gone when it runs.
  const ScopeIndex scope = open_scope(ScopeRole::compensation, kNone, kNone, {});
  definition_->tasks[index].compensation = scope;
  definition_->scopes[scope].owner = index;
  compile_list(*list, scope);
}

bool Compiler::compensates(ScopeIndex scope) const {
  while (scope != kNone) {
    const Scope& at = definition_->scopes[scope];
    if (at.role == ScopeRole::compensation) return true;
    scope = at.owner == kNone ? kNone : definition_->tasks[at.owner].scope;
  }
  return false;
}

std::optional<Compiler::Site> Compiler::resolve_use(std::string_view section, const Site& site) {
  if (!site.value.is_string()) return std::nullopt;
  std::vector<std::string_view> names;
  if (const auto use = Site{root_, "", kRootScope}.find("use")) {
    if (const auto part = use->find(section); part && part->value.is_object()) {
      if (auto entry = part->find(site.value.as_string())) {
        entry->scope = site.scope;
        used_.insert(entry->pointer);
        return entry;
      }
      for (auto [name, value] : part->value.members()) names.push_back(name);
    }
  }
  const std::string what = "use." + std::string(section);
  faults_.add(site.pointer, "\"" + std::string(site.value.as_string()) + "\" is not in " + what +
                                (names.empty() ? ", which is empty"
                                               : suggestion(site.value.as_string(), names)));
  return std::nullopt;
}

Then Compiler::compile_then(std::optional<Site> site, TaskIndex index) {
  const Task& task = definition_->tasks[index];
  if (!site || !site->value.is_string()) return {};
  const std::string_view word = site->value.as_string();
  if (word == "continue") return {};
  if (word == "exit") return {Then::Kind::exit, kNone};
  if (word == "end") return {Then::Kind::end, kNone};
  const Scope& scope = definition_->scopes[task.scope];
  std::vector<std::string_view> names(std::begin(kWays), std::end(kWays));
  if (scope.role == ScopeRole::branches) {
    faults_.add(site->pointer, "a branch cannot go on with a task: expected continue, exit or end");
    return {};
  }
  for (TaskIndex other : scope.tasks) {
    if (definition_->tasks[other].name == word) return {Then::Kind::task, other};
    names.push_back(definition_->tasks[other].name);
  }
  faults_.add(site->pointer, "no task \"" + std::string(word) + "\" in the same list" +
                                 suggestion(word, names));
  return {};
}

std::string Compiler::variable_name(std::optional<Site> site, std::string_view otherwise) {
  if (!site || !site->value.is_string()) return std::string(otherwise);
  const std::string name(site->value.as_string());
  const auto is_name_char = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  };
  if (name.empty() || (name[0] >= '0' && name[0] <= '9') ||
      !std::all_of(name.begin(), name.end(), is_name_char)) {
    faults_.add(site->pointer, "expected a variable's name: letters, digits and _, without $");
    return std::string(otherwise);
  }
  for (std::string_view reserved : kArgumentNames) {
    if (name == reserved) {
      faults_.add(site->pointer, "the name \"" + name + "\" is an argument of every expression; "
                                     "choose another");
      return std::string(otherwise);
    }
  }
  return name;
}

bool Compiler::check_secret(const std::string& pointer, std::string_view name) {
  const std::vector<std::string_view> names(definition_->secrets.begin(), definition_->secrets.end());
  if (std::find(names.begin(), names.end(), name) != names.end()) return true;
  faults_.add(pointer, "the secret \"" + std::string(name) + "\" is not in use.secrets" +
                           (names.empty() ? ", which is empty" : suggestion(name, names)));
  return false;
}

}  // namespace hence::workflow
