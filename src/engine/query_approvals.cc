// SPDX-License-Identifier: Apache-2.0
// What waits, or waited, for a person's decision.

#include "engine/query.h"
#include "engine/query_json.h"
#include "engine/query_list.h"
#include "engine/state.h"

namespace hence::engine {
namespace {

void add_approval(json::Builder& builder, const EffectId& id, const ApprovalRow& row) {
  builder.begin_object().member("id", id.to_string()).member("instance", id.record.to_string());
  builder.member("workflow", row.workflow).member("task", row.task).member("status", approval_status_name(row.status));
  builder.member("title", row.title);
  builder.key("approvers").begin_array();
  for (const std::string& name : row.approvers) builder.string(name);
  builder.end_array();
  add_time(builder, "requested", row.requested);
  add_time(builder, "deadline", row.due);
  add_time(builder, "decided", row.decided);
  add_text(builder, "by", row.by);
  if (row.claimed && !row.by.empty()) builder.key("claimed").boolean(true);
  add_text(builder, "reason", row.reason);
}

}  // namespace

Result<json::Value> Query::approvals(std::string_view name_space, const ListOptions& options) {
  return list_index<ApprovalRow>(sources_.snapshot, 'A', name_space, options,
      [&](json::Builder& builder, std::string_view key, const ApprovalRow& row) {
    if (!options.workflow.empty() && row.workflow != options.workflow) return false;
    if (!options.status.empty() && approval_status_name(row.status) != options.status) return false;
    if (options.since && row.requested < *options.since) return false;
    if (options.until && row.requested >= *options.until) return false;
    add_approval(builder, keys::parse_delivery_index(key), row);
    builder.end_object();
    return true;
  });
}

Result<json::Value> Query::approval(std::string_view name_space, const EffectId& id) {
  HENCE_TRY(auto row, load_row<ApprovalRow>(sources_.snapshot, id.record.partition, keys::approval(id), "an approval"));
  if (!row || row->name_space != name_space) {
    return Error(ErrorCode::NotFound, "there is no approval " + id.to_string() + " in namespace " + std::string(name_space) +
                                          "; hence approval list --all shows those there are");
  }
  json::Builder builder;
  add_approval(builder, id, *row);
  builder.member("details", row->details);
  builder.end_object();
  return std::move(builder).finish();
}

}  // namespace hence::engine
