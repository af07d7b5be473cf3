// SPDX-License-Identifier: Apache-2.0
// Approvals as rows of their own, so that they are listed, and told when they were decided long ago.

#include <array>

#include "engine/state.h"

namespace hence::engine {

std::string_view approval_status_name(ApprovalStatus status) {
  static constexpr std::array<std::string_view, 5> kNames = {"pending", "granted", "denied", "expired", "withdrawn"};
  return kNames.at(static_cast<size_t>(status));
}

void State::save_approval(const EffectId& id, ApprovalRow& row) {
  values_.save(id.record.partition, keys::approval(id), row);
  ApprovalRow line = row;
  line.details = {};
  overlay_.put_index(keys::approval_index(row.name_space, row.requested, id), encode(line));
}

void State::ask(const RecordContext& record, Address instance, InstanceRow& row, const workflow::ApprovalRequested& fact) {
  ++row.approvals;
  ApprovalRow made;
  made.name_space = row.name_space;
  made.workflow = row.workflow;
  made.task = fact.name;
  made.title = fact.title;
  made.details = fact.details;
  made.approvers = fact.approvers;
  made.requested = record.time;
  made.due = fact.due;
  save_approval({instance, fact.approval}, made);
}

void State::decide(const RecordContext& record, const EffectId& id, const std::function<void(ApprovalRow&)>& change) {
  std::optional<ApprovalRow> row = approval(id);
  HENCE_CHECK(row.has_value());
  row->decided = record.time;
  change(*row);
  save_approval(id, *row);
}

void State::forget_approvals(Address instance) {
  std::vector<uint32_t> numbers;
  overlay_.scan(keys::approvals_of(instance), {}, [&](std::string_view key, std::string_view) {
    if (const auto id = keys::parse_effect(key)) numbers.push_back(id->index);
    return true;
  });
  for (const uint32_t number : numbers) {
    const EffectId id{instance, number};
    std::optional<ApprovalRow> row = approval(id);
    if (!row) continue;
    overlay_.erase_index(keys::approval_index(row->name_space, row->requested, id));
    values_.erase(instance.partition, keys::approval(id), *row);
  }
}

}  // namespace hence::engine
