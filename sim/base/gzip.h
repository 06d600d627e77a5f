// A gzip stream that can be flushed after every piece, so that a compressed event can be read at once.
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace sim {

class GzipWriter {
 public:
  GzipWriter();
  ~GzipWriter();
  GzipWriter(const GzipWriter&) = delete;
  GzipWriter& operator=(const GzipWriter&) = delete;

  // Compressed bytes that let a reader see `plain` completely; `last` also ends the stream.
  std::string write(std::string_view plain, bool last);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace sim
