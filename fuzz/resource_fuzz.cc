// SPDX-License-Identifier: Apache-2.0
// Documents as users apply them: faults with places, or resources that read back as themselves.
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "resource/resource.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace hence;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const resource::Parsed parsed = resource::parse_resources(text);
  for (const workflow::Fault& fault : parsed.faults) HENCE_CHECK(!fault.message.empty());
  if (!parsed.faults.empty() || !parsed.unsupported.empty()) return 0;
  for (const resource::Resource& read : parsed.resources) {
    const auto again = resource::parse_resource(read.document, read.resource_namespace);
    HENCE_CHECK(again.ok() && again->digest == read.digest && again->name == read.name);
  }
  return 0;
}
