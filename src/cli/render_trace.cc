// SPDX-License-Identifier: Apache-2.0
//   devops/scan:1.0.0  completed  (07-43, 3 s ago, 09:15:02Z, took 1.2 s)
//   by rule scan-after-deploy, for event 07-42
//
//   ✓ clone          run shell     120 ms
//       in   {"commit":"9f31"}
//       out  {"files":12}

#include <algorithm>

#include "cli/render.h"
#include "json/write.h"

namespace hence::cli {
namespace {

constexpr size_t kNameMin = 14;
constexpr size_t kDepthShownMax = 10;

size_t depth_of(json::View task) {
  const auto depth = task.find("depth");
  return depth && depth->is_number()
             ? static_cast<size_t>(std::max<int64_t>(0, depth->as_int64().value_or(0)))
             : 0;
}

/// What a task asked of the world, in a line: its command, its method and URL, its subflow.
std::string request_text(json::View request) {
  if (const auto command = request.string_or("command", ""); !command.empty())
    return std::string(command);
  if (const auto url = request.string_or("url", ""); !url.empty())
    return std::string(request.string_or("method", "")) + " " + std::string(url);
  if (const auto workflow = request.string_or("workflow", ""); !workflow.empty())
    return std::string(workflow);
  return request.to_text();
}

/// A task's values. What the task before it gave is not shown again as its input.
void add_values(std::string& out, size_t indent, json::View task, std::string& seen,
                const Style& style, bool full) {
  const auto add = [&](std::string_view member, std::string_view label) {
    const auto value = task.find(member);
    if (!value) return;
    std::string text = value->to_text();
    if (full || (text != seen && !value->is_null()))
      add_value(out, indent, label, *value, style, full);
    seen = std::move(text);
  };
  add("input", "in");
  if (const auto request = task.find("request")) {
    std::string text = request_text(*request);
    if (const auto child = task.find("subflow")) {
      text += "  " + cell(*child, "id") + "  " + cell(*child, "status");
    }
    const json::Value line = json::Value::string(text);
    add_value(out, indent, "call", full ? *request : line.view(), style, full);
  }
  add("output", "out");
}

void add_task(std::string& out, json::View task, size_t depth, size_t name_width, std::string& seen,
              const Style& style, bool full) {
  const std::string status(task.string_or("status", ""));
  const size_t indent = 2 * std::min(depth, kDepthShownMax);
  const std::string name =
      shorten(task.string_or("task", ""), std::max(kNameMin, name_width) - indent);
  out += std::string(indent, ' ') + style.paint(tone_of(status), mark_of(status)) + " " +
         pad(name, name_width - std::min(name_width, indent)) + "  " +
         pad(std::string(task.string_or("kind", "")), 10);
  std::string facts = took(task, "started", "ended");
  if (status != "completed" && status != "faulted")
    facts = status + (facts.empty() || status == "skipped" ? "" : ", " + facts);
  const auto attempts = task.find("attempts");
  const int64_t tries = attempts && attempts->is_number() ? attempts->as_int64().value_or(0) : 0;
  if (tries > 1) facts += (facts.empty() ? "" : ", ") + plural(tries, "attempt");
  if (const auto waits = task.string_or("waits", ""); !waits.empty())
    facts = waiting(waits, style.now);
  if (!facts.empty()) out += "  " + facts;
  while (out.ends_with(' ')) out.pop_back();
  out += "\n";
  const size_t inner = indent + 4;
  if (const auto undone = task.string_or("compensates", ""); !undone.empty() && depth == 0)
    out += std::string(inner, ' ') + style.paint(Tone::dim, "undoes " + std::string(undone)) + "\n";
  add_values(out, inner, task, seen, style, full);
  if (const auto error = task.find("error")) add_error(out, inner, *error, style, full);
}

std::string origin(json::View trace) {
  std::string text;
  if (const auto rule = trace.string_or("rule", ""); !rule.empty())
    text = "by rule " + std::string(rule);
  if (const auto schedule = trace.find("schedule")) {
    text = "by schedule " + std::string(schedule->string_or("name", "")) + " (" + std::string(schedule->string_or("trigger", "")) + ")";
    if (schedule->string_or("trigger", "") != "on") text += ", due " + std::string(schedule->string_or("due", ""));
  }
  if (const auto parent = trace.string_or("parent", ""); !parent.empty())
    text += (text.empty() ? "subflow of " : ", subflow of ") + std::string(parent);
  if (const auto event = trace.string_or("event", ""); !event.empty())
    text += (text.empty() ? "for event " : ", for event ") + std::string(event);
  if (const auto key = trace.string_or("key", ""); !key.empty())
    text += (text.empty() ? "id " : ", id ") + std::string(key);
  return text;
}

void add_tasks(std::string& out, json::View tasks, std::string seen, const Style& style,
               bool full) {
  size_t least = SIZE_MAX, name_width = kNameMin;
  for (const json::View task : tasks.elements()) least = std::min(least, depth_of(task));
  for (const json::View task : tasks.elements()) {
    const size_t indent = 2 * std::min(depth_of(task) - least, kDepthShownMax);
    name_width =
        std::max(name_width, std::min<size_t>(36, indent + width_of(task.string_or("task", ""))));
  }
  for (const json::View task : tasks.elements())
    add_task(out, task, depth_of(task) - least, name_width, seen, style, full);
}

/// What is registered to be undone, the next one first.
void add_compensations(std::string& out, json::View compensations, const Style& style, bool full) {
  out += style.paint(Tone::strong, "to be undone") + "\n";
  for (const json::View one : compensations.elements()) {
    const std::string status = cell(one, "status");
    out += "  " + pad(cell(one, "task"), kNameMin) + "  " + style.paint(tone_of(status), status) + "\n";
    if (const auto error = one.find("error")) add_error(out, 4, *error, style, full);
  }
}

/// What a person did, or what came and changed nothing any more.
void add_acts(std::string& out, json::View acts, std::string_view head, const Style& style) {
  for (const json::View entry : acts.elements()) {
    std::string line = std::string(head) + " " + when(entry, "time", style.now) + ": " + cell(entry, "what");
    if (!cell(entry, "by").empty()) line += ", by " + cell(entry, "by");
    if (!cell(entry, "reason").empty()) line += " (" + cell(entry, "reason") + ")";
    out += style.paint(Tone::dim, wrap(line, 0, style.columns));
  }
}

}  // namespace

void add_value(std::string& out, size_t indent, std::string_view label, json::View value,
               const Style& style, bool full) {
  std::string text = value.is_string() ? std::string(value.as_string()) : value.to_text();
  const std::string head = std::string(indent, ' ') + pad(std::string(label), 4) + " ";
  if (!full) {
    const size_t room = style.columns - std::min(style.columns, width_of(head));
    out += style.paint(Tone::dim, head) + shorten(text, room) + "\n";
    return;
  }
  text.clear();
  json::write_pretty(value, text);
  out += style.paint(Tone::dim, head);
  for (size_t start = 0; start <= text.size();) {
    const size_t end = std::min(text.find('\n', start), text.size());
    if (start > 0) out.append(indent + 5, ' ');
    out += text.substr(start, end - start) + "\n";
    start = end + 1;
  }
}

void add_error(std::string& out, size_t indent, json::View error, const Style& style, bool full) {
  std::string text(error.string_or("title", ""));
  if (const auto detail = error.string_or("detail", ""); !detail.empty())
    text += (text.empty() ? "" : ": ") + std::string(detail);
  if (text.empty() || full) {
    add_value(out, indent, "error", error, style, full);
    return;
  }
  std::string lines = wrap("error " + text, indent, style.columns);
  out += style.paint(Tone::bad, lines.substr(0, lines.size() - 1)) + "\n";
}

std::string render_trace(json::View trace, const Style& style, bool full) {
  const std::string status(trace.string_or("status", ""));
  std::string title(trace.string_or("workflow", ""));
  if (const auto version = trace.string_or("version", ""); !version.empty())
    title += ":" + std::string(version);
  std::string out = style.paint(Tone::strong, title) + "  " + style.paint(tone_of(status), status);
  if (const std::string undone = cell(trace, "compensated"); !undone.empty())
    out += undone == "partial" ? ", undone in part" : ", undone";
  std::string place =
      "(" + std::string(trace.string_or("id", "")) + ", " + when(trace, "started", style.now);
  if (const std::string length = took(trace, "started", "ended"); !length.empty())
    place += ", took " + length;
  place += ")";
  const bool fits = width_of(title) + width_of(status) + width_of(place) + 4 <= style.columns;
  out += (fits ? "  " : "\n  ") + style.paint(Tone::dim, place) + "\n";
  if (const auto error = trace.find("error")) add_error(out, 0, *error, style, full);
  if (const auto waits = trace.string_or("waits", ""); !waits.empty()) {
    out += shorten(waiting(waits, style.now), style.columns) + "\n";
  }
  if (const std::string from = origin(trace); !from.empty())
    out += shorten(from, style.columns) + "\n";
  out += "\n";
  const auto input = trace.find("input");
  if (input) add_value(out, 0, "in", *input, style, full);
  if (const auto tasks = trace.find("tasks"))
    add_tasks(out, *tasks, input ? input->to_text() : "", style, full);
  if (const auto output = trace.find("output")) add_value(out, 0, "out", *output, style, full);
  if (const auto list = trace.find("compensations")) add_compensations(out, *list, style, full);
  if (const auto limits = trace.find("limits")) {
    for (const json::View near : limits->elements()) {
      // What goes beyond a limit at once is noted too.
      const auto used = near.find("used"), max = near.find("max");
      const bool beyond = used && max && used->as_int64().value_or(0) > max->as_int64().value_or(0);
      out += style.paint(Tone::warning, wrap((beyond ? "" : "half of ") + cell(near, "limit") +
                                                 (beyond ? " was not enough " : " was used ") + when(near, "time", style.now) + ": " +
                                                 cell(near, "used") + " of " + cell(near, "max"),
                                             0, style.columns));
    }
  }
  if (const auto decided = trace.find("decided")) add_acts(out, *decided, "decided", style);
  if (const auto acts = trace.find("operations")) add_acts(out, *acts, "by hand", style);
  if (const auto ignored = trace.find("ignored")) add_acts(out, *ignored, "changed nothing", style);
  const auto left_out = trace.find("tasksLeftOut");
  if (left_out) out += left_out->to_text() + " more tasks are not shown\n";
  if (const auto note = trace.string_or("note", ""); !note.empty())
    out += wrap(note, 0, style.columns);
  return out;
}

std::string render_delivery(json::View delivery, const Style& style) {
  const std::string status(delivery.string_or("status", ""));
  std::string out = style.paint(Tone::strong, "to " + cell(delivery, "sink")) + "  " +
                    style.paint(tone_of(status), status) + "  " +
                    style.paint(Tone::dim, "(" + cell(delivery, "id") + ", " +
                                               when(delivery, "created", style.now) + ")") +
                    "\n";
  std::string from;
  if (!cell(delivery, "rule").empty()) from = "by rule " + cell(delivery, "rule") + ", ";
  out += from + "for event " + cell(delivery, "event") + "\n";
  if (const auto due = when(delivery, "due", style.now); !due.empty())
    out += "next attempt " + due + "\n";
  out += "\n";
  if (const auto history = delivery.find("history")) {
    for (const json::View entry : history->elements()) {
      const bool done = entry.string_or("ended", "") == "done",
                 redriven = entry.string_or("ended", "") == "redriven";
      const bool ignored = entry.string_or("ended", "") == "ignored";
      out += style.paint(done                  ? Tone::good
                         : redriven || ignored ? Tone::plain
                                               : Tone::bad,
                         done       ? "✓ "
                         : redriven ? "↻ "
                         : ignored  ? "· "
                                    : "✗ ");
      if (!cell(entry, "attempt").empty()) out += "attempt " + cell(entry, "attempt") + "  ";
      out += when(entry, "time", style.now);
      if (!cell(entry, "status").empty()) out += "  " + cell(entry, "status");
      if (!cell(entry, "ended").empty() && !done) out += "  " + cell(entry, "ended");
      if (!cell(entry, "by").empty()) out += " by " + cell(entry, "by");
      out += "\n";
      for (const std::string_view text :
           {entry.string_or("error", ""), entry.string_or("reason", "")}) {
        if (!text.empty()) out += wrap(text, 4, style.columns);
      }
    }
  }
  if (const auto body = delivery.find("body")) add_value(out, 0, "body", *body, style, false);
  return out;
}

std::string render_members(json::View object, const Style& style) {
  size_t width = 0;
  for (const auto& [key, value] : object.members()) width = std::max(width, width_of(key));
  std::string out;
  for (const auto& [key, value] : object.members()) {
    const std::string text = value.is_string() ? std::string(value.as_string()) : value.to_text();
    out += style.paint(Tone::dim, pad(std::string(key), width)) + "  " +
           shorten(text, style.columns - width - 2) + "\n";
  }
  return out;
}

}  // namespace hence::cli
