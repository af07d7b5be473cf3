// SPDX-License-Identifier: Apache-2.0
// Rules: what they look like and how their actions are read.

#include <algorithm>

#include "filter/conditions.h"
#include "resource/read.h"

namespace hence::resource {

using workflow::child_pointer;
using workflow::KeyChoice;
using workflow::Shape;
using workflow::ShapeKey;
using enum Shape::Kind;

namespace {

/// Splits "ns/name[:version]"; nothing if it is not of that form.
std::optional<WorkflowReference> parse_reference(std::string_view words) {
  WorkflowReference reference;
  const size_t slash = words.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  reference.workflow_namespace = words.substr(0, slash);
  const std::string_view rest = words.substr(slash + 1);
  const size_t colon = rest.find(':');
  reference.name = rest.substr(0, colon);
  if (colon != std::string_view::npos) reference.version = rest.substr(colon + 1);
  if (reference.version == "latest") reference.version.clear();
  if (!workflow::is_dsl_name(reference.workflow_namespace)) return std::nullopt;
  if (!workflow::is_dsl_name(reference.name)) return std::nullopt;
  if (colon != std::string_view::npos && rest.substr(colon + 1) != "latest" &&
      !workflow::is_semver(reference.version)) {
    return std::nullopt;
  }
  return reference;
}

bool is_reference(std::string_view words) { return parse_reference(words).has_value(); }

const Shape kTypeList{.kind = list, .min_size = 1, .item = &workflow::kStringShape};
const Shape kTypes{.kind = by_type, .as_string = &workflow::kStringShape, .as_array = &kTypeList};
const Shape kAnyObject{.kind = object, .others = Shape::Others::taken};
const Shape kFilterList{.kind = list, .item = &kAnyObject};
const ShapeKey kOnKeys[] = {{"type", &kTypes},
                            {"pattern", &kAnyObject},
                            {"filters", &kFilterList},
                            {"when", &workflow::kStringShape}};
const Shape kOn{.kind = object, .keys = kOnKeys, .min_size = 1};

const Shape kWorkflowText{.kind = text,
                          .what = "a workflow as namespace/name or namespace/name:version",
                          .accepts = is_reference};
constexpr std::string_view kConflicts[] = {"existing", "reject", "replace"};
const Shape kConflict{.kind = word, .words = kConflicts};
const ShapeKey kStartKeys[] = {{"workflow", &kWorkflowText, true}, {"input", &workflow::kAnyShape},
                               {"key", &workflow::kStringShape},   {"id", &workflow::kStringShape},
                               {"onConflict", &kConflict}};
}  // namespace
const Shape kStartShape{.kind = object, .keys = kStartKeys};
namespace {
const ShapeKey kEmitKeys[] = {{"type", &workflow::kStringShape, true},
                              {"source", &workflow::kStringShape},
                              {"subject", &workflow::kStringShape},
                              {"time", &workflow::kAnyShape},
                              {"datacontenttype", &workflow::kAnyShape},
                              {"dataschema", &workflow::kAnyShape},
                              {"data", &workflow::kAnyShape}};
}  // namespace
const Shape kEmitShape{.kind = object, .keys = kEmitKeys, .others = Shape::Others::slips_refused};
namespace {
constexpr std::string_view kModes[] = {"structured", "binary"};
const Shape kMode{.kind = word, .words = kModes};
const ShapeKey kDeliverKeys[] = {
    {"sink", &kNameShape, true}, {"body", &workflow::kAnyShape}, {"mode", &kMode}};
const Shape kDeliver{.kind = object, .keys = kDeliverKeys};
const ShapeKey kActionKeys[] = {{"start", &kStartShape}, {"emit", &kEmitShape}, {"deliver", &kDeliver}};
constexpr std::string_view kActions[] = {"start", "emit", "deliver"};
const KeyChoice kOneAction[] = {{kActions}};
const Shape kAction{.kind = object, .keys = kActionKeys, .choices = kOneAction};
const Shape kActionList{.kind = list, .min_size = 1, .item = &kAction};

const Shape kEmptyObject{.kind = object};
const ShapeKey kBackoffKeys[] = {
    {"constant", &kEmptyObject}, {"exponential", &kEmptyObject}, {"linear", &kEmptyObject}};
constexpr std::string_view kBackoffs[] = {"constant", "exponential", "linear"};
const KeyChoice kOneBackoff[] = {{kBackoffs}};
const Shape kBackoff{.kind = object, .keys = kBackoffKeys, .choices = kOneBackoff};
const Shape kCount{.kind = integer, .min = 0, .max = 1'000'000};
const ShapeKey kAttemptKeys[] = {{"count", &kCount, true}};
const Shape kAttempt{.kind = object, .keys = kAttemptKeys};
const ShapeKey kLimitKeys[] = {{"attempt", &kAttempt}, {"duration", &kFixedDuration}};
const Shape kLimit{.kind = object, .keys = kLimitKeys};
const ShapeKey kJitterKeys[] = {{"from", &kFixedDuration, true}, {"to", &kFixedDuration, true}};
const Shape kJitter{.kind = object, .keys = kJitterKeys};
const ShapeKey kRetryKeys[] = {{"delay", &kFixedDuration},
                               {"backoff", &kBackoff},
                               {"limit", &kLimit},
                               {"jitter", &kJitter}};
const Shape kRetry{.kind = object, .keys = kRetryKeys};
constexpr std::string_view kOrderings[] = {"none", "key"};
const Shape kOrdering{.kind = word, .words = kOrderings};
constexpr std::string_view kExhausted[] = {"park"};
const Shape kOnExhausted{.kind = word, .words = kExhausted};
const ShapeKey kDeliveryKeys[] = {
    {"retry", &kRetry}, {"ordering", &kOrdering}, {"onExhausted", &kOnExhausted}};
const Shape kDelivery{.kind = object, .keys = kDeliveryKeys};

constexpr std::string_view kRuleModes[] = {"active", "disabled"};
const Shape kRuleMode{.kind = word, .words = kRuleModes};
const ShapeKey kRuleKeys[] = {{"mode", &kRuleMode},
                              {"on", &kOn, true},
                              {"do", &kActionList, true},
                              {"delivery", &kDelivery}};

/// What the filters find wrong inside a well-shaped `on`.
void check_conditions(const Site& on, Faults& faults, Faults& unsupported) {
  Faults shape;
  check_shape(kOn, on.value, on.pointer, shape);
  if (!shape.empty()) return;  // reported already
  std::vector<filter::Fault> found;
  const Result<filter::Conditions> conditions = filter::parse_conditions(on.value, &found);
  if (conditions.ok()) return;
  for (const filter::Fault& fault : found) {
    if (fault.code == ErrorCode::NotSupported) {
      unsupported.add_unsupported(on.pointer + fault.pointer, fault.message);
    } else {
      faults.add(on.pointer + fault.pointer, fault.message);
    }
  }
  if (found.empty()) faults.add(on.pointer, conditions.error().message());
}

}  // namespace

StartAction read_start(const Site& site, Faults& faults) {
  StartAction action;
  action.workflow = parse_reference(site.text("workflow")).value_or(WorkflowReference{});
  action.input = read_template(site.find("input"), faults);
  action.key = read_template(site.find("key"), faults);
  action.id = read_template(site.find("id"), faults);
  const std::string conflict = site.text("onConflict", "existing");
  if (conflict == "reject") action.on_conflict = OnConflict::reject;
  if (conflict == "replace") action.on_conflict = OnConflict::replace;
  if (const auto given = site.find("onConflict"); given && !site.find("id")) {
    faults.add(given->pointer, "`onConflict` needs `id`: without one no two instances conflict");
  }
  return action;
}

namespace {

void check_attributes(const Site& site, Faults& faults) {
  if (!site.value.is_object()) return;
  for (auto [name, value] : site.value.members()) {
    const bool good = name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789") ==
                      std::string_view::npos;
    const std::string at = child_pointer(site.pointer, name);
    if (!good || name.empty()) {
      faults.add_at_key(at, "an attribute of an event is named with lower-case letters and "
                            "digits only");
    } else if (name.starts_with("hence") || name == "specversion") {
      faults.add_at_key(at, "the attribute is set by Hence and cannot be given");
    }
  }
}

}  // namespace

EmitAction read_emit(const Site& site, Faults& faults) {
  check_attributes(site, faults);
  return {read_template(site, faults)};
}

namespace {

Action read_action(const Site& site, Faults& faults) {
  if (const auto start = site.find("start")) return read_start(*start, faults);
  if (const auto emit = site.find("emit")) return read_emit(*emit, faults);
  DeliverAction action;
  const auto deliver = site.find("deliver");
  if (!deliver) return action;
  action.sink = deliver->text("sink");
  action.body = read_template(deliver->find("body"), faults);
  if (deliver->text("mode") == "binary") action.mode = DeliverMode::binary;
  if (const auto mode = deliver->find("mode"); mode && action.body.present()) {
    faults.add(mode->pointer, "`mode` says how the event itself is sent; with `body` there is "
                              "none");
  }
  return action;
}

RetrySettings read_retry(const Site& site, Faults& faults) {
  RetrySettings retry = default_retry();
  if (const auto delay = read_duration(site.find("delay"))) retry.times.delay = *delay;
  if (const auto backoff = site.find("backoff")) {
    retry.times.backoff = backoff->find("linear")     ? workflow::Backoff::linear
                          : backoff->find("constant") ? workflow::Backoff::constant
                                                      : workflow::Backoff::exponential;
  }
  if (const auto limit = site.find("limit")) {
    retry.total = read_duration(limit->find("duration"));
    const auto attempt = limit->find("attempt");
    const auto count = attempt ? attempt->value.find("count") : std::nullopt;
    if (count && count->is_number()) {
      retry.count = static_cast<uint32_t>(std::clamp<int64_t>(count->as_int64().value_or(0), 0,
                                                              1'000'000));
    }
    // No retry is within no time. Told by the count: a policy's time of zero is none that was set.
    if (retry.total && retry.total->micros == 0) retry.count = 0;
  }
  if (const auto jitter = site.find("jitter")) {
    retry.times.jitter_from = read_duration(jitter->find("from")).value_or(Duration{});
    retry.times.jitter_to = read_duration(jitter->find("to")).value_or(Duration{});
    if (retry.times.jitter_to < retry.times.jitter_from) {
      faults.add(jitter->pointer, "`to` is shorter than `from`");
    }
    // Exactly the pause. Zero to zero is what a policy has where no jitter was set: full jitter. Below zero a
    // beginning counts as zero (workflow::retry_delay), and says that one was.
    if (retry.times.jitter_to.micros == 0) retry.times.jitter_from = Duration{-1};
  }
  return retry;
}

}  // namespace

const Shape kRuleShape{.kind = object, .keys = kRuleKeys};

RuleSpec read_rule(const Site& spec, Faults& faults, Faults& unsupported) {
  RuleSpec rule;
  if (spec.text("mode") == "disabled") rule.mode = RuleMode::disabled;
  if (const auto on = spec.find("on")) {
    rule.on = json::Value::detached(on->value);
    check_conditions(*on, faults, unsupported);
  }
  if (const auto actions = spec.find("do"); actions && actions->value.is_array()) {
    size_t index = 0;
    for (json::View action : actions->value.elements()) {
      rule.actions.push_back(read_action({action, child_pointer(actions->pointer, index++)},
                                         faults));
    }
  }
  if (const auto delivery = spec.find("delivery")) {
    if (const auto retry = delivery->find("retry")) rule.delivery.retry = read_retry(*retry,
                                                                                     faults);
    if (delivery->text("ordering") == "key") rule.delivery.ordering = Ordering::key;
  }
  return rule;
}

}  // namespace hence::resource
