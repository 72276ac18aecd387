/// @file
/// Contact sheets: for each image the original, the perturbation amplified, and the adversarial one, with a caption.
/// data::write_png writes one to a file.
#pragma once

#include <advx/core/batch_view.hpp>
#include <advx/core/error.hpp>
#include <advx/data/raster.hpp>
#include <advx/report/pixel_font.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <span>
#include <string>
#include <vector>

namespace advx::report {

/// How a contact sheet is drawn.
struct contact_sheet {
  std::string title;    ///< drawn above; a second line explains the three pictures
  index_t channels = 1; ///< 1: grey, 3: RGB, planar: a row is channels × height × width values in [0, 1]
  index_t height = 28, width = 28;
  index_t scale = 3;   ///< pixels per image pixel, 1 to 32
  index_t columns = 0; ///< images side by side; 0: as many as make the sheet about as wide as high
  double gain = 0; ///< the perturbation is drawn as grey + gain · δ / 2; 0: per image, its largest change is white
                   ///< or black
};

/// What stands above one image.
struct contact_caption {
  label_t label = no_label, adversarial_label = no_label;
  bool success = false;
  std::string note; ///< "L2 1.53"
};

namespace detail {

inline constexpr index_t sheet_margin = 12, tile_gap = 6, text_scale = 2, text_height = glyph_height * text_scale;

inline std::uint8_t level_of(double value) { // NaN is black
  return static_cast<std::uint8_t>(std::lround(255.0 * (value > 0 ? std::min(value, 1.0) : 0.0)));
}

/// Gain that makes the largest change of a row white or black, at most a million; 1 for no change.
template <class T>
double full_gain(const T* original, const T* adversarial, index_t size) {
  double largest = 0;
  for (index_t j = 0; j < size; ++j)
    largest = std::max(largest, std::abs(static_cast<double>(adversarial[j]) - static_cast<double>(original[j])));
  return largest > 0 ? std::min(1 / largest, 1e6) : 1;
}

inline std::string caption_text(const contact_caption& caption, double gain) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.3g", gain);
  const auto label = [](label_t l) { return l == no_label ? std::string("-") : std::to_string(l); };
  return label(caption.label) + "->" + label(caption.adversarial_label) + (caption.success ? "" : " FAILED") +
         (caption.note.empty() ? "" : " " + caption.note) + " *" + text.data();
}

/// Draws one image: value(j) in [0, 1] for each of its planar values.
template <class Value>
void draw_tile(data::raster& picture, index_t left, index_t top, const contact_sheet& sheet, const Value& value) {
  for (index_t v = 0; v < sheet.height * sheet.scale; ++v)
    for (index_t u = 0; u < sheet.width * sheet.scale; ++u)
      for (index_t c = 0; c < sheet.channels; ++c)
        picture.at(left + u, top + v)[c] =
            level_of(value((c * sheet.height + v / sheet.scale) * sheet.width + u / sheet.scale));
  // A hairline around it: a white tile ends somewhere, too.
  for (index_t v = -1; v <= sheet.height * sheet.scale; ++v)
    for (index_t u = -1; u <= sheet.width * sheet.scale; ++u)
      if (v < 0 || u < 0 || v == sheet.height * sheet.scale || u == sheet.width * sheet.scale)
        for (index_t c = 0; c < sheet.channels; ++c) picture.at(left + u, top + v)[c] = 160;
}

} // namespace detail

/// Draws the images of `originals` and `adversarials`, row i captioned by `captions[i]`: label -> adversarial label,
/// FAILED if so, the note, and the gain of the perturbation's picture after "*". Complexity: linear in its pixels.
/// @throws argument_error if the shapes disagree, a number is out of its range, or the sheet would pass 10^8 pixels
template <class T>
data::raster draw(const contact_sheet& sheet, batch_view<const T> originals, batch_view<const T> adversarials,
                  std::span<const contact_caption> captions) {
  const index_t n = originals.rows, w = sheet.width, h = sheet.height;
  const bool sound = (sheet.channels == 1 || sheet.channels == 3) && w >= 1 && h >= 1 && w <= 10000 && h <= 10000 &&
                     sheet.scale >= 1 && sheet.scale <= 32 && sheet.columns >= 0 && sheet.columns <= 10000 &&
                     sheet.gain >= 0 && std::isfinite(sheet.gain);
  if (!sound)
    throw argument_error("advx: contact_sheet: channels " + std::to_string(sheet.channels) + ", width " +
                         std::to_string(w) + ", height " + std::to_string(h) + ", scale " +
                         std::to_string(sheet.scale) + ", columns " + std::to_string(sheet.columns) + ", gain " +
                         std::to_string(sheet.gain) +
                         "; channels are 1 or 3, sides 1 to 10000, scale 1 to 32, columns and gain not negative");
  if (originals.cols != sheet.channels * h * w || adversarials.cols != originals.cols || adversarials.rows != n ||
      static_cast<index_t>(captions.size()) != n)
    throw argument_error("advx: contact_sheet: originals " + std::to_string(n) + " x " +
                         std::to_string(originals.cols) + ", adversarials " + std::to_string(adversarials.rows) +
                         " x " + std::to_string(adversarials.cols) + ", " + std::to_string(captions.size()) +
                         " captions; all need as many rows, of channels * height * width values");

  using detail::sheet_margin, detail::text_height, detail::text_scale, detail::tile_gap;
  const std::string legend = "original, change (grey: none, *: gain), adversarial";
  std::vector<double> gains;
  std::vector<std::string> texts;
  const index_t tile_width = w * sheet.scale, tile_height = h * sheet.scale;
  index_t cell_width = 3 * tile_width + 2 * tile_gap;
  for (index_t i = 0; i < n; ++i) {
    gains.push_back(sheet.gain > 0 ? sheet.gain
                                   : detail::full_gain(originals.row(i), adversarials.row(i), originals.cols));
    texts.push_back(detail::caption_text(captions[static_cast<std::size_t>(i)], gains.back()));
    cell_width = std::max(cell_width, text_width(texts.back(), text_scale));
  }
  const index_t cell_height = text_height + tile_gap + tile_height;
  const index_t step_x = cell_width + 2 * sheet_margin, step_y = cell_height + sheet_margin;
  index_t columns = sheet.columns;
  for (columns = std::max<index_t>(columns, 1); sheet.columns == 0 && columns < n; ++columns)
    if (columns * step_x >= (n + columns - 1) / columns * step_y) break;
  const index_t lines = (n + columns - 1) / columns;
  const index_t head = 2 * text_height + tile_gap + 2 * sheet_margin;
  const index_t total_width = std::max({columns * step_x, text_width(sheet.title, text_scale) + 2 * sheet_margin,
                                        text_width(legend, text_scale) + 2 * sheet_margin});
  const index_t total_height = head + lines * step_y;
  if (total_width > 100'000'000 / total_height)
    throw argument_error("advx: contact_sheet: a sheet of " + std::to_string(total_width) + " x " +
                         std::to_string(total_height) + " pixels is over 10^8; show fewer images or a smaller scale");

  data::raster picture(total_width, total_height, sheet.channels);
  draw_text(picture, sheet_margin, sheet_margin, sheet.title, text_scale);
  draw_text(picture, sheet_margin, sheet_margin + text_height + tile_gap, legend, text_scale, 96);
  for (index_t i = 0; i < n; ++i) {
    const auto at = static_cast<std::size_t>(i);
    const T *x0 = originals.row(i), *x = adversarials.row(i);
    const index_t left = sheet_margin + i % columns * step_x, top = head + i / columns * step_y;
    const index_t tile_top = top + text_height + tile_gap;
    draw_text(picture, left, top, texts[at], text_scale);
    detail::draw_tile(picture, left, tile_top, sheet, [&](index_t j) { return static_cast<double>(x0[j]); });
    detail::draw_tile(picture, left + tile_width + tile_gap, tile_top, sheet, [&](index_t j) {
      return 0.5 + gains[at] * (static_cast<double>(x[j]) - static_cast<double>(x0[j])) / 2;
    });
    detail::draw_tile(picture, left + 2 * (tile_width + tile_gap), tile_top, sheet,
                      [&](index_t j) { return static_cast<double>(x[j]); });
  }
  return picture;
}

} // namespace advx::report
