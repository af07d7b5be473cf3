// SPDX-License-Identifier: Apache-2.0
#include "sim/generate.h"

#include <initializer_list>
#include <utility>

#include "sim/outside.h"

namespace hence::sim {
namespace {

constexpr int kDepthMax = 3;

/// Other tasks' numbers follow from it.
constexpr const char* kCount = R"("export": {"as": {"c": "${ (($context.c // 0) + 1) % 5 }"}})";

constexpr const char* kApi = R"({"openapi": "3.0.0", "info": {"title": "gen", "version": "1"}, "servers": [{"url": "https://gen.example"}], "paths": {
  "/do/{place}": {"post": {"operationId": "make", "parameters": [{"name": "place", "in": "path", "required": true}],
                           "requestBody": {"required": true, "content": {"application/json": {}}}}},
  "/sum/{n}": {"get": {"operationId": "sum", "parameters": [{"name": "n", "in": "path", "required": true}]}}}})";

/// Writes one document. What would make its end a matter of luck is left out:
/// - Only a plain list exports: what is in a branch, a function, a list of an extension or of a `foreach` can be
///   run again, when an operator retries, after it was done, and would then find another context.
/// - A timeout is a second around what surely takes longer, or so many days that all else comes first. Where there
///   are extensions, which may fail meanwhile, there are only the latter.
/// - What runs beside others, and around them, waits and tells, and cannot fail.
class Generator {
 public:
  Generator(os::Random& random, int number, bool subflows) : random_(random), number_(number), subflows_(subflows) {}

  std::string document() {
    extended_ = below(5) < 2;
    const std::string functions = this->functions();
    const std::string extensions = extended_ ? ", \"extensions\": " + this->extensions() : "";
    return "{\"document\": {\"dsl\": \"1.0.3\", \"namespace\": \"gen\", \"name\": \"g" + std::to_string(number_) +
           "\", \"version\": \"1.0.0\"}, \"use\": {\"functions\": " + functions + extensions + "}, \"do\": " + list(0) + "}";
  }

 private:
  uint64_t below(uint64_t n) { return os::below(random_, n); }
  bool one_in(uint64_t n) { return below(n) == 0; }
  template <size_t N>
  std::string pick(const char* const (&texts)[N]) { return texts[below(N)]; }

  /// Parts in the order in which they are written. Operands of + may be computed in any order, and what draws
  /// would then differ between compilers: not more than one of them stands in such an expression.
  static std::string joined(std::initializer_list<std::string> parts) {
    std::string text;
    for (const std::string& part : parts) text += part;
    return text;
  }
  static std::string quoted(std::string_view text) { return "\"" + std::string(text) + "\""; }
  static std::string expression(const std::string& text) { return "\"${ " + text + " }\""; }
  static std::string output(const std::string& n) { return ", \"output\": {\"as\": {\"n\": " + expression(n) + "}}"; }
  std::string name(const char* letter) { return letter + std::to_string(++tasks_); }

  /// A number of what the task is given; now and then nothing that can be computed.
  /// inside: where the task's own input is known.
  std::string number(bool inside) {
    static constexpr const char* kNumbers[] = {
        ".n + 1", "(.n * 3) % 17", ".n - 2", "($context.c // 0) + .n", "$workflow.input.n + 1", "[.n, 5] | max",
        ".n", "(.n // 0) + 3", "[$workflow.input.l[]] | length",
    };
    if (one_in(25)) return ".n + {}";
    if (inside && one_in(8)) return "$input.n + 2";
    if (loops_.empty() || !one_in(2)) return pick(kNumbers);
    return "(.n // 0) + $" + loops_[below(loops_.size())];
  }
  std::string condition() {
    static constexpr const char* kConditions[] = {".n % 2 == 0", ".n > 4", "($context.c // 0) < 3", "$workflow.input.flag", "true", ".n"};
    return pick(kConditions);
  }
  std::string object() { return "{\"n\": " + expression(number(true)) + ", \"t\": \"text\"}"; }

  std::string functions() {
    ++quiet_;
    std::string text = "{";
    for (uint64_t count = below(3); functions_ < count; ++functions_) {
      text += joined({functions_ > 0 ? ", " : "", quoted("f" + std::to_string(functions_)), ": ", task(kDepthMax - 1, {})});
    }
    --quiet_;
    return text + "}";
  }

  std::string extensions() {
    static constexpr const char* kKinds[] = {"all", "wait", "set", "set", "call", "call", "composite", "try", "for", "switch", "emit", "listen", "raise", "run"};
    static constexpr const char* kWhens[] = {"($context.c // 0) < 1", "$workflow.input.flag", "$workflow.input.flag | not"};  // none can fail
    std::string text = "[";
    for (uint64_t i = 0, count = 1 + below(3); i < count; ++i) {
      const std::string kind = pick(kKinds);
      text += joined({i > 0 ? ", {" : "{", quoted(name("e")), ": {\"extend\": ", quoted(kind)});
      if (one_in(2)) text += ", \"when\": " + expression(pick(kWhens));
      const uint64_t sides = below(3);
      if (sides != 1) text += ", \"before\": " + beside(kind);
      if (sides != 2) text += ", \"after\": " + beside(kind);
      text += "}}";
    }
    return text + "]";
  }

  /// A list of an extension. Waits run beside other branches.
  std::string beside(const std::string& kind) {
    const bool harmless = kind == "all" || kind == "wait";
    std::string text = "[";
    for (uint64_t i = 0, count = 1 + below(2); i < count; ++i) {
      text += joined({i > 0 ? ", {" : "{", quoted(name("t")), ": {"});
      switch (below(harmless ? 3 : 8)) {
        case 0: text += "\"set\": {\"n\": 1}"; break;
        case 1: text += "\"wait\": {\"seconds\": 1}"; break;
        case 2: text += emit(); break;
        case 3: text += http(); break;
        case 4: text += joined({raise(), ", \"if\": ", expression(condition())}); break;
        case 5: text += joined({"\"set\": ", object(), ", \"if\": ", expression(condition()), ", \"then\": \"end\""}); break;
        default: text += joined({"\"set\": ", object(), ", \"if\": ", expression(condition()), ", \"then\": \"exit\""}); break;
      }
      text += "}}";
    }
    return text + "]";
  }

  std::string list(int depth) {
    const auto count = 1 + below(depth == 0 ? 5 : 3);
    std::vector<std::string> names;
    for (uint64_t i = 0; i < count; ++i) names.push_back(name("t"));
    std::string text = "[";
    for (uint64_t i = 0; i < count; ++i) {
      const std::vector<std::string> later(names.begin() + static_cast<std::ptrdiff_t>(i) + 1, names.end());
      text += joined({i > 0 ? ", {" : "{", quoted(names[i]), ": ", task(depth, later), "}"});
    }
    return text + "]";
  }
  std::string quiet_list(int depth) {
    ++quiet_;
    const std::string text = list(depth);
    --quiet_;
    return text;
  }

  std::string task(int depth, const std::vector<std::string>& later) {
    const bool late = !extended_ && one_in(20);
    std::string body = late ? slow() : depth < kDepthMax && one_in(2) ? with_list(depth, later) : leaf();
    if (late) body += ", \"timeout\": {\"after\": {\"seconds\": 1}}";
    else if (one_in(12)) body += ", \"timeout\": {\"after\": {\"days\": 30}}";
    if (one_in(6)) body += ", \"input\": {\"from\": {\"n\": " + expression(number(false)) + "}}";
    if (quiet_ == 0 && one_in(6)) body += std::string(", ") + kCount;
    const bool jumps = one_in(6);
    const bool raises = body.starts_with("\"raise\"");
    if (jumps || raises || late || one_in(6)) body += ", \"if\": " + expression(condition());
    if (jumps) body += ", \"then\": " + quoted(target(later));
    return "{" + body + "}";
  }

  std::string target(const std::vector<std::string>& later) {
    static constexpr const char* kDirectives[] = {"continue", "exit", "end"};
    return !later.empty() && one_in(2) ? later[below(later.size())] : pick(kDirectives);
  }

  std::string leaf() {
    switch (below(14)) {
      case 0:
      case 1: return "\"set\": " + object();
      case 2: return "\"wait\": {\"seconds\": " + std::to_string(1 + below(4)) + "}";
      case 3: return emit();
      case 4:
      case 5: return http();
      case 6: return raise();
      case 7:
      case 8: return hear();
      case 9: return openapi();
      case 10: return approval();
      case 11: return process();
      case 12: return functions_ > 0 ? function() : http();
      default: return subflows_ && number_ > 0 ? subflow() : process();
    }
  }

  std::string emit() { return "\"emit\": {\"event\": {\"with\": {\"type\": \"gen.told\", \"source\": \"/gen\"}}}" + output("$input.n"); }
  std::string http() {
    return "\"call\": \"http\", \"with\": {\"method\": \"post\", \"endpoint\": \"https://gen.example/do\", \"body\": " + object() + "}";
  }
  std::string raise() {
    return "\"raise\": {\"error\": {\"type\": \"https://gen.example/bad\", \"status\": " + std::to_string(409 + below(3)) + ", \"title\": \"Bad\"}}";
  }
  std::string function() {
    return joined({"\"call\": ", quoted("f" + std::to_string(below(functions_))), ", \"with\": ", object()});
  }
  std::string subflow() {
    std::string text = joined({"\"run\": {\"workflow\": {\"namespace\": \"gen\", \"name\": ",
                               quoted("g" + std::to_string(below(static_cast<uint64_t>(number_)))),
                               ", \"version\": \"1.0.0\", \"input\": {\"n\": ", expression(number(true)),
                               ", \"k\": \"${ $workflow.input.k }\", \"l\": [1, 2], \"flag\": true}}"});
    const uint64_t how = below(5);
    if (how == 0) text += ", \"await\": false";
    if (how == 1) text += ", \"return\": \"none\"";
    return text + "}";
  }
  std::string openapi() {
    const std::string head = "\"call\": \"openapi\", \"with\": {\"document\": " + std::string(kApi);
    if (one_in(2)) return head + ", \"operationId\": \"make\", \"parameters\": {\"place\": \"a b\", \"body\": " + object() + "}}";
    const std::string n = one_in(4) ? ".missing" : number(true);
    return head + ", \"operationId\": \"sum\", \"parameters\": {\"n\": " + expression("((" + n + ") | numbers) // null") + "}}";
  }
  std::string approval() {
    const bool undecided = one_in(4);
    std::string text = joined({"\"call\": \"approval:1.0.0@default\", \"with\": {\"approvers\": [", quoted(kDecider), "], \"title\": ",
                               undecided ? quoted(kUndecided) : R"("${ \"gen \\(.n)\" }")"});
    if (undecided) text += ", \"deadline\": {\"seconds\": 2}";
    if (one_in(2)) text += ", \"otherwise\": \"output\"";
    return text + ", \"details\": " + object() + "}" + output("[.decision, .by, .reason] | map(length) | add");
  }
  std::string process() {
    static constexpr std::pair<const char*, const char*> kReturns[] = {
        {"stdout", "tonumber"}, {"stderr", "tonumber"}, {"code", "."}, {"all", ".code + (.stdout | tonumber)"}, {"none", ". // 4"}};
    std::string text = one_in(2) ? "\"run\": {\"shell\": {\"command\": \"gen make\""
                                 : "\"run\": {\"script\": {\"language\": \"js\", \"code\": \"gen()\"";
    text += ", \"arguments\": [" + expression(number(true)) + ", \"b\"]";
    if (one_in(3)) text += ", \"environment\": {\"N\": " + expression(number(true)) + "}";
    if (one_in(3)) text += ", \"stdin\": " + expression(number(true));
    if (one_in(6)) return text + "}, \"await\": false}";
    const auto& [what, read] = kReturns[below(std::size(kReturns))];
    return text + "}, \"return\": " + quoted(what) + "}" + output(read);
  }

  static std::string filter(std::string_view type) {
    return "{\"with\": {\"type\": " + quoted(type) + "}, \"correlate\": {\"k\": {\"from\": \"${ .data.k }\", \"expect\": \"${ $workflow.input.k }\"}}}";
  }
  /// Events come in any order and number: of what was taken only that is told which is sure.
  std::string hear() {
    const std::string go = filter(kAwaited[0]), more = filter(kAwaited[1]), stop = filter(kAwaited[2]);
    switch (below(6)) {
      case 0: return "\"listen\": {\"to\": {\"one\": " + more + "}}" + output(".[0].n");
      case 1: return "\"listen\": {\"to\": {\"one\": " + go + "}, \"read\": \"envelope\"}" + output(".[0].data.n");
      case 2: return "\"listen\": {\"to\": {\"all\": [" + go + ", " + more + "]}}" + output("map(.n) | add");
      case 3: return "\"listen\": {\"to\": {\"any\": [" + go + ", " + more + "]}}" + output("length");
      case 4: return "\"listen\": {\"to\": {\"any\": [" + go + "], \"until\": " + expression("length > 1") + "}}" + output("map(.n) | add");
      default:
        return "\"listen\": {\"to\": {\"any\": [" + go + ", " + more + "], \"until\": {\"one\": " + stop + "}}}, \"foreach\": {\"do\": [{" +
               quoted(name("t")) + ": {\"wait\": {\"seconds\": 1}}}]}" + output("6");
    }
  }

  /// What surely takes longer than a second.
  std::string slow() {
    std::string wait = "\"wait\": {\"seconds\": " + std::to_string(2 + below(3)) + "}";
    const std::string listed = "[{" + quoted(name("t")) + ": {" + wait + "}}]";
    switch (below(6)) {
      case 0: return wait;
      case 1: return "\"do\": " + listed;
      case 2: return "\"for\": {\"in\": \"${ [1, 2] }\"}, \"do\": " + listed;
      case 3: return "\"try\": " + listed + ", \"catch\": {}";
      case 4: return "\"listen\": {\"to\": {\"one\": " + filter(kNeverSent) + "}}";
      default: return "\"call\": \"approval:1.0.0@default\", \"with\": {\"title\": " + quoted(kUndecided) + "}";
    }
  }

  std::string with_list(int depth, const std::vector<std::string>& later) {
    switch (below(7)) {
      case 0: return "\"do\": " + list(depth + 1);
      case 1: return loop(depth);
      case 2: return fork(depth);
      case 3:
      case 4: return guard(depth);
      case 5: return hear_each(depth);
      default: return choose(later);
    }
  }

  std::string loop(int depth) {
    const std::string each = name("x");
    std::string text = joined({"\"for\": {\"each\": ", quoted(each), ", \"in\": ",
                               one_in(3) ? "\"${ $workflow.input.l }\"" : expression("[range((.n // 0) % 4)]")});
    const std::string at = one_in(3) ? each + "at" : "";
    if (!at.empty()) text += ", \"at\": " + quoted(at);
    text += "}";
    if (one_in(3)) text += ", \"while\": " + expression("$" + each + " < 2");
    loops_.push_back(at.empty() ? each : at);
    text += ", \"do\": " + list(depth + 1);
    loops_.pop_back();
    return text;
  }

  /// Tasks for each of one or two equal events.
  std::string hear_each(int depth) {
    const std::string each = name("x");
    const bool two = one_in(2);
    std::string text = joined({"\"listen\": {\"to\": {", two ? "\"any\": [" : "\"one\": ", filter(kAwaited[0]),
                               two ? "], \"until\": " + expression("length == 2") : "", "}}, \"foreach\": {\"item\": ", quoted(each),
                               ", \"at\": ", quoted(each + "at")});
    loops_.push_back(each + "at");
    text += ", \"do\": " + quiet_list(depth + 1);
    loops_.pop_back();
    if (one_in(2)) text += ", \"output\": {\"as\": {\"n\": " + expression("(.n? // 1) + $" + each + ".n + $" + each + "at") + "}}";
    return text + "}" + output("map(.n? // 0) | add");
  }

  /// One branch may do anything, the rest waits: shorter than it or longer, and if they race, for ever.
  std::string fork(int depth) {
    const bool compete = one_in(3);
    std::string text = "\"fork\": {" + std::string(compete ? "\"compete\": true, " : "") + "\"branches\": [";
    text += joined({"{", quoted(name("b")), ": ", depth + 1 >= kDepthMax ? "{\"set\": {\"n\": 4}}" : "{\"do\": " + quiet_list(depth + 1) + "}", "}"});
    for (uint64_t more = 1 + below(2); more > 0; --more) {
      text += ", {" + quoted(name("b")) + ": " + (compete ? "{\"wait\": {\"days\": 30}}" : "{\"wait\": {\"seconds\": 2}}") + "}";
    }
    return text + "]}" + (compete ? "" : output("map(.n? // 0) | add"));
  }

  std::string guard(int depth) {
    static constexpr const char* kFilters[] = {"\"status\": 503", "\"status\": 400", "\"status\": 408", "\"status\": 403",
                                               "\"type\": \"https://open-workflow-specification.org/spec/1.0.0/errors/runtime\""};
    std::string text = "\"try\": " + list(depth + 1);
    if (quiet_ == 0 && one_in(2)) {  // so that another attempt finds another context
      text.insert(text.find('[') + 1, "{" + quoted(name("t")) + ": {\"set\": \"${ . }\", " + kCount + "}}, ");
    }
    text += ", \"catch\": {";
    std::string inner;
    const auto add = [&](const std::string& member) { inner += (inner.empty() ? "" : ", ") + member; };
    if (one_in(3)) add("\"errors\": {\"with\": {" + pick(kFilters) + "}}");
    if (one_in(4)) add("\"when\": " + expression("$error.status != 404"));
    if (one_in(2)) add("\"retry\": {\"delay\": {\"seconds\": 1}, \"backoff\": {\"constant\": {}}, \"limit\": {\"attempt\": {\"count\": " + std::to_string(1 + below(2)) + "}}}");
    if (one_in(2)) {
      add(joined({"\"do\": [{", quoted(name("t")), ": {\"set\": {\"n\": ",
                  one_in(4) ? expression(number(true)) : "\"${ $error.status }\"", "}}}]"}));
    }
    return text + inner + "}";
  }

  std::string choose(const std::vector<std::string>& later) {
    std::string text = "\"switch\": [";
    for (uint64_t cases = 1 + below(2); cases > 0; --cases) {
      text += joined({"{", quoted(name("c")), ": {\"when\": ", expression(condition()), ", \"then\": ", quoted(target(later)), "}}, "});
    }
    return text + "{\"other\": {\"then\": \"continue\"}}]";
  }

  os::Random& random_;
  int number_;
  bool subflows_;
  bool extended_ = false;       ///< there are extensions
  uint64_t functions_ = 0;      ///< those that can be called
  int quiet_ = 0;               ///< lists around this one that must not export
  int tasks_ = 0;
  std::vector<std::string> loops_;
};

}  // namespace

std::vector<std::string> generate_workflows(os::Random& random, bool subflows) {
  std::vector<std::string> documents;
  for (int i = 0; i < kGenerated; ++i) documents.push_back(Generator(random, i, subflows).document());
  return documents;
}

}  // namespace hence::sim
