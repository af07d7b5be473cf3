// SPDX-License-Identifier: Apache-2.0
// Deliveries of one key go one after the other: whose they wait for, and what that costs.

#include <algorithm>
#include <set>

#include "engine/state.h"
#include "engine/test_world.h"

namespace hence::engine {
namespace {

constexpr std::string_view kRule = R"(
apiVersion: hence/v1
kind: Sink
metadata: {name: shop}
spec: {http: {url: "http://127.0.0.1:9/"}}
---
apiVersion: hence/v1
kind: Rule
metadata: {name: tell}
spec:
  on: {type: order.created}
  do: [{deliver: {sink: shop}}]
  delivery: {ordering: key}
)";

/// Two namespaces with a sink of one name; everything lies in one partition.
class TwoNamespaces {
 public:
  explicit TwoNamespaces(uint32_t first_feature_level) : world(options(first_feature_level)) {
    for (const char* name_space : {"prod", "staging"}) EXPECT_FALSE(world.apply(kRule, name_space).error);
  }

  void send(const std::string& name_space, const std::string& id) {
    const auto event = event::parse_structured(
        R"({"specversion":"1.0","type":"order.created","source":"/s","subject":"k","id":")" + id + "\"}");
    ASSERT_TRUE(event.ok()) << event.error().message();
    Command command;
    command.ticket = 1;
    command.name_space = name_space;
    command.body = IngestEvent{*event, {}, {}};
    EXPECT_FALSE(world.run(std::move(command)).replies.at(0).error);
  }
  void raise() {
    Command command;
    command.body = RaiseFeatureLevel{kFeatureLevel};
    EXPECT_EQ(world.run(std::move(command)).records.size(), 1u);
  }
  void end(const std::string& id) {
    const auto found = std::find_if(world.effects.begin(), world.effects.end(), [&](const Effect& effect) {
      return effect.event_json->string_or("id", "") == id;
    });
    ASSERT_NE(found, world.effects.end()) << id;
    world.end_attempt(Effect(*found), {});
  }
  /// Events of the deliveries that were handed out so far.
  std::string handed_out() const {
    std::string ids;
    for (const Effect& effect : world.effects) ids += std::string(effect.event_json->string_or("id", "")) + " ";
    return ids;
  }
  void expect_same_after_loss() {
    const auto before = world.engine().state_digest();
    world.lose_state();
    const auto after = world.engine().state_digest();
    ASSERT_TRUE(before.ok() && after.ok());
    EXPECT_EQ(*before, *after);
  }

  TestWorld world;

 private:
  static EngineOptions options(uint32_t first_feature_level) {
    EngineOptions options;
    options.partitions = 1;
    options.first_feature_level = first_feature_level;
    return options;
  }
};

TEST(Ordering, AKeyIsOfItsNamespace) {
  TwoNamespaces both(kFeatureLevel);
  both.send("prod", "p1");
  both.send("staging", "s1");
  EXPECT_EQ(both.handed_out(), "p1 s1 ");
  both.send("staging", "s2");
  both.send("prod", "p2");
  EXPECT_EQ(both.handed_out(), "p1 s1 ");
  both.end("s1");
  EXPECT_EQ(both.handed_out(), "p1 s1 s2 ");
  both.expect_same_after_loss();
  both.end("p1");
  both.end("p2");
  both.end("s2");
  EXPECT_EQ(both.handed_out(), "p1 s1 s2 p2 ");
  EXPECT_EQ(both.world.count_rows('k'), 0u);
}

TEST(Ordering, AnOlderLogKeepsTheOrderThatNamespacesShared) {
  TwoNamespaces both(kLevelOperating);
  both.send("prod", "p1");
  both.send("staging", "s1");
  both.send("prod", "p2");
  EXPECT_EQ(both.handed_out(), "p1 ");
  both.expect_same_after_loss();
  both.end("p1");
  EXPECT_EQ(both.handed_out(), "p1 s1 ");
  both.end("s1");
  EXPECT_EQ(both.handed_out(), "p1 s1 p2 ");
  both.expect_same_after_loss();
}

TEST(Ordering, ALogThatIsRaisedPartsTheOrderAndKeepsEachNamespaces) {
  TwoNamespaces both(kLevelOperating);
  for (const char* id : {"p1", "p2", "p3"}) both.send("prod", id);
  for (const char* id : {"s1", "s2"}) both.send("staging", id);
  both.end("p1");
  EXPECT_EQ(both.handed_out(), "p1 p2 ");
  both.raise();
  EXPECT_EQ(both.handed_out(), "p1 p2 s1 ") << "the first of the other namespace waits for nobody any more";
  EXPECT_EQ(both.world.count_rows('k'), 4u);
  both.expect_same_after_loss();
  both.send("prod", "p4");
  EXPECT_EQ(both.handed_out(), "p1 p2 s1 ");
  both.end("p2");
  both.end("s1");
  EXPECT_EQ(both.handed_out(), "p1 p2 s1 p3 s2 ");
  both.end("s2");
  both.end("p3");
  EXPECT_EQ(both.handed_out(), "p1 p2 s1 p3 s2 p4 ");
  both.end("p4");
  EXPECT_EQ(both.world.count_rows('k'), 0u);
  both.expect_same_after_loss();
}

/// Keeps in mind which entries of orders were deleted, as a store on disk does for a while, and counts how often a
/// scan passes over one.
class StoreWithGraves final : public store::Store {
 public:
  Result<std::optional<std::string>> get(store::Family family, std::string_view key) const override {
    return inner_.get(family, key);
  }
  Status scan(store::Family family, const store::ScanRange& range, const store::Visitor& visitor) const override {
    if (family == store::Family::state) {
      const std::string from(std::max(range.prefix, range.from));
      for (auto grave = graves_.lower_bound(from); grave != graves_.end() && grave->starts_with(range.prefix); ++grave) ++passed_;
    }
    return inner_.scan(family, range, visitor);
  }
  Status apply(const store::WriteBatch& batch) override {
    for (const store::WriteBatch::Operation& operation : batch.operations()) {
      if (operation.family != store::Family::state || operation.key.size() < 3 || operation.key[2] != 'k') continue;
      if (operation.value) graves_.erase(operation.key);
      else graves_.insert(operation.key);
    }
    return inner_.apply(batch);
  }
  std::unique_ptr<const store::Snapshot> snapshot() const override { return inner_.snapshot(); }
  Status flush() override { return inner_.flush(); }
  Status begin_flush() override { return inner_.begin_flush(); }
  Status checkpoint(const std::string& folder) override { return inner_.checkpoint(folder); }

  size_t passed() const { return passed_; }

 private:
  store::MemoryStore inner_;
  std::set<std::string> graves_;
  mutable size_t passed_ = 0;
};

class BusyKey : public testing::Test {
 protected:
  EffectId deliver() {
    const RecordContext record = next_record();
    const json::Value event = json::parse(R"({"id":"e","source":"/s","type":"t"})").value();
    state.accept(record, event, 0, {});
    Effect effect;
    effect.id = {record.address, 0};
    effect.name_space = "default";
    effect.sink = "shop";
    effect.event = record.address;
    effect.ordering_key = "k";
    state.apply(record, EffectCreated{effect});
    end_record(record);
    return effect.id;
  }
  void end(const EffectId& id) {
    const RecordContext record = next_record();
    state.apply(record, EffectEnded{id, EffectEnded::Kind::done, 1, 200, {}});
    end_record(record);
  }

  StoreWithGraves store;
  Overlay overlay{store};
  State state{overlay, {1, kLargeValueBytes, kFeatureLevel}};

 private:
  RecordContext next_record() { return {{0, ++sequence_}, {1'800'000'000'000'000}, "default"}; }
  void end_record(const RecordContext& record) {
    state.end_record(record);
    state.end_batch();
    overlay.seal();
    ASSERT_TRUE(overlay.write_oldest({sequence_}).ok());
    ASSERT_FALSE(overlay.failure().has_value());
  }

  Sequence sequence_ = 0;
};

TEST_F(BusyKey, CostsEachDeliveryTheSame) {
  constexpr size_t kDeliveries = 300;
  for (size_t i = 0; i < kDeliveries; ++i) end(deliver());
  std::vector<EffectId> line;
  for (size_t i = 0; i < kDeliveries; ++i) line.push_back(deliver());
  state.take_ready();
  for (size_t i = 0; i < kDeliveries; ++i) {
    end(line[i]);
    const std::vector<EffectId> next(line.begin() + static_cast<std::ptrdiff_t>(i) + 1,
                                     line.begin() + static_cast<std::ptrdiff_t>(std::min(i + 2, kDeliveries)));
    ASSERT_EQ(state.take_ready(), next);
  }
  EXPECT_LE(store.passed(), 3 * kDeliveries) << "what left the order is passed again and again";
}

}  // namespace
}  // namespace hence::engine
