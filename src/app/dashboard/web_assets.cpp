#include "app/dashboard/web_assets.h"

#include <array>

namespace distiq {
namespace embedded {

extern const std::string_view web_index;
extern const std::string_view web_style;
extern const std::string_view web_app;
extern const std::string_view web_chart;
extern const std::string_view web_texts;
extern const std::string_view web_format;
extern const std::string_view web_chart_script;
extern const std::string_view web_chart_style;

}  // namespace embedded

std::span<const WebAsset> web_assets() {
  constexpr std::string_view script = "text/javascript; charset=utf-8";
  constexpr std::string_view style = "text/css; charset=utf-8";
  static const std::array assets = {
      WebAsset{"/", "text/html; charset=utf-8", embedded::web_index},
      WebAsset{"/distiq/web/style.css", style, embedded::web_style},
      WebAsset{"/distiq/web/app.js", script, embedded::web_app},
      WebAsset{"/distiq/web/chart.js", script, embedded::web_chart},
      WebAsset{"/distiq/web/texts.js", script, embedded::web_texts},
      WebAsset{"/distiq/web/format.js", script, embedded::web_format},
      WebAsset{"/distiq/web/uplot.js", script, embedded::web_chart_script},
      WebAsset{"/distiq/web/uplot.css", style, embedded::web_chart_style},
  };
  return assets;
}

}  // namespace distiq
