// SPDX-License-Identifier: Apache-2.0
// Resources: apply, list, get, delete.

#include "api/apply.h"
#include "api/endpoint/handlers.h"
#include "api/endpoint/request_read.h"
#include "json/builder.h"

namespace hence::api {
namespace {

/// The kind a route is of: its path begins with the plural word.
resource::Kind kind_of(const Exchange& exchange) {
  const std::string_view path = exchange.route().path.substr(1);
  const auto kind = resource::find_kind(path.substr(0, path.find('/')));
  HENCE_CHECK(kind.has_value());
  return *kind;
}

json::Value fault_list(const workflow::Faults& faults) {
  json::Builder builder;
  builder.begin_array();
  for (const workflow::Fault& fault : faults) {
    builder.begin_object();
    if (fault.place.line != 0) {
      builder.key("line").number(int64_t{fault.place.line});
      builder.key("column").number(int64_t{fault.place.column});
    }
    builder.member("pointer", fault.pointer).member("message", fault.message);
    builder.member("code", error_info(fault.code).name);
    builder.end_object();
  }
  builder.end_array();
  return std::move(builder).finish();
}

void answer_outcome(Exchange& exchange, const ApplyOutcome& outcome, bool dry_run) {
  if (const auto* refused = std::get_if<ApplyRefused>(&outcome)) {
    ProblemMembers members;
    if (!refused->faults.empty()) {
      members.emplace_back("faults", fault_list(refused->faults)->to_text());
    }
    return exchange.fail(refused->error, members);
  }
  const Applied& applied = std::get<Applied>(outcome);
  json::Builder builder;
  builder.begin_object();
  builder.key("version").number(static_cast<int64_t>(applied.version));
  if (dry_run) builder.key("dryRun").boolean(true);
  if (applied.repeated) builder.key("repeated").boolean(true);
  builder.key("results").begin_array();
  for (const AppliedResource& result : applied.results) {
    builder.begin_object().member("kind", result.kind).member("name", result.name);
    builder.member("outcome", outcome_name(result.outcome));
    if (!result.warnings.empty()) {
      builder.key("warnings").begin_array();
      for (const std::string& warning : result.warnings) builder.string(warning);
      builder.end_array();
    }
    builder.end_object();
  }
  builder.end_array();
  if (!applied.warnings.empty()) builder.member("warnings", fault_list(applied.warnings));
  builder.end_object();
  exchange.answer_json(200, std::move(builder).finish());
}

/// Compiles on a worker, again where the definitions changed meanwhile. No worker waits for the engine.
RunAgain on_workers(Context& context) {
  return [&context](std::function<void()> work) {
    return context.workers.run([work = std::move(work)](engine::Query&) { work(); });
  };
}

/// That no instance runs on the version. One that starts at the same time runs on: instances keep the
/// definition they began with.
Status check_unused(engine::Query& query, const DeleteInput& input) {
  if (input.kind != resource::Kind::workflow) return Error(ErrorCode::RequestInvalid, "unused is for workflows");
  HENCE_TRY(const auto counts, query.running(input.name_space));
  const auto count = counts.find(input.name);
  if (count == counts.end()) return {};
  const std::string workflow = input.name.substr(0, input.name.rfind(':'));
  return Error(ErrorCode::Conflict, std::to_string(count->second) + (count->second == 1 ? " instance runs" : " instances run") +
                                        " on workflow " + input.name + "; wait until they have ended (hence instance list --workflow " +
                                        workflow + " shows them), or end them with hence instance cancel");
}

void run_change(Context& context, const ExchangePtr& exchange, std::function<void()> work) {
  if (on_workers(context)(std::move(work))) return;
  exchange->fail(Error(ErrorCode::Overloaded, "too many requests are waiting already"));
}

}  // namespace

void post_apply(Context& context, ExchangePtr exchange) {
  const auto input = std::make_shared<ApplyInput>();
  const Result<bool> dry_run = exchange->query_flag("dry_run");
  if (!dry_run.ok()) return exchange->fail(dry_run.error());
  const Result<bool> prune = exchange->query_flag("prune");
  if (!prune.ok()) return exchange->fail(prune.error());
  const Result<std::string> key = exchange->idempotency_key();
  if (!key.ok()) return exchange->fail(key.error());
  input->text = std::move(exchange->request.body);
  input->name_space = exchange->name_space();
  input->dry_run = *dry_run;
  input->prune = *prune;
  input->actor = exchange->actor();
  input->idempotency_key = *key;
  if (context.options.imports) input->imports = context.options.imports();
  input->secrets = context.options.secrets;
  input->secrets_anywhere = context.options.secrets_anywhere;
  run_change(context, exchange, [&context, exchange, input] {
    const auto answer = [exchange, dry_run = input->dry_run](const ApplyOutcome& outcome) {
      answer_outcome(*exchange, outcome, dry_run);
    };
    apply_documents(context.backend, context.clock, std::move(*input), on_workers(context), answer);
  });
}

void list_resources(Context& context, ExchangePtr exchange) {
  answer_query(context, exchange, [exchange](engine::Query& query) {
    return query.resources(exchange->name_space(), kind_of(*exchange));
  });
}

void get_resource(Context& context, ExchangePtr exchange) {
  answer_query(context, exchange, [exchange](engine::Query& query) {
    return query.resource(exchange->name_space(), kind_of(*exchange), exchange->param(0));
  });
}

void delete_resource(Context& context, ExchangePtr exchange) {
  const auto input = std::make_shared<DeleteInput>();
  const Result<std::string> key = exchange->idempotency_key();
  if (!key.ok()) return exchange->fail(key.error());
  input->name_space = exchange->name_space();
  input->kind = kind_of(*exchange);
  input->name = exchange->param(0);
  input->actor = exchange->actor();
  input->idempotency_key = *key;
  const Result<bool> unused = exchange->query_flag("unused");
  if (!unused.ok()) return exchange->fail(unused.error());
  const auto remove = [&context, exchange, input, unused = *unused](engine::Query& query) {
    if (unused) {
      if (const Status empty = check_unused(query, *input); !empty.ok()) return exchange->fail(empty.error());
    }
    const auto answer = [exchange](const ApplyOutcome& outcome) { answer_outcome(*exchange, outcome, false); };
    delete_resource(context.backend, context.clock, std::move(*input), on_workers(context), answer);
  };
  if (context.workers.run(remove)) return;
  exchange->fail(Error(ErrorCode::Overloaded, "too many requests are waiting already"));
}

}  // namespace hence::api
