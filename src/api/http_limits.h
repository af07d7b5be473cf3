// SPDX-License-Identifier: Apache-2.0
#pragma once

// Every bound of the HTTP edge in one place, each with the answer a client gets beyond it.

#include <cstddef>
#include <cstdint>

#include "base/time.h"

namespace hence::api {

struct HttpLimits {
  size_t target_bytes = 8 * 1024;            ///< 414
  size_t header_block_bytes = 16 * 1024;     ///< request line and headers: 431
  size_t headers = 100;                      ///< 431
  size_t query_parameters = 256;             ///< 400
  size_t chunk_extension_bytes = 256;        ///< 400
  size_t trailer_bytes = 4 * 1024;           ///< 431; trailers are checked and dropped

  Duration header_timeout = Duration::seconds(10);  ///< first byte to end of headers: 408
  Duration body_window = Duration::seconds(5);      ///< the body's rate is judged once per window
  /// Least rate: of a body over its window (408), of taking answers over write_timeout (dropped).
  uint64_t bytes_per_second = 1024;
  Duration idle_timeout = Duration::seconds(60);    ///< between requests: closed without a word
  Duration write_timeout = Duration::seconds(30);   ///< output not taken, and under the least rate
  Duration linger = Duration::seconds(1);  ///< how long a closing connection still takes input, so
                                           ///< that the client gets to read the answer

  size_t connections = 20'000;                        ///< 503 and Retry-After
  uint64_t request_memory_bytes = 256ull << 20;       ///< of all requests not yet answered: 503
  size_t stream_buffer_bytes = 1 << 20;  ///< unsent text of a stream: dropped after a gap marker
  size_t unsent_bytes_before_next_request = 64 << 10;  ///< pipelined requests wait beyond it
};

}  // namespace hence::api
