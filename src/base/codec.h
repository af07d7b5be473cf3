// SPDX-License-Identifier: Apache-2.0
#pragma once

// The binary form of records and state: little-endian fixed integers, LEB128 varints, and strings
// as a varint length and bytes. A struct says its fields once, in a member template
//
//   template <typename Archive> void fields(Archive& a) { a(name, count, inner); }
//
// and encode/decode both follow it. A field added at the end decodes as its default from older
// bytes; fields are never removed or reordered. Types know how by encode_value/decode_value
// overloads found by argument-dependent look-up, or by having fields().

#include <concepts>
#include <cstdint>
#include <cstring>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "base/time.h"

namespace hence {

class Encoder;
class Decoder;

template <typename T>
concept HasFields = requires(T& value, Encoder& encoder) { value.fields(encoder); };

/// Appends to a string the caller owns.
class Encoder {
 public:
  explicit Encoder(std::string& out) : out_(out) {}

  void varint(uint64_t value) {
    while (value >= 0x80) {
      out_.push_back(static_cast<char>(value | 0x80));
      value >>= 7;
    }
    out_.push_back(static_cast<char>(value));
  }
  void bytes(std::string_view value) {
    varint(value.size());
    out_.append(value);
  }
  template <std::unsigned_integral T>
  void fixed(T value) {
    char raw[sizeof(T)];
    std::memcpy(raw, &value, sizeof(T));
    out_.append(raw, sizeof(T));
  }

  template <typename... Ts>
  void operator()(Ts&... values) {
    (put(values), ...);
  }

  template <typename T>
  void put(const T& value) {
    if constexpr (std::is_same_v<T, std::string> || std::is_same_v<T, std::string_view>) {
      bytes(value);
    } else if constexpr (std::is_same_v<T, bool>) {
      varint(value ? 1 : 0);
    } else if constexpr (std::is_enum_v<T>) {
      varint(static_cast<uint64_t>(value));
    } else if constexpr (std::unsigned_integral<T>) {
      varint(value);
    } else if constexpr (std::signed_integral<T>) {
      const int64_t wide = value;
      varint((static_cast<uint64_t>(wide) << 1) ^ static_cast<uint64_t>(wide >> 63));
    } else if constexpr (HasFields<T>) {
      const size_t begin = out_.size();
      const_cast<T&>(value).fields(*this);
      prefix_length(begin);
    } else {
      encode_value(*this, value);
    }
  }

 private:
  /// Puts the length of what was written since begin before it.
  void prefix_length(size_t begin) {
    std::string length;  // ten bytes at most: no allocation
    Encoder(length).varint(out_.size() - begin);
    out_.insert(begin, length);
  }

  std::string& out_;
};

/// Reads what Encoder wrote. Running out of bytes sets failed(); reads then give defaults.
class Decoder {
 public:
  explicit Decoder(std::string_view in) : in_(in) {}

  bool failed() const { return failed_; }
  bool at_end() const { return in_.empty(); }

  uint64_t varint() {
    uint64_t value = 0;
    for (int shift = 0; shift < 64 && !in_.empty(); shift += 7) {
      const auto byte = static_cast<unsigned char>(in_.front());
      in_.remove_prefix(1);
      value |= uint64_t{byte & 0x7Fu} << shift;
      if (byte < 0x80) return value;
    }
    failed_ = true;
    return 0;
  }
  std::string_view bytes() {
    const uint64_t size = varint();
    if (size > in_.size()) {
      failed_ = true;
      return {};
    }
    std::string_view value = in_.substr(0, size);
    in_.remove_prefix(size);
    return value;
  }
  template <std::unsigned_integral T>
  T fixed() {
    T value = 0;
    if (in_.size() < sizeof(T)) {
      failed_ = true;
      return value;
    }
    std::memcpy(&value, in_.data(), sizeof(T));
    in_.remove_prefix(sizeof(T));
    return value;
  }

  template <typename... Ts>
  void operator()(Ts&... values) {
    (get(values), ...);
  }

  /// Reads one value; at the end of the bytes it leaves value as it is (a field added later).
  template <typename T>
  void get(T& value) {
    if (in_.empty()) return;
    if constexpr (std::is_same_v<T, std::string>) {
      value = std::string(bytes());
    } else if constexpr (std::is_same_v<T, bool>) {
      value = varint() != 0;
    } else if constexpr (std::is_enum_v<T>) {
      value = static_cast<T>(varint());
    } else if constexpr (std::unsigned_integral<T>) {
      value = static_cast<T>(varint());
    } else if constexpr (std::signed_integral<T>) {
      const uint64_t raw = varint();
      value = static_cast<T>(static_cast<int64_t>(raw >> 1) ^ -static_cast<int64_t>(raw & 1));
    } else if constexpr (HasFields<T>) {
      Decoder decoder(bytes());
      value.fields(decoder);
      failed_ = failed_ || decoder.failed();
    } else {
      decode_value(*this, value);
    }
  }
  void fail() { failed_ = true; }

 private:
  std::string_view in_;
  bool failed_ = false;
};

template <typename T>
void encode_value(Encoder& encoder, const std::vector<T>& values) {
  encoder.varint(values.size());
  for (const T& value : values) encoder.put(value);
}
template <typename T>
void decode_value(Decoder& decoder, std::vector<T>& values) {
  const uint64_t size = decoder.varint();
  values.clear();
  for (uint64_t i = 0; i < size && !decoder.failed(); ++i) {
    if (decoder.at_end()) return decoder.fail();
    decoder.get(values.emplace_back());
  }
}
template <typename T>
void encode_value(Encoder& encoder, const std::optional<T>& value) {
  encoder.varint(value ? 1 : 0);
  if (value) encoder.put(*value);
}
template <typename T>
void decode_value(Decoder& decoder, std::optional<T>& value) {
  value.reset();
  if (decoder.varint() == 0 || decoder.failed()) return;
  decoder.get(value.emplace());
}
template <typename K, typename V>
void encode_value(Encoder& encoder, const std::map<K, V>& values) {
  encoder.varint(values.size());
  for (const auto& [key, value] : values) {
    encoder.put(key);
    encoder.put(value);
  }
}
template <typename K, typename V>
void decode_value(Decoder& decoder, std::map<K, V>& values) {
  const uint64_t size = decoder.varint();
  values.clear();
  for (uint64_t i = 0; i < size && !decoder.failed(); ++i) {
    if (decoder.at_end()) return decoder.fail();
    K key{};
    decoder.get(key);
    decoder.get(values[std::move(key)]);
  }
}
template <typename... Ts>
void encode_value(Encoder& encoder, const std::variant<Ts...>& value) {
  encoder.varint(value.index());
  std::visit([&](const auto& alternative) { encoder.put(alternative); }, value);
}
template <size_t Index, typename... Ts>
void decode_alternative(Decoder& decoder, uint64_t kind, std::variant<Ts...>& value) {
  if constexpr (Index < sizeof...(Ts)) {
    if (kind == Index) return decoder.get(value.template emplace<Index>());
    return decode_alternative<Index + 1>(decoder, kind, value);
  } else {
    decoder.fail();  // an alternative of a newer version
  }
}
template <typename... Ts>
void decode_value(Decoder& decoder, std::variant<Ts...>& value) {
  const uint64_t kind = decoder.varint();
  if (!decoder.failed()) decode_alternative<0>(decoder, kind, value);
}
inline void encode_value(Encoder& encoder, const Address& value) {
  encoder.varint(value.partition);
  encoder.varint(value.sequence);
}
inline void decode_value(Decoder& decoder, Address& value) {
  value.partition = static_cast<Partition>(decoder.varint());
  value.sequence = decoder.varint();
}
inline void encode_value(Encoder& encoder, const UtcTime& value) { encoder.put(value.micros); }
inline void decode_value(Decoder& decoder, UtcTime& value) { decoder.get(value.micros); }
inline void encode_value(Encoder& encoder, const Duration& value) { encoder.put(value.micros); }
inline void decode_value(Decoder& decoder, Duration& value) { decoder.get(value.micros); }
inline void encode_value(Encoder& encoder, const Hash128& value) {
  encoder.fixed(value.high);
  encoder.fixed(value.low);
}
inline void decode_value(Decoder& decoder, Hash128& value) {
  value.high = decoder.fixed<uint64_t>();
  value.low = decoder.fixed<uint64_t>();
}

template <typename T>
std::string encode(const T& value) {
  std::string out;
  Encoder encoder(out);
  const_cast<T&>(value).fields(encoder);
  return out;
}
/// Errors: LogDamaged, naming what.
template <typename T>
Result<T> decode(std::string_view bytes, std::string_view what) {
  T value{};
  Decoder decoder(bytes);
  value.fields(decoder);
  if (decoder.failed()) {
    return Error(ErrorCode::LogDamaged, std::string(what) + " is cut short or of an unknown form");
  }
  return value;
}

}  // namespace hence
