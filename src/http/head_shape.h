// What the heads of one server's answers have in common: the status line, the fields' names in their order, and every
// field by which a parser tells where the body ends and whether the connection goes on. Request ids, dates and what is
// left of a rate limit differ. What the parser said of one such head holds for the next, too.
// One owner at a time; no locks.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http/exchange.h"

namespace distiq {

// What a parser says of an answer's head beside its fields.
struct HeadVerdict {
  BodyFraming framing = BodyFraming::none;
  std::uint64_t length = 0;  // of the body, for BodyFraming::content_length
  bool keep_alive = false;
  bool finished = false;  // there is no body
};

class HeadShape {
 public:
  // `text`: all of a head with the empty line at its end, which a parser read as `head`.
  HeadShape(std::string_view text, const ResponseHead& head, const HeadVerdict& verdict);

  struct Match {
    std::size_t size;  // of the head in `input`
    HeadVerdict verdict;
  };
  // Fills `head`, whose list of fields must be empty. nullopt: `input` begins with another head, or with one that only
  // the parser may judge, or not all of it is there yet; `head` is untouched then.
  [[nodiscard]] std::optional<Match> read(std::string_view input, ResponseHead& head);

 private:
  // Text that is the same in each head, from one value that differs to the next.
  struct Piece {
    std::uint32_t size;
    std::uint32_t field;  // whose value stands behind it; none for the last
  };

  void add_piece(std::string_view text, std::size_t field);

  std::string text_;  // of all pieces
  std::vector<Piece> pieces_;
  std::size_t fields_at_;  // behind the status line
  HeaderList::Layout layout_;
  std::vector<std::uint32_t> value_sizes_;  // of all fields in the head that read() saw last
  std::uint32_t length_field_;              // whose number is the body's length; none: no other one may stand there
  int status_;
  std::string reason_;
  int version_minor_;
  HeadVerdict verdict_;
};

// Of one upstream: a few, as an answer to a stream, an error and a count of tokens do not look alike.
class HeadShapes {
 public:
  // As HeadShape::read(), for a head of at most `limit` bytes.
  [[nodiscard]] std::optional<HeadShape::Match> read(std::string_view input, std::size_t limit, ResponseHead& head);
  // A head that read() did not know, in place of the one met longest ago. What is not fit to be known again is not
  // remembered.
  void remember(std::string_view text, const ResponseHead& head, const HeadVerdict& verdict);

 private:
  void move_to_front(std::vector<HeadShape>::iterator shape);

  std::vector<HeadShape> shapes_;  // the one that was met last is first
};

}  // namespace distiq
