// SPDX-License-Identifier: Apache-2.0
#pragma once

// The flags of one command: declared, then parsed in one go. What everybody takes (server, output,
// list) is declared here once.
//
//   Flags flags(call);
//   flags.positional("EVENT", event, "its position").text("--rule", rule, "only this rule");
//   Server server = flags.server();
//   if (const auto code = flags.parse()) return *code;

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cli/command.h"

namespace hence::cli {

enum class Need : uint8_t { optional, required };
enum class Format : uint8_t { table, json, jsonl, yaml };

/// Which server to ask, and as whom.
struct ServerFlags {
  std::string context, address, token, name_space = "default";
  bool yes = false;  ///< what the command asks a person is answered with yes
};
struct OutputFlags {
  std::string word;
  Format format = Format::table;  ///< after parse()
};
struct ListFlags {
  uint32_t limit = 100;
  std::string since, until, cursor;
  bool watch = false;
};

/// What flags are written to must live until parse().
class Flags {
 public:
  explicit Flags(const Call& call);
  ~Flags();

  /// names as "-f,--file"; help says what the value is.
  Flags& text(const std::string& names, std::string& value, const std::string& help,
              Need need = Need::optional);
  /// Takes one or more values, and may be repeated.
  Flags& texts(const std::string& names, std::vector<std::string>& values, const std::string& help,
               Need need = Need::optional);
  Flags& number(const std::string& names, uint32_t& value, const std::string& help,
                Need need = Need::optional);
  Flags& flag(const std::string& names, bool& value, const std::string& help);
  /// Two values each time: --arg NAME VALUE.
  Flags& pairs(const std::string& names, std::vector<std::pair<std::string, std::string>>& values,
               const std::string& help);
  Flags& positional(const std::string& name, std::string& value, const std::string& help,
                    Need need = Need::required);
  Flags& positionals(const std::string& name, std::vector<std::string>& values,
                     const std::string& help, Need need = Need::required);

  Flags& server(ServerFlags& flags);
  /// otherwise: what is shown where nobody looks on and -o is not given.
  Flags& output(OutputFlags& flags, Format otherwise = Format::json);
  Flags& list(ListFlags& flags);
  /// Lets a positional begin with "-" ("-1", "-.a"): goes to value if that is still empty.
  Flags& dashed_positional(std::string& value);

  /// Fills everything in. Returns an exit code where the command is not to run: after --help, or
  /// after an error, which has been said.
  std::optional<int> parse();
  /// After parse(): whether the flag ("--name") was there, empty or not.
  bool given(const std::string& name) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace hence::cli
