// SPDX-License-Identifier: Apache-2.0
#include "sim/generate.h"

#include <initializer_list>

namespace hence::sim {
namespace {

constexpr int kDepthMax = 3;

/// The kind of list that is being written: what must not happen there would make the end a matter of luck.
enum class Place { plain, branch };

class Generator {
 public:
  Generator(os::Random& random, int number, bool subflows) : random_(random), number_(number), subflows_(subflows) {}

  std::string document() {
    return "{\"document\": {\"dsl\": \"1.0.3\", \"namespace\": \"gen\", \"name\": \"g" + std::to_string(number_) +
           "\", \"version\": \"1.0.0\"}, \"do\": " + list(0, Place::plain) + "}";
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
  static std::string quoted(const std::string& text) { return "\"" + text + "\""; }
  static std::string expression(const std::string& text) { return "\"${ " + text + " }\""; }

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

  std::string list(int depth, Place place) {
    const auto count = 1 + below(depth == 0 ? 5 : 3);
    std::vector<std::string> names;
    for (uint64_t i = 0; i < count; ++i) names.push_back("t" + std::to_string(++tasks_));
    std::string text = "[";
    for (uint64_t i = 0; i < count; ++i) {
      const std::vector<std::string> later(names.begin() + static_cast<std::ptrdiff_t>(i) + 1, names.end());
      text += joined({i > 0 ? ", {" : "{", quoted(names[i]), ": ", task(depth, place, later), "}"});
    }
    return text + "]";
  }

  std::string task(int depth, Place place, const std::vector<std::string>& later) {
    std::string body = depth < kDepthMax && one_in(2) ? with_list(depth, place, later) : leaf(place);
    if (one_in(6)) body += ", \"input\": {\"from\": {\"n\": " + expression(number(false)) + "}}";
    if (place == Place::plain && one_in(6)) body += ", \"export\": {\"as\": {\"c\": " + expression("(($context.c // 0) + 1) % 5") + "}}";
    const bool jumps = place == Place::plain && one_in(6);
    const bool raises = body.starts_with("\"raise\"");
    if (jumps || raises || one_in(6)) body += ", \"if\": " + expression(condition());
    if (jumps) body += ", \"then\": " + quoted(target(later));
    return "{" + body + "}";
  }

  std::string target(const std::vector<std::string>& later) {
    static constexpr const char* kDirectives[] = {"continue", "exit", "end"};
    return !later.empty() && one_in(2) ? later[below(later.size())] : pick(kDirectives);
  }

  std::string leaf(Place place) {
    switch (below(place == Place::branch ? 3 : subflows_ && number_ > 0 ? 9 : 8)) {
      case 0: return "\"set\": " + object();
      case 1:
        return joined({"\"wait\": {\"seconds\": ", std::to_string(1 + below(4)), "}", place == Place::plain && one_in(4) ? timeout() : ""});
      case 2: return "\"emit\": {\"event\": {\"with\": {\"type\": \"gen.told\", \"source\": \"/gen\"}}}, \"output\": {\"as\": {\"n\": " + expression("$input.n") + "}}";
      case 3:
      case 4: return "\"call\": \"http\", \"with\": {\"method\": \"post\", \"endpoint\": \"https://gen.example/do\", \"body\": " + object() + "}";
      case 5: return "\"raise\": {\"error\": {\"type\": \"https://gen.example/bad\", \"status\": " + std::to_string(409 + below(3)) + ", \"title\": \"Bad\"}}";
      case 6:
      case 7: return "\"listen\": {\"to\": {\"one\": {\"with\": {\"type\": \"gen.go\"}, \"correlate\": {\"k\": {\"from\": \"${ .data.k }\", \"expect\": \"${ $workflow.input.k }\"}}}}}, \"output\": {\"as\": {\"n\": \"${ .[0].n }\"}}";
      default: return "\"run\": {\"workflow\": {\"namespace\": \"gen\", \"name\": \"g0\", \"version\": \"1.0.0\", \"input\": {\"n\": " + expression(number(true)) +
                      ", \"k\": \"${ $workflow.input.k }\", \"l\": [1, 2], \"flag\": true}}}";
    }
  }
  std::string timeout() { return ", \"timeout\": {\"after\": {\"seconds\": " + std::string(one_in(2) ? "30" : "1") + "}}"; }

  std::string with_list(int depth, Place place, const std::vector<std::string>& later) {
    switch (below(place == Place::branch ? 2 : 6)) {
      case 0: return "\"do\": " + list(depth + 1, place);
      case 1: return loop(depth, place);
      case 2: return fork(depth);
      case 3:
      case 4: return guard(depth);
      default: return choose(later);
    }
  }

  std::string loop(int depth, Place place) {
    const std::string name = "x" + std::to_string(++tasks_);
    std::string text = joined({"\"for\": {\"each\": ", quoted(name), ", \"in\": ",
                               one_in(3) ? "\"${ $workflow.input.l }\"" : expression("[range((.n // 0) % 4)]")});
    if (one_in(3)) text += ", \"at\": " + quoted(name + "at");
    text += "}";
    if (one_in(3)) text += ", \"while\": " + expression("$" + name + " < 2");
    loops_.push_back(name);
    text += ", \"do\": " + list(depth + 1, place);
    loops_.pop_back();
    return text;
  }

  /// One branch may do anything that does not tell others; the rest cannot fail, and comes later or at once.
  std::string fork(int depth) {
    const bool compete = one_in(3);
    std::string text = "\"fork\": {" + std::string(compete ? "\"compete\": true, " : "") + "\"branches\": [";
    const std::string first = "b" + std::to_string(++tasks_);
    text += joined({"{", quoted(first), ": ",
                    compete || depth + 1 >= kDepthMax ? "{\"set\": {\"n\": 4}}" : "{\"do\": " + list(depth + 1, Place::branch) + "}", "}"});
    for (uint64_t more = 1 + below(2); more > 0; --more) {
      text += ", {" + quoted("b" + std::to_string(++tasks_)) + ": " + (compete ? "{\"wait\": {\"hours\": 1}}" : "{\"wait\": {\"seconds\": 2}}") + "}";
    }
    return text + "]}" + (compete ? "" : ", \"output\": {\"as\": {\"n\": " + expression("map(.n? // 0) | add") + "}}");
  }

  std::string guard(int depth) {
    std::string text = "\"try\": " + list(depth + 1, Place::plain) + ", \"catch\": {";
    std::string inner;
    const auto add = [&](const std::string& member) { inner += (inner.empty() ? "" : ", ") + member; };
    if (one_in(3)) add("\"errors\": {\"with\": {\"status\": " + std::string(one_in(2) ? "503" : "400") + "}}");
    if (one_in(4)) add("\"when\": " + expression("$error.status != 404"));
    if (one_in(2)) add("\"retry\": {\"delay\": {\"seconds\": 1}, \"backoff\": {\"constant\": {}}, \"limit\": {\"attempt\": {\"count\": " + std::to_string(1 + below(2)) + "}}}");
    if (one_in(2)) {
      add(joined({"\"do\": [{", quoted("t" + std::to_string(++tasks_)), ": {\"set\": {\"n\": ",
                  one_in(4) ? expression(number(true)) : "\"${ $error.status }\"", "}}}]"}));
    }
    return text + inner + "}";
  }

  std::string choose(const std::vector<std::string>& later) {
    std::string text = "\"switch\": [";
    for (uint64_t cases = 1 + below(2); cases > 0; --cases) {
      text += joined({"{", quoted("c" + std::to_string(++tasks_)), ": {\"when\": ", expression(condition()), ", \"then\": ",
                      quoted(target(later)), "}}, "});
    }
    return text + "{\"other\": {\"then\": \"continue\"}}]";
  }

  os::Random& random_;
  int number_;
  bool subflows_;
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
