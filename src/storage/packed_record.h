// A record on its way to the storage thread: what the store keeps of it, in one block of memory. Its two dozen texts,
// each made on one thread and freed on another, would cost more than all else that is done to book a request.
// Internal to storage/. One owner at a time.
#pragma once

#include <cstddef>
#include <memory>

#include "stats/request_record.h"

namespace distiq {

// Generous beside what is stored; what waits in the queue must be bounded too.
inline constexpr std::size_t max_waiting_text = 512;

class PackedRecord {
 public:
  // Texts are cut at max_waiting_text.
  explicit PackedRecord(const RequestRecord& record);

  // Sets the id and every column of visit_columns.
  void unpack(RequestRecord& into) const;

 private:
  std::unique_ptr<char[]> bytes_;
};

}  // namespace distiq
