// SPDX-License-Identifier: Apache-2.0
#pragma once

// A workflow document of the Open Workflow Specification (DSL 1.0.x; the older name, Serverless
// Workflow, reads the same), compiled: a flat vector of tasks that name each other by index, lists
// of tasks as scopes, every expression a program, every reference resolved.
//
//   document ──► structure (shapes.h) ──► compile ──► Definition (immutable, shared by instances)
//                     └── faults ────────────┴──► Faults, all of them, with line and column
//
// What the language has and this version does not run is compiled as far as it can be checked, and
// listed under Compiled::unsupported: `validate` accepts such a document, `apply` refuses it.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/time.h"
#include "json/value.h"
#include "json/yaml.h"
#include "schema/schema.h"
#include "workflow/faults.h"
#include "workflow/formula.h"
#include "workflow/retry.h"
#include "workflow/schedule.h"

namespace hence::workflow {

using TaskIndex = uint32_t;
using ScopeIndex = uint32_t;
inline constexpr uint32_t kNone = 0xFFFFFFFF;
inline constexpr ScopeIndex kRootScope = 0;

enum class TaskKind : uint8_t {
  do_, set, switch_, wait, raise, try_, emit, call_http, run_shell, for_, fork,
  listen,
  call_openapi, call_grpc, call_asyncapi, call_a2a, call_mcp, call_function,
  run_script, run_workflow, run_container,
  approval,
};
/// "do", "call http", "run shell", …
std::string_view task_kind_name(TaskKind kind);

/// A length of time as the document gives it: an object or an ISO 8601 text (fixed), or an
/// expression whose result is one of the two.
struct DurationSpec {
  std::optional<CalendarDuration> fixed;
  Formula formula;
  bool present() const { return fixed.has_value() || formula.present(); }
};

/// What data must look like; none where the document does not say.
using DataSchema = std::shared_ptr<const schema::Schema>;

/// Where a task goes when it is done.
struct Then {
  enum class Kind : uint8_t { continue_, exit, end, task };
  Kind kind = Kind::continue_;
  TaskIndex task = kNone;  ///< for Kind::task
};

struct SetSpec {
  Formula value;
};
struct SwitchCase {
  std::string name;
  Formula when;  ///< absent in the default case
  Then then;
};
struct SwitchSpec {
  std::vector<SwitchCase> cases;  ///< without the default
  std::optional<SwitchCase> otherwise;
};
struct WaitSpec {
  DurationSpec duration;
};
struct RaiseSpec {
  Formula error;  ///< an object {type, status, title?, detail?, instance?}
};
struct RetrySpec {
  Formula when;
  Formula except_when;
  DurationSpec delay;
  Backoff backoff = Backoff::constant;
  std::optional<uint64_t> count;  ///< of retries; the first run is not one
  DurationSpec attempt_duration;  ///< how long one run of the body may take
  DurationSpec total_duration;    ///< after which no retry begins
  DurationSpec jitter_from;
  DurationSpec jitter_to;
};
struct ErrorFilter {
  std::optional<std::string> type;  ///< in normal form (errors.h)
  std::optional<int64_t> status;
  std::optional<std::string> instance, title, detail;
};
struct TrySpec {
  ScopeIndex body = kNone;
  ErrorFilter filter;
  std::string as = "error";
  Formula when;
  Formula except_when;
  std::optional<RetrySpec> retry;
  ScopeIndex handler = kNone;        ///< catch.do, kNone if absent
  ScopeIndex handler_scope = kNone;  ///< whose variables the conditions see; never kNone
  std::optional<Then> then;
};
struct EmitSpec {
  Formula event;  ///< the attributes as given: an object
};
/// A policy as given: literals or expressions, or the name of a secret that has the fields.
struct AuthenticationSpec {
  enum class Scheme : uint8_t { none, basic, bearer, digest, oauth2, oidc };
  Scheme scheme = Scheme::none;
  Formula fields;      ///< an object: {username, password}, {token}, {authority, grant, …}
  std::string secret;  ///< of `use:`; empty if the fields are given
};
enum class HttpOutput : uint8_t { content, raw, response };
struct HttpSpec {
  Formula method;
  Formula endpoint;          ///< an expression, or
  std::string uri_template;  ///< RFC 6570 simple expansion over the task's input
  Formula headers, query, body;
  AuthenticationSpec authentication;
  HttpOutput output = HttpOutput::content;
  bool redirect = false;     ///< 3xx is a result, not an error; never followed
  bool reads_secrets = false;  ///< the request is built at dispatch (deferred.h)
  bool document = false;       ///< fetches a document, which may also be a file:
};
/// A call of an operation of an OpenAPI document.
struct OpenapiSpec {
  std::optional<HttpSpec> document;  ///< where it is fetched from, or
  json::Value inline_document;       ///< the document itself
  std::string operation;             ///< operationId
  Formula parameters;
  HttpSpec call;                     ///< authentication, output, redirect, reads_secrets
};
enum class ProcessReturn : uint8_t { output, error_output, code, all, none };
/// What runs the command's text: `sh`, `node` or `python3`.
enum class Language : uint8_t { shell, js, python };
struct ShellSpec {
  Language language = Language::shell;
  Formula command, arguments, environment, input;
  std::optional<HttpSpec> source;  ///< of a script: where its text is fetched from
  bool await = true;
  ProcessReturn returns = ProcessReturn::output;
};
/// `run: workflow`.
struct SubflowSpec {
  std::string workflow;  ///< "ns/name:version", or "ns/name" for the latest
  Formula input;
  bool await = true;
  bool discards = false;  ///< `return: none`: its output is not the task's
};
struct DoSpec {
  ScopeIndex body = kNone;
};
struct ForSpec {
  Formula items;
  std::string each = "item";
  std::string at = "index";
  Formula while_;
  ScopeIndex body = kNone;
};
struct ForkSpec {
  ScopeIndex branches = kNone;
  bool compete = false;
};
/// A call of a function: the one task of its scope runs with `with` as its input.
struct FunctionSpec {
  Formula input;
  ScopeIndex body = kNone;
};
/// What a `listen` waits for: one filter, asked of every event once whatever the number of instances.
/// The engine puts `on` into its rule set and finds the waiting instances by the first key that has an
/// expectation.
struct ListenSite {
  struct Key {
    std::string name;
    Formula from;    ///< over the whole event; reads no argument
    Formula expect;  ///< absent: the first event's value is what later ones must have
  };
  /// A test that reads variables of the instance: asked of each waiting one by itself.
  struct Late {
    std::vector<std::string> path;  ///< of the value it is about
    Formula test;                   ///< true, or equal to the value
  };
  TaskIndex task = kNone;  ///< kNone: of `schedule.on`
  std::string pointer;   ///< "/do/0/pay/listen/to/one"
  json::Value with;      ///< as written
  json::Value on;        ///< the conditions, as a rule would write them
  std::vector<Key> keys;
  std::vector<Late> late;
  size_t first_expected = kNoKey;  ///< of keys: where waits are registered
  Duration keep_for = Duration::minutes(5);  ///< how long an event nobody waits for yet is kept
  uint32_t keep_max = 100;                   ///< how many a value

  static constexpr size_t kNoKey = SIZE_MAX;
  bool correlates() const { return !keys.empty(); }
  /// The key by whose value bound waits are found; kNoKey if it has none.
  size_t placing_key() const {
    return first_expected != kNoKey ? first_expected : keys.empty() ? kNoKey : 0;
  }
};
struct ListenSpec {
  enum class Strategy : uint8_t { none, all, any, one };
  struct Events {
    Strategy strategy = Strategy::none;
    uint32_t first = 0, count = 0;  ///< of Definition::sites
    bool has(uint32_t site) const { return site >= first && site < first + count; }
  };
  enum class Read : uint8_t { data, envelope, raw };
  Events to;
  Events until;            ///< of `any`: what ends it, or
  Formula until_condition; ///< the same, over what was consumed so far
  bool endless = false;    ///< the condition is never true: what was consumed is not collected
  Read read = Read::data;
  ScopeIndex foreach = kNone;  ///< its variables; its tasks if there are any
  std::string item = "item";
  std::string at = "index";
  Formula item_output, item_export;
  DataSchema item_output_schema;  ///< of what one event adds to the output
  DataSchema item_export_schema;  ///< of the context after it
};
/// Waits until a person decides: `call: approval:1.0.0@default`.
struct ApprovalSpec {
  Formula request;         ///< an object {title, details?, approvers?}
  DurationSpec deadline;
  bool refusal_is_output = false;  ///< else denied and expired are errors
};
/// `schedule`: what starts instances without being asked.
struct ScheduleSpec {
  Timing timing;
  ListenSpec::Events on;  ///< sites of no task
  ListenSpec::Read read = ListenSpec::Read::data;
};
/// A kind that is checked and not run.
struct UnsupportedSpec {
  std::string what;
};

/// Tasks of use.extensions that run around a task.
struct ExtensionUse {
  Formula when;
  ScopeIndex before = kNone;
  ScopeIndex after = kNone;
};

struct Task {
  TaskKind kind = TaskKind::do_;
  std::string name;
  std::string reference;  ///< RFC 6901 pointer into the definition: "/do/0/tryGetPet/try/0/getPet"
  json::Value definition;
  ScopeIndex scope = kNone;
  uint32_t position = 0;   ///< in the scope
  TaskIndex next = kNone;  ///< what follows in the scope; kNone at its end
  Then then;

  Formula if_;
  Formula input_from;
  Formula output_as;
  Formula export_as;
  DurationSpec timeout;
  DataSchema input_schema;   ///< of the raw input
  DataSchema output_schema;  ///< of the transformed output
  DataSchema export_schema;  ///< of the new context
  std::vector<ExtensionUse> extensions;  ///< outermost first
  ScopeIndex compensation = kNone;       ///< metadata.compensate: the list that undoes it

  std::variant<DoSpec, SetSpec, SwitchSpec, WaitSpec, RaiseSpec, TrySpec, EmitSpec, HttpSpec,
               ShellSpec, ForSpec, ForkSpec, ListenSpec, UnsupportedSpec, FunctionSpec, OpenapiSpec,
               ApprovalSpec, SubflowSpec>
      spec;

  template <typename T>
  const T& as() const { return std::get<T>(spec); }
};

enum class ScopeRole : uint8_t {
  root, do_, try_, catch_, for_, branches, foreach, function, extension, compensation
};

/// A list of tasks, run one after the other (branches: side by side).
struct Scope {
  ScopeRole role = ScopeRole::root;
  TaskIndex owner = kNone;  ///< the task whose list it is
  std::vector<TaskIndex> tasks;
  /// Variables visible inside, outermost first: slot kArgumentCount + i.
  std::vector<std::string> variables;
};

class Definition {
 public:
  std::string workflow_namespace;
  std::string name;
  std::string version;
  json::Value document;  ///< as given: `$workflow.definition`

  Formula input_from;
  Formula output_as;
  DurationSpec timeout;
  DataSchema input_schema;
  DataSchema output_schema;
  std::vector<std::string> secrets;  ///< of use.secrets
  bool secrets_anywhere = false;     ///< read outside of calls too: results with them are recorded

  std::vector<Task> tasks;
  std::vector<ListenSite> sites;  ///< of all `listen` tasks, in order, then those of `schedule.on`
  std::optional<ScheduleSpec> schedule;
  std::vector<Scope> scopes;  ///< scopes[kRootScope] is the top-level `do`

  /// "devops/security-scan:1.0.0"
  std::string id() const { return workflow_namespace + "/" + name + ":" + version; }
  const Task& task(TaskIndex index) const { return tasks.at(index); }
  const Scope& scope(ScopeIndex index) const { return scopes.at(index); }
  /// By reference ("/do/0/name"); kNone if there is none.
  TaskIndex find_task(std::string_view reference) const;
};

/// A document that is read when the workflow is applied: a function, a schema.
struct Import {
  std::string pointer;  ///< of who needs it
  std::string uri;
  AuthenticationSpec authentication = {};  ///< of the place it is read from
  std::vector<std::string> secrets = {};   ///< those that the authentication may read
};
/// Where a stored document keeps what was read: document.metadata of this name, by URI.
inline constexpr std::string_view kImportsKey = "hence.io/imports";
/// Where a stored document says that it was applied while secrets might be read anywhere:
/// document.metadata of this name, with the value "anywhere".
inline constexpr std::string_view kSecretsKey = "hence.io/secrets";
/// The functions of the server's own catalogue: "catalog:default/functions/log/1.0.0/function.yaml".
inline constexpr std::string_view kDefaultCatalog = "catalog:default";

/// The function of the built-in catalogue that waits for a person.
inline constexpr std::string_view kApprovalFunction = "approval:1.0.0@default";

struct Compiled {
  std::shared_ptr<const Definition> definition;  ///< null if there are faults
  Faults faults;
  Faults unsupported;  ///< what `apply` refuses
  Faults warnings;     ///< what is surely not meant, and allowed
  std::vector<Import> imports;  ///< not yet read; `apply` reads them and compiles again

  /// As `apply` wants it. Errors: WorkflowInvalid, NotSupported; every fault in the message.
  Result<std::shared_ptr<const Definition>> runnable(std::string_view file_name = {}) const;
};

/// Whether a document means to be a workflow: what has `document` or `do` and is no resource. What it lacks
/// of one is then a fault.
bool is_workflow_document(json::View document);

/// What the configuration lets documents do.
struct Permissions {
  bool secrets_anywhere = false;  ///< `$secrets` outside of calls: a warning instead of a fault
};

/// Compiles one document; faults carry the places the YAML reader recorded.
Compiled compile(const json::YamlDocument& document, Permissions permissions = {});
/// The same for a value read back from records (no places). Compiling what once compiled gives
/// the same tasks with the same indices.
Compiled compile(json::View document, Permissions permissions = {});

/// Total order of semantic versions (semver.org 2.0, build metadata ignored): for `latest`.
std::strong_ordering compare_versions(std::string_view a, std::string_view b);

}  // namespace hence::workflow
