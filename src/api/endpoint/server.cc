// SPDX-License-Identifier: Apache-2.0
// What is asked of the server itself: is it alive, does it take work, what has it counted.

#include "api/endpoint/exchange.h"
#include "api/endpoint/handlers.h"

namespace hence::api {

void get_livez(Context&, ExchangePtr exchange) {
  exchange->answer_text(200, "{\"status\":\"alive\"}");
}

void get_readyz(Context& context, ExchangePtr exchange) {
  if (context.backend.counters().disk_low) {
    return exchange->fail(Error(ErrorCode::DiskFull,
                                "free disk space is below disk.reserve: new work is refused"));
  }
  exchange->answer_text(200, "{\"status\":\"ready\"}");
}

void get_metrics(Context& context, ExchangePtr exchange) {
  std::string text = context.metrics.text(context.backend.counters(), context.options.version);
  if (context.options.extra_metrics) text += context.options.extra_metrics();
  text += "# EOF\n";
  exchange->answer(HttpResponse::with_body(
      200, "application/openmetrics-text; version=1.0.0; charset=utf-8", std::move(text)));
}

void get_openapi(Context& context, ExchangePtr exchange) {
  exchange->answer(HttpResponse::with_body(200, "application/json", context.openapi));
}

}  // namespace hence::api
