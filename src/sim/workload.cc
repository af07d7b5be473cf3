// SPDX-License-Identifier: Apache-2.0
#include "sim/workload.h"

#include <map>
#include <string>

namespace hence::sim {
namespace {

constexpr const char* kSinks = R"(
apiVersion: hence/v1
kind: Sink
metadata: {name: a}
spec: {http: {url: "https://a.example/hook", concurrency: 2}}
---
apiVersion: hence/v1
kind: Sink
metadata: {name: b}
spec: {http: {url: "https://b.example/hook", concurrency: 8}}
)";

constexpr const char* kRules = R"(
---
apiVersion: hence/v1
kind: Rule
metadata: {name: tell-a}
spec:
  on: {type: [order.a, order.b]}
  do: [{deliver: {sink: a}}]
  delivery: {retry: {delay: PT1S, limit: {attempt: {count: 2}}, backoff: {exponential: {}}}, ordering: key}
---
apiVersion: hence/v1
kind: Rule
metadata: {name: tell-b}
spec:
  on: {type: "order.*", when: "${ .data.n % 2 == 0 }"}
  do: [{deliver: {sink: b, body: "${ {n: .data.n} }"}}]
  delivery: {retry: {delay: PT0.5S, limit: {attempt: {count: 1}}, backoff: {constant: {}}}}
---
apiVersion: hence/v1
kind: Rule
metadata: {name: circle}
spec:
  on: {type: order.c}
  do:
    - emit: {type: order.c, subject: "${ .data.k }", data: "${ .data }"}
    - emit: {type: order.d, data: "${ {n: 1, k: .data.k} }"}
---
apiVersion: hence/v1
kind: Rule
metadata: {name: start-wait}
spec:
  on: {type: order.a}
  do:
    - start: {workflow: sim/wait, input: "${ .data }", key: "${ .data.k }"}
    - start: {workflow: sim/hear, input: "${ .data }", key: "${ .data.k }", id: "${ .data.k }"}
---
apiVersion: hence/v1
kind: Rule
metadata: {name: start-call}
spec:
  on: {type: [order.b, order.d]}
  do: [{start: {workflow: sim/call, input: "${ .data }"}}, {start: {workflow: sim/loop, input: "${ .data }"}}, {start: {workflow: sim/saga, input: "${ .data }"}}]
---
apiVersion: hence/v1
kind: Rule
metadata: {name: start-family}
spec:
  on: {type: [order.b, order.e]}
  do: [{start: {workflow: sim/family, input: "${ {k: .data.k, n: .data.n} }"}}]
)";

constexpr const char* kConflict[] = {"existing", "replace", "reject"};

constexpr const char* kWorkflows = R"(
---
document: {dsl: 1.0.3, namespace: sim, name: wait, version: 1.0.0}
do:
  - first: {set: {k: "${ .k }", n: "${ .n }"}}
  - pause: {wait: PT5S}
  - tell: {emit: {event: {with: {type: order.e, source: /sim/wait, subject: "${ .k }", data: "${ {n: .n} }"}}}}
  - again: {wait: PT2S}
---
document: {dsl: 1.0.3, namespace: sim, name: loop, version: 1.0.0}
do:
  - each:
      for: {each: item, in: "${ [range(7)] }"}
      do:
        - add: {set: {sum: "${ (.sum // 0) + $item }"}}
  - both:
      fork:
        branches:
          - left: {wait: PT1S}
          - right:
              do:
                - ask: {run: {shell: {command: "make"}}}
                - leave: {run: {shell: {command: "notify"}, await: false}}
---
document: {dsl: 1.0.3, namespace: sim, name: family, version: 1.0.0}
timeout: {after: PT40S}
do:
  - each:
      for: {each: i, in: "${ [range(3)] }"}
      do: [{sum: {run: {workflow: {namespace: sim, name: child, input: {n: "${ (.n // 0) + $i }"}}}}}]
  - leave: {run: {workflow: {namespace: sim, name: wait, input: {k: "${ .k }", n: "${ .n }"}}, await: false}}
  - first:
      fork:
        compete: true
        branches:
          - wait: {run: {workflow: {namespace: sim, name: wait, input: {k: "${ .k }", n: "${ .n }"}}}}
          - hear: {run: {workflow: {namespace: sim, name: hear, input: {k: "${ .k }"}}}}
          - pause: {wait: PT6S}
  - guarded:
      try: [{ask: {timeout: {after: PT9S}, run: {workflow: {namespace: sim, name: call, input: {n: "${ .n }"}}}}}]
      catch: {do: [{again: {run: {workflow: {namespace: sim, name: family, version: 9.9.9}}}}]}
---
document: {dsl: 1.0.3, namespace: sim, name: child, version: 1.0.0}
do: [{add: {set: {n: "${ .n + 1 }"}}}]
---
document: {dsl: 1.0.3, namespace: sim, name: unique, version: 1.0.0}
do:
  - pause: {wait: PT20S}
---
document: {dsl: 1.0.3, namespace: sim, name: race, version: 1.0.0}
timeout: {after: PT10S}
do:
  - guarded:
      timeout: {after: PT2S}
      call: http
      with: {method: get, endpoint: "https://api.example/race"}
---
document: {dsl: 1.0.3, namespace: sim, name: hear, version: 1.0.0, metadata: {correlation: {buffer: {for: PT10S, limit: 3}}}}
timeout: {after: PT30S}
do:
  - one:
      listen: {to: {one: {with: {type: "order.a"}, correlate: {k: {from: .data.k, expect: "${ .k }"}}}}}
      timeout: {after: PT12S}
  - both:
      listen:
        to:
          all:
            - {with: {type: "order.b"}, correlate: {k: {from: .data.k}}}
            - {with: {type: "order.e"}, correlate: {k: {from: .subject}}}
  - many:
      listen: {to: {any: [{with: {type: "order.*|order[.]u"}}], until: {one: {with: {type: "order.d"}}}}}
      foreach: {do: [{tell: {emit: {event: {with: {type: heard.one}}}}}, {pause: {wait: PT0.5S}}]}
---
document: {dsl: 1.0.3, namespace: sim, name: saga, version: 1.0.0}
timeout: {after: PT40S}
do:
  - book: {set: {n: "${ .n }"}, metadata: {compensate: [{unbook: {set: {unbooked: "${ $output.n }"}}}]}}
  - charge:
      call: http
      with: {method: post, endpoint: "https://api.example/charge", body: "${ {n: $input.n} }"}
      metadata:
        compensate:
          - refund:
              try: [{post: {call: http, with: {method: post, endpoint: "https://api.example/refund", body: "${ {n: $input.n} }"}}}]
              catch: {retry: {delay: PT1S, limit: {attempt: {count: 1}}}}
  - rooms:
      for: {each: room, in: "${ [1, 2, 3] }"}
      do:
        - guarded:
            try:
              - reserve:
                  call: http
                  with: {method: post, endpoint: "https://api.example/reserve", body: "${ {room: $room} }"}
                  metadata: {compensate: [{release: {call: http, with: {method: post, endpoint: "https://api.example/release", body: "${ {given: $output} }"}}}]}
            catch: {retry: {delay: PT0.5S, limit: {attempt: {count: 1}}}}
  - both:
      fork:
        branches:
          - slow: {wait: PT2S, metadata: {compensate: [{unwait: {wait: PT1S}}]}}
          - fast: {set: {fast: true}, metadata: {compensate: [{unset: {set: {x: 1}}}]}}
  - last: {call: http, with: {method: post, endpoint: "https://api.example/last"}}
---
document: {dsl: 1.0.3, namespace: sim, name: ask, version: 1.0.0}
timeout: {after: PT20S}
do:
  - first:
      call: approval:1.0.0@default
      with: {title: "${ \"for \\(.k)\" }", details: "${ . }", deadline: PT8S, otherwise: output}
  - second:
      timeout: {after: PT6S}
      call: approval:1.0.0@default
      with: {title: again, approvers: [sim]}
---
document: {dsl: 1.0.3, namespace: sim, name: call, version: 1.0.0}
do:
  - guarded:
      try:
        - ask:
            timeout: {after: PT8S}
            call: http
            with: {method: post, endpoint: "https://api.example/do", body: "${ {n: .n} }"}
      catch:
        retry: {delay: PT1S, backoff: {exponential: {}}, limit: {attempt: {count: 2}}}
        do:
          - recover: {set: {recovered: true}}
)";

/// What begins by itself, in variants: OVERLAP, EVERY and JITTER stand for words.
constexpr const char* kSchedules = R"(
---
document: {dsl: 1.0.3, namespace: sim, name: tick, version: 1.0.0}
do:
  - pause: {wait: PT9S}
---
apiVersion: hence/v1
kind: Schedule
metadata: {name: beat}
spec:
  every: EVERY
  jitter: JITTER
  catchUp: all
  catchUpMax: 3
  catchUpWindow: PT1M
  overlap: OVERLAP
  start: {workflow: sim/tick}
  emit: {type: sim.beat, data: "${ {due: .due} }"}
---
apiVersion: hence/v1
kind: Schedule
metadata: {name: third}
spec: {cron: "*/20 * * * * *", emit: {type: order.d, data: {n: 2, k: cron}}}
---
document:
  dsl: 1.0.3
  namespace: sim
  name: again
  version: 1.0.0
  metadata: {correlation: {buffer: {for: PT10S, limit: 3}}, schedule: {catchUp: none, overlap: OVERLAP}}
schedule:
  after: PT6S
  cron: "30 * * * * *"
  on:
    all:
      - {with: {type: order.a}, correlate: {k: {from: .data.k}}}
      - {with: {type: order.b}, correlate: {k: {from: .data.k}}}
do:
  - pause: {wait: PT2S}
)";
constexpr const char* kOverlaps[] = {"skip", "queueOne", "cancelOther", "queue"};

void replace_all(std::string& text, std::string_view word, std::string_view by) {
  for (size_t at = text.find(word); at != std::string::npos; at = text.find(word, at + by.size())) text.replace(at, word.size(), by);
}

std::string schedules(int variant) {
  std::string text = kSchedules;
  replace_all(text, "OVERLAP", kOverlaps[variant % 4]);
  replace_all(text, "EVERY", variant >= 2 ? "PT11S" : "PT7S");
  replace_all(text, "JITTER", variant % 2 == 1 ? "PT3S" : "PT0S");
  return text;
}

std::string documents(int variant) {
  std::string text = std::string(kSinks) + kRules;
  text += "\n---\napiVersion: hence/v1\nkind: Rule\nmetadata: {name: start-unique}\nspec:\n  on: {type: order.u}\n";
  text += "  do: [{start: {workflow: sim/unique, id: \"${ .data.k }\", onConflict: " + std::string(kConflict[variant % 3]) + "}}]\n";
  text += kWorkflows;
  if (variant != kQuietVariant) text += schedules(variant);
  if (variant % 2 == 1) {
    // A newer version that new instances take; the others stay on theirs.
    text += "---\ndocument: {dsl: 1.0.3, namespace: sim, name: wait, version: 1.1.0}\ndo:\n  - pause: {wait: PT3S}\n"
            "  - tell: {set: {newer: true}}\n";
  }
  if (variant >= 2) {
    text += "---\napiVersion: hence/v1\nkind: Rule\nmetadata: {name: extra}\nspec:\n  on: {type: order.e}\n"
            "  do: [{deliver: {sink: a, mode: binary}}]\n"
            "---\napiVersion: hence/v1\nkind: Rule\nmetadata: {name: watch}\nspec:\n  on: {type: [io.serverlessworkflow.workflow.completed.v1, io.serverlessworkflow.workflow.cancelled.v1, io.serverlessworkflow.task.retried.v1]}\n"
            "  do: [{deliver: {sink: a}}, {start: {workflow: sim/child, input: {n: 1}}}]\n"
            "  delivery: {ordering: key}\n";
  }
  return text;
}

}  // namespace

const resource::Parsed& resources(int variant) {
  static std::map<int, resource::Parsed> read;
  const auto found = read.find(variant);
  if (found != read.end()) return found->second;
  return read.emplace(variant, resource::parse_resources(documents(variant))).first->second;
}

}  // namespace hence::sim
