// Of what a model says, its first JSON object and nothing else: no "Here it is:", no code fence. For response_format
// json_object, which the API does not have. Sans-I/O: any split of the same text gives the same. Not a parser: what
// stands inside the object goes on as the model wrote it, also when the answer ends in its middle.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace distiq {

class JsonObjectText {
 public:
  // Appends what of the next piece belongs to the object.
  void take(std::string_view piece, std::string& out);
  // At the end of the answer: all that was said, if no object was among it. The client shall see what came instead.
  void finish(std::string& out);

 private:
  enum class State { before, opened, inside, in_string, escaped, after };

  void step(char c, std::string& out);

  State state_ = State::before;
  std::size_t depth_ = 0;
  std::string held_;     // said before an object began
  std::string opening_;  // "{" and blanks: an object only if a key or its end follows
};

}  // namespace distiq
