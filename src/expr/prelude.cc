// SPDX-License-Identifier: Apache-2.0
// The builtins that are definitions in jq, and the look-up of all of them.
#include <algorithm>
#include <map>

#include "expr/builtins.h"

namespace hence::expr {

namespace {

constexpr std::string_view kPrelude = R"jq(
def select(f): if f then . else empty end;
def map(f): [.[] | f];
def map_values(f): .[] |= f;
def values: select(. != null);
def nulls: select(. == null);
def strings: select(type == "string");
def numbers: select(type == "number");
def booleans: select(type == "boolean");
def arrays: select(type == "array");
def objects: select(type == "object");
def iterables: select(type | . == "array" or . == "object");
def scalars: select(type | . != "array" and . != "object");
def finites: select(isinfinite or isnan | not);
def normals: select(isnormal);
def add(f): reduce f as $x (null; . + $x);
def range($to): range(0; $to);
def first: .[0];
def last: .[-1];
def nth($n): .[$n];
def last(f): reduce f as $x ([]; .[0] = $x) | .[];
def skip($n; f): if $n > 0 then foreach f as $item ($n; . - 1; if . < 0 then $item else empty end)
  elif $n == 0 then f else error("skip doesn't support negative count") end;
def nth($n; f): if $n < 0 then error("nth doesn't support negative indices")
  else first(skip($n; f)) end;
def any(generator; condition): isempty(first(generator | condition or empty)) | not;
def any(condition): any(.[]; condition);
def any: any(.[]; .);
def all(generator; condition): isempty(first(generator | condition and empty));
def all(condition): all(.[]; condition);
def all: all(.[]; .);
def in(xs): . as $x | xs | has($x);
def inside(xs): . as $x | xs | contains($x);
def recurse(f): def r: ., (f | r); r;
def recurse(f; condition): def r: ., (f | select(condition) | r); r;
def _recurse_all: def r: ., (.[]? | r); r;
def while(condition; update): def _while: if condition then ., (update | _while) else empty end; _while;
def until(condition; update): def _until: if condition then . else (update | _until) end; _until;
def repeat(f): def _repeat: f, _repeat; _repeat;
def walk(f): def w: if type == "object" then map_values(w) elif type == "array" then map(w) else . end | f; w;
def paths: path(..) | select(length > 0);
def paths(node_filter): . as $dot | paths | select(. as $p | $dot | getpath($p) | node_filter);
def leaf_paths: paths(scalars);
def del(f): delpaths([path(f)]);
def pick(pathexps): . as $top | reduce path(pathexps) as $p (null; setpath($p; $top | getpath($p)));
def with_entries(f): to_entries | map(f) | from_entries;
def sort_by(f): _sort_by(map([f]));
def group_by(f): _group_by(map([f]));
def unique_by(f): _unique_by(map([f]));
def min_by(f): _min_by(map([f]));
def max_by(f): _max_by(map([f]));
def combinations: if length == 0 then [] else .[0][] as $x | (.[1:] | combinations) as $w | [$x] + $w end;
def combinations(n): . as $dot | [range(n)] | map($dot) | combinations;
def match($re; $flags): _match($re; $flags; false) | .[];
def match($re): match($re; null);
def test($re; $flags): _match($re; $flags; true);
def test($re): test($re; null);
def _captured: [.captures | .[] | select(.name != null) | {key: .name, value: .string}] | from_entries;
def capture($re; $flags): match($re; $flags) | _captured;
def capture($re): match($re; null) | _captured;
def scan($re; $flags): match($re; "g" + $flags)
  | if (.captures | length) > 0 then [.captures | .[] | .string] else .string end;
def scan($re): scan($re; null);
def split($re; $flags): . as $s
  | [foreach ((match($re; "g" + $flags) | [.offset, .length]), null) as $m ({p: 0};
      if $m == null then .s = $s[.p:] else .s = $s[.p:$m[0]] | .p = $m[0] + $m[1] end; .s)];
def splits($re; $flags): split($re; $flags) | .[];
def splits($re): splits($re; null);
def sub($re; str; $flags): . as $in
  | (reduce match($re; $flags) as $edit ({result: [], previous: 0};
      $in[.previous:($edit | .offset)] as $gap
      | [$edit | _captured | str] as $inserts
      | reduce range(0; $inserts | length) as $i (.; .result[$i] += $gap + $inserts[$i])
      | .previous = ($edit | .offset + .length))
    | .result[] + $in[.previous:]) // $in;
def sub($re; str): sub($re; str; "");
def gsub($re; str; $flags): sub($re; str; $flags + "g");
def gsub($re; str): sub($re; str; "g");
def ascii: [.] | implode;
def todate: strftime("%Y-%m-%dT%H:%M:%SZ");
def todateiso8601: strftime("%Y-%m-%dT%H:%M:%SZ");
def fromdateiso8601: strptime("%Y-%m-%dT%H:%M:%SZ") | mktime;
def fromdate: fromdateiso8601;
def date: todate;
def dateadd(u; n): . + n;
def datesub(u; n): . - n;
def tostream: path(def r: (.[]? | r), .; r) as $p | getpath($p)
  | reduce path(.[]?) as $q ([$p, .]; [$p + $q]);
def fromstream(f): {x: null, e: false} as $init
  | foreach f as $i ($init;
      if .e then $init else . end
      | if $i | length == 2
        then setpath(["e"]; $i[0] | length == 0) | setpath(["x"] + $i[0]; $i[1])
        else setpath(["e"]; $i[0] | length == 1) end;
      if .e then .x else empty end);
def truncate_stream(stream): . as $n | null | stream
  | if (.[0] | length) > $n then setpath([0]; .[0][$n:]) else empty end;
def IN(s): any(s == .; .);
def IN(src; s): any(src == s; .);
def INDEX(stream; f): reduce stream as $row ({}; .[$row | f | tostring] |= $row);
def INDEX(f): INDEX(.[]; f);
def JOIN($idx; f): [.[] | [., $idx[f]]];
def JOIN($idx; stream; f): stream | [., $idx[f]];
def JOIN($idx; stream; f; join): stream | [., $idx[f]] | join;
def debug: .;
def debug(messages): (messages | empty), .;
def have_literal_numbers: true;
def have_decnum: true;
)jq";

struct KeptOut {
  std::string_view name;
  std::string_view reason;
};
constexpr KeptOut kKeptOut[] = {
    {"env", "an expression does not see the environment"},
    {"input", "an expression has one input, given to it"},
    {"inputs", "an expression has one input, given to it"},
    {"input_filename", "an expression has one input, given to it"},
    {"input_line_number", "an expression has one input, given to it"},
    {"halt", "an expression cannot end the program that evaluates it"},
    {"halt_error", "an expression cannot end the program that evaluates it"},
    {"stderr", "an expression writes nowhere but to its result"},
    {"modulemeta", "there are no modules; an expression stands by itself"},
    {"get_search_list", "there are no modules; an expression stands by itself"},
};

class Builtins : public Library {
 public:
  Builtins() {
    for (auto table : {core_builtins(), array_builtins(), string_builtins(), math_builtins(),
                       date_builtins(), regex_builtins()}) {
      for (const Native& native : table) add(native);
    }
    auto parsed = parse_definitions(kPrelude, *this, arena_);
    HENCE_CHECK(parsed.ok());
    for (Definition* one : *parsed) {
      definitions_[{one->name, one->parameters.size()}] = one;
      if (one->name.front() != '_') sign(one->name, one->parameters.size());
    }
  }

  int find_native(std::string_view name, size_t arity) const override {
    const auto found = natives_.find({name, arity});
    return found == natives_.end() ? -1 : found->second;
  }
  Definition* find_definition(std::string_view name, size_t arity) const override {
    const auto found = definitions_.find({name, arity});
    return found == definitions_.end() ? nullptr : found->second;
  }
  std::string_view kept_out(std::string_view name, size_t) const override {
    for (const KeptOut& one : kKeptOut) {
      if (one.name == name) return one.reason;
    }
    return {};
  }
  std::vector<std::string> names() const override { return names_; }

  const Native& at(int number) const { return *table_[static_cast<size_t>(number)]; }
  std::span<const std::string> signatures() const { return signatures_; }

 private:
  using Key = std::pair<std::string_view, size_t>;

  void add(const Native& native) {
    natives_[{native.name, native.arity}] = static_cast<int>(table_.size());
    table_.push_back(&native);
    if (native.name.front() != '_') sign(native.name, native.arity);
  }
  void sign(std::string_view name, size_t arity) {
    names_.emplace_back(name);
    signatures_.push_back(std::string(name) + "/" + std::to_string(arity));
  }

  std::map<Key, int> natives_;
  std::vector<const Native*> table_;
  Arena arena_;
  std::map<Key, Definition*> definitions_;
  std::vector<std::string> names_;
  std::vector<std::string> signatures_;
};

const Builtins& builtins() {
  static const Builtins kBuiltins;
  return kBuiltins;
}

}  // namespace

const Library& library() { return builtins(); }
const Native& native_at(int number) { return builtins().at(number); }
const Native& native_named(std::string_view name, size_t arity) {
  const int number = builtins().find_native(name, arity);
  HENCE_CHECK(number >= 0);
  return builtins().at(number);
}
std::span<const std::string> builtin_signatures() { return builtins().signatures(); }

}  // namespace hence::expr
