// SPDX-License-Identifier: Apache-2.0
#pragma once

// How two tests of one value stand to each other, for lint. Each answer is "surely", false is "maybe
// not".

#include "filter/pattern.h"

namespace hence::filter {

/// No value passes both.
bool tests_exclude(const TestSpec& a, const TestSpec& b);
/// Every value that passes a passes b.
bool test_implies(const TestSpec& a, const TestSpec& b);

}  // namespace hence::filter
