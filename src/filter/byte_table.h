// SPDX-License-Identifier: Apache-2.0
#pragma once

// Distinct byte strings, numbered from 0 as they come, one behind the other in one buffer: a set
// whose members cost no allocation of their own.

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hence::filter {

class ByteTable {
 public:
  struct Item {
    uint64_t hash = 0;  ///< hash_text
    uint32_t offset = 0;
    uint32_t size = 0;
  };
  struct Put {
    uint32_t number = 0;
    bool is_new = false;
  };

  /// Makes room for so many strings.
  void expect(size_t count);
  /// The number of the string, which is kept if it is new. All of them take less than 4 GiB.
  Put put(std::string_view bytes);
  const Item& item(uint32_t number) const { return items_[number]; }
  uint32_t size() const { return static_cast<uint32_t>(items_.size()); }
  /// The buffer that the items' offsets are in.
  std::string take_bytes() && { return std::move(bytes_); }

 private:
  struct Slot {
    uint32_t tag = 0;     ///< half of the hash; the other half leads here
    uint32_t number = 0;  ///< greater by one; 0 is an empty place
  };
  std::string_view text(const Item& item) const {
    return std::string_view(bytes_).substr(item.offset, item.size);
  }
  void resize(size_t slots);

  std::string bytes_;
  std::vector<Item> items_;
  std::vector<Slot> slots_;  // size a power of two, at most half full
};

}  // namespace hence::filter
