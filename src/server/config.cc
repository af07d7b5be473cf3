// SPDX-License-Identifier: Apache-2.0
#include "server/config.h"

#include <algorithm>
#include <charconv>

#include "json/yaml.h"
#include "workflow/faults.h"

namespace hence::server {
namespace {

class ConfigReader {
 public:
  ConfigReader(const json::YamlDocument& document, Config& config)
      : config_(config), faults_(&document, ErrorCode::ConfigurationInvalid) {}

  void read(json::View object, const std::string& path, const std::string& pointer) {
    for (const auto [key, value] : object.members()) {
      const std::string full = path.empty() ? std::string(key) : path + "." + std::string(key);
      std::string place = pointer;
      json::append_pointer(place, key);
      read_member(full, place, value);
    }
  }
  /// Settings that do not fit each other.
  void check_together() {
    if (!config_.retention_age || config_.dedup_window <= *config_.retention_age) return;
    faults_.add("", "dedup.window: " + format_iso8601(config_.dedup_window) + " is longer than retention.age, " +
                        format_iso8601(*config_.retention_age) +
                        ": an event cannot be known longer than the log is kept; set dedup.window to at most that");
  }
  workflow::Faults take() { return std::move(faults_); }

 private:
  void read_member(const std::string& path, const std::string& pointer, json::View value) {
    bool is_group = false;
    for (const ConfigKey& key : config_keys()) {
      if (key.path == path) {
        if (const Status status = key.read(config_, value); !status.ok()) {
          faults_.add(pointer, path + ": " + status.error().message());
        }
        return;
      }
      is_group = is_group || key.path.substr(0, path.size() + 1) == path + ".";
    }
    if (is_group) {
      if (value.is_object()) return read(value, path, pointer);
      return faults_.add(pointer, path + ": expected an object of settings, not " + value.to_text());
    }
    std::vector<std::string_view> known;
    const std::string section = path.substr(0, path.find('.') + 1);  // whose settings are worth naming
    for (const ConfigKey& key : config_keys()) {
      if (!section.empty() && key.path.starts_with(section)) known.push_back(key.path);
    }
    if (known.empty()) {
      for (const ConfigKey& key : config_keys()) known.push_back(key.path);
    }
    faults_.add_at_key(pointer, "unknown setting " + path + workflow::suggestion(path, known));
  }

  Config& config_;
  workflow::Faults faults_;
};

}  // namespace

Result<Config> parse_config(std::string_view text, std::string_view file, const Config& base) {
  Config config = base;
  Result<std::vector<json::YamlDocument>> documents = json::parse_yaml(text);
  if (!documents.ok()) return Error(ErrorCode::ConfigurationInvalid, std::string(file) + ": " + documents.error().message());
  if (documents->empty()) return config;
  if (documents->size() > 1 || !documents->front().value->is_object()) {
    return Error(ErrorCode::ConfigurationInvalid, std::string(file) + ": expected one document, an object of settings");
  }
  ConfigReader reader(documents->front(), config);
  reader.read(documents->front().value, {}, {});
  reader.check_together();
  workflow::Faults faults = reader.take();
  if (faults.empty()) return config;
  faults.sort();
  return Error(ErrorCode::ConfigurationInvalid, faults.to_error(file).message());
}

bool ListenAddress::loopback() const { return host == "localhost" || host.starts_with("127.") || host == "::1"; }

Result<ListenAddress> listen_address(const Config& config) {
  const std::string& text = config.listen;
  const size_t colon = text.rfind(':');
  ListenAddress address;
  const auto bad = [&] {
    return Error(ErrorCode::ConfigurationInvalid, "listen: \"" + text + "\" is no address and port; write 127.0.0.1:4362");
  };
  if (colon == std::string::npos || colon == 0) return bad();
  address.host = text.substr(0, colon);
  if (address.host.front() == '[' && address.host.back() == ']') address.host = address.host.substr(1, address.host.size() - 2);
  const char* begin = text.data() + colon + 1;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(begin, end, address.port);
  if (error != std::errc() || stop != end) return bad();
  if (!address.loopback() && config.token_file.empty()) {
    return Error(ErrorCode::ConfigurationInvalid, "listening on " + address.host +
                                                      " needs a token: set auth.tokenFile in hence.yaml, or listen on 127.0.0.1");
  }
  return address;
}

std::vector<std::string> fixed_differences(const Config& running, const Config& wanted) {
  std::vector<std::string> differ;
  for (const ConfigKey& key : config_keys()) {
    if (!key.reloads && key.show(running) != key.show(wanted)) differ.emplace_back(key.path);
  }
  return differ;
}

}  // namespace hence::server
