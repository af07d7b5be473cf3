// SPDX-License-Identifier: Apache-2.0
// A sample is found, not derived: what filter and keys fix is put in its place, and for what expressions
// read, values are tried that stand in them or in the instance, and their neighbours. Every sample
// has been taken by a copy of the instance before anybody sees it.

#include "engine/wait_sample.h"

#include <algorithm>
#include <map>

#include "event/event.h"
#include "json/builder.h"
#include "json/parse.h"
#include "workflow/correlation.h"

namespace hence::engine {
namespace {

using Path = std::vector<std::string>;

constexpr size_t kTrialsMax = 2'000;      ///< events tried for one sample
constexpr size_t kCandidatesMax = 60;     ///< values tried in one place
constexpr size_t kScalarsMax = 100;       ///< of the instance, looked at for them

/// Attributes in the order in which people write them.
struct InOrder {
  static size_t rank(const Path& path) {
    static constexpr std::string_view kFirst[] = {"specversion", "id", "source", "type", "subject"};
    for (size_t i = 0; i < std::size(kFirst); ++i) {
      if (path.front() == kFirst[i]) return i;
    }
    return path.front() == "data" ? 7 : 6;
  }
  bool operator()(const Path& a, const Path& b) const {
    const size_t first = rank(a), second = rank(b);
    return first != second ? first < second : a < b;
  }
};
using Leaves = std::map<Path, json::Value, InOrder>;

/// What can stand in a place.
struct Unknown {
  Path path;
  std::vector<json::Value> candidates;
};

bool begins_with(const Path& path, const Path& prefix) {
  return path.size() >= prefix.size() && std::equal(prefix.begin(), prefix.end(), path.begin());
}

/// Puts a value in its place: what stood above or below it there goes.
void put(Leaves& leaves, const Path& path, const json::Value& value) {
  std::erase_if(leaves, [&](const auto& leaf) { return begins_with(leaf.first, path) || begins_with(path, leaf.first); });
  leaves[path] = value;
}

bool is_taken(const Leaves& leaves, const Path& path) {
  return std::any_of(leaves.begin(), leaves.end(), [&](const auto& leaf) {
    return begins_with(leaf.first, path) || begins_with(path, leaf.first);
  });
}

/// The event that has the leaves: objects are opened and closed along the sorted paths.
json::Value event_of(const Leaves& leaves) {
  json::Builder builder;
  builder.begin_object();
  Path open;
  for (const auto& [path, value] : leaves) {
    size_t same = 0;
    while (same < open.size() && same + 1 < path.size() && open[same] == path[same]) ++same;
    for (; open.size() > same; open.pop_back()) builder.end_object();
    for (; open.size() + 1 < path.size(); open.push_back(path[open.size()])) builder.key(path[open.size()]).begin_object();
    builder.member(path.back(), value);
  }
  for (size_t i = 0; i < open.size(); ++i) builder.end_object();
  builder.end_object();
  return std::move(builder).finish();
}

Path split(std::string_view pointer) {
  Path path;
  for (size_t at = 0; at < pointer.size();) {
    const size_t end = std::min(pointer.find('/', at + 1), pointer.size());
    std::string token;
    for (size_t i = at + 1; i < end; ++i) {
      const bool escaped = pointer[i] == '~' && i + 1 < end;
      token.push_back(!escaped ? pointer[i] : pointer[++i] == '1' ? '/' : '~');
    }
    path.push_back(std::move(token));
    at = end;
  }
  return path;
}

void add(std::vector<json::Value>& to, json::Value value) {
  const bool there = std::any_of(to.begin(), to.end(), [&](const json::Value& one) { return json::equal(one, value); });
  if (!there && to.size() < kCandidatesMax) to.push_back(std::move(value));
}

/// A value that somebody compares with, and those just beside it.
void add_with_neighbours(std::vector<json::Value>& to, json::View value) {
  if (value.is_number()) {
    add(to, json::Value::detached(value));
    if (const auto whole = value.as_int64()) {
      if (*whole < INT64_MAX) add(to, json::Value::number(*whole + 1));
      if (*whole > INT64_MIN) add(to, json::Value::number(*whole - 1));
    } else {
      add(to, json::Value::number(value.as_double() + 1));
      add(to, json::Value::number(value.as_double() - 1));
    }
    add(to, json::Value::string(value.to_text()));
    return;
  }
  add(to, json::Value::detached(value));
  if (!value.is_string()) return;
  if (Result<json::Value> number = json::parse(value.as_string()); number.ok() && (*number)->is_number()) add(to, *number);
}

/// Numbers and texts that stand in an expression.
void add_literals(std::vector<json::Value>& to, std::string_view source) {
  for (size_t at = 0; at < source.size();) {
    size_t begin = at;
    if (source[at] == '"') {
      for (++at; at < source.size() && source[at] != '"'; ++at) at += source[at] == '\\' ? 1 : 0;
      at = std::min(at + 1, source.size());
    } else if (source[at] >= '0' && source[at] <= '9') {
      at = std::min(source.find_first_not_of("0123456789.eE", at), source.size());
      if (begin > 0 && source[begin - 1] == '-') --begin;
    } else {
      ++at;
      continue;
    }
    if (const Result<json::Value> value = json::parse(source.substr(begin, at - begin)); value.ok()) {
      add_with_neighbours(to, *value);
    }
  }
}

/// Numbers, texts and booleans of a value, breadth first.
void add_scalars(std::vector<json::Value>& to, json::View value) {
  std::vector<json::View> queue = {value};
  for (size_t at = 0; at < queue.size() && at < kScalarsMax; ++at) {
    const json::View one = queue[at];
    if (one.is_object()) {
      for (const auto [key, member] : one.members()) queue.push_back(member);
    } else if (one.is_array()) {
      for (const json::View element : one.elements()) queue.push_back(element);
    } else if (!one.is_null()) {
      add_with_neighbours(to, one);
    }
    if (queue.size() > kScalarsMax) queue.resize(kScalarsMax);
  }
}

/// Of the values from there on. To jq every text is greater than any number, which nobody means.
void put_numbers_first(std::vector<json::Value>& values, size_t from) {
  std::stable_partition(values.begin() + static_cast<std::ptrdiff_t>(from), values.end(),
                        [](const json::Value& value) { return value->is_number(); });
}

void add_plain(std::vector<json::Value>& to) {
  add(to, json::Value::string("sample"));
  for (const int64_t number : {1, 0}) add(to, json::Value::number(number));
  for (const std::string_view text : {"true", "false", "[]", "{}"}) add(to, *json::parse(text));
}

/// Collects what the parts of a filter say about places of the event.
class Draft {
 public:
  Draft(const workflow::Definition& definition, const workflow::Instance& instance, const workflow::Wait& wait)
      : definition_(definition), site_(definition.sites.at(wait.site)), instance_(instance), wait_(wait) {}

  void read(const std::string& id) {
    read_with();
    for (size_t i = 0; i < site_.keys.size(); ++i) read_key(i);
    for (const auto& [path, source] : expressions_) read_expression(path, source);
    fill("specversion", "1.0");
    fill("id", id);
    fill("source", "/sample");
    fill("type", "sample");
  }
  const Leaves& leaves() const { return leaves_; }
  const std::vector<Unknown>& unknowns() const { return unknowns_; }

 private:
  void fill(const std::string& name, std::string_view text) {
    const bool unknown = std::any_of(unknowns_.begin(), unknowns_.end(), [&](const Unknown& u) { return u.path.front() == name; });
    if (!unknown && !is_taken(leaves_, {name})) leaves_[{name}] = json::Value::string(text);
  }

  void read_with() {
    if (!site_.with->is_object()) return;
    std::vector<std::pair<Path, json::View>> queue = {{{}, site_.with.view()}};
    for (size_t at = 0; at < queue.size(); ++at) {
      const auto [path, value] = queue[at];
      if (value.is_object() && (value.size() > 0 || path.empty())) {
        for (const auto [name, member] : value.members()) {
          Path below = path;
          below.emplace_back(name);
          queue.emplace_back(std::move(below), member);
        }
      } else if (!value.is_string()) {
        put(leaves_, path, json::Value::detached(value));
      } else if (const auto source = expr::unwrap(value.as_string())) {
        expressions_.emplace_back(path, *source);
      } else {
        unknowns_.push_back({path, {}});
        if (value.as_string().find_first_of("*+?[](){}|^$\\") != std::string_view::npos) {
          add(unknowns_.back().candidates, json::Value::string(text_like(value.as_string())));
        }
        add(unknowns_.back().candidates, json::Value::detached(value));
      }
    }
  }

  void read_key(size_t i) {
    const std::string& name = site_.keys[i].name;
    const workflow::Frame* frame = instance_.find_frame(wait_.frame);
    std::optional<json::Value> value;
    if (frame != nullptr) value = workflow::expected_value(site_, wait_, *frame, i);
    constexpr std::string_view kWith = "with/";
    std::vector<Path> paths;
    if (name.starts_with(kWith)) {  // a member of `with` that the instance gives
      paths.push_back(split(std::string_view(name).substr(kWith.size() - 1)));
      std::erase_if(expressions_, [&](const auto& one) { return one.first == paths.front(); });
    } else {
      for (const std::string& pointer : reads_of(workflow::key_source(definition_, site_, name))) paths.push_back(split(pointer));
    }
    for (const Path& path : paths) {
      if (path.empty() || (!value && is_known(path))) continue;
      Unknown unknown{path, {}};
      if (value) add_with_neighbours(unknown.candidates, *value);
      else add_plain(unknown.candidates);
      forget(path);
      unknowns_.push_back(std::move(unknown));
    }
  }

  std::vector<std::string> reads_of(std::string_view source) const {
    expr::CompileOptions options;
    for (const std::string_view argument : workflow::kArgumentNames) options.variables.emplace_back(argument);
    for (const std::string& one : definition_.scope(definition_.task(site_.task).scope).variables) options.variables.push_back(one);
    const auto program = expr::Program::compile(source, options);
    return program.ok() ? program->reads().paths : std::vector<std::string>();
  }

  bool is_known(const Path& path) const {
    return is_taken(leaves_, path) || std::any_of(unknowns_.begin(), unknowns_.end(), [&](const Unknown& u) {
      return begins_with(u.path, path) || begins_with(path, u.path);
    });
  }
  void forget(const Path& path) {
    std::erase_if(leaves_, [&](const auto& leaf) { return leaf.first == path; });
    std::erase_if(unknowns_, [&](const Unknown& u) { return u.path == path; });
  }

  /// What the expression at `base` reads of the value there may be what stands in it.
  void read_expression(const Path& base, std::string_view source) {
    std::vector<Path> paths;
    for (const std::string& pointer : reads_of(source)) {
      Path path = base;
      for (std::string& token : split(pointer)) path.push_back(std::move(token));
      paths.push_back(std::move(path));
    }
    if (paths.empty()) paths.push_back(base);
    for (const Path& path : paths) {
      if (is_known(path)) continue;
      Unknown unknown{path, {}};
      const bool orders = source.find_first_of("<>") != std::string_view::npos;
      add_literals(unknown.candidates, source);
      if (orders) put_numbers_first(unknown.candidates, 0);
      if (source.find('$') != std::string_view::npos) {
        const size_t literals = unknown.candidates.size();
        for (const json::Value* value : {&instance_.input, &instance_.context}) add_scalars(unknown.candidates, *value);
        for (const workflow::Frame& frame : instance_.frames) {
          for (const workflow::Variable& variable : frame.variables) add_scalars(unknown.candidates, variable.value);
        }
        if (orders) put_numbers_first(unknown.candidates, literals);
      }
      add_plain(unknown.candidates);
      unknowns_.push_back(std::move(unknown));
    }
  }

  const workflow::Definition& definition_;
  const workflow::ListenSite& site_;
  const workflow::Instance& instance_;
  const workflow::Wait& wait_;
  Leaves leaves_;
  std::vector<Unknown> unknowns_;
  std::vector<std::pair<Path, std::string_view>> expressions_;
};

}  // namespace

Result<WaitTrial> WaitTrial::create(const workflow::Definition& definition, const workflow::Instance& instance,
                                    const workflow::Wait& wait, const workflow::StepContext& context,
                                    const expr::Environment& environment) {
  HENCE_TRY(filter::Conditions conditions, filter::parse_conditions(definition.sites.at(wait.site).on));
  std::vector<filter::RuleInput> inputs;
  inputs.push_back({0, std::move(conditions)});
  HENCE_TRY(filter::RuleSet filter, filter::RuleSet::build(std::move(inputs)));
  WaitTrial trial(definition, wait, context, environment, std::move(filter));
  trial.context_.step_budget = 0;  // to take the event is enough
  workflow::Instance& part = trial.part_;
  part.phase = instance.phase;
  part.input = instance.input;
  part.context = instance.context;
  part.started_at = instance.started_at;
  part.last_id = instance.last_id;
  part.arrivals = instance.arrivals;
  part.waits = {wait};
  for (const workflow::Frame* frame = instance.find_frame(wait.frame); frame != nullptr;
       frame = instance.find_frame(frame->parent)) {
    part.frames.insert(part.frames.begin(), *frame);
  }
  return trial;
}

bool WaitTrial::takes(json::View event) const {
  filter::MatchScratch scratch;
  std::vector<uint32_t> met;
  std::vector<filter::MatchError> errors;
  filter_.match(event, environment_, scratch, met, errors);
  if (met.empty()) return false;
  workflow::Instance copy = part_;
  std::vector<workflow::Fact> facts;
  workflow::Machine machine(*definition_, copy, context_, facts);
  if (machine.on_event(wait_.id, event, Address{}).ignored) return false;  // a position nobody has had
  return std::none_of(facts.begin(), facts.end(), [](const workflow::Fact& fact) {
    return std::holds_alternative<workflow::TaskFaulted>(fact);
  });
}

std::optional<json::Value> WaitTrial::sample() const {
  Draft draft(*definition_, part_, wait_);
  // Of its own, so that the sample of a later wait is no duplicate of this one.
  draft.read("sample-" + context_.instance.to_string() + "." + std::to_string(wait_.id));
  const std::vector<Unknown>& unknowns = draft.unknowns();
  std::vector<size_t> choice(unknowns.size(), 0);
  for (size_t trial = 0; trial < kTrialsMax; ++trial) {
    Leaves leaves = draft.leaves();
    for (size_t i = 0; i < unknowns.size(); ++i) put(leaves, unknowns[i].path, unknowns[i].candidates[choice[i]]);
    json::Value event = event_of(leaves);
    if (event::Event::from_value(event).ok() && takes(event)) return event;
    size_t at = 0;  // the next combination
    for (; at < unknowns.size() && ++choice[at] == unknowns[at].candidates.size(); ++at) choice[at] = 0;
    if (at == unknowns.size()) break;
  }
  return std::nullopt;
}

std::string text_like(std::string_view pattern) {
  std::string text;
  size_t last = 0;          // where the last item of the text begins
  std::vector<size_t> open;  // where groups of the text begin
  int skip = 0;             // groups open inside an alternative that is left out
  bool leave_out = false;
  for (size_t i = 0; i < pattern.size(); ++i) {
    const char c = pattern[i];
    if (leave_out) {
      if (c == '\\') ++i;
      else if (c == '(') ++skip;
      else if (c == ')' && skip-- == 0) leave_out = false, --i;
      continue;
    }
    if (c == '^' || c == '$') continue;
    if (c == '|') {
      leave_out = true;
      skip = 0;
    } else if (c == '(') {
      open.push_back(text.size());
      if (pattern.substr(i + 1, 2) == "?:") i += 2;
    } else if (c == ')') {
      if (open.empty()) continue;
      last = open.back();
      open.pop_back();
    } else if (c == '{') {
      const size_t count = static_cast<size_t>(std::min(20, std::atoi(std::string(pattern.substr(i + 1, 4)).c_str())));
      const std::string item = text.substr(last);
      text.resize(last);
      for (size_t n = 0; n < count; ++n) text += item;
      i = std::min(pattern.find('}', i), pattern.size());
    } else if (c == '[') {
      const size_t first = i + 1;
      i = std::min(pattern.find(']', first + 1), pattern.size());
      last = text.size();
      const char in = first < pattern.size() ? pattern[first] : 'x';
      text.push_back(in == '^' || in == '\\' ? 'x' : in);
    } else if (c != '*' && c != '+' && c != '?') {  // one of each is allowed
      last = text.size();
      char plain = c == '.' ? 'x' : c;
      if (c == '\\' && i + 1 < pattern.size()) {
        plain = pattern[++i];
        plain = plain == 'd' ? '1' : plain == 'w' ? 'x' : plain == 's' ? ' ' : plain;
      }
      text.push_back(plain);
    }
  }
  return text;
}

}  // namespace hence::engine
