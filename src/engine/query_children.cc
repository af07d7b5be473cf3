// SPDX-License-Identifier: Apache-2.0
#include "engine/query_children.h"

#include "engine/query.h"
#include "engine/state.h"

namespace hence::engine {

Result<Children> load_children(const store::Snapshot& snapshot, Address parent) {
  std::map<uint32_t, Address> found;
  HENCE_TRY_VOID(snapshot.scan(store::Family::index, {keys::consequences_of(parent), {}},
                               [&](std::string_view key, std::string_view) {
    const keys::Consequence child = keys::parse_consequence(key);
    if (child.kind == 'c') found[child.id.index] = child.id.record;
    return found.size() < kListScanMax;
  }));
  Children children;
  for (const auto& [call, address] : found) {
    HENCE_TRY(const auto bytes, snapshot.get(store::Family::state, keys::instance(address)));
    if (!bytes) continue;
    children.more = children.by_call.size() >= kChildrenMax;
    if (children.more) break;
    HENCE_TRY(const InstanceRow row, decode<InstanceRow>(*bytes, "an instance"));
    children.by_call.emplace(call, std::make_pair(address, summarize(row)));
  }
  return children;
}

}  // namespace hence::engine
