// Where finished requests go. The pipeline knows this interface; storage implements it. Optional stage: it cannot fail
// a request, so nothing here returns an error.
#pragma once

#include "stats/request_record.h"

namespace distiq {

class RecordSink {
 public:
  virtual ~RecordSink() = default;
  // Never blocks and never throws: a full queue drops the record and counts the drop. Any thread.
  virtual void record(const RequestRecord& record) noexcept = 0;
  virtual void record(RateLimitRecord&& record) noexcept = 0;
};

}  // namespace distiq
