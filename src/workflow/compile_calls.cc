// SPDX-License-Identifier: Apache-2.0
// Calls and processes.

#include "workflow/compiler.h"
#include "workflow/http.h"
#include "workflow/openapi.h"
#include "workflow/shapes.h"

namespace hence::workflow {

void Compiler::not_run(TaskIndex index, TaskKind kind, const Site& at) {
  const std::string what = "`" + std::string(task_kind_name(kind)) +
      "` tasks are not supported yet";
  unsupported_.add_unsupported(at.pointer, what);
  definition_->tasks[index].kind = kind;
  definition_->tasks[index].spec = UnsupportedSpec{what};
}

void Compiler::compile_call(TaskIndex index, const Site& site) {
  const std::string name(site.value.string_or("call", ""));
  const auto with = site.find("with");
  if (name != "http") return compile_other_call(index, site, name);
  definition_->tasks[index].kind = TaskKind::call_http;
  HttpSpec spec = with ? compile_http(*with) : HttpSpec();
  definition_->tasks[index].spec = std::move(spec);
}

void Compiler::compile_other_call(TaskIndex index, const Site& site, std::string_view name) {
  constexpr std::pair<std::string_view, TaskKind> kProtocols[] = {{"openapi",
                                                                   TaskKind::call_openapi},
                                                                  {"grpc", TaskKind::call_grpc},
                                                                  {"asyncapi",
                                                                   TaskKind::call_asyncapi},
                                                                  {"a2a", TaskKind::call_a2a},
                                                                  {"mcp", TaskKind::call_mcp}};
  TaskKind kind = TaskKind::call_function;
  for (auto [word, protocol] : kProtocols) {
    if (name == word) kind = protocol;
  }
  if (kind == TaskKind::call_function) return compile_function_call(index, site, name);
  if (kind == TaskKind::call_openapi) {
    OpenapiSpec spec = site.find("with") ? compile_openapi(*site.find("with")) : OpenapiSpec();
    definition_->tasks[index].kind = kind;
    definition_->tasks[index].spec = std::move(spec);
    return;
  }
  not_run(index, kind, *site.find("call"));
  if (const auto with = site.find("with")) check_call_not_run(index, kind, *with);
}

/// What can be wrong with calls of protocols that this version does not speak.
void Compiler::check_call_not_run(TaskIndex index, TaskKind kind, const Site& with) {
  const auto at = [&](std::initializer_list<std::string_view> path) {
    std::optional<Site> found = with;
    for (const std::string_view key : path) found = found ? found->find(key) : std::nullopt;
    return found;
  };
  const auto authenticates = [&](std::initializer_list<std::string_view> path) {
    if (const auto policy = at(path)) compile_authentication(*policy, kCallArguments);
  };
  if (kind == TaskKind::call_grpc) {
    optional_tmpl(at({"arguments"}), kCallArguments, "arguments");
    authenticates({"proto", "endpoint", "authentication"});
    return authenticates({"service", "authentication"});
  }
  if (kind == TaskKind::call_a2a) {
    optional_tmpl(at({"parameters"}), kCallArguments, "parameters");
    authenticates({"agentCard", "endpoint", "authentication"});
    return authenticates({"server", "authentication"});
  }
  if (kind == TaskKind::call_mcp) {
    optional_tmpl(at({"parameters"}), kCallArguments, "parameters");
    return authenticates({"transport", "http", "endpoint", "authentication"});
  }
  optional_tmpl(at({"message"}), kCallArguments, "message");
  authenticates({"document", "endpoint", "authentication"});
  authenticates({"authentication"});
  optional_program(at({"subscription", "filter"}), kTaskArguments, "filter");
  optional_program(at({"subscription", "consume", "while"}), kTaskArguments, "while");
  optional_program(at({"subscription", "consume", "until"}), kTaskArguments, "until");
  const auto foreach = at({"subscription", "foreach"});
  const auto tasks = foreach ? foreach->find("do") : std::nullopt;
  if (tasks && tasks->value.is_array()) {
    const std::string item = variable_name(foreach->find("item"), "item");
    const std::string index_name = variable_name(foreach->find("at"), "index");
    compile_list(*tasks, open_scope(ScopeRole::foreach, index, with.scope, {item, index_name}));
  }
}

void Compiler::note_secrets(HttpSpec& spec) {
  spec.reads_secrets = !spec.authentication.secret.empty();
  for (Formula* formula : {&spec.method, &spec.endpoint, &spec.headers, &spec.query, &spec.body,
                           &spec.authentication.fields}) {
    spec.reads_secrets = spec.reads_secrets || formula->reads_secrets();
  }
}

OpenapiSpec Compiler::compile_openapi(const Site& with) {
  OpenapiSpec spec;
  spec.call = compile_http(with);
  if (const auto policy = with.find("authentication")) {
    spec.call.authentication = compile_authentication(*policy, kCallArguments);
  }
  note_secrets(spec.call);
  spec.operation = with.value.string_or("operationId", "");
  spec.parameters = optional_tmpl(with.find("parameters"), kCallArguments, "parameters");
  spec.call.reads_secrets = spec.call.reads_secrets || spec.parameters.reads_secrets();
  const auto document = with.find("document");
  if (document && document->find("endpoint")) {
    spec.document = compile_document(*document);
    spec.document->output = HttpOutput::response;  // keeps its address, for relative servers
  } else if (document) {
    spec.inline_document = json::Value(document->value);
    const auto operation = find_operation(document->value, "", spec.operation);
    if (!operation.ok()) refuse_new(with.pointer, operation.error().message());
  }
  return spec;
}

HttpSpec Compiler::compile_http(const Site& with) {
  HttpSpec spec;
  spec.method = optional_tmpl(with.find("method"), kCallArguments, "method");
  std::optional<Site> endpoint = with.find("endpoint");
  if (endpoint && endpoint->value.is_object()) {
    if (const auto policy = endpoint->find("authentication")) {
      spec.authentication = compile_authentication(*policy, kCallArguments);
    }
    endpoint = endpoint->find("uri");
  }
  if (endpoint && endpoint->value.is_string()) {
    if (is_expression(endpoint->value.as_string())) {
      spec.endpoint = program(*endpoint, kCallArguments, "endpoint");
    } else {
      spec.uri_template = endpoint->value.as_string();
      const Result<std::string> sample = expand_uri(spec.uri_template, json::View());
      if (!sample.ok()) refuse_new(endpoint->pointer, sample.error().message());
    }
  }
  spec.headers = optional_tmpl(with.find("headers"), kCallArguments, "headers");
  spec.query = optional_tmpl(with.find("query"), kCallArguments, "query");
  spec.body = optional_tmpl(with.find("body"), kCallArguments, "body");
  const std::string_view output = with.value.string_or("output", "content");
  if (output == "raw") spec.output = HttpOutput::raw;
  if (output == "response") spec.output = HttpOutput::response;
  const auto redirect = with.find("redirect");
  spec.redirect = redirect && redirect->value.is_bool() && redirect->value.as_bool();
  note_secrets(spec);
  return spec;
}

AuthenticationSpec Compiler::compile_authentication(Site site, ArgumentSet allowed, bool is_entry) {
  AuthenticationSpec spec;
  if (const auto name = site.find("use"); name && !is_entry) {
    const auto policy = resolve_use("authentications", *name);
    if (!policy) return spec;
    site = *policy;
  }
  using Scheme = AuthenticationSpec::Scheme;
  constexpr std::pair<std::string_view, Scheme> kSchemes[] = {{"basic", Scheme::basic},
                                                              {"bearer", Scheme::bearer},
                                                              {"digest", Scheme::digest},
                                                              {"oauth2", Scheme::oauth2},
                                                              {"oidc", Scheme::oidc}};
  for (auto [name, scheme] : kSchemes) {
    const auto policy = site.find(name);
    if (!policy) continue;
    spec.scheme = scheme;
    if (const auto secret = policy->find("use")) {
      if (!secret->value.is_string()) continue;
      spec.secret = secret->value.as_string();
      check_secret(secret->pointer, spec.secret);
      continue;
    }
    spec.fields = optional_tmpl(policy, allowed, "authentication");
    if (policy->value.string_or("grant", "") == "authorization_code") {
      unsupported_.add_unsupported(policy->find("grant")->pointer,
                                   "a server cannot ask a person for an authorization code; use client_credentials, "
                                   "or a secret that has the code or a refresh_token");
    }
  }
  return spec;
}

void Compiler::compile_run(TaskIndex index, const Site& site) {
  if (const auto shell = site.find("shell")) {
    ShellSpec spec = compile_shell(site, *shell);
    definition_->tasks[index].kind = TaskKind::run_shell;
    definition_->tasks[index].spec = std::move(spec);
    return;
  }
  if (const auto script = site.find("script")) {
    ShellSpec spec = compile_script(site, *script);
    definition_->tasks[index].kind = TaskKind::run_script;
    definition_->tasks[index].spec = std::move(spec);
    return;
  }
  if (const auto workflow = site.find("workflow")) {
    SubflowSpec spec = compile_subflow(site, *workflow);
    definition_->tasks[index].kind = TaskKind::run_workflow;
    definition_->tasks[index].spec = std::move(spec);
    return;
  }
  const auto container = site.find("container");
  if (!container) return;
  not_run(index, TaskKind::run_container, *container);
  optional_tmpl(container, kTaskArguments, "run");
  const auto lifetime = container->find("lifetime");
  if (!lifetime) return;
  const bool eventually = lifetime->value.string_or("cleanup", "") == "eventually";
  if (eventually != lifetime->find("after").has_value()) {
    faults_.add(lifetime->pointer, eventually ? "missing key \"after\": `cleanup: eventually` "
                                                "needs it"
                                              : "`after` needs `cleanup: eventually`");
  }
}

SubflowSpec Compiler::compile_subflow(const Site& run, const Site& workflow) {
  SubflowSpec spec;
  spec.workflow = std::string(workflow.value.string_or("namespace", "")) + "/" +
                  std::string(workflow.value.string_or("name", ""));
  const std::string_view version = workflow.value.string_or("version", "latest");
  if (version != "latest") spec.workflow += ":" + std::string(version);
  spec.input = optional_tmpl(workflow.find("input"), kTaskArguments, "run");
  if (!spec.input.present()) spec.input = Formula::constant(json::Value());
  ShellSpec options;
  read_run_options(run, options);
  spec.await = options.await;
  spec.discards = options.returns == ProcessReturn::none;
  return spec;
}

ShellSpec Compiler::compile_shell(const Site& run, const Site& shell) {
  ShellSpec spec;
  spec.command = optional_tmpl(shell.find("command"), kTaskArguments, "run");
  spec.arguments = optional_tmpl(shell.find("arguments"), kTaskArguments, "run");
  spec.environment = optional_tmpl(shell.find("environment"), kTaskArguments, "run");
  spec.input = optional_tmpl(shell.find("stdin"), kTaskArguments, "run");
  read_run_options(run, spec);
  return spec;
}

ShellSpec Compiler::compile_script(const Site& run, const Site& script) {
  ShellSpec spec;
  constexpr std::pair<std::string_view, Language> kLanguages[] = {
      {"js", Language::js}, {"javascript", Language::js}, {"python", Language::python}};
  const std::string_view word = script.value.string_or("language", "");
  for (auto [name, language] : kLanguages) {
    if (word == name) spec.language = language;
  }
  if (spec.language == Language::shell && !word.empty()) {
    constexpr std::string_view kNames[] = {"js", "python"};
    unsupported_.add_unsupported(script.find("language")->pointer,
                                 "scripts in \"" + std::string(word) + "\" are not supported" +
                                     suggestion(word, kNames));
  }
  spec.command = optional_tmpl(script.find("code"), kTaskArguments, "run");
  if (const auto source = script.find("source")) spec.source = compile_document(*source);
  if (!spec.command.present()) spec.command = Formula::constant(json::Value::string(""));
  spec.arguments = optional_tmpl(script.find("arguments"), kTaskArguments, "run");
  spec.environment = optional_tmpl(script.find("environment"), kTaskArguments, "run");
  spec.input = optional_tmpl(script.find("stdin"), kTaskArguments, "run");
  read_run_options(run, spec);
  return spec;
}

/// An external resource as the call that fetches it.
HttpSpec Compiler::compile_document(const Site& resource) {
  HttpSpec spec = compile_http(resource);
  spec.method = Formula::constant(json::Value::string("GET"));
  spec.document = true;
  return spec;
}

void Compiler::read_run_options(const Site& run, ShellSpec& spec) {
  const auto await = run.find("await");
  spec.await = !await || !await->value.is_bool() || await->value.as_bool();
  const std::string_view returns = run.value.string_or("return", "stdout");
  if (returns == "stderr") spec.returns = ProcessReturn::error_output;
  if (returns == "code") spec.returns = ProcessReturn::code;
  if (returns == "all") spec.returns = ProcessReturn::all;
  if (returns == "none") spec.returns = ProcessReturn::none;
}

}  // namespace hence::workflow
