// SPDX-License-Identifier: Apache-2.0
// Every key of the language, from its tables: a value of the wrong type, out of range, an unknown
// word, a missing key, an unknown key. Each is a fault at its place.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "json/builder.h"
#include "workflow/workflow_test_world.h"
#include "workflow/shapes.h"

namespace hence::workflow::testing {
namespace {

using Kind = Shape::Kind;

json::Value parsed(const std::string& text) { return json::parse(text).value(); }

/// The least value that fits a shape.
json::Value sample(const Shape& shape) {
  json::Builder b;
  switch (shape.kind) {
    case Kind::any:
    case Kind::string: return json::Value::string("x");
    case Kind::boolean: return parsed("true");
    case Kind::integer: return json::Value::number(std::max<int64_t>(shape.min, 1));
    case Kind::word: return json::Value::string(shape.words[0]);
    case Kind::text:
      for (const char* text : {"x", "1.0.0", "https://a", "${ . }", "PT1S"}) {
        if (shape.accepts(text)) return json::Value::string(text);
      }
      ADD_FAILURE() << "no sample for " << shape.what;
      return {};
    case Kind::task: return parsed(R"({"set": {"x": 1}})");
    case Kind::by_type:
      return sample(shape.as_string ? *shape.as_string
                                    : shape.as_object ? *shape.as_object : *shape.as_array);
    case Kind::by_key: return sample(*shape.without_key);
    case Kind::list:
      b.begin_array();
      if (shape.min_size > 0) b.value(sample(*shape.item));
      return std::move(b.end_array()).finish();
    case Kind::entries:
      b.begin_array();
      if (shape.min_size > 0) b.begin_object().member("n", sample(*shape.item)).end_object();
      return std::move(b.end_array()).finish();
    case Kind::map:
      b.begin_object();
      if (shape.min_size > 0) b.member("k", sample(*shape.item));
      return std::move(b.end_object()).finish();
    case Kind::object: break;
  }
  std::set<std::string_view> given;
  b.begin_object();
  const auto give = [&](const ShapeKey& key) {
    if (given.insert(key.name).second) b.member(key.name, sample(*key.shape));
  };
  for (const KeyChoice& choice : shape.choices) {
    for (const ShapeKey& key : shape.keys) {
      if (!choice.optional && key.name == choice.names[0]) give(key);
    }
  }
  for (const ShapeKey& key : shape.keys) {
    if (key.required || (given.size() < shape.min_size && shape.choices.empty())) give(key);
  }
  return std::move(b.end_object()).finish();
}

/// Whether a value of this type, or this value, can fit at all.
bool type_fits(const Shape& shape, json::View value) {
  switch (shape.kind) {
    case Kind::any: return true;
    case Kind::string:
    case Kind::word:
    case Kind::text: return value.is_string();
    case Kind::boolean: return value.is_bool();
    case Kind::integer: return value.is_number();
    case Kind::list:
    case Kind::entries: return value.is_array();
    case Kind::object:
    case Kind::map:
    case Kind::task:
    case Kind::by_key: return value.is_object();
    case Kind::by_type:
      return (value.is_string() && shape.as_string) || (value.is_object() && shape.as_object) ||
             (value.is_array() && shape.as_array);
  }
  return false;
}

/// Values that a shape of the right type must refuse all the same.
std::vector<json::Value> out_of_range(const Shape& shape) {
  std::vector<json::Value> bad;
  if (shape.kind == Kind::integer) {
    bad.push_back(parsed("1.5"));
    if (shape.min > std::numeric_limits<int64_t>::min()) bad.push_back(json::Value::number(shape.min - 1));
    if (shape.max < std::numeric_limits<int64_t>::max()) bad.push_back(json::Value::number(shape.max + 1));
  } else if (shape.kind == Kind::word) {
    bad.push_back(json::Value::string("no such word"));
  } else if (shape.kind == Kind::text) {
    const char* text = " no \n such text ";
    EXPECT_FALSE(shape.accepts(text)) << shape.what;
    bad.push_back(json::Value::string(text));
  } else if (shape.kind == Kind::by_type && shape.as_string) {
    return out_of_range(*shape.as_string);
  } else if ((shape.kind == Kind::list || shape.kind == Kind::entries) && shape.min_size > 0) {
    bad.push_back(parsed("[]"));
  } else if ((shape.kind == Kind::map || shape.kind == Kind::object) && shape.min_size > 0) {
    bad.push_back(parsed("{}"));
  }
  return bad;
}

class Tables {
 public:
  size_t keys = 0, cases = 0;

  void walk(const Shape& shape, const std::string& path) {
    for (const Shape* inner : {shape.item, shape.as_string, shape.as_object, shape.as_array,
                               shape.with_key, shape.without_key}) {
      if (inner && seen_.insert(inner).second) walk(*inner, path);
    }
    if (shape.kind == Kind::object) check_object(shape, path);
    for (const ShapeKey& key : shape.keys) {
      if (seen_.insert(key.shape).second) walk(*key.shape, path + "." + std::string(key.name));
    }
  }

 private:
  std::string faults_of_shape(const Shape& shape, json::View value) {
    ++cases;
    Faults faults;
    check_shape(shape, value, "", faults);
    std::string all;
    for (const Fault& fault : faults) all += fault.to_string() + "\n";
    return all;
  }

  static std::string warnings_of_shape(const Shape& shape, json::View value) {
    Faults faults, warnings;
    check_shape(shape, value, "", faults, &warnings);
    std::string all;
    for (const Fault& warning : warnings) all += warning.to_string() + "\n";
    return all;
  }

  /// The sample with one member other, or without it.
  static json::Value changed(json::View object, std::string_view key, const json::Value* value) {
    json::Builder b;
    b.begin_object();
    for (auto [name, member] : object.members()) {
      if (name != key) b.member(name, member);
    }
    if (value) b.member(key, *value);
    return std::move(b.end_object()).finish();
  }

  void check_object(const Shape& shape, const std::string& path) {
    const json::Value good = sample(shape);
    EXPECT_EQ(faults_of_shape(shape, good), "") << path << " " << good->to_text();
    const json::Value one = parsed("1");
    const json::Value more = changed(good, "unknwon", &one);
    if (shape.others == Shape::Others::refused) {
      EXPECT_THAT(faults_of_shape(shape, more), ::testing::HasSubstr("/unknwon: unknown key")) << path;
    } else {
      EXPECT_EQ(faults_of_shape(shape, more), "") << path;
      EXPECT_EQ(warnings_of_shape(shape, more),
                shape.others == Shape::Others::unread ? "/unknwon: nothing reads \"unknwon\"\n" : "") << path;
    }
    for (const char* other : {"null", "true", "5", "\"text\"", "[]"}) {
      EXPECT_NE(faults_of_shape(shape, parsed(other)), "") << path << other;
    }
    for (const ShapeKey& key : shape.keys) check_key(shape, key, good, path);
  }

  void check_key(const Shape& shape, const ShapeKey& key, const json::Value& good,
                 const std::string& path) {
    ++keys;
    const std::string name(key.name);
    if (key.required) {
      EXPECT_THAT(faults_of_shape(shape, changed(good, name, nullptr)),
                  ::testing::HasSubstr("missing key \"" + name + "\"")) << path;
    }
    std::vector<json::Value> bad = out_of_range(*key.shape);
    for (const char* other : {"null", "true", "5", "\"text\"", "[]", "{}"}) {
      const json::Value value = parsed(other);
      if (!type_fits(*key.shape, value)) bad.push_back(value);
    }
    for (const json::Value& value : bad) {
      EXPECT_THAT(faults_of_shape(shape, changed(good, name, &value)),
                  ::testing::HasSubstr("/" + name + ": ")) << path << "." << name << value->to_text();
    }
  }

  std::set<const Shape*> seen_;
};

TEST(Tables, RefuseWhatDoesNotFitForEveryKey) {
  Tables tables;
  tables.walk(kDocumentShape, "");
  visit_task_shapes([&](std::string_view kind, const Shape& shape) {
    // `call` alone is of functions; the others are told by the word in it.
    Shape bare = shape;
    std::vector<ShapeKey> keys;
    for (const ShapeKey& key : shape.keys) keys.push_back(key);
    bare.keys = keys;
    tables.walk(bare, std::string(kind));
  });
  EXPECT_GT(tables.keys, 250u);
  EXPECT_GT(tables.cases, 1'500u);
}

}  // namespace
}  // namespace hence::workflow::testing
