// SPDX-License-Identifier: Apache-2.0
// `hence apply`: all files as one text to the server, and its faults back to the files' own lines.

#include <algorithm>
#include <cstdio>

#include "cli/client.h"
#include "cli/commands.h"
#include "cli/files.h"
#include "cli/flags.h"
#include "cli/output.h"
#include "json/parse.h"

namespace hence::cli {
namespace {

constexpr Duration kApplyTimeout = Duration::seconds(120);
constexpr std::string_view kSeparator = "\n---\n";

/// Several files as one stream of documents, remembering where each begins.
class JoinedFiles {
 public:
  void add(const std::string& file, std::string text) {
    // YAML takes no tabs as indentation, JSON does: such a file goes as one line.
    if (file.ends_with(".json") && text.find('\t') != std::string::npos) {
      if (const Result<json::Value> value = json::parse(text); value.ok())
        text = (*value)->to_text();
    }
    if (!parts_.empty()) append(kSeparator);
    parts_.push_back({file, lines_});
    append(text);
  }
  const std::string& text() const { return text_; }

  /// "file:3:7: " of a line and column in the joined text.
  std::string place(int64_t line, int64_t column) const {
    if (line <= 0 || parts_.empty()) return "";
    size_t at = parts_.size() - 1;
    while (at > 0 && parts_[at].lines_before >= line) --at;
    return parts_[at].file + ":" + std::to_string(line - parts_[at].lines_before) + ":" +
           std::to_string(column) + ": ";
  }

 private:
  struct Part {
    std::string file;
    int64_t lines_before;
  };
  void append(std::string_view text) {
    lines_ += std::ranges::count(text, '\n');
    text_ += text;
  }
  std::vector<Part> parts_;
  std::string text_;
  int64_t lines_ = 0;
};

struct ApplyOptions {
  bool dry_run = false, prune = false;
};

Result<HttpReply> send(const Client& client, const std::string& text, const ApplyOptions& options) {
  return client.send(
      "POST", "/apply",
      {{"dry_run", options.dry_run ? "true" : ""}, {"prune", options.prune ? "true" : ""}},
      "application/yaml", text, kApplyTimeout);
}

int64_t integer(json::View object, std::string_view member) {
  const auto value = object.find(member);
  return value && value->is_number() ? value->as_int64().value_or(0) : 0;
}

/// What does not even parse has its place in the sentence alone, "line 3, column 7: …": the sentence
/// with its place in the files.
std::string placed_sentence(const std::string& sentence, const JoinedFiles& files) {
  unsigned line = 0, column = 0;
  const size_t end = sentence.find(": ");
  const bool has_place = std::sscanf(sentence.c_str(), "line %u, column %u", &line, &column) == 2;
  if (!has_place || end == std::string::npos) return sentence;
  return files.place(line, column) + sentence.substr(end + 2);
}

/// Faults or warnings, each at its place in the files.
void say_each(const Io& io, json::View faults, const JoinedFiles& files, std::string_view head) {
  for (const json::View fault : faults.elements()) {
    std::string sentence(fault.string_or("message", ""));
    if (!fault.find("line")) sentence = placed_sentence(sentence, files);
    std::string text(head);
    text += files.place(integer(fault, "line"), integer(fault, "column"));
    if (const auto pointer = fault.string_or("pointer", ""); !pointer.empty())
      text += std::string(pointer) + ": ";
    io.err(text + sentence + "\n");
  }
}

/// The problem of a refused apply, each fault at its place in the files.
int say_refusal(const Io& io, const HttpReply& reply, const JoinedFiles& files) {
  const Error error = problem_error(reply);
  const Result<json::Value> problem = json::parse(reply.body);
  const auto faults = problem.ok() ? (*problem)->find("faults") : std::nullopt;
  if (!faults || !faults->is_array() || faults->size() == 0) {
    return io.fail(Error(error.code(), placed_sentence(error.message(), files)));
  }
  say_each(io, *faults, files, "");
  return io.fail("nothing was applied: " + plural(faults->size(), "fault") + " to mend first",
                 exit_code_of(error.code()));
}

std::vector<std::string> outcomes(json::View answer, std::string_view outcome) {
  std::vector<std::string> names;
  const auto results = answer.find("results");
  if (!results) return names;
  for (const json::View result : results->elements()) {
    if (result.string_or("outcome", "") != outcome) continue;
    names.push_back(cell(result, "kind") + " " + cell(result, "name"));
  }
  return names;
}

std::string draw(json::View answer, const Style& style, bool dry_run) {
  std::string out;
  if (const auto results = answer.find("results")) {
    for (const json::View result : results->elements()) {
      const std::string outcome = cell(result, "outcome");
      out += style.paint(tone_of(outcome), pad(outcome, 9)) + "  " + pad(cell(result, "kind"), 8) +
             "  " + cell(result, "name") + "\n";
      const auto warnings = result.find("warnings");
      if (!warnings) continue;
      for (const json::View warning : warnings->elements()) {
        out += "  " + style.paint(Tone::warning, "!") + " " + std::string(warning.as_string()) + "\n";
      }
    }
  }
  std::string sum;
  for (const std::string_view outcome : {"created", "changed", "unchanged", "deleted"}) {
    const size_t count = outcomes(answer, outcome).size();
    if (count > 0)
      sum += (sum.empty() ? "" : ", ") + std::to_string(count) + " " + std::string(outcome);
  }
  if (sum.empty()) sum = "nothing to apply";
  return out + sum + (dry_run ? "  (dry run: nothing was done)" : "") + "\n";
}

/// Asks a person before --prune deletes. Nothing: go on.
std::optional<int> confirm_prune(const Call& call, const Client& client, const JoinedFiles& files) {
  const Result<HttpReply> reply = send(client, files.text(), {.dry_run = true, .prune = true});
  if (!reply.ok()) return call.io.fail(reply.error());
  if (reply->status != 200) return say_refusal(call.io, *reply, files);
  const Result<json::Value> answer = read_reply(*reply);
  if (!answer.ok()) return call.io.fail(answer.error());
  const std::vector<std::string> names = outcomes(*answer, "deleted");
  if (names.empty()) return std::nullopt;
  std::string question = "--prune deletes";
  for (const std::string& name : names) question += "\n  " + name;
  if (call.io.confirm(question + "\ngo on?")) return std::nullopt;
  return call.io.fail("nothing was applied", kExitNo);
}

}  // namespace

int apply_command(const Call& call) {
  std::vector<std::string> paths;
  ApplyOptions options;
  ServerFlags server;
  OutputFlags output;
  Flags flags(call);
  flags.texts("-f,--file", paths, "files, folders, or - for standard input", Need::required);
  flags.flag("--dry-run", options.dry_run, "says what would change and changes nothing");
  flags.flag("--prune", options.prune, "deletes what the namespace has and the files do not");
  flags.server(server).output(output);
  if (const auto code = flags.parse()) return *code;
  const Result<std::vector<std::string>> found = find_resource_files(paths);
  if (!found.ok()) return call.io.fail(found.error());
  JoinedFiles files;
  for (const std::string& file : *found) {
    Result<std::string> text = read_file(call.io, file);
    if (!text.ok()) return call.io.fail(text.error());
    files.add(file, std::move(*text));
  }

  const Client client(server);
  if (options.prune && !options.dry_run && !server.yes && call.io.input_terminal) {
    if (const auto code = confirm_prune(call, client, files)) return *code;
  }
  const Result<HttpReply> reply = send(client, files.text(), options);
  if (!reply.ok()) return call.io.fail(reply.error());
  if (reply->status != 200) return say_refusal(call.io, *reply, files);
  const Result<json::Value> answer = read_reply(*reply);
  if (!answer.ok()) return call.io.fail(answer.error());
  call.io.out(format_value(output.format, *answer,
                           [&] { return draw(*answer, style_of(call.io), options.dry_run); }));
  const auto warnings = (*answer)->find("warnings");
  if (warnings && warnings->is_array()) say_each(call.io, *warnings, files, "warning: ");
  return kExitOk;
}

}  // namespace hence::cli
