// SPDX-License-Identifier: Apache-2.0
#include "api/endpoint/request_read.h"

#include <charconv>

#include "event/media_type.h"
#include "json/parse.h"
#include "workflow/faults.h"

namespace hence::api {
namespace {

constexpr std::string_view kPhases[] = {"pending",   "running", "waiting",  "suspended",
                                        "cancelled", "faulted", "completed", "compensating"};
constexpr std::string_view kApprovalStates[] = {"pending", "granted", "denied", "expired", "withdrawn"};
constexpr std::string_view kDeliveryStates[] = {"ready",  "delayed", "blocked",
                                                "parked", "done",    "cancelled"};

Error invalid(std::string message) { return Error(ErrorCode::RequestInvalid, std::move(message)); }

std::string quoted(std::string_view text) { return "\"" + std::string(text) + "\""; }

constexpr std::string_view kByQuery = "by-query";

/// "cancel, compensation/redrive, …": what is done to all instances that a query finds.
std::string acts_by_query() {
  constexpr std::string_view kBefore = "/instances/by-query/";
  std::string names;
  for (const Route& route : all_routes()) {
    if (!route.path.starts_with(kBefore)) continue;
    names += (names.empty() ? "" : ", ") + std::string(route.path.substr(kBefore.size()));
  }
  return names;
}

/// RFC 3339, or a duration before now.
Result<std::optional<UtcTime>> read_time(const Context& context, const Exchange& exchange,
                                         std::string_view name) {
  const std::optional<std::string_view> text = exchange.query(name);
  if (!text) return std::optional<UtcTime>();
  if (const Result<UtcTime> time = parse_rfc3339(*text); time.ok()) return std::optional(*time);
  if (const Result<Duration> ago = parse_duration(*text); ago.ok()) {
    return std::optional(context.clock.now() - *ago);
  }
  return invalid(std::string(name) + " is " + quoted(*text) +
                 "; write a time such as 2026-05-01T12:00:00Z, or how long ago: 10m, 2h, 7d");
}

Result<uint32_t> read_limit(const Exchange& exchange) {
  const std::optional<std::string_view> text = exchange.query("limit");
  if (!text) return uint32_t{100};
  uint32_t limit = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), limit);
  const bool whole = error == std::errc() && end == text->data() + text->size();
  if (whole && limit >= 1 && limit <= engine::kListLimitMax) return limit;
  return invalid("limit is " + quoted(*text) + "; it is a number from 1 to " +
                 std::to_string(engine::kListLimitMax));
}

/// The status asked for is one that the route's list can have.
Status check_status(const Exchange& exchange, const std::string& status) {
  if (status.empty()) return {};
  const std::string_view operation = exchange.route().operation;
  const auto states = operation.ends_with("Deliveries")  ? std::span<const std::string_view>(kDeliveryStates)
                      : operation.ends_with("Approvals") ? std::span<const std::string_view>(kApprovalStates)
                                                         : std::span<const std::string_view>(kPhases);
  for (const std::string_view state : states) {
    if (status == state) return {};
  }
  return invalid("unknown status " + quoted(status) + workflow::suggestion(status, states));
}

}  // namespace

Result<Address> read_address(const Context& context, std::string_view text, std::string_view what) {
  const std::optional<Address> address = Address::parse(text);
  if (text == kByQuery && what == "instance") {
    return invalid("\"by-query\" is no instance; acts by query are: " + acts_by_query() + "; others are on one instance, by its id");
  }
  if (!address || address->is_none()) {
    return invalid(quoted(text) + " is no " + std::string(what) +
                   "; write partition and sequence, such as 07-42");
  }
  if (address->partition < context.options.partitions) return *address;
  return Error(ErrorCode::NotFound, "there is no " + std::string(what) + " " + std::string(text));
}

Result<engine::EffectId> read_effect_id(const Context& context, std::string_view text) {
  const std::optional<engine::EffectId> id = engine::EffectId::parse(text);
  if (!id) return invalid(quoted(text) + " is no delivery's id; those look like 07-42.0");
  if (id->record.partition < context.options.partitions) return *id;
  return Error(ErrorCode::NotFound, "there is no delivery " + std::string(text));
}

Result<engine::EffectId> read_approval_id(const Context& context, std::string_view text) {
  const std::optional<engine::EffectId> id = engine::EffectId::parse(text);
  if (!id) return invalid(quoted(text) + " is no approval's id; those look like 07-42.3");
  if (id->record.partition < context.options.partitions) return *id;
  return Error(ErrorCode::NotFound, "there is no approval " + std::string(text));
}

Result<engine::ListOptions> read_list_options(const Context& context, const Exchange& exchange) {
  engine::ListOptions options;
  HENCE_TRY(options.limit, read_limit(exchange));
  HENCE_TRY(options.since, read_time(context, exchange, "since"));
  HENCE_TRY(options.until, read_time(context, exchange, "until"));
  options.cursor = exchange.query_text("cursor");
  options.type = exchange.query_text("type");
  options.source = exchange.query_text("source");
  options.workflow = exchange.query_text("workflow");
  if (const auto parent = exchange.query("parent")) {
    HENCE_TRY(const Address address, read_address(context, *parent, "instance"));
    options.parent = address.to_string();
  }
  options.status = exchange.query_text("status");
  options.sink = exchange.query_text("sink");
  if (const auto event = exchange.query("event")) {
    HENCE_TRY(const Address address, read_address(context, *event, "event's position"));
    options.event = address.to_string();
  }
  HENCE_TRY(options.parked, exchange.query_flag("parked"));
  options.rule = exchange.query_text("rule");
  if (exchange.query("matched")) {
    HENCE_TRY(options.matched, exchange.query_flag("matched"));
  }
  HENCE_TRY_VOID(check_status(exchange, options.status));
  return options;
}

Result<json::Value> read_object(const Exchange& exchange,
                                std::span<const std::string_view> members) {
  const std::string& body = exchange.request.body;
  if (body.empty()) return json::parse("{}");
  const HeaderLookup type = exchange.request.find_one("content-type");
  if (type.count == HeaderCount::many ||
      (type.count == HeaderCount::one && !event::is_json_media_type(type.value))) {
    return Error(ErrorCode::UnsupportedMediaType,
                 "the body of this request is JSON: send content-type: application/json");
  }
  HENCE_TRY(const json::Value object, json::parse(body));
  if (!object->is_object()) return invalid("the body is to be a JSON object");
  for (const auto [key, value] : object->members()) {
    bool known = false;
    for (const std::string_view member : members) known = known || member == key;
    if (known) continue;
    return invalid("unknown member " + quoted(key) + workflow::suggestion(key, members));
  }
  return object;
}

Result<std::string> read_text(json::View object, std::string_view member, size_t bytes_max) {
  const std::optional<json::View> value = object.find(member);
  if (!value || value->is_null()) return std::string();
  if (!value->is_string()) return invalid(std::string(member) + " is to be a string");
  if (value->as_string().size() <= bytes_max) return std::string(value->as_string());
  return invalid(std::string(member) + " is over " + std::to_string(bytes_max) + " bytes");
}

Result<std::string> read_reason(json::View body, Reason needed) {
  HENCE_TRY(const std::string reason, read_text(body, "reason", kReasonBytesMax));
  if (needed == Reason::optional || reason.find_first_not_of(" \t\r\n") != std::string::npos) return reason;
  return invalid("say why: {\"reason\": \"…\"} is kept in the record of it, with who asked");
}

Result<CancelBody> read_cancel(const Exchange& exchange, Reason needed) {
  constexpr std::string_view kMembers[] = {"reason", "compensate"};
  HENCE_TRY(const json::Value body, read_object(exchange, kMembers));
  CancelBody cancel;
  HENCE_TRY(cancel.reason, read_reason(body, needed));
  const auto compensate = body->find("compensate");
  if (compensate && !compensate->is_bool()) return invalid("compensate is true or false");
  if (compensate && compensate->as_bool()) cancel.undo = workflow::Undo::yes;
  return cancel;
}

}  // namespace hence::api
