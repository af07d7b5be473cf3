// SPDX-License-Identifier: Apache-2.0
#pragma once

// The events a benchmark sends: orders of about 600 bytes as a CloudEvent in the structured form.

#include <string>

namespace hence::cli::bench {

/// One event; "############" stands for its number, in its id and its subject. Every tenth was
/// refused for one of ten reasons (by `index`), the others were placed.
std::string order_event(size_t index);
/// The rules that go with them: ten, each for one reason, each emitting an event.
std::string ten_rules();

}  // namespace hence::cli::bench
