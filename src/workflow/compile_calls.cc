// SPDX-License-Identifier: Apache-2.0
// Calls and processes.

#include "workflow/compiler.h"
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
  not_run(index, kind, *site.find("call"));
  const auto with = site.find("with");
  if (kind == TaskKind::call_function) {
    // A bare name is one of use.functions; with "@" or as a URL it lies in a catalogue.
    const bool elsewhere = name.find_first_of("@:/") != std::string_view::npos;
    if (!elsewhere) resolve_use("functions", *site.find("call"));
    optional_tmpl(with, kCallArguments, "with");
    return;
  }
  if (!with) return;
  if (kind == TaskKind::call_asyncapi) {
    const auto subscription = with->find("subscription");
    const auto foreach = subscription ? subscription->find("foreach") : std::nullopt;
    const auto tasks = foreach ? foreach->find("do") : std::nullopt;
    if (tasks && tasks->value.is_array()) {
      const std::string item = variable_name(foreach->find("item"), "item");
      const std::string at = variable_name(foreach->find("at"), "index");
      compile_list(*tasks, open_scope(ScopeRole::foreach, index, site.scope, {item, at}));
    }
    optional_tmpl(with->find("message"), kCallArguments, "message");
  } else {
    for (std::string_view key : {"parameters", "arguments"}) {
      optional_tmpl(with->find(key), kCallArguments, key);
    }
  }
  if (const auto policy = with->find("authentication")) compile_authentication(*policy);
}

HttpSpec Compiler::compile_http(const Site& with) {
  HttpSpec spec;
  spec.method = optional_tmpl(with.find("method"), kCallArguments, "method");
  std::optional<Site> endpoint = with.find("endpoint");
  if (endpoint && endpoint->value.is_object()) {
    if (const auto policy = endpoint->find("authentication")) {
      spec.authentication = compile_authentication(*policy);
    }
    endpoint = endpoint->find("uri");
  }
  if (endpoint && endpoint->value.is_string()) {
    if (is_expression(endpoint->value.as_string())) {
      spec.endpoint = program(*endpoint, kCallArguments, "endpoint");
    } else {
      spec.uri_template = endpoint->value.as_string();
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
  AuthenticationSpec& auth = spec.authentication;
  spec.reads_secrets = !auth.secret.empty();
  for (Formula* formula : {&spec.method, &spec.endpoint, &spec.headers, &spec.query, &spec.body,
                                 &auth.username, &auth.password, &auth.token}) {
    spec.reads_secrets = spec.reads_secrets || formula->reads_secrets();
  }
  return spec;
}

AuthenticationSpec Compiler::compile_authentication(Site site) {
  AuthenticationSpec spec;
  if (const auto name = site.find("use")) {
    const auto policy = resolve_use("authentications", *name);
    if (!policy) return spec;
    site = *policy;
  }
  using Scheme = AuthenticationSpec::Scheme;
  constexpr std::pair<std::string_view, Scheme> kSchemes[] = {{"basic", Scheme::basic},
                                                              {"bearer", Scheme::bearer},
                                                              {"digest", Scheme::none},
                                                              {"oauth2", Scheme::none},
                                                              {"oidc", Scheme::none}};
  for (auto [name, scheme] : kSchemes) {
    const auto policy = site.find(name);
    if (!policy) continue;
    spec.scheme = scheme;
    if (const auto secret = policy->find("use")) {
      check_secret(*secret);
      if (secret->value.is_string()) spec.secret = secret->value.as_string();
    }
    if (scheme == Scheme::none) {
      unsupported_.add_unsupported(policy->pointer, "authentication `" + std::string(name) +
                                                        "` is not supported yet; basic and "
                                                        "bearer are");
      continue;
    }
    spec.username = optional_tmpl(policy->find("username"), kCallArguments, "authentication");
    spec.password = optional_tmpl(policy->find("password"), kCallArguments, "authentication");
    spec.token = optional_tmpl(policy->find("token"), kCallArguments, "authentication");
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
  constexpr std::pair<std::string_view, TaskKind> kProcesses[] = {
      {"script", TaskKind::run_script},
      {"workflow", TaskKind::run_workflow},
      {"container", TaskKind::run_container}};
  for (auto [name, kind] : kProcesses) {
    const auto process = site.find(name);
    if (!process) continue;
    not_run(index, kind, *process);
    optional_tmpl(process, kTaskArguments, "run");
    const auto lifetime = process->find("lifetime");
    if (!lifetime) continue;
    const bool eventually = lifetime->value.string_or("cleanup", "") == "eventually";
    if (eventually != lifetime->find("after").has_value()) {
      faults_.add(lifetime->pointer, eventually ? "missing key \"after\": `cleanup: eventually` "
                                                  "needs it"
                                                : "`after` needs `cleanup: eventually`");
    }
  }
}

ShellSpec Compiler::compile_shell(const Site& run, const Site& shell) {
  ShellSpec spec;
  spec.command = optional_tmpl(shell.find("command"), kTaskArguments, "run");
  spec.arguments = optional_tmpl(shell.find("arguments"), kTaskArguments, "run");
  spec.environment = optional_tmpl(shell.find("environment"), kTaskArguments, "run");
  spec.input = optional_tmpl(shell.find("stdin"), kTaskArguments, "run");
  const auto await = run.find("await");
  spec.await = !await || !await->value.is_bool() || await->value.as_bool();
  const std::string_view returns = run.value.string_or("return", "stdout");
  if (returns == "stderr") spec.returns = ProcessReturn::error_output;
  if (returns == "code") spec.returns = ProcessReturn::code;
  if (returns == "all") spec.returns = ProcessReturn::all;
  if (returns == "none") spec.returns = ProcessReturn::none;
  return spec;
}

}  // namespace hence::workflow
