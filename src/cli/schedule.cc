// SPDX-License-Identifier: Apache-2.0
// `hence schedule …`: what begins by itself, when next, and what came of it.

#include "cli/client.h"
#include "cli/commands.h"
#include "cli/flags.h"
#include "cli/output.h"

namespace hence::cli {
namespace {

/// A member of the item's schedule, or of an object in it.
std::string of(json::View item, std::string_view member) {
  const auto schedule = item.find("schedule");
  return schedule ? cell(*schedule, member) : std::string();
}

std::string next(json::View item, const Style& style) {
  const auto schedule = item.find("schedule");
  if (!schedule) return {};
  return schedule->string_or("mode", "") == "disabled" ? "disabled" : when(*schedule, "next", style.now);
}

std::string draw(json::View item, const Style& style) {
  std::string out = style.paint(Tone::strong, of(item, "name")) + "  " + of(item, "timing") + "\n";
  const auto line = [&](std::string_view label, const std::string& text) {
    if (!text.empty()) out += pad(std::string(label), 9) + text + "\n";
  };
  line("next", next(item, style));
  const auto schedule = item.find("schedule");
  const auto triggers = schedule ? schedule->find("triggers") : std::nullopt;
  for (size_t i = 0; triggers && i < triggers->size(); ++i) {
    const json::View one = triggers->at(i);
    std::string text = cell(one, "timing");
    if (const std::string at = when(one, "next", style.now); !at.empty()) text += ": " + at;
    if (!cell(one, "fires").empty()) text += ", fires " + when(one, "fires", style.now);
    if (!cell(one, "timeZones").empty()) text += " (time zones of " + cell(one, "timeZones") + ")";
    if (!cell(one, "error").empty()) text += ": " + cell(one, "error");
    if (triggers->size() > 1 || text.find(" (") != std::string::npos || !cell(one, "error").empty()) line("", text);
  }
  const auto came = schedule ? schedule->find("last") : std::nullopt;
  if (came) {
    std::string text = "due " + when(*came, "due", style.now);
    if (const std::string fired = when(*came, "fired", style.now); !fired.empty()) text += ", last fired " + fired;
    if (!cell(*came, "instance").empty()) text += ", instance " + cell(*came, "instance");
    line("last", text);
  }
  if (!of(item, "fired").empty()) {
    line("so far", of(item, "fired") + " fired, " + of(item, "missed") + " missed, " + of(item, "skipped") + " skipped");
  }
  const auto running = schedule ? schedule->find("running") : std::nullopt;
  std::string ids;
  for (size_t i = 0; running && i < running->size(); ++i) ids += (i > 0 ? ", " : "") + std::string(running->at(i).as_string());
  line("running", ids);
  if (of(item, "queued") != "0") line("queued", of(item, "queued"));
  line("error", of(item, "error"));
  return out;
}

}  // namespace

int schedule_list(const Call& call) {
  ServerFlags server;
  OutputFlags output;
  ListFlags list;
  bool watch = false;
  Flags flags(call);
  flags.flag("-w,--watch", watch, "shows the list again whenever it changes, until you stop it");
  flags.server(server).output(output);
  if (const auto code = flags.parse()) return *code;
  list.watch = watch;
  const Client client(server);
  return show_list(call.io, output, list, [&] { return client.get("/schedules"); }, [](json::View answer, const Style& style) {
    return draw_items(answer, style, {"NAME", "TIMING", "NEXT", "FIRED"}, [&](json::View item) {
      return std::vector{of(item, "name"), of(item, "timing"), next(item, style), of(item, "fired")};
    });
  });
}

int schedule_get(const Call& call) {
  std::string name;
  ServerFlags server;
  OutputFlags output;
  Flags flags(call);
  flags.positional("NAME", name, "metadata.name of a Schedule, or namespace/name of a workflow with a schedule");
  flags.server(server).output(output);
  if (const auto code = flags.parse()) return *code;
  const Result<json::Value> answer = Client(server).get("/schedules/" + path_escape(name));
  if (!answer.ok()) return call.io.fail(answer.error());
  call.io.out(format_value(output.format, *answer, [&] { return draw(*answer, style_of(call.io)); }));
  return kExitOk;
}

}  // namespace hence::cli
