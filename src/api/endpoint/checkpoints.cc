// SPDX-License-Identifier: Apache-2.0
// Checkpoints of the data folder: make one, list them. Restoring is for when no server runs.

#include "api/endpoint/handlers.h"
#include "api/endpoint/request_read.h"
#include "json/builder.h"

namespace hence::api {
namespace {

constexpr size_t kNameBytesMax = 64;

/// What blocks for as long as the disk takes.
void answer_blocking(Context& context, const ExchangePtr& exchange, int status,
                     std::function<Result<json::Value>()> work) {
  const bool taken = context.workers.run([exchange, status, work = std::move(work)](engine::Query&) {
    const Result<json::Value> answer = work();
    if (!answer.ok()) return exchange->fail(answer.error());
    exchange->answer_json(status, *answer);
  });
  if (!taken) exchange->fail(Error(ErrorCode::Overloaded, "too many questions are waiting already"));
}

Error not_here() { return Error(ErrorCode::NotSupported, "this server makes no checkpoints"); }

}  // namespace

void create_checkpoint(Context& context, ExchangePtr exchange) {
  constexpr std::string_view kMembers[] = {"name"};
  if (!context.options.checkpoints.create) return exchange->fail(not_here());
  const Result<json::Value> body = read_object(*exchange, kMembers);
  if (!body.ok()) return exchange->fail(body.error());
  const Result<std::string> name = read_text(*body, "name", kNameBytesMax);
  if (!name.ok()) return exchange->fail(name.error());
  answer_blocking(context, exchange, 201,
                  [&context, name = *name] { return context.options.checkpoints.create(name); });
}

void list_checkpoints(Context& context, ExchangePtr exchange) {
  if (!context.options.checkpoints.list) return exchange->fail(not_here());
  answer_blocking(context, exchange, 200, [&context] { return context.options.checkpoints.list(); });
}

}  // namespace hence::api
