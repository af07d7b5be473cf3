// SPDX-License-Identifier: Apache-2.0
// One act on all that a list finds: what a person does to an instance, and the redrive of parked deliveries.

#include <algorithm>

#include "api/endpoint/handlers.h"
#include "api/endpoint/request_read.h"
#include "json/builder.h"

namespace hence::api {
namespace {

/// Pages of the list looked through for one request; its answer then says where to go on.
constexpr int kPagesMax = 100;
constexpr size_t kCommandBytes = 256;

using ListPage = std::function<Result<json::Value>(engine::Query&, const engine::ListOptions&)>;

struct ByQuery {
  engine::ListOptions list;
  bool dry_run = false;
  ListPage page;
  std::function<bool(json::View item)> wanted;
  engine::Command like;  ///< what the commands have in common
  std::function<void(engine::Command&, const std::string& id)> fill;

  /// A dry run is no act.
  Reason needed() const { return dry_run ? Reason::optional : Reason::needed; }
  /// A repeated request, under its key, finds each answered.
  engine::Command command(const std::string& id) const {
    engine::Command made = like;
    if (!made.idempotency_key.empty()) made.idempotency_key += " " + id;
    fill(made, id);
    return made;
  }
};

struct Found {
  std::vector<std::string> ids;
  std::string next;
};

/// At most list.limit items that are wanted.
Result<Found> find_items(engine::Query& query, const ByQuery& act) {
  Found found;
  engine::ListOptions options = act.list;
  for (int page = 0; page < kPagesMax && found.ids.size() < act.list.limit; ++page) {
    options.limit = act.list.limit - static_cast<uint32_t>(found.ids.size());
    HENCE_TRY(const json::Value answer, act.page(query, options));
    for (const json::View item : answer->find("items")->elements()) {
      if (act.wanted(item)) found.ids.emplace_back(item.string_or("id", ""));
    }
    found.next = answer->string_or("next", "");
    if (found.next.empty()) break;
    options.cursor = found.next;
  }
  return found;
}

json::Value describe(const Found& found, bool dry_run, const std::vector<engine::Reply>& replies) {
  json::Builder builder;
  builder.begin_object().key("dryRun").boolean(dry_run).key("items").begin_array();
  int64_t failed = 0;
  for (size_t i = 0; i < found.ids.size(); ++i) {
    builder.begin_object().member("id", found.ids[i]);
    if (i < replies.size() && replies[i].error) {
      ++failed;
      builder.member("error", replies[i].error->message());
    }
    builder.end_object();
  }
  builder.end_array().key("failed").number(failed);
  if (!found.next.empty()) builder.member("next", found.next);
  builder.end_object();
  return std::move(builder).finish();
}

/// Why the server took none of the commands, which says nothing of what they are for; null if it did.
const Error* refusal_of_all(std::span<const engine::Reply> replies) {
  const auto refused = [](const engine::Reply& reply) {
    if (!reply.error) return false;
    const ErrorCode code = reply.error->code();
    return code == ErrorCode::Overloaded || code == ErrorCode::DiskFull || code == ErrorCode::ShuttingDown;
  };
  return std::ranges::all_of(replies, refused) ? &*replies.front().error : nullptr;
}

void act_on(Context& context, const ExchangePtr& exchange, const ByQuery& act, Found found) {
  if (act.dry_run || found.ids.empty()) {
    return exchange->answer_json(200, describe(found, act.dry_run, {}));
  }
  std::vector<engine::Command> commands;
  for (const std::string& id : found.ids) commands.push_back(act.command(id));
  const size_t bytes = commands.size() * kCommandBytes + exchange->request.body.size();
  context.backend.submit_all(
      std::move(commands), bytes, /*external=*/true,
      [exchange, found = std::move(found)](std::span<const engine::Reply> replies) {
        if (const Error* refused = refusal_of_all(replies)) return exchange->fail(*refused);
        exchange->answer_json(200, describe(found, false, {replies.begin(), replies.end()}));
      });
}

/// What was found, a line each, the first where to go on.
std::string to_lines(const Found& found) {
  std::string text = found.next;
  for (const std::string& id : found.ids) text += "\n" + id;
  return text;
}

Found from_lines(std::string_view text) {
  Found found;
  size_t end = text.find('\n');
  found.next = text.substr(0, end);
  while (end != std::string_view::npos) {
    text.remove_prefix(end + 1);
    end = text.find('\n');
    found.ids.emplace_back(text.substr(0, end));
  }
  return found;
}

/// Under an Idempotency-Key the request is about what it found the first time, whatever it would find now.
void act_on_kept(Context& context, const ExchangePtr& exchange, const ByQuery& act, const Found& found) {
  engine::Command keep = act.like;
  keep.body = engine::KeepAnswer{std::string(exchange->request.target) + "\n" + exchange->request.body, to_lines(found)};
  submit(context, exchange, std::move(keep), exchange->request.body.size(),
         [&context, exchange, act](const engine::Reply& reply) {
           act_on(context, exchange, act, from_lines(reply.answer));
         });
}

void run_by_query(Context& context, const ExchangePtr& exchange, ByQuery act) {
  const bool taken = context.workers.run([&context, exchange, act = std::move(act)](engine::Query& query) {
    Result<Found> found = find_items(query, act);
    if (!found.ok()) return exchange->fail(found.error());
    const bool kept = !act.dry_run && !act.like.idempotency_key.empty();
    if (kept) return act_on_kept(context, exchange, act, *found);
    act_on(context, exchange, act, std::move(*found));
  });
  if (!taken) exchange->fail(Error(ErrorCode::Overloaded, "too many questions are waiting already"));
}

/// Filters, limit and dry_run of the query, the reason of the body. A request that says nothing of
/// what it means, means nothing.
Result<ByQuery> read_by_query(Context& context, const Exchange& exchange) {
  ByQuery act;
  HENCE_TRY(act.list, read_list_options(context, exchange));
  HENCE_TRY(act.dry_run, exchange.query_flag("dry_run"));
  const engine::ListOptions& list = act.list;
  const bool says = !list.workflow.empty() || !list.parent.empty() || !list.status.empty() ||
                    !list.sink.empty() || !list.event.empty() || list.since || list.until || list.parked;
  if (says) return act;
  std::string names;
  for (const QueryParameter& parameter : exchange.route().query) {
    if (parameter.name == "limit") break;
    names += (names.empty() ? "" : ", ") + std::string(parameter.name);
  }
  return Error(ErrorCode::RequestInvalid, "say which are meant by at least one of the query parameters " + names);
}

Result<engine::Command> common_command(const Exchange& exchange, Reason needed) {
  constexpr std::string_view kMembers[] = {"reason"};
  HENCE_TRY(const json::Value body, read_object(exchange, kMembers));
  HENCE_TRY(const std::string reason, read_reason(body, needed));
  return command_of(exchange, reason);
}

/// Those of the instances found that have not ended.
void act_on_instances(Context& context, const ExchangePtr& exchange, ByQuery act, Result<engine::Command> like,
                      std::function<void(engine::Command&, Address)> fill) {
  if (!like.ok()) return exchange->fail(like.error());
  act.like = std::move(*like);
  act.page = [name_space = exchange->name_space()](engine::Query& query, const engine::ListOptions& list) {
    return query.instances(name_space, list);
  };
  act.wanted = [](json::View item) { return !item.find("ended"); };
  act.fill = [fill = std::move(fill)](engine::Command& command, const std::string& id) {
    fill(command, *Address::parse(id));
  };
  run_by_query(context, exchange, std::move(act));
}

void decide_parked(Context& context, const ExchangePtr& exchange, workflow::Parked decision) {
  Result<ByQuery> act = read_by_query(context, *exchange);
  if (!act.ok()) return exchange->fail(act.error());
  act->list.parked = true;
  const Reason reason = act->needed();
  act_on_instances(context, exchange, std::move(*act), common_command(*exchange, reason),
                   [decision](engine::Command& command, Address id) {
                     command.body = engine::DecideParked{id, decision};
                   });
}

}  // namespace

void cancel_instances(Context& context, ExchangePtr exchange) {
  Result<ByQuery> act = read_by_query(context, *exchange);
  if (!act.ok()) return exchange->fail(act.error());
  const Result<CancelBody> body = read_cancel(*exchange, act->needed());
  if (!body.ok()) return exchange->fail(body.error());
  act_on_instances(context, exchange, std::move(*act), command_of(*exchange, body->reason),
                   [undo = body->undo](engine::Command& command, Address id) {
                     command.body = engine::CancelInstance{id, undo};
                   });
}

void redrive_compensations(Context& context, ExchangePtr exchange) {
  decide_parked(context, exchange, workflow::Parked::redrive);
}

void skip_compensations(Context& context, ExchangePtr exchange) {
  decide_parked(context, exchange, workflow::Parked::skip);
}

void act_on_found(Context& context, ExchangePtr exchange) {
  struct Wanted {
    std::string_view word;  ///< the last of the route's path
    bool (*wanted)(std::string_view status);
  };
  static constexpr auto kRuns = [](std::string_view status) {
    return status != "completed" && status != "faulted" && status != "cancelled";
  };
  static constexpr auto kRunsOrFaulted = [](std::string_view status) { return kRuns(status) || status == "faulted"; };
  static constexpr Wanted kActs[] = {
      {"suspend", [](std::string_view status) { return kRuns(status) && status != "suspended"; }},
      {"resume", [](std::string_view status) { return status == "suspended"; }},
      {"retry", [](std::string_view status) { return status == "faulted"; }},
      {"skip", kRunsOrFaulted},
      {"context", kRunsOrFaulted},
      {"event", kRuns}};
  Result<ByQuery> query = read_by_query(context, *exchange);
  if (!query.ok()) return exchange->fail(query.error());
  Result<engine::Command> like = read_act(*exchange, {}, query->needed());
  if (!like.ok()) return exchange->fail(like.error());
  query->page = [name_space = exchange->name_space()](engine::Query& q, const engine::ListOptions& list) {
    return q.instances(name_space, list);
  };
  const std::string_view path = exchange->route().path;
  const auto act = std::ranges::find(kActs, path.substr(path.rfind('/') + 1), &Wanted::word);
  HENCE_CHECK(act != std::end(kActs));
  query->wanted = [wanted = act->wanted](json::View item) { return wanted(item.string_or("status", "")); };
  query->like = std::move(*like);
  query->fill = [](engine::Command& command, const std::string& id) {
    std::get<engine::ActOnInstance>(command.body).instance = *Address::parse(id);
  };
  run_by_query(context, exchange, std::move(*query));
}

void redrive_deliveries(Context& context, ExchangePtr exchange) {
  Result<ByQuery> act = read_by_query(context, *exchange);
  if (!act.ok()) return exchange->fail(act.error());
  Result<engine::Command> like = common_command(*exchange, act->needed());
  if (!like.ok()) return exchange->fail(like.error());
  act->list.status = "parked";
  act->page = [name_space = exchange->name_space()](engine::Query& query, const engine::ListOptions& list) {
    return query.deliveries(name_space, list);
  };
  act->wanted = [](json::View) { return true; };
  act->like = std::move(*like);
  act->fill = [](engine::Command& command, const std::string& id) {
    command.body = engine::RedriveDelivery{*engine::EffectId::parse(id)};
  };
  run_by_query(context, exchange, std::move(*act));
}

}  // namespace hence::api
