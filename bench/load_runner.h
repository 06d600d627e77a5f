// Drives the connections of bench-load: blocks of requests to one target after the other, closed or open loop.
// One thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "bench/load_session.h"
#include "bench/samples.h"

namespace distiq::bench {

struct Plan {
  std::uint64_t connections;
  std::uint64_t rounds;
  std::uint64_t blocks;
  std::uint64_t requests;  // per block; 0: as many as fit into block_ns
  std::uint64_t block_ns;
  std::uint64_t rate;  // per second; 0: closed loop
  std::uint64_t pause_ns;
  std::uint64_t warmup;  // requests per target
};

struct Round {
  std::uint64_t requests = 0;
  std::uint64_t spent_ns = 0;
  Samples first_byte;
  Samples total;
  Samples events;
};

// One target and its connections.
struct Lane {
  Target target;
  TlsContext tls;
  std::vector<std::unique_ptr<Session>> sessions;
  std::vector<Round> rounds;
  Samples events;  // of the running block
  std::uint64_t errors = 0;
  std::string first_error;
  std::uint64_t verified = 0;
};

// Warms every lane up, then lets them take turns: each round is `blocks` times one block to each lane.
// A lane that fails too often is left out from then on.
void run_rounds(const Plan& plan, std::vector<std::unique_ptr<Lane>>& lanes);

}  // namespace distiq::bench
