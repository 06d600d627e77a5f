// How far a download is, as a line for a terminal. Pure.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace distiq {

// "████████░░░░░░░░ 48 %  12.0 of 25.0 MB  3.2 MB/s  4 s left"; without the whole size only what is there and how fast.
// `here`: bytes that came in `elapsed`. At most `width` columns; a narrow one leaves out the bar.
[[nodiscard]] std::string progress_line(std::uint64_t have, std::uint64_t whole, std::uint64_t here,
                                        std::chrono::milliseconds elapsed, std::size_t width);

}  // namespace distiq
