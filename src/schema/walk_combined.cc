// SPDX-License-Identifier: Apache-2.0
// Schemas that apply to the same value.
#include <algorithm>

#include "schema/describe.h"
#include "schema/walk.h"

namespace hence::schema {

namespace {

constexpr size_t kBranchFaultsMax = 8;

uint32_t shallowest(const Report& report) {
  uint32_t level = UINT32_MAX;
  for (const RawFault& fault : report.faults) level = std::min(level, fault.level);
  return level;
}

/// The branch that came furthest: whose first fault lies deepest, and of those the one with fewest.
size_t closest(const std::vector<Report>& branches) {
  size_t best = 0;
  for (size_t i = 1; i < branches.size(); ++i) {
    const uint32_t level = shallowest(branches[i]), best_level = shallowest(branches[best]);
    if (level > best_level || (level == best_level && branches[i].faults.size() < branches[best].faults.size())) {
      best = i;
    }
  }
  return best;
}

}  // namespace

bool Walk::check_combined(const Block& block, uint32_t node, Marks* marks) {
  const Combination& combined = *block.combined;
  bool ok = true;
  const auto failed = [&](bool good) {
    ok = ok && good;
    return !good && !reporting();
  };
  if (combined.reference != nullptr && failed(check(*combined.reference, node, marks))) return false;
  if (combined.dynamic && failed(check_dynamic(block, node, marks))) return false;
  for (const Block* part : combined.all_of) {
    if (failed(check(*part, node, marks))) return false;
  }
  if (failed(check_branches(block, node, marks))) return false;
  if (combined.condition != nullptr && failed(check_condition(block, node, marks))) return false;
  for (const DependentBlock& dependent : combined.dependent) {
    if (view(node).find(dependent.name) && failed(check(*dependent.block, node, marks))) return false;
  }
  return ok;
}

bool Walk::check_branches(const Block& block, uint32_t node, Marks* marks) {
  const Combination& combined = *block.combined;
  bool ok = true;
  if (!combined.any_of.empty()) ok = check_choice(block, node, marks, false);
  if (!ok && !reporting()) return false;
  if (!combined.one_of.empty()) ok = check_choice(block, node, marks, true) && ok;
  if (!ok && !reporting()) return false;
  if (combined.negated != nullptr && fits(*combined.negated, node, nullptr)) {
    ok = false;
    if (reporting()) note(block, "not", node, "something that does not fit the schema under \"not\"");
  }
  return ok;
}

bool Walk::check_choice(const Block& block, uint32_t node, Marks* marks, bool exactly_one) {
  const auto& branches = exactly_one ? block.combined->one_of : block.combined->any_of;
  const std::string_view keyword = exactly_one ? "oneOf" : "anyOf";
  const bool tracked = marks != nullptr && json::is_container(nodes_[node]);
  Report* outer = report_;
  std::vector<Report> reports;
  uint32_t fitting = 0;
  for (const Block* branch : branches) {
    if (outer != nullptr) report_ = &reports.emplace_back(Report{kBranchFaultsMax, {}});
    bool ok = false;
    if (tracked) {
      Marks own(json::count_of(nodes_[node]));
      ok = check(*branch, node, &own);
      if (ok) marks->merge(own);
    } else {
      ok = check(*branch, node, nullptr);
    }
    // The vector may have moved its reports; nothing points to them between branches.
    report_ = outer;
    if (!ok) continue;
    ++fitting;
    if (exactly_one ? fitting > 1 : !tracked) break;
  }
  if (exactly_one ? fitting == 1 : fitting > 0) return true;
  if (outer == nullptr || !stopped_.empty()) return false;
  if (fitting > 1) {
    note(block, keyword, node, "something that fits exactly one of " + counted(branches.size(), "schema"),
         "it fits more than one");
    return false;
  }
  Report& best = reports[closest(reports)];
  // Where all branches fail at once, none of them is what was meant.
  const bool telling = shallowest(best) > level_ || branches.size() == 1 ||
                       (view(node).is_object() && best.faults.size() == 1);
  if (telling) {
    for (RawFault& fault : best.faults) {
      if (outer->faults.size() < outer->limit) outer->faults.push_back(std::move(fault));
    }
  }
  note(block, keyword, node,
       std::string("something that fits ") + (exactly_one ? "exactly one of " : "one of ") + counted(branches.size(), "schema"),
       "it fits none");
  return false;
}

bool Walk::check_condition(const Block& block, uint32_t node, Marks* marks) {
  const Combination& combined = *block.combined;
  bool holds = false;
  if (marks != nullptr && json::is_container(nodes_[node])) {
    Marks own(json::count_of(nodes_[node]));
    holds = fits(*combined.condition, node, &own);
    if (holds) marks->merge(own);
  } else {
    if (combined.then_block == nullptr && combined.else_block == nullptr) return true;
    holds = fits(*combined.condition, node, nullptr);
  }
  const Block* next = holds ? combined.then_block : combined.else_block;
  return next == nullptr || check(*next, node, marks);
}

/// The target is that of the outermost resource entered that has one.
bool Walk::check_dynamic(const Block& block, uint32_t node, Marks* marks) {
  const DynamicReference& reference = *block.combined->dynamic;
  if (!reference.targets.empty()) {
    for (const uint32_t resource : scope_) {
      for (const DynamicTarget& target : reference.targets) {
        if (target.resource == resource) return check(*target.block, node, marks);
      }
    }
  }
  return check(*reference.initial, node, marks);
}

}  // namespace hence::schema
