// SPDX-License-Identifier: Apache-2.0
// The payload of a record: damage is an error; what is read is written as it was read.
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "engine/fact.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace hence;
  const auto facts = engine::parse_facts({reinterpret_cast<const char*>(data), size});
  if (!facts.ok()) return 0;
  std::string written;
  for (const engine::Fact& fact : *facts) engine::append_fact(written, fact);
  const auto again = engine::parse_facts(written);
  HENCE_CHECK(again.ok() && again->size() == facts->size());
  std::string twice;
  for (const engine::Fact& fact : *again) engine::append_fact(twice, fact);
  HENCE_CHECK(twice == written);
  return 0;
}
