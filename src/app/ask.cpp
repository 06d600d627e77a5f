#include "app/ask.h"

#include <algorithm>
#include <array>
#include <istream>
#include <string>
#include <string_view>

namespace distiq {

bool confirms(std::istream& answers) {
  std::string answer;
  std::getline(answers, answer);
  while (!answer.empty() && (answer.back() == '\r' || answer.back() == ' ')) answer.pop_back();
  constexpr std::array<std::string_view, 10> agreement = {"y", "Y", "yes", "Yes", "YES", "д", "Д", "да", "Да", "ДА"};
  return std::ranges::find(agreement, answer) != agreement.end();
}

}  // namespace distiq
