// SPDX-License-Identifier: Apache-2.0
//   shop/order:1.0.0  suspended  (07-43, 3 min ago, 09:12:05Z)
//   suspended by ann 2 min ago, 09:13:05Z: the stock is counted
//
//   event  paid /do/0/paid
//     order = 7   (.data.order)
//     with {"type":"order.paid"}
//     it would take
//       {…}
//   timer  paid /do/0/paid: task timeout in 59 min, 10:15:02Z

#include "cli/render.h"
#include "json/write.h"

namespace hence::cli {
namespace {

std::string title_of(json::View why, const Style& style) {
  const std::string title = cell(why, "workflow") + ":" + cell(why, "version");
  const std::string status = cell(why, "status");
  const std::string place = "(" + cell(why, "id") + ", " + when(why, "started", style.now) + ")";
  const bool fits = width_of(title) + width_of(status) + width_of(place) + 4 <= style.columns;
  return style.paint(Tone::strong, title) + "  " + style.paint(tone_of(status), status) + (fits ? "  " : "\n  ") +
         style.paint(Tone::dim, place) + "\n";
}

std::string suspended_text(json::View suspended, const Style& style) {
  std::string text = "suspended";
  if (!cell(suspended, "by").empty()) text += " by " + cell(suspended, "by");
  text += " " + when(suspended, "since", style.now);
  if (!cell(suspended, "reason").empty()) text += ": " + cell(suspended, "reason");
  return text;
}

void add_pretty(std::string& out, size_t indent, json::View value) {
  std::string text;
  json::write_pretty(value, text);
  for (size_t start = 0; start <= text.size();) {
    const size_t end = std::min(text.find('\n', start), text.size());
    out.append(indent, ' ');
    out += text.substr(start, end - start) + "\n";
    start = end + 1;
  }
}

void add_event(std::string& out, json::View wait, const Style& style) {
  if (const auto keys = wait.find("correlation")) {
    for (const json::View key : keys->elements()) {
      const auto value = key.find("value");
      std::string line = "  " + cell(key, "key") + (value ? " = " + value->to_text() : ": the first event gives its value");
      if (!cell(key, "from").empty()) line += "   (" + cell(key, "from") + ")";
      out += shorten(line, style.columns) + "\n";
    }
  }
  if (const auto with = wait.find("with")) add_value(out, 2, "with", *with, style, false);
  if (const auto sample = wait.find("sample")) {
    out += style.paint(Tone::dim, "  it would take") + "\n";
    add_pretty(out, 4, *sample);
  }
  if (!cell(wait, "note").empty()) out += wrap(cell(wait, "note"), 2, style.columns);
}

/// "under way since …", "waits for limits.processes (1), held by 07-1".
std::string call_state(json::View wait, const Style& style) {
  if (wait.find("underWay")) return "under way since " + when(wait, "underWay", style.now);
  const auto limit = wait.find("limit");
  if (!limit) return (cell(wait, "state").empty() ? "" : cell(wait, "state") + " ") + "since " + when(wait, "since", style.now);
  std::string text = "waits for " + cell(*limit, "name") + " (" + cell(*limit, "max") + ")";
  std::string holders;
  if (const auto held = limit->find("heldBy")) {
    for (const json::View holder : held->elements()) holders += (holders.empty() ? ", held by " : ", ") + std::string(holder.as_string());
  }
  return text + holders;
}

void add_wait(std::string& out, json::View wait, const Style& style) {
  const std::string kind = cell(wait, "kind");
  std::string line = pad(kind, 5) + "  ";
  if (!cell(wait, "task").empty()) line += cell(wait, "task") + " " + cell(wait, "reference");
  else line += "the instance";
  if (kind == "timer" || kind == "person") {
    line += ": " + cell(wait, "for");
    if (!cell(wait, "due").empty()) line += " " + when(wait, "due", style.now);
  } else if (kind == "call") {
    const std::string asked = cell(wait, "request").empty() ? cell(wait, "call") : cell(wait, "request");
    line += ": " + asked + ", " + call_state(wait, style);
  } else if (kind == "subflow") {
    line += ": " + cell(wait, "workflow") + " " + cell(wait, "instance") + ", " + cell(wait, "state");
    if (!cell(wait, "waits").empty()) line += ", waits for " + cell(wait, "waits");
  } else if (kind == "approval") {
    line += ": " + cell(wait, "title") + ", " + cell(wait, "approval");
    if (!cell(wait, "due").empty()) line += ", due " + when(wait, "due", style.now);
  } else if (!cell(wait, "begun").empty()) {
    line += ", since " + when(wait, "begun", style.now);
  }
  if (!cell(wait, "attempt").empty()) line += ", attempt " + cell(wait, "attempt");
  out += wrap(line, 0, style.columns);
  if (kind == "event") add_event(out, wait, style);
  if (const auto error = wait.find("error")) add_error(out, 2, *error, style, false);
}

/// What a person can do about it.
std::string advice(json::View why) {
  const std::string id = cell(why, "id"), status = cell(why, "status");
  if (status == "suspended") return "hence instance resume " + id + " --reason … lets it go on";
  if (status == "faulted") return "hence instance retry " + id + " --reason … runs it on from there; skip ends a task by hand";
  if (status == "completed" || status == "cancelled") return "it has ended; hence instance trace " + id + " tells its story";
  for (const json::View wait : why.find("waits")->elements()) {
    const std::string kind = cell(wait, "kind");
    if (kind == "approval") return "hence approval grant " + cell(wait, "approval") + " --reason … or deny decides it";
    if (kind == "subflow") return "hence instance why " + cell(wait, "instance") + " says what the subflow waits for";
    if (kind == "person") return "hence instance redrive-compensation " + id + " --reason … runs it again, skip-compensation leaves it undone";
  }
  if (status == "running" || status == "compensating") return "it goes on by itself";
  for (const json::View wait : why.find("waits")->elements()) {
    if (wait.find("sample")) return "hence event send -f - takes such an event; hence instance send-event " + id + " gives it to this run alone";
  }
  return {};
}

}  // namespace

std::string render_why(json::View why, const Style& style) {
  std::string out = title_of(why, style);
  if (const auto suspended = why.find("suspended")) out += wrap(suspended_text(*suspended, style), 0, style.columns);
  if (const auto error = why.find("error")) add_error(out, 0, *error, style, false);
  if (!cell(why, "failed").empty()) out += "failed at " + cell(why, "failed") + "\n";
  const auto waits = why.find("waits");
  if (waits && waits->size() > 0) {
    out += "\n";
    for (const json::View wait : waits->elements()) add_wait(out, wait, style);
  }
  if (const auto held = why.find("held")) {
    out += "\ncame meanwhile, takes effect at the resume\n";
    for (const json::View arrival : held->elements()) add_wait(out, arrival, style);
  }
  if (const std::string text = advice(why); !text.empty()) out += "\n" + wrap(text, 0, style.columns);
  return out;
}

}  // namespace hence::cli
