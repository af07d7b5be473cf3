// SPDX-License-Identifier: Apache-2.0
// Coming back: the stored state, the log's records after it, and the definitions compiled again.
// Records are applied, never decided again.

#include "base/crash_point.h"
#include "base/hash.h"
#include "base/reached.h"
#include "engine/engine.h"

namespace hence::engine {

Result<std::unique_ptr<Engine>> Engine::open(store::Store& store, log::Log& log, EngineOptions options) {
  std::unique_ptr<Engine> engine(new Engine(store, log, options));
  HENCE_TRY_VOID(engine->recover());
  return engine;
}

Status Engine::recover() {
  HENCE_TRY(const Position applied, Overlay::applied_position(store_));
  if (applied > log_.durable()) {
    const bool whole = log_.begin().value == 0;
    return Error(ErrorCode::LogDamaged,
                 "the state store is ahead of the log (" + std::to_string(applied.value) + " > " +
                     std::to_string(log_.durable().value) + "): the log lost its end; restore a checkpoint" +
                     (whole ? ", or move the state folder away to rebuild it from what the log has" : ""));
  }
  // Retention drops only what the flushed state holds: a state that lacks it is an older one, or gone.
  if (applied < log_.begin()) {
    const std::string begin = std::to_string(log_.begin().value);
    return Error(ErrorCode::StoreFailed,
                 "the log is kept only from position " + begin + " on, and " +
                     (applied.value == 0 ? "there is no state"
                                         : "the state is of position " + std::to_string(applied.value)) +
                     ": what was before cannot be built again; put the state folder back, or restore a checkpoint");
  }
  HENCE_TRY_VOID(state_.load());
  HENCE_CRASH_POINT("recovery-state-loaded");
  HENCE_TRY_VOID(check_feature_level(state_.feature_level()));
  HENCE_TRY_VOID(apply_tail(applied));
  return load_definitions();
}

Status Engine::check_feature_level(uint32_t level) const {
  if (level <= kFeatureLevel) return {};
  return Error(ErrorCode::LogVersionNewer, "the data folder is of feature level " + std::to_string(level) +
                                               ", this version of hence knows levels up to " + std::to_string(kFeatureLevel) +
                                               "; use the version that ran on it last, or a newer one");
}

Status Engine::apply_tail(Position from) {
  if (from == log_.durable()) return {};
  HENCE_TRY(log::Cursor cursor, log_.read_from(from));
  uint32_t since_write = 0;
  while (true) {
    HENCE_TRY(auto entry, cursor.next());
    if (!entry) break;
    const log::RecordHeader& header = entry->record.header;
    const RecordContext context{header.address, header.time, header.namespace_name};
    const Sequence expected = state_.meta(header.address.partition).last_sequence + 1;
    if (header.address.sequence != expected) {
      return Error(ErrorCode::LogDamaged, "record " + header.address.to_string() + " follows record " +
                                              std::to_string(expected - 1) + " of its partition; run hence log verify");
    }
    HENCE_TRY(const std::vector<Fact> facts, parse_facts(entry->record.payload));
    for (const Fact& fact : facts) {
      if (const auto* raised = std::get_if<FeatureLevelRaised>(&fact)) HENCE_TRY_VOID(check_feature_level(raised->level));
      state_.apply(context, fact, true);
    }
    state_.end_record(context);
    HENCE_CRASH_POINT("recovery-record-applied");
    if (overlay_.failure()) return *overlay_.failure();
    if (++since_write >= options_.recovery_records_per_write) {
      SIM_REACHED("engine: recovery writes the state in several bites");
      since_write = 0;
      state_.end_batch();
      HENCE_TRY_VOID(overlay_.write_all(entry->next));
    }
  }
  state_.end_batch();
  state_.take_ready();
  state_.take_cancelled();
  HENCE_CRASH_POINT("recovery-before-last-write");
  HENCE_TRY_VOID(overlay_.write_all(log_.durable()));
  HENCE_CRASH_POINT("recovery-done");
  return {};
}

Status Engine::load_definitions() {
  std::map<std::string, std::pair<keys::DefinitionKey, DefinitionRow>> newest;
  std::vector<std::pair<keys::DefinitionKey, DefinitionRow>> older;  // of workflows: instances stay on them
  std::optional<Error> damage;
  overlay_.scan(keys::table(kControlPartition, 'd'), {}, [&](std::string_view key, std::string_view value) {
    const std::optional<keys::DefinitionKey> parsed = keys::parse_definition(key);
    Result<DefinitionRow> row = decode<DefinitionRow>(value, "a definition");
    if (!parsed || !row.ok()) {
      damage = row.ok() ? Error(ErrorCode::StoreFailed, "a definition's key is unreadable") : row.error();
      return false;
    }
    auto& [newest_key, newest_row] = newest[parsed->kind + '\0' + parsed->name_space + '\0' + parsed->name];
    const bool workflow = newest_key.kind == resource::kind_name(resource::Kind::workflow);
    if (workflow && !newest_row.value->is_null()) older.emplace_back(newest_key, newest_row);
    newest_key = *parsed;
    newest_row = std::move(*row);
    return true;
  });
  if (damage) return *damage;
  if (overlay_.failure()) return *overlay_.failure();
  HENCE_TRY(definitions_, Definitions::restore(state_.meta(kControlPartition).last_sequence, newest, options_.budgets, options_.zones, older));
  return {};
}

Result<Hash128> Engine::state_digest() {
  Hash128 digest = options_.hash_key;
  const auto fold = [&](std::string_view text) { digest = siphash128(digest, text); };
  std::vector<Partition> all;
  for (uint32_t partition = 0; partition < options_.partitions; ++partition) all.push_back(static_cast<Partition>(partition));
  all.push_back(kControlPartition);
  state_.end_batch();
  for (const Partition partition : all) {
    const std::string prefix = keys::table(partition, '\0').substr(0, 2);
    overlay_.scan(prefix, {}, [&](std::string_view key, std::string_view value) {
      if (key.size() == 2) return true;  // the applied position differs between equal states
      fold(key);
      fold(value);
      return true;
    });
  }
  if (overlay_.failure()) return *overlay_.failure();
  return digest;
}

}  // namespace hence::engine
