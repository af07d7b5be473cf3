// SPDX-License-Identifier: Apache-2.0
#pragma once

// Every command's function, for the table in command.cc. Each is in the file of its noun.

#include "cli/command.h"

namespace hence::cli {

int validate_command(const Call& call);
int apply_command(const Call& call);
int get_command(const Call& call);
int delete_command(const Call& call);
int event_send(const Call& call);
int event_list(const Call& call);
int event_get(const Call& call);
int event_tail(const Call& call);
int explain_command(const Call& call);
int rule_test(const Call& call);
int rule_lint(const Call& call);
int filter_test(const Call& call);
int bench_match(const Call& call);
int bench_expr(const Call& call);
int bench_schema(const Call& call);
int bench_log(const Call& call);
int bench_ingest(const Call& call);
int bench_single(const Call& call);
int bench_workflow(const Call& call);
int bench_call(const Call& call);
int bench_latency(const Call& call);
int bench_idle(const Call& call);
int bench_restart(const Call& call);
int bench_soak(const Call& call);
int bench_disk(const Call& call);
int bench_waiting(const Call& call);
int bench_crowd(const Call& call);
int bench_loop(const Call& call);
int bench_fork(const Call& call);
int bench_timers(const Call& call);
int schedule_list(const Call& call);
int schedule_get(const Call& call);
int event_type_list(const Call& call);
int event_type_get(const Call& call);
int event_type_infer(const Call& call);
int expr_eval(const Call& call);
int schema_validate(const Call& call);
int schema_check(const Call& call);
int sink_listen(const Call& call);
int workflow_list(const Call& call);
int workflow_get(const Call& call);
int workflow_retire(const Call& call);
int workflow_run(const Call& call);
int instance_list(const Call& call);
int instance_get(const Call& call);
int instance_trace(const Call& call);
int instance_why(const Call& call);
int instance_cancel(const Call& call);
int instance_redrive_compensation(const Call& call);
int instance_skip_compensation(const Call& call);
int approval_list(const Call& call);
int approval_get(const Call& call);
int approval_grant(const Call& call);
int approval_deny(const Call& call);
int instance_suspend(const Call& call);
int instance_resume(const Call& call);
int instance_retry(const Call& call);
int instance_skip(const Call& call);
int instance_set_context(const Call& call);
int instance_send_event(const Call& call);
int delivery_list(const Call& call);
int delivery_get(const Call& call);
int delivery_redrive(const Call& call);
int log_verify(const Call& call);
int checkpoint_create(const Call& call);
int checkpoint_list(const Call& call);
int checkpoint_restore(const Call& call);
int test_command(const Call& call);
int serve_entry(const Call& call);
int dev_entry(const Call& call);
int context_list(const Call& call);
int context_use(const Call& call);
int completion_command(const Call& call);
int version_command(const Call& call);

}  // namespace hence::cli
