// SPDX-License-Identifier: Apache-2.0
//   com.acme.order.paid from /shop  (07-42, 3 s ago, 09:15:02Z)
//   1 rule matched, 1 did not
//
//   ✓ scan-after-deploy
//       started    devops/scan:1.0.0       completed   07-43
//   ✗ page-on-failure
//       data.environment  is one of "production"
//         found:  "staging"

#include "cli/render.h"

namespace hence::cli {
namespace {

constexpr size_t kNodesMax = 10'000;
constexpr size_t kFaultsShown = 3;

/// The condition that decided, else the first that does not hold.
std::optional<json::View> deciding(json::View why) {
  std::vector<json::View> open;
  std::optional<json::View> first;
  if (const auto conditions = why.find("conditions")) open.push_back(*conditions);
  for (size_t seen = 0; !open.empty() && seen < kNodesMax; ++seen) {
    const json::View list = open.back();
    open.pop_back();
    for (const json::View node : list.elements()) {
      if (node.string_or("verdict", "") == "holds" ||
          node.string_or("verdict", "") == "not reached")
        continue;
      const auto parts = node.find("parts");
      if (parts) open.push_back(*parts);
      if (!parts && node.find("decides")) return node;
      if (!parts && !first) first = node;
    }
  }
  return first;
}

void add_line(std::string& out, size_t indent, std::string_view text, const Style& style) {
  out.append(indent, ' ').append(shorten(text, style.columns - indent)) += '\n';
}

void add_deciding(std::string& out, json::View rule, const Style& style) {
  const auto why = rule.find("why");
  const auto node = why ? deciding(*why) : std::nullopt;
  if (!node) return;
  const bool is_when = node->string_or("kind", "") == "when";
  const std::string path = is_when ? "when" : std::string(node->string_or("path", ""));
  out += wrap(path + (path.empty() ? "" : "  ") + std::string(node->string_or("expected", "")), 4,
              style.columns);
  if (const auto actual = node->string_or("actual", ""); !actual.empty()) {
    add_line(out, 6, "found:  " + std::string(actual), style);
  }
  if (const auto hint = node->string_or("hint", ""); !hint.empty())
    out += wrap("hint:   " + std::string(hint), 6, style.columns);
}

/// The text of all conditions, without its own first line, which names the rule by number.
void add_reasons(std::string& out, json::View rule) {
  std::string_view text = rule.string_or("text", "");
  const size_t first = text.find('\n');
  text = first == std::string_view::npos ? std::string_view() : text.substr(first + 1);
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    out.append("  ").append(text.substr(0, end)) += '\n';
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

struct Effect {
  std::string verb, target, status, detail, place;
};

Effect effect_of(json::View action, UtcTime now) {
  Effect effect;
  const std::string_view kind = action.string_or("kind", "");
  effect.target = action.string_or("target", "");
  effect.status = action.string_or("status", "");
  if (kind == "start") {
    effect.verb = "started";
    effect.place = action.string_or("instance", "");
    if (const auto waits = action.string_or("waits", ""); !waits.empty())
      effect.detail = waiting(waits, now);
  } else if (kind == "emit") {
    effect.verb = "emitted";
    effect.place = action.string_or("event", "");
  } else {
    effect.verb = effect.status == "done" ? "delivered" : "deliver";
    effect.place = action.string_or("delivery", "");
    const auto attempts = action.find("attempts");
    if (attempts && attempts->is_number())
      effect.detail = plural(attempts->as_int64().value_or(0), "attempt");
    if (const auto error = action.string_or("lastError", ""); !error.empty())
      effect.detail += ", last: " + std::string(error);
  }
  if (const auto error = action.string_or("error", ""); !error.empty()) {
    effect.verb = "failed";
    effect.status.clear();
    effect.detail = std::string(kind) + ": " + std::string(error);
  }
  return effect;
}

void add_effects(std::string& out, json::View rule, const Style& style) {
  std::vector<Effect> effects;
  size_t verb_width = 0, target_width = 0;
  if (const auto actions = rule.find("actions")) {
    for (const json::View action : actions->elements()) {
      effects.push_back(effect_of(action, style.now));
      verb_width = std::max(verb_width, width_of(effects.back().verb));
      target_width = std::max(target_width, std::min<size_t>(40, width_of(effects.back().target)));
    }
  }
  if (effects.empty()) add_line(out, 4, "it has nothing to do", style);
  for (const Effect& effect : effects) {
    out += "    " + pad(effect.verb, verb_width) + "  " +
           pad(shorten(effect.target, target_width), target_width);
    if (!effect.place.empty()) out += "  " + effect.place;
    if (!effect.status.empty()) out += "  " + style.paint(tone_of(effect.status), effect.status);
    while (out.ends_with(' ')) out.pop_back();
    const size_t used =
        10 + verb_width + target_width + width_of(effect.place) + width_of(effect.status);
    const bool fits = !effect.detail.empty() && used + width_of(effect.detail) <= style.columns;
    out += fits ? "  " + effect.detail + "\n" : "\n" + wrap(effect.detail, 6, style.columns);
  }
}

void add_rule(std::string& out, json::View rule, const Style& style, bool with_reasons) {
  const std::string_view verdict = rule.string_or("verdict", "");
  const std::string name(rule.string_or("rule", ""));
  if (verdict == "matched") {
    out += style.paint(Tone::good, "✓ ") + style.paint(Tone::strong, name) + "  matched\n";
    add_effects(out, rule, style);
  } else if (verdict == "error") {
    out += style.paint(Tone::bad, "! ") + style.paint(Tone::strong, name) + "  failed\n";
    out += wrap(rule.string_or("error", ""), 4, style.columns);
  } else {
    out += style.paint(Tone::dim, "✗ ") + name + "  did not match\n";
    if (!with_reasons) add_deciding(out, rule, style);
  }
  if (with_reasons) add_reasons(out, rule);
  if (const auto note = rule.string_or("note", ""); !note.empty())
    out += wrap("note:   " + std::string(note), 4, style.columns);
}

/// Who listened: the instances that took it, or what became of it where none did.
void add_listeners(std::string& out, json::View explanation, const Style& style) {
  const auto listeners = explanation.find("listeners");
  if (!listeners) return;
  bool kept_somewhere = false;
  for (const json::View met : listeners->elements()) {
    const std::string value(met.string_or("value", ""));
    const bool starts = met.string_or("filter", "").starts_with("/schedule/");
    out += wrap("it is what " + std::string(met.string_or("workflow", "")) + (starts ? " is started by at " : " listens for at ") +
                    std::string(met.string_or("filter", "")) + (value.empty() ? "" : ", value " + value),
                0, style.columns);
    if (const auto error = met.string_or("error", ""); !error.empty()) out += wrap(error, 4, style.columns);
    if (const auto here = met.find("kept")) {
      kept_somewhere = true;
      for (const json::View text : here->elements()) out += wrap(text.as_string(), 4, style.columns);
    }
  }
  const auto woke = explanation.find("woke");
  for (const json::View one : woke ? woke->elements() : listeners->elements()) {
    if (!woke) break;
    out += "    " + style.paint(Tone::good, "took it") + "  " + std::string(one.string_or("instance", "")) + "  " +
           std::string(one.string_or("workflow", "")) + "  " + std::string(one.string_or("status", "")) + "\n";
  }
  const auto started = explanation.find("started");
  for (size_t i = 0; started && i < started->size(); ++i) {
    const json::View one = started->at(i);
    out += "    " + style.paint(Tone::good, "started") + "  " + std::string(one.string_or("instance", "")) + "  " +
           std::string(one.string_or("workflow", "")) + "  " + std::string(one.string_or("status", "")) + "\n";
  }
  const auto kept = explanation.find("kept");
  if (kept) {
    for (const json::View text : kept->elements()) out += wrap(text.as_string(), 4, style.columns);
  } else if (!kept_somewhere && !started && (!woke || woke->size() == 0)) {
    out += "    nobody waited for it\n";
  }
}

/// What an EventType in mode warn found wrong with the event.
void add_faults(std::string& out, json::View explanation, const Style& style) {
  const auto faults = explanation.find("faults");
  if (!faults || !faults->is_array()) return;
  const std::string type(explanation.string_or("eventType", ""));
  size_t count = 0;
  for (const json::View fault : faults->elements()) {
    if (++count > kFaultsShown) continue;
    out += wrap("does not fit EventType " + type + ": " + std::string(fault.string_or("message", "")), 0, style.columns);
  }
  if (count > kFaultsShown) out += "  and " + std::to_string(count - kFaultsShown) + " more; -o json has all that are on record\n";
}

std::string counts(json::View explanation) {
  int64_t matched = 0, failed = 0, others = 0;
  if (const auto rules = explanation.find("rules")) {
    for (const json::View rule : rules->elements()) {
      const std::string_view verdict = rule.string_or("verdict", "");
      ++(verdict == "matched" ? matched : verdict == "error" ? failed : others);
    }
  }
  if (matched + failed + others == 0) return "no rule looked at it";
  std::string text = matched == 0 ? "no rule matched" : plural(matched, "rule") + " matched";
  if (failed > 0) text += ", " + std::to_string(failed) + " failed";
  if (others > 0) text += ", " + std::to_string(others) + " did not";
  return text;
}

}  // namespace

std::string render_explain(json::View explanation, const Style& style, bool with_reasons) {
  const json::View event = explanation.find("event").value_or(json::View());
  std::string out = style.paint(Tone::strong, event.string_or("type", "an event")) + " from " +
                    std::string(event.string_or("source", "?"));
  const std::string place = "(" + std::string(explanation.string_or("position", "")) + ", " +
                            when(explanation, "accepted", style.now) + ")";
  const size_t width =
      width_of(event.string_or("type", "")) + 8 + width_of(event.string_or("source", ""));
  out += (width + width_of(place) > style.columns ? "\n  " : "  ") + style.paint(Tone::dim, place) +
         "\n";
  if (const auto subject = event.string_or("subject", ""); !subject.empty())
    add_line(out, 0, "subject " + std::string(subject), style);
  if (const auto cause = explanation.string_or("cause", ""); !cause.empty()) {
    out += "it came of " + std::string(cause) + "\n";
  }
  if (const auto again = explanation.find("duplicates")) {
    const auto count = again->find("count");
    const int64_t times = count && count->is_number() ? count->as_int64().value_or(0) : 0;
    out += "it came again " + (times == 1 ? "once" : std::to_string(times) + " times") +
           ", and was not decided again; last " + when(*again, "last", style.now) + "\n";
  }
  add_faults(out, explanation, style);
  if (const auto stopped = explanation.string_or("stopped", ""); !stopped.empty()) {
    return out + style.paint(Tone::warning, "it met no rules: ") + std::string(stopped) + "\n";
  }
  add_listeners(out, explanation, style);
  out += counts(explanation);
  const auto disabled = explanation.find("disabledRules");
  const int64_t off = disabled && disabled->is_number() ? disabled->as_int64().value_or(0) : 0;
  if (off > 0) out += " (" + std::to_string(off) + " disabled)";
  out += "\n";
  if (const auto rules = explanation.find("rules"); rules && rules->size() > 0) {
    out += "\n";
    for (const json::View rule : rules->elements()) add_rule(out, rule, style, with_reasons);
  }
  return out;
}

}  // namespace hence::cli
