// SPDX-License-Identifier: Apache-2.0
#include "base/ids.h"

#include <charconv>

namespace hence {

std::string Address::to_string() const {
  std::string text;
  if (partition == kControlPartition) {
    text = "ctl";
  } else {
    if (partition < 10) text += '0';
    text += std::to_string(partition);
  }
  text += '-';
  text += std::to_string(sequence);
  return text;
}

std::optional<Address> Address::parse(std::string_view text) {
  const size_t dash = text.find('-');
  if (dash == std::string_view::npos || dash == 0 || dash + 1 == text.size()) return std::nullopt;
  Address address;
  const std::string_view partition = text.substr(0, dash);
  if (partition == "ctl") {
    address.partition = kControlPartition;
  } else {
    auto [end, error] = std::from_chars(partition.data(), partition.data() + partition.size(), address.partition);
    if (error != std::errc() || end != partition.data() + partition.size()) return std::nullopt;
    if (address.partition == kControlPartition) return std::nullopt;
  }
  const std::string_view sequence = text.substr(dash + 1);
  auto [end, error] = std::from_chars(sequence.data(), sequence.data() + sequence.size(), address.sequence);
  if (error != std::errc() || end != sequence.data() + sequence.size() || address.sequence == 0) return std::nullopt;
  return address;
}

}  // namespace hence
