// SPDX-License-Identifier: Apache-2.0
// What `use` declares beyond names: secrets, functions, extensions, and what is read from elsewhere.

#include <algorithm>
#include <functional>
#include <set>

#include "workflow/compiler.h"
#include "workflow/shapes.h"

namespace hence::workflow {

void Compiler::compile_uses() {
  const auto use = Site{root_, "", kRootScope}.find("use");
  if (!use) return;
  if (const auto secrets = use->find("secrets"); secrets && secrets->value.is_array()) {
    for (json::View name : secrets->value.elements()) {
      if (name.is_string()) definition_->secrets.emplace_back(name.as_string());
    }
  }
  const auto catalogs = stored_ ? std::nullopt : use->find("catalogs");
  if (catalogs && catalogs->value.is_object()) {  // those that nothing uses too
    for (auto [name, value] : catalogs->value.members()) {
      read_catalog(name, Site{value, child_pointer(catalogs->pointer, name), kRootScope});
    }
  }
  // Extensions may call functions, and functions are extended: names first, then what they are.
  const auto functions = use->find("functions");
  const bool any = functions && functions->value.is_object();
  if (any) open_functions(*functions);
  const auto extensions = use->find("extensions");
  if (extensions && extensions->value.is_array()) compile_extensions(*extensions);
  if (!any) return;
  for (auto [name, function] : functions->value.members()) {
    const TaskIndex index = functions_.at(std::string(name));
    const ScopeIndex scope = definition_->tasks[index].scope;
    compile_task(index, Site{function, child_pointer(functions->pointer, name), scope});
  }
}

void Compiler::check_unused() {
  const auto use = stored_ ? std::nullopt : Site{root_, "", kRootScope}.find("use");
  if (!use) return;
  // Nothing says where such an entry will stand, so it may read what can be read in any place.
  Scope any;
  any.role = ScopeRole::compensation;
  any.variables = {"error"};
  for (const Scope& scope : definition_->scopes) {
    any.variables.insert(any.variables.end(), scope.variables.begin(), scope.variables.end());
  }
  const auto each = [&](std::string_view section, const auto& compile_entry) {
    const auto part = use->find(section);
    if (!part || !part->value.is_object()) return;
    for (auto [name, value] : part->value.members()) {
      const Site entry{value, child_pointer(part->pointer, name), static_cast<ScopeIndex>(definition_->scopes.size() - 1)};
      if (!used_.contains(entry.pointer)) compile_entry(entry);
    }
  };
  definition_->scopes.push_back(std::move(any));
  each("retries", [&](const Site& entry) { compile_retry(entry); });
  each("timeouts", [&](const Site& entry) { duration(entry.find("after"), kTaskArguments, "timeout"); });
  each("errors", [&](const Site& entry) { tmpl(entry, kTaskArguments, "raise"); });
  each("authentications", [&](const Site& entry) { compile_authentication(entry, kCallArguments, true); });
  definition_->scopes.pop_back();
}

void Compiler::open_functions(const Site& functions) {
  for (auto [name, function] : functions.value.members()) {
    const ScopeIndex scope = open_scope(ScopeRole::function, kNone, kRootScope, {});
    const auto index = static_cast<TaskIndex>(definition_->tasks.size());
    Task& task = definition_->tasks.emplace_back();
    task.name = name;
    task.reference = child_pointer(functions.pointer, name);
    task.definition = json::Value(function);
    task.scope = scope;
    definition_->scopes[scope].tasks.push_back(index);
    functions_.emplace(std::string(name), index);
  }
}

void Compiler::compile_extensions(const Site& extensions) {
  in_extension_ = true;
  size_t position = 0;
  std::set<std::string_view> names;
  for (json::View entry : extensions.value.elements()) {
    const std::string at = child_pointer(extensions.pointer, position++);
    if (!entry.is_object()) continue;
    for (auto [name, value] : entry.members()) {
      const Site site{value, child_pointer(at, name), kRootScope};
      if (!names.insert(name).second) refuse_new_name(site.pointer, name, "extension");
      Extension extension{site.value.string_or("extend", ""), {}};
      extension.use.when = optional_program(site.find("when"), kTaskArguments, "when");
      const auto list_of = [&](std::string_view key) {
        const auto list = site.find(key);
        if (!list || !list->value.is_array()) return kNone;
        const ScopeIndex scope = open_scope(ScopeRole::extension, kNone, kRootScope, {});
        compile_list(*list, scope);
        return scope;
      };
      extension.use.before = list_of("before");
      extension.use.after = list_of("after");
      extensions_.push_back(std::move(extension));
    }
  }
  in_extension_ = false;
}

void Compiler::extend(TaskIndex index, std::string_view key) {
  if (in_extension_) return;
  const std::string_view kind = key == "do" || key == "fork" ? "composite" : key;
  for (const Extension& extension : extensions_) {
    if (extension.kind != "all" && extension.kind != kind) continue;
    definition_->tasks[index].extensions.push_back(extension.use);
  }
}

void Compiler::compile_approval(TaskIndex index, const Site& site) {
  ApprovalSpec spec;
  if (const auto with = site.find("with")) {
    spec.request = tmpl(*with, kTaskArguments, "with");
    spec.deadline = duration(with->find("deadline"), kTaskArguments, "deadline");
    spec.refusal_is_output = with->value.string_or("otherwise", "fault") == "output";
  }
  definition_->tasks[index].kind = TaskKind::approval;
  definition_->tasks[index].spec = std::move(spec);
}

void Compiler::compile_function_call(TaskIndex index, const Site& site, std::string_view name) {
  if (name == kApprovalFunction) return compile_approval(index, site);
  const Site call = *site.find("call");
  FunctionSpec spec{optional_tmpl(site.find("with"), kTaskArguments, "with"), kNone};
  definition_->tasks[index].kind = TaskKind::call_function;
  auto known = functions_.find(name);
  if (known == functions_.end() && name.find_first_of("@:/") == std::string_view::npos) {
    std::vector<std::string_view> names = {"http", "openapi", "grpc", "asyncapi", "a2a", "mcp"};
    for (const auto& [known_name, task] : functions_) {
      if (known_name.find_first_of("@:/") == std::string::npos) names.push_back(known_name);
    }
    faults_.add(call.pointer, "\"" + std::string(name) + "\" is not in use.functions, and no protocol" +
                                  suggestion(name, names));
  } else if (known == functions_.end()) {
    auto import = function_import(name, call);
    const auto imported = import ? import_of(std::move(*import)) : std::nullopt;
    if (imported) {
      const ScopeIndex scope = open_scope(ScopeRole::function, kNone, kRootScope, {});
      const auto task_index = static_cast<TaskIndex>(definition_->tasks.size());
      Task task;
      task.name = name;
      task.reference = imported->pointer;
      task.definition = json::Value(imported->value);
      task.scope = scope;
      definition_->tasks.push_back(std::move(task));
      definition_->scopes[scope].tasks.push_back(task_index);
      known = functions_.emplace(std::string(name), task_index).first;
      check_shape(kTaskShape, imported->value, imported->pointer, faults_, &warnings_);
      compile_task(task_index, Site{imported->value, imported->pointer, scope});
    }
  }
  if (known != functions_.end()) spec.body = definition_->tasks[known->second].scope;
  if (!spec.input.present()) spec.input = Formula::constant(json::Value());
  definition_->tasks[index].spec = std::move(spec);
}

std::optional<Compiler::Site> Compiler::import_of(Import import) {
  const Site root{root_, "", kRootScope};
  const auto head = root.find("document");
  const auto metadata = head ? head->find("metadata") : std::nullopt;
  const auto imports = metadata ? metadata->find(kImportsKey) : std::nullopt;
  if (imports) {
    if (auto found = imports->find(import.uri)) return found;
  }
  imports_.push_back(std::move(import));
  return std::nullopt;
}

std::optional<Import> Compiler::import_from(const Site& endpoint, const std::string& pointer) {
  const auto uri = endpoint.value.is_object() ? endpoint.find("uri") : std::optional(endpoint);
  if (!uri || !uri->value.is_string()) return std::nullopt;
  const std::string text(uri->value.as_string());
  if (is_expression(text) || text.find('{') != std::string::npos) {
    faults_.add(uri->pointer, "expected a URI without expressions: it is read when the workflow is "
                              "applied");
    return std::nullopt;
  }
  Import import{pointer, text, {}, {}};
  const auto policy = endpoint.find("authentication");
  if (!policy) return import;
  if (text.starts_with("file:")) {
    faults_.add(policy->pointer, "a file is read without authentication; leave it out");
    return std::nullopt;
  }
  import.authentication = compile_authentication(*policy, kImportArguments);
  if (!import.authentication.secret.empty()) import.secrets = {import.authentication.secret};
  if (import.authentication.fields.reads_secrets()) import.secrets = definition_->secrets;
  return import;
}

const std::optional<Import>& Compiler::read_catalog(std::string_view name, const Site& entry) {
  const auto [known, is_new] = catalogs_.try_emplace(std::string(name));
  const auto endpoint = is_new ? entry.find("endpoint") : std::nullopt;
  if (endpoint) known->second = import_from(*endpoint, endpoint->pointer);
  return known->second;
}

/// The address of a catalogued function, or the name itself where it is a URI.
std::optional<Import> Compiler::function_import(std::string_view name, const Site& site) {
  const size_t at = name.rfind('@');
  if (name.find("://") != std::string_view::npos || at == std::string_view::npos) {
    if (name.find("://") != std::string_view::npos) return Import{site.pointer, std::string(name), {}, {}};
    faults_.add(site.pointer, "expected a function's name, NAME:VERSION@CATALOG or a URI");
    return std::nullopt;
  }
  const std::string_view catalog = name.substr(at + 1), function = name.substr(0, at);
  const size_t colon = function.find(':');
  if (colon == std::string_view::npos || !is_semver(function.substr(colon + 1))) {
    faults_.add(site.pointer, "expected NAME:VERSION@CATALOG with a semantic version");
    return std::nullopt;
  }
  Import import{site.pointer, std::string(kDefaultCatalog), {}, {}};
  const auto use = Site{root_, "", kRootScope}.find("use");
  const auto catalogs = use ? use->find("catalogs") : std::nullopt;
  const auto known = catalogs ? catalogs->find(catalog) : std::nullopt;
  if (known) {
    const std::optional<Import>& from = read_catalog(name.substr(at + 1), *known);
    if (!from) return std::nullopt;
    import = *from;
    import.pointer = site.pointer;
  } else if (catalog != "default") {
    std::vector<std::string_view> names = {"default"};
    if (catalogs && catalogs->value.is_object()) {
      for (auto [key, value] : catalogs->value.members()) names.push_back(key);
    }
    faults_.add(site.pointer, "\"" + std::string(catalog) + "\" is not in use.catalogs" +
                                  suggestion(catalog, names));
    return std::nullopt;
  }
  while (import.uri.ends_with('/')) import.uri.pop_back();
  import.uri = raw_repository_uri(import.uri + "/functions/" + std::string(function.substr(0, colon)) +
                                  "/" + std::string(function.substr(colon + 1)) + "/function.yaml");
  return import;
}

/// Functions that come to call themselves never end.
void Compiler::note_cycles() {
  std::map<ScopeIndex, std::vector<ScopeIndex>> calls;  // function → functions
  for (const Task& task : definition_->tasks) {
    const auto* call = std::get_if<FunctionSpec>(&task.spec);
    if (!call || call->body == kNone || compensates(task.scope)) continue;  // undoing is not undone
    ScopeIndex scope = task.scope;
    while (definition_->scopes[scope].owner != kNone) {
      scope = definition_->tasks[definition_->scopes[scope].owner].scope;
    }
    calls[scope].push_back(call->body);
  }
  std::set<ScopeIndex> done;
  std::vector<ScopeIndex> path;
  const std::function<void(ScopeIndex)> visit = [&](ScopeIndex scope) {
    if (std::find(path.begin(), path.end(), scope) != path.end()) {
      const Task& function = definition_->tasks[definition_->scopes[scope].tasks.front()];
      faults_.add(function.reference, "the function \"" + function.name +
                                          "\" comes to call itself, so it would never end");
      return;
    }
    if (!done.insert(scope).second) return;
    path.push_back(scope);
    for (ScopeIndex next : calls[scope]) visit(next);
    path.pop_back();
  };
  for (const auto& [name, index] : functions_) visit(definition_->tasks[index].scope);
}

}  // namespace hence::workflow
