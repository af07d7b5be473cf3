// SPDX-License-Identifier: Apache-2.0
#pragma once

// Resource documents: what a user applies. Bare workflow documents, and documents of
// `apiVersion: hence/v1` with kind, metadata and spec. Parsing checks everything that needs no
// other resource: every fault with line, column and the nearest known key.

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/time.h"
#include "json/value.h"
#include "schema/schema.h"
#include "workflow/definition.h"
#include "workflow/faults.h"
#include "workflow/formula.h"
#include "workflow/retry.h"

namespace hence::resource {

using workflow::Faults;
using workflow::Formula;

enum class Kind : uint8_t { rule, workflow, source, sink, secret, event_type, schedule };
std::string_view kind_name(Kind kind);             ///< "Rule"
std::string_view kind_plural(Kind kind);           ///< "rules"
/// "rule", "rules", "Rule": any of the forms users type.
std::optional<Kind> find_kind(std::string_view word);

/// "ns/name" or "ns/name:version"; no version means the latest.
struct WorkflowReference {
  std::string workflow_namespace;
  std::string name;
  std::string version;  ///< empty: latest
  std::string to_string() const;
};

enum class OnConflict : uint8_t { existing, reject, replace };
struct StartAction {
  WorkflowReference workflow;
  Formula input;  ///< absent: the event's JSON form
  Formula key;    ///< absent: the event's own key
  Formula id;     ///< absent: no caller's id
  OnConflict on_conflict = OnConflict::existing;
};
struct EmitAction {
  Formula attributes;  ///< an object: type and what else is given, `data` included
};
enum class DeliverMode : uint8_t { binary, structured };
struct DeliverAction {
  std::string sink;
  Formula body;  ///< absent: the event itself, in `mode`
  DeliverMode mode = DeliverMode::structured;
};
/// Templates see `.` = the event's JSON form and no variables.
using Action = std::variant<StartAction, EmitAction, DeliverAction>;

struct RetrySettings {
  workflow::RetryTimes times;
  uint32_t count = 0;               ///< retries after the first call
  std::optional<Duration> total;    ///< after which no retry begins
};
/// 8 retries, 1 s doubling, full jitter (no range given).
RetrySettings default_retry();

enum class Ordering : uint8_t { none, key };
struct DeliverySettings {
  RetrySettings retry = default_retry();
  Ordering ordering = Ordering::none;
};

enum class RuleMode : uint8_t { active, disabled };
struct RuleSpec {
  RuleMode mode = RuleMode::active;
  json::Value on;  ///< conditions as given: the filter module reads them
  std::vector<Action> actions;
  DeliverySettings delivery;
};

struct WorkflowSpec {
  std::shared_ptr<const workflow::Definition> definition;
};

enum class WebhookProvider : uint8_t { github, standard_webhooks };
struct SourceSpec {
  WebhookProvider provider = WebhookProvider::standard_webhooks;
  std::string secret;
  uint64_t body_bytes_max = UINT64_MAX;  ///< of its own, within the server's
};

struct SinkAuth {
  enum class Scheme : uint8_t { none, basic, bearer };
  Scheme scheme = Scheme::none;
  std::string username;         ///< basic: literal
  std::string secret;           ///< bearer: the token; basic: the password
};
struct SinkSpec {
  std::string url;
  std::string method = "POST";
  std::vector<std::pair<std::string, std::string>> headers;
  SinkAuth auth;
  Duration timeout = Duration::seconds(10);
  uint32_t concurrency = 32;
  double rate_per_second = 0;   ///< 0: no limit
  std::string sign_secret;      ///< Standard Webhooks signature; empty: none
};

struct SecretSpec {
  enum class From : uint8_t { env, file };
  From from = From::env;
  std::string reference;        ///< the variable's name or the file's path
};

enum class Enforcement : uint8_t { enforce, warn };
enum class EvolutionRule : uint8_t { backward, forward, full, none };
/// What is known of events of one type, or of all types under a pattern. Schemas that refer to each
/// other need all event types of a namespace: Catalogue (catalogue.h) compiles them.
struct EventTypeSpec {
  std::string type;                   ///< "com.acme.order.placed", or a pattern "com.acme.*"
  std::optional<json::Value> schema;  ///< of `data`; absent: anything fits
  /// The schema, where it refers to nothing outside itself.
  std::shared_ptr<const schema::Schema> compiled;
  std::optional<json::Value> example;
  std::string owner;
  std::string description;
  Enforcement mode = Enforcement::enforce;
  EvolutionRule compatibility = EvolutionRule::backward;
  /// Of a pattern: events whose type has no event type of its own are refused.
  bool reject_unknown = false;

  bool is_pattern() const { return type.ends_with('*'); }
};

enum class ScheduleMode : uint8_t { active, disabled };
/// What happens at times. Templates see `.` = {schedule, trigger, due, fired} and no variables.
struct ScheduleSpec {
  ScheduleMode mode = ScheduleMode::active;
  workflow::Timing timing;  ///< every or cron
  std::optional<StartAction> start;
  std::optional<EmitAction> emit;
};

struct Resource {
  Kind kind = Kind::rule;
  std::string resource_namespace = "default";
  /// metadata.name; of a workflow "namespace/name:version" of its document.
  std::string name;
  std::map<std::string, std::string> labels;
  json::Value document;  ///< as records keep it: the document with defaults of metadata filled in
  std::string digest;    ///< equal documents have equal digests, whatever the order of keys
  std::variant<RuleSpec, WorkflowSpec, SourceSpec, SinkSpec, SecretSpec, EventTypeSpec, ScheduleSpec> spec;
  std::vector<workflow::Import> imports;  ///< of a workflow: what is still to be read

  /// "Rule default/scan-after-deploy"
  std::string title() const;
};

/// A file's resources in order, and what is wrong with them.
struct Parsed {
  std::vector<Resource> resources;  ///< those without faults
  Faults faults;
  Faults unsupported;               ///< valid, refused by apply; their resource is left in
  Faults warnings;                  ///< valid, and surely not meant
};

/// Reads all documents of a file (YAML or JSON). resource_namespace: for documents without one
/// (and for workflows, whose own namespace is part of their name).
Parsed parse_resources(std::string_view text, std::string_view resource_namespace = "default",
                       workflow::Permissions permissions = {});

/// One document read back from records (Resource::document); it was valid when it was recorded.
/// Errors: ResourceInvalid, WorkflowInvalid, NotSupported.
Result<Resource> parse_resource(json::View document,
                                std::string_view resource_namespace = "default");

}  // namespace hence::resource
