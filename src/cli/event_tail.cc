// SPDX-License-Identifier: Apache-2.0
// `hence event tail`: server-sent events, resumed after what was seen when the connection breaks.

#include "cli/client.h"
#include "cli/commands.h"
#include "cli/event.h"
#include "cli/flags.h"
#include "cli/output.h"
#include "cli/sse.h"
#include "json/parse.h"

namespace hence::cli {
namespace {

constexpr Duration kReconnectPause = Duration::seconds(1);

/// "09:15:02Z  07-42  type  source  subject" and the data as far as it fits.
std::string draw_event(json::View row, const Style& style) {
  const std::string accepted = cell(row, "accepted");
  const size_t clock = accepted.find('T');
  const std::string time = clock == std::string::npos ? "" : accepted.substr(clock + 1, 8) + "Z";
  std::string line = time + "  " + pad(cell(row, "position"), 6) + "  ";
  const size_t before = width_of(line);
  std::string what = cell(row, "type") + "  " + cell(row, "source");
  if (!cell(row, "subject").empty()) what += "  " + cell(row, "subject");
  what = shorten(what, style.columns - before);
  const size_t used = before + width_of(what);
  line = style.paint(Tone::dim, line) + what;
  if (const auto data = row.find("data"); data && used + 12 < style.columns) {
    line += "  " + style.paint(Tone::dim, shorten(data->to_text(), style.columns - used - 2));
  }
  return line + "\n";
}

}  // namespace

int event_tail(const Call& call) {
  std::string type, source;
  uint32_t limit = 0, seen = 0;
  ServerFlags server;
  OutputFlags output;
  Flags flags(call);
  flags.text("--type", type, "of this type; a last * stands for any rest");
  flags.text("--source", source, "of this source");
  flags.number("--limit", limit, "ends after so many events");
  flags.server(server).output(output);
  if (const auto code = flags.parse()) return *code;
  if (output.format == Format::json) output.format = Format::jsonl;

  const Client client(server);
  std::string last_id;
  bool connected = false;
  const auto take_event = [&](const SseEvent& event) {
    if (!event.id.empty()) last_id = event.id;
    if (event.name == "gap")
      call.io.err("hence: too slow; events are missing here, hence event list has them\n");
    const Result<json::Value> item = json::parse(event.data);
    if (event.name != "event" || !item.ok()) return true;
    const json::Value row = event_row(*item);
    call.io.out(
        format_value(output.format, row, [&] { return draw_event(row, style_of(call.io)); }));
    return limit == 0 || ++seen < limit;
  };
  do {
    SseReader reader(take_event);
    const Result<HttpReply> reply =
        client.stream("/events/stream", {{"type", type}, {"source", source}}, last_id,
                      [&](std::string_view text) {
                        connected = true;
                        return reader.take(text);
                      });
    if (limit != 0 && seen >= limit) return kExitOk;
    if (reply.ok() && reply->status != 200) return call.io.fail(problem_error(*reply));
    // A first try that fails is an answer; later ones wait for the server to come back.
    if (!reply.ok() && !connected) return call.io.fail(reply.error());
  } while (call.io.sleep(kReconnectPause));
  return kExitOk;
}

}  // namespace hence::cli
