// SPDX-License-Identifier: Apache-2.0

// Whatever the parser accepts must print, parse again and be equal; nothing may crash.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "json/parse.h"
#include "json/write.h"
#include "json/yaml.h"

using namespace hence::json;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const DuplicateKeys keys : {DuplicateKeys::refuse, DuplicateKeys::last_wins}) {
    const auto parsed = parse(text, {.depth_max = kDepthMax, .duplicate_keys = keys});
    if (!parsed.ok()) continue;
    const std::string printed = (*parsed)->to_text();
    const auto again = parse(printed);
    HENCE_CHECK(again.ok() && equal(*again, *parsed) && compare(*again, *parsed) == 0);
    HENCE_CHECK((*again)->to_text() == printed);
    HENCE_CHECK(equal(Value::detached(*parsed), *parsed));
  }
  std::string_view stream = text;
  while (true) {
    const auto next = parse_next(stream);
    if (!next.ok() || !*next) break;
  }
  const auto yaml = parse_yaml(text);
  if (!yaml.ok()) return 0;
  for (const YamlDocument& document : *yaml) {
    std::string printed;
    write_yaml(document.value, printed);
    const auto again = parse_yaml(printed);
    HENCE_CHECK(again.ok() && again->size() == 1 && equal(again->at(0).value, document.value));
  }
  return 0;
}
