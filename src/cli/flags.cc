// SPDX-License-Identifier: Apache-2.0
// The only file that knows CLI11, which throws and takes its time to compile.
#include "cli/flags.h"

#include <CLI/CLI.hpp>
#include <array>

#include "cli/context.h"
#include "workflow/faults.h"

namespace hence::cli {
namespace {

constexpr std::string_view kFormatWords[] = {"table", "json", "jsonl", "yaml"};
constexpr const char* kDefaultAddress = "http://127.0.0.1:4362";

std::string title_of(const Command& command) {
  return "hence " + std::string(command.noun) +
         (command.verb.empty() ? "" : " " + std::string(command.verb));
}

void fill(std::string& value, const std::string& otherwise) {
  if (value.empty()) value = otherwise;
}

/// What the flags leave open, from the contexts, the environment and the defaults (context.h).
/// A context's token goes to that context's address and to no other.
Status find_server(const Io& io, ServerFlags& flags) {
  fill(flags.context, io.environment("HENCE_CONTEXT"));
  const bool named = !flags.context.empty();
  const std::string path = context_path(io);
  if (flags.address.empty() && !named) flags.address = io.environment("HENCE_ADDRESS");
  if (named || flags.address.empty()) {
    HENCE_TRY(const ContextFile file, load_contexts(io, path));
    fill(flags.context, file.current);
    if (!flags.context.empty()) {
      HENCE_TRY(const Context context, find_context(io, file, path, flags.context));
      if (flags.address.empty() || flags.address == context.address)
        fill(flags.token, context.token);
      fill(flags.address, context.address);
      fill(flags.name_space, context.name_space);
    }
  }
  fill(flags.token, io.environment("HENCE_TOKEN"));
  fill(flags.address, kDefaultAddress);
  fill(flags.name_space, "default");
  return {};
}

/// The library's page with our line of usage.
struct Formatter : CLI::Formatter {
  explicit Formatter(std::string line) : usage(std::move(line)) { column_width(28); }
  std::string make_usage(const CLI::App*, std::string) const override { return usage; }
  std::string usage;
};

}  // namespace

struct Flags::State {
  explicit State(const Call& of)
      : call(of), title(title_of(of.command)), app(std::string(of.command.summary), title) {
    app.formatter(std::make_shared<Formatter>("Usage: " + title +
                                              (of.command.usage.empty() ? "" : " ") +
                                              std::string(of.command.usage) + " [flags]\n"));
    app.set_help_flag("-h,--help", "this page");
  }

  /// The first word that no flag or positional took, explained.
  int unknown(const std::string& word) {
    if (!word.starts_with('-') || word == "-") {
      return call.io.fail(
          "\"" + word + "\" is one argument too many for " + title + "; see " + title + " --help",
          kExitWrongUse);
    }
    const std::string name = word.substr(0, word.find('='));
    std::vector<std::string> names;
    for (const CLI::Option* option : app.get_options()) {
      for (const std::string& known : option->get_lnames()) names.push_back("--" + known);
      for (const std::string& known : option->get_snames()) names.push_back("-" + known);
    }
    const std::vector<std::string_view> views(names.begin(), names.end());
    const std::string_view near = workflow::nearest_word(name, views);
    return call.io.fail(
        title + " has no flag " + name + "; " +
            (near.empty() ? "see " + title + " --help" : "did you mean " + std::string(near) + "?"),
        kExitWrongUse);
  }

  int name_flags() const {
    for (const CLI::Option* option : app.get_options()) {
      for (const std::string& name : option->get_lnames()) call.io.out("--" + name + "\n");
    }
    return kExitOk;
  }

  std::optional<int> finish() {
    for (const std::string& word : app.remaining()) {
      if (word == "--") continue;
      if (dashed == nullptr || !dashed->empty() || word.starts_with("--")) return unknown(word);
      *dashed = word;
    }
    if (server_flags != nullptr) {
      if (const Status found = find_server(call.io, *server_flags); !found.ok())
        return call.io.fail(found.error());
    }
    if (output_flags == nullptr) return std::nullopt;
    if (output_flags->word.empty()) {
      output_flags->format = call.io.terminal ? Format::table : otherwise;
      return std::nullopt;
    }
    const auto found = std::ranges::find(kFormatWords, output_flags->word);
    if (found == std::end(kFormatWords)) {
      return call.io.fail(
          "-o does not know \"" + output_flags->word + "\"; expected table, json, jsonl or yaml",
          kExitWrongUse);
    }
    output_flags->format = static_cast<Format>(found - std::begin(kFormatWords));
    return std::nullopt;
  }

  const Call& call;
  std::string title;
  CLI::App app;
  std::string* dashed = nullptr;
  ServerFlags* server_flags = nullptr;
  OutputFlags* output_flags = nullptr;
  Format otherwise = Format::json;
};

Flags::Flags(const Call& call) : state_(std::make_unique<State>(call)) {
  state_->app.allow_extras();
}
Flags::~Flags() = default;

Flags& Flags::text(const std::string& names, std::string& value, const std::string& help,
                   Need need) {
  state_->app.add_option(names, value, help)->required(need == Need::required);
  return *this;
}

Flags& Flags::texts(const std::string& names, std::vector<std::string>& values,
                    const std::string& help, Need need) {
  state_->app.add_option(names, values, help)->required(need == Need::required);
  return *this;
}

Flags& Flags::number(const std::string& names, uint32_t& value, const std::string& help,
                     Need need) {
  state_->app.add_option(names, value, help)->required(need == Need::required);
  return *this;
}

Flags& Flags::flag(const std::string& names, bool& value, const std::string& help) {
  state_->app.add_flag(names, value, help);
  return *this;
}

Flags& Flags::pairs(const std::string& names,
                    std::vector<std::pair<std::string, std::string>>& values,
                    const std::string& help) {
  state_->app.add_option(names, values, help)->allow_extra_args(false);
  return *this;
}

Flags& Flags::positional(const std::string& name, std::string& value, const std::string& help,
                         Need need) {
  state_->app.add_option(name, value, help)->required(need == Need::required);
  return *this;
}

Flags& Flags::positionals(const std::string& name, std::vector<std::string>& values,
                          const std::string& help, Need need) {
  state_->app.add_option(name, values, help)->required(need == Need::required);
  return *this;
}

Flags& Flags::server(ServerFlags& flags) {
  state_->server_flags = &flags;
  flags.name_space.clear();
  text("--context", flags.context,
       "a server by its name in ~/.config/hence/config.yaml; else HENCE_CONTEXT");
  text("--address", flags.address,
       std::string("the server; else HENCE_ADDRESS, else ") + kDefaultAddress);
  text("--token", flags.token, "the server's token; else HENCE_TOKEN");
  text("-n,--namespace", flags.name_space, "the namespace; else default");
  return flag("-y,--yes", flags.yes, "answers yes where the command would ask");
}

Flags& Flags::output(OutputFlags& flags, Format otherwise) {
  state_->output_flags = &flags;
  state_->otherwise = otherwise;
  return text("-o,--output", flags.word,
              std::string("table, json, jsonl or yaml; table on a terminal") +
                  (otherwise == Format::json ? ", else json" : " and elsewhere"));
}

Flags& Flags::list(ListFlags& flags) {
  number("--limit", flags.limit, "rows at most, up to 1000; 100 if left out");
  text("--since", flags.since, "from then on: 10m (ago), or 2026-04-28T18:00:00Z");
  text("--until", flags.until, "before then: 10m (ago), or 2026-04-28T18:00:00Z");
  text("--cursor", flags.cursor, "goes on after an answer's \"next\"");
  return flag("-w,--watch", flags.watch, "shows it again whenever it changes, until you stop it");
}

Flags& Flags::dashed_positional(std::string& value) {
  state_->dashed = &value;
  return *this;
}

std::optional<int> Flags::parse() {
  const Call& call = state_->call;
  if (call.purpose == Purpose::name_flags) return state_->name_flags();
  try {
    std::vector<std::string> reversed(call.arguments.rbegin(), call.arguments.rend());
    state_->app.parse(std::move(reversed));
  } catch (const CLI::CallForHelp&) {
    call.io.out(state_->app.help());
    return kExitOk;
  } catch (const CLI::ParseError& error) {
    for (const std::string& word : state_->app.remaining()) {
      if (word.starts_with('-') && word != "--" && state_->dashed == nullptr)
        return state_->unknown(word);
    }
    return call.io.fail(std::string(error.what()) + "; see " + state_->title + " --help",
                        kExitWrongUse);
  }
  return state_->finish();
}

bool Flags::given(const std::string& name) const { return state_->app.count(name) > 0; }

}  // namespace hence::cli
