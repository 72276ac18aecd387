#include <advx/core/batch.hpp>
#include <advx/data/png.hpp>
#include <advx/report/contact_sheet.hpp>

#include <catch2/catch.hpp>

#include <limits>
#include <set>

using namespace advx;

namespace {

/// The text of a picture of one line at scale 1, as '#' and ' ', one string a row.
std::string drawn(std::string_view text) {
  data::raster picture(report::text_width(text, 1), report::glyph_height, 1);
  report::draw_text(picture, 0, 0, text, 1);
  std::string result;
  for (index_t y = 0; y < picture.height; ++y) {
    for (index_t x = 0; x < picture.width; ++x) result += *picture.at(x, y) == 0 ? '#' : ' ';
    result += '\n';
  }
  return result;
}

/// Where the first picture of a sheet of these captions begins, from the sheet's own layout: the first hairline pixel
/// (level 160) from the top left is one above and left of it.
std::pair<index_t, index_t> first_tile(const data::raster& sheet) {
  for (index_t y = 0; y < sheet.height; ++y)
    for (index_t x = 0; x < sheet.width; ++x)
      if (*sheet.at(x, y) == 160) return {x + 1, y + 1};
  return {-1, -1};
}

const report::contact_caption good{7, 3, true, "L2 1.5"};

} // namespace

TEST_CASE("The font draws what it says") {
  CHECK(drawn("1") == "  #  \n ##  \n  #  \n  #  \n  #  \n  #  \n ### \n");
  CHECK(drawn("T-") == "#####      \n  #        \n  #        \n  #    ### \n  #        \n  #        \n  #        \n");
  CHECK(drawn("cw-l2") == drawn("CW-L2"));
  CHECK(drawn("~") == "#####\n#   #\n#   #\n#   #\n#   #\n#   #\n#####\n"); // unknown: a box
  std::set<std::string> different;                                          // no two signs look alike
  const std::string_view signs = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ->.%:+ =,/#_()*&~";
  for (const char c : signs) different.insert(drawn(std::string(1, c)));
  CHECK(different.size() == signs.size());
}

TEST_CASE("Text is clipped at the border of the picture") {
  data::raster picture(4, 4, 3);
  report::draw_text(picture, -3, -2, "888", 1);
  report::draw_text(picture, 2, 3, "888", 2);
  report::draw_text(picture, 100, 100, "8", 1);
  CHECK(picture.pixels.size() == 48);
}

TEST_CASE("A grey sheet shows original, amplified change and adversarial image") {
  batch<float> x0(1, 4), x(1, 4);
  x0.values = {0.0f, 0.2f, 0.4f, 1.0f};
  x.values = {0.0f, 0.3f, 0.2f, 1.0f}; // changes 0, +0.1, -0.2, 0
  report::contact_sheet sheet;
  sheet.title = "t";
  sheet.width = sheet.height = 2;
  sheet.scale = 4;
  const auto picture = [&] {
    return report::draw(sheet, x0.view().as_const(), x.view().as_const(),
                        std::span<const report::contact_caption>(&good, 1));
  };
  const auto [left, top] = first_tile(picture());
  REQUIRE(left > 0);
  const auto level = [&, left = left, top = top](const data::raster& p, index_t tile, index_t u, index_t v) {
    return int{*p.at(left + tile * (8 + 6) + u * 4 + 2, top + v * 4 + 2)};
  };
  data::raster p = picture();
  CHECK(p.channels == 1);
  CHECK(level(p, 0, 0, 0) == 0);
  CHECK(level(p, 0, 1, 0) == 51);
  CHECK(level(p, 0, 0, 1) == 102);
  CHECK(level(p, 0, 1, 1) == 255);
  CHECK(level(p, 2, 1, 0) == 77); // 76.5 away from zero
  CHECK(level(p, 2, 0, 1) == 51);
  CHECK(level(p, 1, 0, 0) == 128);                   // no change is grey
  CHECK(level(p, 1, 1, 0) == Approx(191).margin(1)); // half of the largest change, upwards
  CHECK(level(p, 1, 0, 1) == Approx(0).margin(1));   // the largest, downwards
  sheet.gain = 1;
  p = picture();
  CHECK(level(p, 1, 0, 1) == 102); // 0.5 - 0.2 / 2
  sheet.gain = 100;                // what is too large for the scale is clipped
  p = picture();
  CHECK(level(p, 1, 1, 0) == 255);
  CHECK(level(p, 1, 0, 1) == 0);
  CHECK(data::encode_png(p) == data::encode_png(picture()));
}

TEST_CASE("A colour sheet takes planar images") {
  batch<double> x0(1, 3), x(1, 3);
  x0.values = {1.0, 0.4, 0.2};
  x.values = {1.0, 0.4, 0.2};
  report::contact_sheet sheet;
  sheet.channels = 3;
  sheet.width = sheet.height = 1;
  const data::raster p = report::draw(sheet, x0.view().as_const(), x.view().as_const(),
                                      std::span<const report::contact_caption>(&good, 1));
  const auto [left, top] = first_tile(p);
  const std::uint8_t* pixel = p.at(left, top);
  CHECK(int{pixel[0]} == 255);
  CHECK(int{pixel[1]} == 102);
  CHECK(int{pixel[2]} == 51);
  CHECK(int{p.at(left + 3 + 6, top)[2]} == 128); // nothing changed
}

TEST_CASE("Sheets grow by whole lines of images") {
  batch<float> images(5, 4);
  report::contact_sheet sheet;
  sheet.width = sheet.height = 2;
  const std::vector<report::contact_caption> captions(5, good);
  const auto size = [&](index_t count, index_t columns) {
    sheet.columns = columns;
    const auto rows = images.view().as_const().slice(0, count);
    const data::raster p = report::draw(
        sheet, rows, rows, std::span<const report::contact_caption>(captions).first(static_cast<std::size_t>(count)));
    return std::pair{p.width, p.height};
  };
  const index_t line = size(2, 1).second - size(1, 1).second;
  CHECK(line == 14 + 6 + 6 + 12); // caption, gap, picture, margin
  CHECK(size(5, 1).second == size(1, 1).second + 4 * line);
  CHECK(size(5, 2).second == size(1, 1).second + 2 * line);
  CHECK(size(5, 5).second == size(1, 1).second);
  CHECK(size(5, 5).first > size(5, 2).first);
  CHECK(size(0, 0).second == size(1, 1).second - line); // no images: the head alone
}

TEST_CASE("Captions say labels, failure, note and gain") {
  using report::detail::caption_text;
  CHECK(caption_text(good, 4.25) == "7->3 L2 1.5 *4.25");
  CHECK(caption_text({7, no_label, false, ""}, 1) == "7->- FAILED *1");
}

TEST_CASE("Values that are no levels do not break a sheet") {
  batch<float> x(1, 4);
  x.values = {std::numeric_limits<float>::quiet_NaN(), -5.0f, 7.0f, std::numeric_limits<float>::infinity()};
  report::contact_sheet sheet;
  sheet.width = sheet.height = 2;
  sheet.scale = 1;
  const data::raster p = report::draw(sheet, batch<float>(1, 4).view().as_const(), x.view().as_const(),
                                      std::span<const report::contact_caption>(&good, 1));
  const auto [left, top] = first_tile(p);
  CHECK(int{*p.at(left + 2 * (2 + 6) + 1, top)} == 0);
  CHECK(int{*p.at(left + 2 * (2 + 6), top + 1)} == 255);
}

TEST_CASE("A sheet whose parts disagree is refused") {
  const batch<float> one(1, 784), two(2, 784);
  const auto refused = [&](const report::contact_sheet& sheet, const batch<float>& a, const batch<float>& b,
                           std::size_t captions) {
    const std::vector<report::contact_caption> list(captions);
    try {
      report::draw(sheet, a.view().as_const(), b.view().as_const(), std::span<const report::contact_caption>(list));
    } catch (const argument_error&) {
      return true;
    }
    return false;
  };
  const auto with = [](auto change) {
    report::contact_sheet sheet;
    change(sheet);
    return sheet;
  };
  CHECK_FALSE(refused({}, one, one, 1));
  CHECK(refused({}, one, two, 1));
  CHECK(refused({}, one, one, 2));
  CHECK(refused(with([](auto& s) { s.channels = 2; }), one, one, 1));
  CHECK(refused(with([](auto& s) { s.width = 27; }), one, one, 1));
  CHECK(refused(with([](auto& s) { s.scale = 0; }), one, one, 1));
  CHECK(refused(with([](auto& s) { s.gain = -1; }), one, one, 1));
  CHECK(refused(with([](auto& s) { s.columns = -1; }), one, one, 1));
}
