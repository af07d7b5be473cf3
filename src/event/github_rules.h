// SPDX-License-Identifier: Apache-2.0
#pragma once

// What each of GitHub's webhook events becomes, as the CloudEvents adapter for GitHub says
// (cloudevents/adapters/github.md). A path is member names of the body with dots between.

#include <string_view>

namespace hence::event {

struct GithubRule {
  std::string_view event;          ///< X-GitHub-Event, and in the type after "com.github."
  std::string_view type_suffixes;  ///< paths whose values follow in the type, if they are there
  std::string_view source;         ///< text with {path}; {path^} leaves out its last segment
  std::string_view subject;        ///< path, or empty: no subject
  std::string_view times;          ///< paths with {path}, the first that is a time; else now
};

inline constexpr GithubRule kGithubRules[] = {
    {"branch_protection_configuration", "action", "{repository.url}", "", ""},
    {"branch_protection_rule", "action", "{repository.url}", "rule.id", "rule.updated_at"},
    {"check_run", "action", "{repository.url}",
     "check_run.id", "check_run.completed_at check_run.started_at"},
    {"check_suite", "action", "{repository.url}", "check_suite.id", "check_suite.updated_at"},
    {"code_scanning_alert", "action", "{repository.url}", "alert.number", ""},
    {"commit_comment", "action", "{comment.url}/{comment.commit_id}",
     "comment.id", "comment.updated_at"},
    {"content_reference", "action", "{repository.url}", "content_reference.id", ""},
    {"create", "ref_type", "{repository.url}", "ref", ""},
    {"custom_property", "action", "{repository.url}", "definition.property_name", ""},
    {"custom_property_values", "action", "{repository.url}", "", ""},
    {"delete", "ref_type", "{repository.url}", "ref", ""},
    {"dependabot_alert", "action", "{repository.url}", "alert.id", ""},
    {"deploy_key", "action", "{repository.url}", "key.id", "key.deleted_at key.created_at"},
    {"deployment", "", "{repository.url}", "deployment.id", "deployment.updated_at"},
    {"deployment_protection_rule", "action", "{deployment.url}", "deployment.id", ""},
    {"deployment_review", "action", "{deployment.url}", "workflow_run.id", ""},
    {"deployment_status", "deployment_status.state", "{deployment.url}",
     "deployment_status.url", "deployment_status.updated_at"},
    {"discussion", "action", "{repository.url}", "discussion.id", ""},
    {"discussion_comment", "action", "{repository.url}", "discussion.id", "comment.updated_at"},
    {"fork", "", "{repository.url}", "forkee.url", "forkee.created_at"},
    {"github_app_authorization", "", "{sender.url}", "", ""},
    {"gollum", "", "{repository.url}", "", ""},
    {"installation", "action", "{installation.account.url}",
     "installation.id", "installation.updated_at"},
    {"installation_repositories", "action", "{installation.account.url}",
     "installation.id", "installation.updated_at"},
    {"installation_target", "action", "{installation.account.url}", "installation.id", ""},
    {"issue_comment", "action", "{issue.url}", "comment.id", "comment.updated_at"},
    {"issues", "action", "{repository.url}", "issue.number", "issue.updated_at"},
    {"label", "action", "{repository.url}", "label.name", ""},
    {"marketplace_purchase", "action", "{sender.url^}",
     "marketplace_purchase.account.login", "effective_date"},
    {"member", "action", "{repository.url}", "member.login", ""},
    {"membership", "scope action", "{team.url}", "member.login", ""},
    {"merge_group", "action", "{repository.url}", "merge_group.head_ref", ""},
    {"meta", "action", "{repository.url}", "hook_id", "hook.updated_at"},
    {"milestone", "action", "{repository.url}", "milestone.number", "milestone.updated_at"},
    {"org_block", "action", "{organization.url}", "blocked_user.login", ""},
    {"organization", "action", "{organization.url}", "membership.user.login", ""},
    {"package", "action", "{repository.url}",
     "package.id", "package.updated_at package.created_at"},
    {"page_build", "", "{repository.url}", "build.url", "pusher.updated_at"},
    {"project", "action", "{repository.url}", "project.id", "project.updated_at"},
    {"project_card", "action", "{repository.url}", "project_card.id", "project_card.updated_at"},
    {"project_column", "action", "{repository.url}",
     "project_column.id", "project_column.updated_at"},
    {"projects_v2", "action", "{repository.url}", "projects_v2.id", "projects_v2.updated_at"},
    {"projects_v2_item", "action", "{repository.url}",
     "projects_v2_item.id", "projects_v2_item.updated_at"},
    {"projects_v2_status_update", "action", "{repository.url}",
     "projects_v2_status_update.id", "projects_v2_status_update.updated_at"},
    {"public", "", "{repository.owner.url}", "repository.name", "repository.updated_at"},
    {"pull_request", "action", "{repository.url}", "number", "pull_request.updated_at"},
    {"pull_request_review", "action", "{pull_request.url}", "review.id", "review.submitted_at"},
    {"pull_request_review_comment", "action", "{pull_request.url}",
     "comment.id", "pull_request.updated_at"},
    {"pull_request_review_thread", "action", "{pull_request.url}", "pull_request.id", ""},
    {"push", "", "{repository.url}", "ref", ""},
    {"registry_package", "action", "{repository.url}",
     "registry_package.html_url", "registry_package.updated_at"},
    {"release", "action", "{repository.url}",
     "release.id", "release.{action}_at release.updated_at"},
    {"repository", "action", "{repository.owner.url}", "repository.name", "repository.updated_at"},
    {"repository_advisory", "action", "{repository.url}",
     "repository_advisory.ghsa_id", "repository_advisory.updated_at"},
    {"repository_dispatch", "action", "{repository.owner.url}", "", ""},
    {"repository_import", "", "{repository.owner.url}", "repository.name", "repository.updated_at"},
    {"repository_ruleset", "action", "{repository.owner.url}",
     "repository.name", "repository.updated_at"},
    {"repository_vulnerability_alert", "action", "{repository.url}", "alert.id", ""},
    {"secret_scanning_alert", "action", "{repository.url}",
     "alert.number", "alert.updated_at alert.created_at"},
    {"secret_scanning_alert_location", "action", "{repository.url}",
     "alert.number", "alert.updated_at alert.created_at"},
    {"security_advisory", "action", "github.com",
     "security_advisory.ghsa_id", "security_advisory.updated_at"},
    {"security_and_analysis", "", "{repository.url}", "", ""},
    {"sponsorship", "action", "{repository.url}", "sponsorship.sponsor.login", ""},
    {"star", "action", "{repository.url}", "", "starred_at"},
    {"status", "", "{repository.url}", "sha", "updated_at"},
    {"team", "action", "{repository.url}", "team.id", "updated_at"},
    {"team_add", "action", "{repository.url}", "team.id", ""},
    {"watch", "action", "{repository.url}", "", ""},
    {"workflow_dispatch", "", "{repository.url}", "workflow", ""},
    {"workflow_job", "action", "{repository.url}", "workflow_job.name", ""},
    {"workflow_run", "action", "{repository.url}", "workflow.name", ""},
};

/// For events the page does not list.
inline constexpr GithubRule kGithubUnlisted = {"", "action", "{repository.url}", "", ""};

}  // namespace hence::event
