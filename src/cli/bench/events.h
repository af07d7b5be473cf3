// SPDX-License-Identifier: Apache-2.0
#pragma once

// The events a benchmark sends: orders of about 600 bytes as a CloudEvent in the structured form.

#include <string>

namespace hence::cli::bench {

/// One event; "############" stands for its number, in its id and its subject. Every tenth was
/// refused for one of ten reasons (by `index`), the others were placed.
std::string order_event(size_t index);
/// A workflow's input: 100 bytes.
inline constexpr const char* kSmallInput =
    R"({"service":"payments","commit":"9f31c2ab77d0","environment":"production","risk":7,"by":"ada","n":42})";
/// A workflow of three tasks that need nothing from outside, "bench/three-steps".
inline constexpr const char* kThreeSteps = R"(---
document: {dsl: 1.0.3, namespace: bench, name: three-steps, version: 1.0.0}
do:
  - first: {set: {service: "${ .service }", risk: "${ .risk }", commit: "${ .commit }"}}
  - second: {set: {service: "${ .service }", risk: "${ .risk + 1 }"}}
  - third: {set: {text: "${ .service + \" at risk\" }", risk: "${ .risk }"}}
)";

/// The rules that go with them: ten, each for one reason, each emitting an event.
std::string ten_rules();

}  // namespace hence::cli::bench
