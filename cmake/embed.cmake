# Run by distiq_embed: writes FILE as a byte array, so that no quoting rule of C++ can change it.
file(READ ${IN} bytes HEX)
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${bytes}")
file(WRITE ${OUT} "#include <string_view>
namespace distiq::embedded {
static constexpr unsigned char bytes[] = {${bytes}0};
extern const std::string_view ${SYMBOL};
const std::string_view ${SYMBOL}{reinterpret_cast<const char*>(bytes), sizeof(bytes) - 1};
}
")
