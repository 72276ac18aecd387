/// @file
/// Images, changes and adversarial images as PNGs inside the page.
#pragma once

#include <advx/data/png.hpp>
#include <advx/report/contact_sheet.hpp>
#include <advx/report/page/base64.hpp>
#include <advx/report/page/confusion.hpp>

#include <string>
#include <vector>

namespace advx::report::page {

/// Longest side of a picture in pixels; larger images are averaged down by a whole factor.
inline constexpr index_t picture_side = 128;

/// By what an image of this shape is made smaller.
constexpr index_t shrink_factor(index_t height, index_t width) {
  return (std::max(height, width) + picture_side - 1) / picture_side;
}

/// A planar image as PNG in a data URI: value(j) in [0, 1] for each of its values, areas averaged.
template <class Value>
std::string png_uri(const std::vector<index_t>& shape, const Value& value) {
  const index_t channels = shape[0], h = shape[1], w = shape[2], f = shrink_factor(h, w);
  data::raster picture((w + f - 1) / f, (h + f - 1) / f, channels);
  for (index_t y = 0; y < picture.height; ++y)
    for (index_t x = 0; x < picture.width; ++x)
      for (index_t c = 0; c < channels; ++c) {
        double sum = 0, count = 0;
        for (index_t v = y * f; v < std::min(h, (y + 1) * f); ++v)
          for (index_t u = x * f; u < std::min(w, (x + 1) * f); ++u) {
            sum += value(static_cast<std::size_t>((c * h + v) * w + u));
            count += 1;
          }
        picture.at(x, y)[c] = report::detail::level_of(sum / count);
      }
  return "data:image/png;base64," + base64(data::encode_png(picture));
}

/// One image of the gallery: original, change, adversarial, and what is known of it.
inline markup picture_card(const attack_findings& attack, const gallery_image& shown, const std::vector<index_t>& shape,
                           double lower, double upper) {
  const image_entry& entry = attack.record.images[shown.row];
  const distance_kind& kind = distance_of(attack.record.norm);
  const double range = upper - lower;
  const auto& x0 = shown.original;
  const auto& x1 = shown.adversarial;
  const double gain = range * report::detail::full_gain(x0.data(), x1.data(), static_cast<index_t>(x0.size()));
  const auto level = [&](double v) { return (v - lower) / range; };
  const std::string factor = distance_text(gain);
  const markup scale = html(" width=\"{}\" height=\"{}\"", shape[2], shape[1]);
  markup m = html("<figure class=\"card{}\"><div class=\"triple\">", entry.success ? "" : " failed");
  m += html("<img{} alt=\"Original image {}, label {}\" src=\"{}\">", scale, entry.index, class_text(entry.label),
            png_uri(shape, [&](std::size_t j) { return level(x0[j]); }));
  m += html("<img{} alt=\"Change, amplified {} times\" src=\"{}\">", scale, factor, png_uri(shape, [&](std::size_t j) {
              return 0.5 + gain * (static_cast<double>(x1[j]) - static_cast<double>(x0[j])) / range / 2;
            }));
  m += html("<img{} alt=\"Image after the attack, classified as {}\" src=\"{}\">", scale, class_text(shown.label),
            png_uri(shape, [&](std::size_t j) { return level(x1[j]); }));
  m += html("</div><figcaption><span class=\"pair\"><span><b>{}</b> {}</span> <span>× {}</span> <span><b>{}</b> "
            "{}</span></span>",
            class_text(shown.clean_label), percent_text(shown.clean_confidence), factor, class_text(shown.label),
            percent_text(shown.confidence));
  m += html("<span class=\"note\">image {}, label {}<br>{} {}, {}</span></figcaption></figure>", entry.index,
            class_text(entry.label), kind.title, distance_text(entry.*kind.field), shown.why);
  return m;
}

/// The gallery of an attack, or why there is none.
inline markup gallery(const attack_findings& attack, const std::vector<index_t>& shape, double lower, double upper) {
  if (shape.size() != 3 || (shape[0] != 1 && shape[0] != 3)) {
    std::string sizes;
    for (const index_t extent : shape) sizes += (sizes.empty() ? "" : " × ") + std::to_string(extent);
    return html(
        "<p class=\"note\">No pictures: an input is {}, not channels × height × width with 1 or 3 channels.</p>",
        sizes + (shape.size() == 1 ? " values" : ""));
  }
  if (attack.gallery.empty()) return {"<p class=\"note\">No pictures: no image was attacked.</p>"};
  markup m{"<div class=\"gallery\">"};
  for (const gallery_image& image : attack.gallery) m += picture_card(attack, image, shape, lower, upper);
  m += {"</div>"};
  const index_t factor = shrink_factor(shape[1], shape[2]);
  m += html(
      "<p class=\"note\">Each: the original with the model’s class and its confidence, the change, the image after "
      "the attack. The change is drawn around mid-grey and amplified by the factor beneath it, so that its largest "
      "value is white or black.{}</p>",
      factor == 1 ? "" : " Pictures are smaller than the images by the factor " + std::to_string(factor) + ".");
  return m;
}

} // namespace advx::report::page
