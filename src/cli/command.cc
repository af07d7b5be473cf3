// SPDX-License-Identifier: Apache-2.0
#include "cli/command.h"

#include <algorithm>
#include <array>

#include "cli/commands.h"
#include "workflow/faults.h"

namespace hence::cli {
namespace {

constexpr std::array kCommands{
    Command{"dev", "", "[FILE…]", "server on a throw-away folder; applies the files as they change",
            dev_entry},
    Command{"serve", "", "--data-dir DIR", "the durable server", serve_entry},
    Command{"validate", "", "PATH…", "checks resources without a server", validate_command},
    Command{"apply", "", "-f PATH…", "makes the server's resources equal to the files",
            apply_command},
    Command{"get", "", "KIND [NAME]", "resources as the server has them", get_command},
    Command{"delete", "", "KIND NAME", "deletes a resource", delete_command},
    Command{"event", "send", "-f FILE | --type T --source S", "sends CloudEvents", event_send},
    Command{"event", "list", "", "what came in, the oldest first", event_list},
    Command{"event", "get", "EVENT", "one event", event_get},
    Command{"event", "tail", "", "events as they come, until you stop it", event_tail},
    Command{"explain", "", "EVENT [--rule R]",
            "why each rule matched an event or did not, and what followed", explain_command},
    Command{"event-type", "list", "[--asyncapi]", "the catalogue of event types", event_type_list},
    Command{"event-type", "get", "NAME", "one event type, and what it refused", event_type_get},
    Command{"event-type", "infer", "--from-log|--from FILE", "proposes event types from events seen",
            event_type_infer},
    Command{"schedule", "list", "", "what begins by itself: when next, what came last", schedule_list},
    Command{"schedule", "get", "NAME", "one schedule, or NS/NAME of a workflow with one", schedule_get},
    Command{"rule", "test", "-r FILE… -e FILE…",
            "would the rules match the events? without a server", rule_test},
    Command{"rule", "lint", "PATH…", "rules that never match, match everything, repeat others or are slow", rule_lint},
    Command{"filter", "test", "--pattern|--cesql|--filters|--when F -e FILE", "a bare filter against any JSON objects", filter_test},
    Command{"bench", "expr", "--programs F --inputs F", "nanoseconds of jq programs over values", bench_expr},
    Command{"bench", "schema", "-s SCHEMA --inputs F", "nanoseconds of a JSON Schema over values", bench_schema},
    Command{"bench", "match", "--rules F --events F", "events a second, from JSON text to rule ids", bench_match},
    Command{"bench", "log", "[--writers N]", "the event log alone: records a second, durable", bench_log},
    Command{"bench", "ingest", "", "events a second in batches of 100, against ten rules", bench_ingest},
    Command{"bench", "single", "", "events a second, one a request", bench_single},
    Command{"bench", "workflow", "[--kind K]", "instances a second of three tasks, each started by an event", bench_workflow},
    Command{"bench", "call", "", "events a second that each lead to an HTTP call", bench_call},
    Command{"bench", "latency", "[--rate N]", "time from an event to the HTTP call it leads to", bench_latency},
    Command{"bench", "idle", "", "memory, time to start and size of a server that does nothing", bench_idle},
    Command{"bench", "restart", "[--log-mib N]", "time to start again after kill -9 under load", bench_restart},
    Command{"bench", "soak", "[--rate N]", "memory, latency and disk over a long time at an even rate", bench_soak},
    Command{"bench", "disk", "[--instances N]", "bytes a finished instance takes", bench_disk},
    Command{"bench", "waiting", "[--instances N]", "memory, disk and time to wake of instances that wait for events", bench_waiting},
    Command{"bench", "crowd", "[--instances N]", "time in which one event wakes many", bench_crowd},
    Command{"bench", "loop", "[--iterations N]", "iterations a second of one instance", bench_loop},
    Command{"bench", "fork", "[--branches N]", "calls a second of a wide fork", bench_fork},
    Command{"bench", "timers", "[--instances N]", "how late timers are, with many of them set", bench_timers},
    Command{"expr", "eval", "PROGRAM", "runs a jq program over the JSON values of standard input",
            expr_eval},
    Command{"schema", "validate", "-s SCHEMA [-d DOC]", "does a document fit a JSON Schema? without a server", schema_validate},
    Command{"schema", "check", "OLD NEW", "which change of a JSON Schema breaks its users", schema_check},
    Command{"sink", "listen", "--port P", "catches HTTP calls and shows them", sink_listen},
    Command{"workflow", "list", "", "definitions, and how many instances run on each", workflow_list},
    Command{"workflow", "get", "NS/NAME", "one definition", workflow_get},
    Command{"workflow", "run", "NS/NAME", "starts a workflow", workflow_run},
    Command{"workflow", "retire", "NS/NAME --version V", "deletes a version on which nothing runs", workflow_retire},
    Command{"instance", "list", "", "runs of workflows", instance_list},
    Command{"instance", "get", "ID", "one run with its output", instance_get},
    Command{"instance", "trace", "ID", "every task of a run: time, attempts, in and out",
            instance_trace},
    Command{"instance", "why", "ID", "what a run waits for, with an event that it would take", instance_why},
    Command{"instance", "cancel", "ID", "ends a run, or all that --workflow, --status … find", instance_cancel},
    Command{"instance", "suspend", "ID", "no further task of it begins, or of all that are found", instance_suspend},
    Command{"instance", "resume", "ID", "lets what is suspended go on", instance_resume},
    Command{"instance", "retry", "ID", "goes on from the task that failed", instance_retry},
    Command{"instance", "skip", "ID --task NAME", "ends a task that waits or has failed", instance_skip},
    Command{"instance", "set-context", "ID --value JSON", "replaces its $context, or that of all found", instance_set_context},
    Command{"instance", "send-event", "ID --type T --source S", "gives an event to this run alone, or to each found", instance_send_event},
    Command{"instance", "redrive-compensation", "ID", "undoes again what could not be undone", instance_redrive_compensation},
    Command{"instance", "skip-compensation", "ID", "leaves undone what could not be undone", instance_skip_compensation},
    Command{"approval", "list", "", "what waits for a person's decision", approval_list},
    Command{"approval", "get", "ID", "one of them with its details", approval_get},
    Command{"approval", "grant", "ID", "lets it go on", approval_grant},
    Command{"approval", "deny", "ID", "does not let it go on", approval_deny},
    Command{"delivery", "list", "", "calls out to sinks", delivery_list},
    Command{"delivery", "get", "ID", "one of them with each attempt", delivery_get},
    Command{"delivery", "redrive", "ID", "tries a parked one again, or all that --sink … find", delivery_redrive},
    Command{"log", "verify", "--data-dir DIR", "checks every byte of a data folder's log, and its state",
            log_verify},
    Command{"checkpoint", "create", "[NAME]", "writes a copy of the data folder while the server runs",
            checkpoint_create},
    Command{"checkpoint", "list", "", "checkpoints of the server", checkpoint_list},
    Command{"checkpoint", "restore", "FOLDER --data-dir DIR", "checks a checkpoint and makes a data folder of it",
            checkpoint_restore},
    Command{"test", "", "PATH…", "runs *.test.yaml in virtual time", test_command},
    Command{"context", "list", "", "the servers of ~/.config/hence/config.yaml by name", context_list},
    Command{"context", "use", "NAME", "the one commands ask from now on", context_use},
    Command{"completion", "", "bash|zsh|fish", "a script that completes commands in your shell", completion_command},
    Command{"version", "", "", "the program's version", version_command},
};

/// Words of the language of commands that this version does not have.
constexpr std::string_view kAbsentNouns[] = {
    "audit",  "backtest", "doctor",
    "plan",     "policy", "console", "projection"};
constexpr std::pair<std::string_view, std::string_view> kAbsentVerbs[] = {
    {"event", "replay"},
};

std::string singular(std::string_view word) {
  if (word == "deliveries") return "delivery";
  if (word == "expression") return "expr";
  for (const Command& command : kCommands) {
    if (command.noun == word) return std::string(word);
  }
  if (word.size() > 2 && word.ends_with('s')) word.remove_suffix(1);
  return std::string(word);
}

bool is_help(std::string_view word) { return word == "--help" || word == "-h" || word == "help"; }

std::string overview(std::string_view noun) {
  std::string text = noun.empty() ? "hence: acts on events: rules, workflows, deliveries, all "
                                    "durable and explained\n\nCommands\n"
                                  : "Commands\n";
  for (const Command& command : kCommands) {
    if (!noun.empty() && command.noun != noun) continue;
    std::string words = "  hence " + std::string(command.noun);
    if (!command.verb.empty()) words += " " + std::string(command.verb);
    words.resize(std::max<size_t>(words.size() + 2, 28), ' ');
    text += words + std::string(command.summary) + "\n";
  }
  text +=
      "\nhence COMMAND --help shows its flags. Server: --address or HENCE_ADDRESS.\n"
      "Exit codes: 0 ok, 1 negative answer, 2 wrong use, 3 cannot reach the server,\n"
      "4 refused, 5 an expression failed.\n";
  return text;
}

int unknown_noun(const Io& io, const std::string& word) {
  if (std::ranges::count(kAbsentNouns, singular(word)) > 0) {
    return io.fail(
        "this version does not have `hence " + word + "`; hence --help lists what it has",
        kExitWrongUse);
  }
  std::vector<std::string_view> nouns;
  for (const Command& command : kCommands) nouns.push_back(command.noun);
  const std::string_view near = workflow::nearest_word(word, nouns);
  return io.fail("there is no command \"" + word + "\"; " +
                     (near.empty() ? "hence --help lists them"
                                   : "did you mean `hence " + std::string(near) + "`?"),
                 kExitWrongUse);
}

int unknown_verb(const Io& io, const std::string& noun, const std::string& verb) {
  if (std::ranges::count(kAbsentVerbs, std::pair<std::string_view, std::string_view>(noun, verb)) >
      0) {
    return io.fail("this version does not have `hence " + noun + " " + verb + "`; hence " + noun +
                       " --help lists what it has",
                   kExitWrongUse);
  }
  std::vector<std::string_view> verbs;
  for (const Command& command : kCommands) {
    if (command.noun == noun) verbs.push_back(command.verb);
  }
  return io.fail((verb.empty() ? "hence " + noun + " wants a verb"
                               : "hence " + noun + " has no verb \"" + verb + "\"") +
                     workflow::suggestion(verb, verbs),
                 kExitWrongUse);
}

/// Flags before the noun go to the end, so that `hence -n x event list` works as users try it. What follows "--"
/// stays where it is.
void move_leading_flags(std::vector<std::string>& arguments) {
  static constexpr std::string_view kWithValue[] = {"-o", "--output", "--address", "--context",
                                                    "--token", "-n", "--namespace"};
  size_t count = 0;
  while (count < arguments.size() && arguments[count].starts_with('-') &&
         arguments[count] != "--" && !is_help(arguments[count]) && arguments[count] != "--version") {
    count += std::ranges::count(kWithValue, arguments[count]) > 0 ? 2 : 1;
  }
  if (count == 0 || count >= arguments.size()) return;
  const auto noun = arguments.begin() + static_cast<ptrdiff_t>(count);
  std::rotate(arguments.begin(), noun, std::find(noun, arguments.end(), "--"));
}

}  // namespace

std::span<const Command> all_commands() { return kCommands; }

int run(const Io& io, const Programs& programs, std::vector<std::string> arguments) {
  move_leading_flags(arguments);
  if (arguments.empty()) {
    io.err(overview({}));
    return kExitWrongUse;
  }
  if (is_help(arguments.front())) {
    io.out(overview({}));
    return kExitOk;
  }
  if (arguments.front() == "--version") arguments.front() = "version";
  const std::string noun = singular(arguments.front());
  const auto first = std::ranges::find(kCommands, std::string_view(noun), &Command::noun);
  if (first == kCommands.end()) return unknown_noun(io, arguments.front());
  arguments.erase(arguments.begin());
  if (first->verb.empty()) return first->run({io, programs, *first, arguments});

  const std::string verb = arguments.empty() ? "" : arguments.front();
  if (is_help(verb)) {
    io.out(overview(noun));
    return kExitOk;
  }
  const auto found = std::ranges::find_if(kCommands, [&](const Command& command) {
    return command.noun == noun && command.verb == verb;
  });
  if (found == kCommands.end()) return unknown_verb(io, noun, verb);
  arguments.erase(arguments.begin());
  return found->run({io, programs, *found, arguments});
}

}  // namespace hence::cli
