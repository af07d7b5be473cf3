// SPDX-License-Identifier: Apache-2.0
#include "schema/schema.h"

#include "schema/compiler.h"
#include "schema/describe.h"
#include "schema/walk.h"

namespace hence::schema {

Property& PropertyTable::at(std::string_view name) {
  const auto [place, fresh] = places_.emplace(name, static_cast<uint32_t>(properties_.size()));
  if (!fresh) return properties_[place->second];
  properties_.push_back({std::string(name), json::key_hash(name.data(), name.size()), UINT32_MAX, nullptr});
  return properties_.back();
}

void PropertyTable::finish() {
  places_.clear();
  if (properties_.empty()) return;
  uint32_t size = 4;
  while (size < properties_.size() * 2) size *= 2;
  mask_ = size - 1;
  slots_.assign(size, {});
  for (uint32_t i = 0; i < properties_.size(); ++i) {
    uint32_t slot = properties_[i].hash & mask_;
    while (slots_[slot].index != UINT32_MAX) slot = (slot + 1) & mask_;
    slots_[slot] = {properties_[i].hash, i};
  }
}

Schema::Schema(std::unique_ptr<const Program> program) : program_(std::move(program)) {}
Schema::~Schema() = default;

Result<std::shared_ptr<const Schema>> Schema::compile(json::View document, const CompileOptions& options) {
  HENCE_TRY(std::unique_ptr<const Program> program, Compiler(options).compile(document));
  return std::shared_ptr<const Schema>(std::make_shared<Schema>(std::move(program)));
}

bool Schema::valid(json::View value) const { return Walk(*program_, value, nullptr).run(); }

std::vector<Fault> Schema::faults(json::View value, size_t limit) const {
  Report report{limit == 0 ? 1 : limit, {}};
  Walk walk(*program_, value, &report);
  if (walk.run()) return {};
  std::vector<Fault> out;
  if (!walk.stopped().empty()) {
    const std::string why(walk.stopped());
    out.push_back({"", "#", "", "a value that can be checked within the bounds", why,
                   "the value could not be checked: " + why});
    return out;
  }
  out.reserve(report.faults.size());
  for (RawFault& raw : report.faults) out.push_back(describe(*program_, value, std::move(raw)));
  return out;
}

}  // namespace hence::schema
