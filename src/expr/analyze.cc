// SPDX-License-Identifier: Apache-2.0
#include "expr/analyze.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>

namespace hence::expr {

namespace {

/// Pointer of a value of the input, or "$NAME/…" of one of a given variable; none: neither.
using Path = std::optional<std::string>;

std::string pointer_token(std::string_view key) {
  std::string out = "/";
  for (const char c : key) {
    if (c == '~') out += "~0";
    else if (c == '/') out += "~1";
    else out += c;
  }
  return out;
}

/// Walks the tree with the path of each node's input and says what the whole reads.
class ReadsFinder {
 public:
  ReadsFinder(Reads& reads, const std::vector<std::string>& variables)
      : reads_(reads), variables_(variables), used_(variables.size(), false) {}

  /// The value of a path is looked at as a whole.
  void use(const Path& path) {
    if (!path || path->starts_with('$')) return;
    if (path->empty()) reads_.whole_input = true;
    else paths_.insert(*path);
  }

  Path walk(const Node* node, const Path& in) {
    if (node == nullptr) return in;
    switch (node->op) {
      case Op::identity: return in;
      case Op::constant: return std::nullopt;
      case Op::load: return load(*node);
      case Op::field: {
        const Path base = walk(node->a, in);
        if (!base) return base;
        if (base->starts_with('$') && base->find('/') == std::string::npos) {
          members_.emplace(base->substr(1), node->constant.text());
        }
        return *base + pointer_token(node->constant.text());
      }
      case Op::pipe: {
        Path path = in;
        for (const Node* item : node->items) path = walk(item, path);
        return path;
      }
      case Op::bind: {
        bound_[node->slot] = walk(node->a, in);
        return walk(node->b, in);
      }
      case Op::native:
        if (!node->native->pure) reads_.constant = false;
        if (!ignores_input(*node->native)) use(in);
        for (const Node* item : node->items) use(walk(item, in));
        return std::nullopt;
      case Op::call: case Op::call_parameter: case Op::recurse: return call(*node, in);
      case Op::condition:
        use(walk(node->a, in));
        use(walk(node->b, in));
        use(walk(node->c, in));
        return std::nullopt;
      case Op::comma: case Op::object: case Op::interpolate:
        for (const Node* item : node->items) use(walk(item, in));
        return std::nullopt;
      case Op::try_catch:
        use(walk(node->a, in));
        use(walk(node->b, std::nullopt));
        return std::nullopt;
      case Op::reduce: case Op::foreach: return fold(*node, in);
      case Op::update: case Op::update_members: case Op::set_path:
        use(in);
        use(walk(node->a, in));
        use(walk(node->b, std::nullopt));
        if (node->op == Op::set_path) use(walk(node->b, in));
        return std::nullopt;
      case Op::logical_not: case Op::format: use(in); return std::nullopt;
      case Op::bind_alternatives:
        for (const Node* item : node->items) use(walk(item, in));
        use(walk(node->a, in));
        return std::nullopt;
      default:
        for (const Node* child : {node->a, node->b, node->c, node->d}) {
          if (child != nullptr) use(walk(child, in));
        }
        if (node->a == nullptr && (node->op == Op::index || node->op == Op::slice || node->op == Op::iterate)) {
          use(in);
        }
        return std::nullopt;
    }
  }

  void finish() {
    reads_.paths.assign(paths_.begin(), paths_.end());
    reads_.members.assign(members_.begin(), members_.end());
    for (size_t i = 0; i < used_.size(); ++i) {
      if (used_[i]) reads_.variables.push_back(variables_[i]);
    }
  }

 private:
  static bool ignores_input(const Native& native) {
    static constexpr std::string_view kNames[] = {"empty", "infinite", "nan", "now", "builtins"};
    if (native.name == "error") return native.arity == 1;
    return std::find(std::begin(kNames), std::end(kNames), native.name) != std::end(kNames);
  }
  Path load(const Node& node) {
    if (node.slot < used_.size() && is_argument(node)) {
      used_[node.slot] = true;
      return "$" + variables_[node.slot];
    }
    const auto found = bound_.find(node.slot);
    return node.level == 0 && level_ == 0 && found != bound_.end() ? found->second : std::nullopt;
  }
  /// The given variables are the first slots of the outermost frame.
  bool is_argument(const Node& node) const { return node.level == level_; }
  Path fold(const Node& node, const Path& in) {
    use(walk(node.a, in));
    use(walk(node.b, in));
    bound_[node.slot] = std::nullopt;
    use(walk(node.c, std::nullopt));
    if (node.d != nullptr) use(walk(node.d, std::nullopt));
    return std::nullopt;
  }
  Path call(const Node& node, const Path& in) {
    use(in);
    if (node.procedure != nullptr) body(*node.procedure);
    for (const Node::Argument& argument : node.arguments) {
      if (argument.procedure != nullptr) body(*argument.procedure);
    }
    return std::nullopt;
  }
  /// What goes into a function has been counted; its body is walked for the variables it reads.
  void body(const Procedure& procedure) {
    if (!seen_.insert(&procedure).second) return;
    const uint32_t before = level_;
    level_ = procedure.level;
    use(walk(procedure.body, std::nullopt));
    level_ = before;
  }

  Reads& reads_;
  const std::vector<std::string>& variables_;
  std::vector<bool> used_;
  std::set<std::string> paths_;
  std::set<std::pair<std::string, std::string>> members_;
  std::map<uint32_t, Path> bound_;
  std::set<const Procedure*> seen_;
  uint32_t level_ = 0;
};

/// Whether the node gives exactly one result for every input and never an error. On the safe side.
bool is_total(const Node* node) {
  if (node == nullptr) return true;
  const auto all_items = [&] { return std::all_of(node->items.begin(), node->items.end(), is_total); };
  switch (node->op) {
    case Op::identity: case Op::constant: case Op::load: return true;
    case Op::pipe: return all_items();
    case Op::binary:
      return static_cast<BinaryOperator>(node->sub) >= BinaryOperator::equal && is_total(node->a) && is_total(node->b);
    case Op::logical_and: case Op::logical_or: case Op::logical_not: case Op::condition: case Op::bind:
      return is_total(node->a) && is_total(node->b) && is_total(node->c);
    case Op::alternative: return is_total(node->a) && is_total(node->b);
    case Op::array: return is_total(node->a) || (node->a->op == Op::comma && std::all_of(node->a->items.begin(), node->a->items.end(), is_total));
    case Op::object:
      for (size_t i = 0; i < node->items.size(); i += 2) {
        const bool named = node->items[i]->op == Op::constant && node->items[i]->constant.is_string();
        if (!named || !is_total(node->items[i + 1])) return false;
      }
      return true;
    case Op::interpolate: return static_cast<Format>(node->sub) <= Format::json && all_items();
    case Op::native: {
      static constexpr std::string_view kNames[] = {"type", "tojson", "tostring", "toarray"};
      return node->items.empty() && std::find(std::begin(kNames), std::end(kNames), node->native->name) != std::end(kNames);
    }
    default: return false;
  }
}

bool field_chain(const Node* node, std::vector<std::string>& path) {
  if (node == nullptr || node->op == Op::identity) return true;
  if (node->op == Op::pipe) {
    return std::all_of(node->items.begin(), node->items.end(),
                       [&](const Node* item) { return field_chain(item, path); });
  }
  if (node->op != Op::field || node->optional || !field_chain(node->a, path)) return false;
  path.emplace_back(node->constant.text());
  return true;
}

json::Value document_of(const Val& constant) {
  switch (constant.tag()) {
    case Tag::boolean_false: return json::Value::boolean(false);
    case Tag::boolean_true: return json::Value::boolean(true);
    case Tag::number: return json::Value::number(constant.number());
    case Tag::null: return json::Value();
    default: return json::Value(constant.view());
  }
}

bool add_comparisons(const Node& node, std::vector<Comparison>& out) {
  if (node.op == Op::logical_and) return add_comparisons(*node.a, out) && add_comparisons(*node.b, out);
  using enum BinaryOperator;
  if (node.op != Op::binary || static_cast<BinaryOperator>(node.sub) < equal) return false;
  auto op = static_cast<BinaryOperator>(node.sub);
  const Node* side = node.a;
  const Node* constant = node.b;
  if (side->op == Op::constant) {
    std::swap(side, constant);
    op = op == less ? greater : op == less_equal ? greater_equal : op == greater ? less
         : op == greater_equal ? less_equal : op;
  }
  Comparison comparison;
  if (constant->op != Op::constant || !field_chain(side, comparison.path) || comparison.path.empty()) {
    return false;
  }
  // NaN is no JSON value, and compares with nothing.
  if (constant->constant.tag() == Tag::number && constant->constant.number() != constant->constant.number()) {
    return false;
  }
  comparison.op = static_cast<Comparison::Operator>(static_cast<int>(op) - static_cast<int>(equal));
  comparison.constant = document_of(constant->constant);
  out.push_back(std::move(comparison));
  return true;
}

}  // namespace

Reads find_reads(const Compiled& compiled, const std::vector<std::string>& variables) {
  Reads reads;
  reads.constant = true;
  ReadsFinder finder(reads, variables);
  finder.use(finder.walk(compiled.root, std::string()));
  finder.finish();
  reads.total = is_total(compiled.root);
  if (reads.whole_input || !reads.paths.empty() || !reads.variables.empty()) reads.constant = false;
  return reads;
}

std::vector<std::string> find_paths(const std::vector<const Node*>& parts) {
  Reads reads;
  const std::vector<std::string> variables;
  ReadsFinder finder(reads, variables);
  for (const Node* part : parts) finder.use(finder.walk(part, std::string()));
  finder.finish();
  return std::move(reads.paths);
}

std::vector<Comparison> find_comparisons(const Compiled& compiled) {
  std::vector<Comparison> out;
  if (!add_comparisons(*compiled.root, out)) out.clear();
  return out;
}

}  // namespace hence::expr
