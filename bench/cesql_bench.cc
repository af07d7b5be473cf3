// SPDX-License-Identifier: Apache-2.0

// CESQL on a parsed event: three terms, all true, and the time to compile them. Prints JSON lines.

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <string>

#include "filter/cesql.h"
#include "json/parse.h"

namespace {

double cpu_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

/// The fastest of 20 rounds, in ns a call.
template <typename Call>
double fastest(int calls, const Call& call) {
  double best = 1e9;
  for (int round = 0; round < 20; ++round) {
    const double begin = cpu_seconds();
    for (int i = 0; i < calls; ++i) call();
    best = std::min(best, (cpu_seconds() - begin) / calls);
  }
  return best * 1e9;
}

}  // namespace

int main() {
  using hence::filter::Cesql;
  const auto event = hence::json::parse(
      R"({"specversion":"1.0","id":"7f3c","source":"/shop/eu","type":"com.acme.order.created","subject":"order-17",)"
      R"("time":"2026-11-21T09:15:05Z","datacontenttype":"application/json","priority":7,"data":{"total":40}})");
  const std::string expressions[] = {
      "type = 'com.acme.order.created' AND source LIKE '/shop/%' AND priority > 5",
      "type = 'com.acme.order.created' AND source = '/shop/eu' AND subject = 'order-17'",
      "EXISTS subject AND type IN ('a', 'com.acme.order.created') AND priority = 7",
  };
  for (const std::string& text : expressions) {
    const auto parsed = Cesql::parse(text);
    bool all = true;
    const double evaluate = fastest(100'000, [&] { all = parsed->passes(*event) && all; });
    const double compile = fastest(2'000, [&] { all = Cesql::parse(text).ok() && all; });
    printf("{\"cesql\":\"%s\",\"true\":%s,\"ns\":%.1f,\"compile_ns\":%.0f}\n", text.c_str(),
           all ? "true" : "false", evaluate, compile);
  }
  return 0;
}
