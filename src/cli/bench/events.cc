// SPDX-License-Identifier: Apache-2.0
#include "cli/bench/events.h"

#include "cli/bench/load.h"

namespace hence::cli::bench {

std::string order_event(size_t index) {
  const std::string number(kNumberDigits, '#');
  const bool refused = index % 10 == 9;
  const std::string reason = refused ? "reason-" + std::to_string(index / 10 % 10) : "none";
  return R"({"specversion":"1.0","id":"order-)" + number + R"(","source":"/bench/orders","type":"com.acme.order.)" +
         (refused ? "refused" : "placed") + R"(","subject":"order-)" + number +
         R"(","time":"2026-11-28T10:15:00Z","datacontenttype":"application/json","data":{"reason":")" + reason +
         R"(","customer":{"id":"c-48151","name":"Ada Lovelace","tier":"gold","country":"DE"},"total":129.9,"currency":"EUR",)"
         R"("lines":[{"sku":"SKU-2342","title":"Desk lamp, brass","quantity":2,"price":39.95},)"
         R"({"sku":"SKU-1618","title":"Bookend","quantity":1,"price":50.0}],"address":{"street":"Marienplatz 1",)"
         R"("city":"Munich","zip":"80331"},"note":"leave at the door if nobody is in","express":false}})";
}

std::string ten_rules() {
  std::string text;
  for (int i = 0; i < 10; ++i) {
    const std::string n = std::to_string(i);
    text += "---\napiVersion: hence/v1\nkind: Rule\nmetadata: {name: refused-" + n +
            "}\nspec:\n  on: {type: com.acme.order.refused, pattern: {data: {reason: [reason-" + n + "]}}}\n" +
            "  do: [{emit: {type: com.acme.customer.lost, subject: \"${ .subject }\", data: \"${ {customer: .data.customer.id, total: .data.total} }\"}}]\n";
  }
  return text;
}

}  // namespace hence::cli::bench
