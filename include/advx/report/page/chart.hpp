/// @file
/// Charts as inline SVG. Series differ by colour, by dashes and by markers, so that any one of them suffices.
#pragma once

#include <advx/report/page/curve.hpp>
#include <advx/report/page/markup.hpp>

#include <array>
#include <string>
#include <vector>

namespace advx::report::page {

/// One curve of a chart.
struct series {
  std::string name;
  security_curve curve;
};

namespace svg {

/// The frame of all charts, in units of the SVG: they are drawn large enough to be read on a phone.
inline constexpr double width = 420, height = 268, left = 52, right = 20, top = 12, bottom = 46;
inline constexpr double inner_width = width - left - right, inner_height = height - top - bottom;

inline std::string unit(double v) { return fixed_text(v, 1); }

inline double across(double value, const axis& x) { return left + x.share(value) * inner_width; }
inline double up(double share) { return top + (1 - share) * inner_height; }

inline constexpr std::size_t colours = 6, dashes = 5, markers = 6;

/// The class names that style series k.
inline std::string line_class(std::size_t k) {
  return "line c" + std::to_string(k % colours) + " d" + std::to_string(k % dashes);
}

/// The marker of series k: disc, square, triangle, ring, cross, diamond.
inline markup marker(std::size_t k, double x, double y) {
  static constexpr std::array<std::string_view, markers> shapes = {"M-3.6 0a3.6 3.6 0 1 0 7.2 0a3.6 3.6 0 1 0 -7.2 0z",
                                                                   "M-3.3-3.3h6.6v6.6h-6.6z",
                                                                   "M0-4.4l4.2 7.6h-8.4z",
                                                                   "M-3.6 0a3.6 3.6 0 1 0 7.2 0a3.6 3.6 0 1 0 -7.2 0z",
                                                                   "M-3.4-3.4l6.8 6.8m0-6.8l-6.8 6.8",
                                                                   "M0-4.8l4.2 4.8l-4.2 4.8l-4.2-4.8z"};
  const char* fill_class = k % markers == 3 ? "hollow" : k % markers == 4 ? "stroke" : "solid";
  return html("<path class=\"mark {} c{}\" transform=\"translate({} {})\" d=\"{}\"/>", fill_class, k % colours, unit(x),
              unit(y), shapes[k % markers]);
}

/// Labels of an axis have the digits that its step needs.
inline std::string tick_text(double value, const axis& x) {
  if (x.powers || x.end >= 1e6 || x.end < 1e-3) return distance_text(value);
  int digits = 0;
  for (double scaled = x.step; digits < 6 && std::abs(scaled - std::round(scaled)) > 1e-6; scaled *= 10) ++digits;
  return fixed_text(value, digits);
}

/// Grid, ticks and titles; `ys` are the labels of the vertical axis from the bottom to the top, evenly spaced.
inline markup frame(const axis& x, const std::vector<std::string>& ys, const std::string& x_title) {
  markup m{"<g>"};
  const auto rows = static_cast<double>(ys.size() - 1);
  for (std::size_t i = 0; i < ys.size(); ++i) {
    const std::string y = unit(up(static_cast<double>(i) / rows));
    m += html("<path class=\"{}\" d=\"M{} {}H{}\"/>", i == 0 ? "base" : "rule", unit(left), y, unit(width - right));
    m += html("<text x=\"{}\" y=\"{}\" dy=\".35em\" text-anchor=\"end\">{}</text>", unit(left - 6), y, ys[i]);
  }
  for (int t = 0; t <= x.ticks(); ++t) {
    const std::string at = unit(across(x.tick(t), x));
    m += html("<path class=\"base\" d=\"M{} {}v4\"/>", at, unit(height - bottom));
    m += html("<text x=\"{}\" y=\"{}\" text-anchor=\"middle\">{}</text>", at, unit(height - bottom + 17),
              tick_text(x.tick(t), x));
  }
  m += html("<text class=\"title\" x=\"{}\" y=\"{}\" text-anchor=\"middle\">{}</text></g>",
            unit(left + inner_width / 2), unit(height - 7), x_title);
  return m;
}

/// The curve as steps; points that fall on one place of the picture are joined.
inline markup step_path(const security_curve& curve, const axis& x, std::size_t k) {
  // By steps: g++ 12 takes `"M" + unit(left)` for a copy that overlaps itself.
  std::string d = "M";
  d.append(unit(left)).append(1, ' ').append(unit(up(curve.share_within(0))));
  std::string last_x = unit(left);
  for (std::size_t i = 0; i < curve.distances.size(); ++i) {
    const std::string here = unit(across(curve.distances[i], x));
    const bool more = i + 1 < curve.distances.size() && unit(across(curve.distances[i + 1], x)) == here;
    if (more || (i + 1 < curve.distances.size() && curve.distances[i + 1] == 0)) continue;
    const double share = static_cast<double>(i + 1) / static_cast<double>(curve.images);
    if (here != last_x) d.append(1, 'H').append(here);
    d.append(1, 'V').append(unit(up(share)));
    last_x = here;
  }
  d.append(1, 'H').append(unit(width - right));
  return html("<path class=\"{}\" d=\"{}\"/>", line_class(k), d);
}

inline markup open(const std::string& label) {
  return html("<svg role=\"img\" aria-label=\"{}\" viewBox=\"0 0 {} {}\">", label, fixed_text(width, 0),
              fixed_text(height, 0));
}

} // namespace svg

/// In words: "cw-l2: half within 1.14, 98.3 % in all".
inline std::string in_words(const series& s) {
  const auto half = s.curve.distance_at(0.5);
  return s.name + ": " + (half ? "half of the images within " + distance_text(*half) : "half is not reached") + ", " +
         percent_text(s.curve.share_in_all()) + " in all";
}

/// Share of adversarial images over what `title` names ("distance L2"), a stepped line for each series. Markers stand
/// where a curve reaches 25, 50 and 75 % and at its end.
///
/// @param fit gives the axis that holds a largest value
inline markup curve_chart(const std::vector<series>& all, const std::string& title, axis (*fit)(double) = axis_for) {
  double largest = 0;
  std::string label = "Share of adversarial images over the " + title + ". ";
  for (const series& s : all) {
    if (!s.curve.distances.empty()) largest = std::max(largest, s.curve.distances.back());
    label += in_words(s) + ". ";
  }
  const axis x = fit(largest);
  markup m = svg::open(label);
  m += svg::frame(x, {"0 %", "25 %", "50 %", "75 %", "100 %"}, title);
  for (std::size_t k = 0; k < all.size(); ++k) m += svg::step_path(all[k].curve, x, k);
  for (std::size_t k = 0; k < all.size(); ++k) {
    const security_curve& curve = all[k].curve;
    for (const double share : {0.25, 0.5, 0.75})
      if (const auto d = curve.distance_at(share)) m += svg::marker(k, svg::across(*d, x), svg::up(share));
    if (!curve.distances.empty())
      m += svg::marker(k, svg::across(curve.distances.back(), x), svg::up(curve.share_in_all()));
  }
  m += {"</svg>"};
  return m;
}

/// What each line of a chart is, with the distance within which half of the images are adversarial.
inline markup legend(const std::vector<series>& all) {
  markup m{"<ul class=\"legend\">"};
  for (std::size_t k = 0; k < all.size(); ++k) {
    const auto half = all[k].curve.distance_at(0.5);
    m += html("<li><svg aria-hidden=\"true\" viewBox=\"0 0 44 12\"><path class=\"{}\" d=\"M1 6H43\"/>{}</svg>"
              "<span>{} <small>{}</small></span></li>",
              svg::line_class(k), svg::marker(k, 22, 6), all[k].name,
              half ? "half within " + distance_text(*half) : std::string("half not reached"));
  }
  m += {"</ul>"};
  return m;
}

/// How many successes lie at which distance.
inline markup histogram_chart(const security_curve& curve, const std::string& distance) {
  const axis x = axis_for(curve.distances.empty() ? 0 : curve.distances.back());
  const auto counts = histogram(curve.distances, x);
  const std::size_t highest = *std::max_element(counts.begin(), counts.end());
  // Whole images: ticks at whole numbers, four steps or fewer.
  const auto step = static_cast<std::size_t>(std::max(1.0, std::ceil(axis_for(static_cast<double>(highest)).step)));
  const std::size_t rows = std::max<std::size_t>((highest + step - 1) / step, 1);
  std::vector<std::string> ys;
  for (std::size_t i = 0; i <= rows; ++i) ys.push_back(count_text(static_cast<std::int64_t>(i * step)));
  markup m = svg::open("Distances " + distance + " of the " +
                       counted(static_cast<std::int64_t>(curve.distances.size()), "success") +
                       ", most in one bar: " + std::to_string(highest));
  m += svg::frame(x, ys, "distance " + distance);
  const double bar = svg::inner_width / static_cast<double>(counts.size());
  for (std::size_t i = 0; i < counts.size(); ++i) {
    if (counts[i] == 0) continue;
    const double h = static_cast<double>(counts[i]) / static_cast<double>(rows * step);
    const double from = x.end * static_cast<double>(i) / static_cast<double>(counts.size());
    const double to = x.end * static_cast<double>(i + 1) / static_cast<double>(counts.size());
    m += html("<rect class=\"bar\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"><title>{} to {}: {}</title></rect>",
              svg::unit(svg::left + bar * static_cast<double>(i) + 0.75), svg::unit(svg::up(h)), svg::unit(bar - 1.5),
              svg::unit(h * svg::inner_height), distance_text(from), distance_text(to), counts[i]);
  }
  m += {"</svg>"};
  return m;
}

} // namespace advx::report::page
