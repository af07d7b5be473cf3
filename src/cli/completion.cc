// SPDX-License-Identifier: Apache-2.0
// `hence completion SHELL`: a script for the shell, which asks `hence completion words` what may
// follow, so that it never lags behind the program it completes. And `hence context …`.

#include <algorithm>
#include <array>

#include "cli/commands.h"
#include "cli/context.h"
#include "cli/flags.h"
#include "cli/output.h"
#include "cli/resources.h"
#include "json/builder.h"

namespace hence::cli {
namespace {

// Where there is no suggestion, each shell falls back to file names.
constexpr std::string_view kBash = R"(# hence completion bash > /etc/bash_completion.d/hence
_hence() {
  local IFS=$'\n'
  COMPREPLY=($(hence completion words -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
}
complete -o default -o bashdefault -F _hence hence
)";
constexpr std::string_view kZsh = R"(#compdef hence
# hence completion zsh > "${fpath[1]}/_hence"
_hence() {
  local -a found
  found=("${(@f)$(hence completion words -- "${(@)words[2,CURRENT]}" 2>/dev/null)}")
  if [[ -n "${found[1]}" ]]; then compadd -- "${found[@]}"; else _files; fi
}
if [[ "${funcstack[1]}" == _hence ]]; then _hence "$@"; else compdef _hence hence; fi
)";
constexpr std::string_view kFish = R"(# hence completion fish > ~/.config/fish/completions/hence.fish
function __hence_words
  set -l words (commandline -opc) (commandline -ct)
  hence completion words -- $words[2..-1] 2>/dev/null
end
complete -c hence -a '(__hence_words)'
)";
constexpr std::pair<std::string_view, std::string_view> kScripts[] = {
    {"bash", kBash}, {"zsh", kZsh}, {"fish", kFish}};

/// Collects suggestions that begin as the word does, each once, in the order given.
class Suggestions {
 public:
  explicit Suggestions(std::string_view word) : word_(word) {}
  void add(std::string_view candidate) {
    if (candidate.starts_with(word_) && std::ranges::count(found_, candidate) == 0)
      found_.emplace_back(candidate);
  }
  std::string text() const {
    std::string lines;
    for (const std::string& word : found_) lines += word + "\n";
    return lines;
  }

 private:
  std::string_view word_;
  std::vector<std::string> found_;
};

/// The flags of a command, a line each: it is run so that it only says them.
std::string flags_of(const Call& call, const Command& command) {
  std::string lines;
  Io io = call.io;
  io.out = [&](std::string_view text) { lines += text; };
  const std::vector<std::string> none;
  command.run({io, call.programs, command, none, Purpose::name_flags});
  return lines;
}

/// The values a flag or a first argument can have, where they are words of ours.
void add_values(const Call& call, const Command& command, std::string_view before,
                size_t arguments, Suggestions& suggestions) {
  if (before == "-o" || before == "--output") {
    for (const std::string_view word : {"table", "json", "jsonl", "yaml"}) suggestions.add(word);
  } else if (before == "--context" || (command.noun == "context" && command.verb == "use")) {
    const Result<ContextFile> file = load_contexts(call.io, context_path(call.io));
    if (!file.ok()) return;
    for (const Context& context : file->contexts) suggestions.add(context.name);
  } else if (command.noun == "completion") {
    for (const auto& [shell, script] : kScripts) suggestions.add(shell);
  } else if ((command.noun == "get" || command.noun == "delete") && arguments == 1) {
    for (const std::string_view word : kKindWords) suggestions.add(word);
  }
}

/// What may stand in place of the last word.
std::string suggest(const Call& call, const std::vector<std::string>& words) {
  const std::string_view last = words.empty() ? std::string_view() : words.back();
  Suggestions suggestions(last);
  const auto of_noun = [&](const Command& command) {
    return words.size() > 1 && command.noun == words.front();
  };
  const auto commands = all_commands();
  const auto first = std::ranges::find_if(commands, of_noun);
  if (first == commands.end()) {
    if (words.size() > 1) return {};
    for (const Command& command : commands) suggestions.add(command.noun);
    return suggestions.text();
  }
  if (!first->verb.empty() && words.size() == 2) {
    for (const Command& command : commands) {
      if (of_noun(command)) suggestions.add(command.verb);
    }
    return suggestions.text();
  }
  const auto command = std::ranges::find_if(commands, [&](const Command& one) {
    return of_noun(one) && (one.verb.empty() || one.verb == words[1]);
  });
  if (command == commands.end()) return {};
  if (!last.starts_with('-')) {
    add_values(call, *command, words[words.size() - 2], words.size() - (command->verb.empty() ? 1 : 2),
               suggestions);
    return suggestions.text();
  }
  const std::string flags = flags_of(call, *command);
  for (size_t at = 0; at < flags.size();) {
    const size_t end = flags.find('\n', at);
    suggestions.add(std::string_view(flags).substr(at, end - at));
    at = end + 1;
  }
  return suggestions.text();
}

}  // namespace

int completion_command(const Call& call) {
  std::string shell;
  if (call.purpose == Purpose::run && !call.arguments.empty() && call.arguments.front() == "words") {
    const auto begin = call.arguments.begin() + 1;
    const bool marked = begin != call.arguments.end() && *begin == "--";
    call.io.out(suggest(call, {begin + (marked ? 1 : 0), call.arguments.end()}));
    return kExitOk;
  }
  Flags flags(call);
  flags.positional("SHELL", shell, "bash, zsh or fish");
  if (const auto code = flags.parse()) return *code;
  for (const auto& [name, script] : kScripts) {
    if (name != shell) continue;
    call.io.out(script);
    return kExitOk;
  }
  return call.io.fail("there is no completion for \"" + shell + "\"; expected bash, zsh or fish",
                      kExitWrongUse);
}

int context_list(const Call& call) {
  OutputFlags output;
  Flags flags(call);
  flags.output(output);
  if (const auto code = flags.parse()) return *code;
  const Result<ContextFile> file = load_contexts(call.io, context_path(call.io));
  if (!file.ok()) return call.io.fail(file.error());
  json::Builder list;
  list.begin_object().key("items").begin_array();
  for (const Context& context : file->contexts) {
    list.begin_object().member("name", context.name).member("address", context.address);
    list.member("namespace", context.name_space.empty() ? "default" : context.name_space);
    list.key("current").boolean(context.name == file->current).end_object();
  }
  list.end_array().end_object();
  const json::Value value = std::move(list).finish();
  call.io.out(format_list(output.format, value, [&] {
    return draw_items(value, style_of(call.io), {"", "NAME", "ADDRESS", "NAMESPACE"}, [](json::View item) {
      return std::vector{std::string(item.find("current")->as_bool() ? "*" : ""), cell(item, "name"),
                         cell(item, "address"), cell(item, "namespace")};
    });
  }));
  return kExitOk;
}

int context_use(const Call& call) {
  std::string name;
  Flags flags(call);
  flags.positional("NAME", name, "the context commands take from now on");
  if (const auto code = flags.parse()) return *code;
  const std::string path = context_path(call.io);
  const Result<ContextFile> file = load_contexts(call.io, path);
  if (!file.ok()) return call.io.fail(file.error());
  const Result<Context> context = find_context(call.io, *file, path, name);
  if (!context.ok()) return call.io.fail(context.error());
  if (const Status saved = save_current(call.io, path, name); !saved.ok())
    return call.io.fail(saved.error());
  call.io.out("commands go to " + context->address + " now\n");
  return kExitOk;
}

}  // namespace hence::cli
