// SPDX-License-Identifier: Apache-2.0
// `hence event send`: one event alone, several in batches; what came of each in order. And
// `hence instance send-event`.

#include <algorithm>

#include "cli/act.h"
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/files.h"
#include "cli/flags.h"
#include "cli/output.h"
#include "json/builder.h"
#include "json/parse.h"
#include "os/random.h"

namespace hence::cli {
namespace {

constexpr size_t kBatchEvents = 100;
constexpr size_t kBatchBytes = 4 << 20;

struct SendFlags {
  std::string file, type, source, subject, data, id;
};

/// 128 random bits as a UUID of version 4.
std::string random_id() {
  static constexpr char kDigits[] = "0123456789abcdef";
  os::SystemRandom random;
  std::string text;
  uint64_t bits = 0;
  for (int i = 0; i < 32; ++i) {
    if (i % 16 == 0) bits = random.next();
    if (i == 8 || i == 12 || i == 16 || i == 20) text += '-';
    const uint64_t digit = i == 12 ? 4 : i == 16 ? 8 + (bits & 3) : bits & 15;
    text += kDigits[digit];
    bits >>= 4;
  }
  return text;
}

Result<json::Value> build_event(const SendFlags& flags, UtcTime now) {
  json::Builder builder;
  builder.begin_object().member("specversion", "1.0");
  builder.member("id", flags.id.empty() ? random_id() : flags.id);
  builder.member("source", flags.source).member("type", flags.type);
  if (!flags.subject.empty()) builder.member("subject", flags.subject);
  builder.member("time", format_rfc3339(now));
  if (!flags.data.empty()) {
    const Result<json::Value> data = json::parse(flags.data);
    if (!data.ok()) {
      return Error(ErrorCode::RequestInvalid,
                   "--data is not JSON (" + data.error().message() +
                       "); a text is written with its quotes: --data '\"text\"'");
    }
    builder.member("datacontenttype", "application/json").member("data", *data);
  }
  builder.end_object();
  return std::move(builder).finish();
}

/// What came of events, as {"position"…} or {"error":{…}} each.
struct Outcome {
  std::vector<json::Value> entries;
  bool all_accepted = true;
};

Status add_entries(const HttpReply& reply, size_t count, Outcome& outcome) {
  const Result<json::Value> answer = json::parse(reply.body);
  if (answer.ok() && (*answer)->is_array() && (*answer)->size() == count) {
    for (const json::View entry : (*answer)->elements()) {
      if (entry.find("error")) outcome.all_accepted = false;
      outcome.entries.push_back(json::Value::detached(entry));
    }
    return {};
  }
  HENCE_TRY(json::Value entry, read_reply(reply));
  outcome.entries.push_back(std::move(entry));
  return {};
}

/// Sends events[begin…] as far as a batch takes; gives how many went.
Result<size_t> send_some(const Client& client, const std::vector<json::Value>& events, size_t begin,
                         Outcome& outcome) {
  std::string body;
  size_t count = 0;
  while (begin + count < events.size() && count < kBatchEvents && body.size() < kBatchBytes) {
    body += (count == 0 ? "" : ",") + events[begin + count]->to_text();
    ++count;
  }
  const bool alone = events.size() == 1;
  HENCE_TRY(const HttpReply reply, client.send("POST", "/events", {},
                                               alone ? "application/cloudevents+json"
                                                     : "application/cloudevents-batch+json",
                                               alone ? body : "[" + body + "]"));
  HENCE_TRY_VOID(add_entries(reply, count, outcome));
  return count;
}

json::Value to_json(const Outcome& outcome) {
  if (outcome.entries.size() == 1) return outcome.entries.front();
  json::Builder builder;
  builder.begin_object().key("items").begin_array();
  for (const json::Value& entry : outcome.entries) builder.value(entry);
  builder.end_array().end_object();
  return std::move(builder).finish();
}

std::string draw(const Outcome& outcome, const std::vector<json::Value>& events,
                 const Style& style) {
  std::string out;
  for (size_t i = 0; i < outcome.entries.size() && i < events.size(); ++i) {
    const json::View entry = outcome.entries[i];
    const std::string name = cell(events[i], "type") + " " + cell(events[i], "id");
    if (const auto error = entry.find("error")) {
      const std::string text = error->is_object() ? cell(*error, "detail") : cell(entry, "error");
      out += style.paint(Tone::bad, "✗ ") + name + "\n" + wrap(text, 4, style.columns);
    } else {
      out += style.paint(Tone::good, "✓ ") + cell(entry, "position") + "  " + name +
             (entry.find("duplicate") ? "  (seen before)" : "") + "\n";
    }
  }
  return out;
}

Result<std::vector<json::Value>> events_of(const Call& call, const SendFlags& flags) {
  if (flags.file.empty()) {
    if (flags.type.empty() || flags.source.empty()) {
      return Error(ErrorCode::RequestInvalid, "say what to send: -f FILE, or --type and --source");
    }
    HENCE_TRY(json::Value event, build_event(flags, call.io.now()));
    return std::vector{std::move(event)};
  }
  for (const std::string* other :
       {&flags.type, &flags.source, &flags.subject, &flags.data, &flags.id}) {
    if (!other->empty())
      return Error(ErrorCode::RequestInvalid,
                   "-f sends events as they are in the file; leave the other flags out");
  }
  HENCE_TRY(const std::string text, read_file(call.io, flags.file));
  Result<std::vector<json::Value>> events = read_events(text);
  if (!events.ok()) return events.error().in(flags.file);
  if (events->empty()) return Error(ErrorCode::RequestInvalid, flags.file + " holds no event");
  return events;
}

void declare(Flags& flags, SendFlags& send, const std::string& file_help) {
  flags.text("-f,--file", send.file, file_help);
  flags.text("--type", send.type, "the event's type");
  flags.text("--source", send.source, "the event's source");
  flags.text("--subject", send.subject, "the event's subject");
  flags.text("--data", send.data, "the event's data, as JSON");
  flags.text("--id", send.id, "the event's id; a random one if left out");
}

}  // namespace

int event_send(const Call& call) {
  SendFlags send;
  ServerFlags server;
  OutputFlags output;
  Flags flags(call);
  declare(flags, send, "one event, a JSON array or JSON lines; - is standard input");
  flags.server(server).output(output);
  if (const auto code = flags.parse()) return *code;
  const Result<std::vector<json::Value>> events = events_of(call, send);
  if (!events.ok()) {
    return call.io.fail(events.error().message(), kExitWrongUse);
  }
  const Client client(server);
  Outcome outcome;
  for (size_t sent = 0; sent < events->size();) {
    const Result<size_t> some = send_some(client, *events, sent, outcome);
    if (!some.ok()) {
      if (sent > 0)
        call.io.err("hence: the first " + plural(static_cast<int64_t>(sent), "event") +
                    " went, then it stopped\n");
      return call.io.fail(some.error());
    }
    sent += *some;
    if (call.io.error_terminal && events->size() > kBatchEvents) {
      call.io.err("\r" + std::to_string(sent) + "/" + std::to_string(events->size()) +
                  (sent == events->size() ? "\n" : ""));
    }
  }
  call.io.out(format_list(output.format, to_json(outcome),
                          [&] { return draw(outcome, *events, style_of(call.io)); }));
  return outcome.all_accepted ? kExitOk : kExitNo;
}

/// `hence instance send-event`: the same, for one instance alone, or for each that a query finds.
int instance_send_event(const Call& call) {
  SendFlags send;
  Act act = act_on_instances("event", "given the event", "pending, running, waiting, suspended or compensating",
                             [](const std::string& id) { return "sent to " + id + goes_on(id); });
  act.declare = [&](Flags& flags) { declare(flags, send, "the event; - is standard input"); };
  act.add = [&](json::Builder& body) -> Status {
    HENCE_TRY(const std::vector<json::Value> events, events_of(call, send));
    if (events.size() != 1) {
      return Error(ErrorCode::RequestInvalid, send.file + " holds several events; send one at a time");
    }
    body.member("event", events.front());
    return {};
  };
  return run_act(call, act);
}

}  // namespace hence::cli
