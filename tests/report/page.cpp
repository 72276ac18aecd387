#include <catch2/catch.hpp>

#include "report/page_folder.hpp"

using namespace advx;
using namespace page_folder;
using Catch::Contains;

namespace {

report::attack_record record_of(const json& results) {
  support::scratch_folder folder;
  write_json(folder / "results.json", results);
  return report::read_report(folder / "").attacks.at(0).record;
}

/// The message with which a folder is refused after `edit` changed it.
template <class Edit>
std::string refusal(const Edit& edit) {
  support::scratch_folder folder;
  page_folder::write(folder);
  edit(folder);
  return support::message_of<file_error>([&] { page_of(folder); });
}

std::string refused_results(const std::string& pointer, const json& value) {
  return refusal([&](const support::scratch_folder& folder) {
    json changed = results();
    changed[json::json_pointer(pointer)] = value;
    write_json(folder / "results.json", changed);
  });
}

std::string refused_run(const std::string& pointer, const json& value) {
  return refusal([&](const support::scratch_folder& folder) {
    json changed = page_folder::run();
    changed[json::json_pointer(pointer)] = value;
    write_json(folder / "run.json", changed);
  });
}

} // namespace

TEST_CASE("page: security curve of four successes and a failure") {
  const auto curve = report::page::curve_of(record_of(results()), &report::image_entry::l2);
  CHECK(curve.distances == std::vector<double>{0, 1, 2, 4});
  CHECK(curve.images == 5);
  CHECK(curve.share_within(0) == 0.2);
  CHECK(curve.share_within(0.999) == 0.2);
  CHECK(curve.share_within(1) == 0.4);
  CHECK(curve.share_within(3) == Approx(0.6));
  CHECK(curve.share_in_all() == 0.8);
  CHECK(curve.distance_at(0.2) == 0.0);
  CHECK(curve.distance_at(0.5) == 2.0); // the third of five
  CHECK(curve.distance_at(0.8) == 4.0);
  CHECK_FALSE(curve.distance_at(0.81));
}

TEST_CASE("page: axes end at a round number and hold the largest value") {
  const auto check = [](double largest, double end, double step) {
    const auto axis = report::page::axis_for(largest);
    CHECK(axis.end == Approx(end));
    CHECK(axis.step == Approx(step));
  };
  check(0.3, 0.3, 0.1);
  check(4.1, 5, 1);
  check(24.4, 25, 5);
  check(63, 80, 20);
  check(1, 1, 0.2);
  check(1e30, 1e30, 2e29);
  check(1e-12, 1e-12, 2e-13);
  check(0, 1, 0.25);
}

TEST_CASE("page: queries stand on an axis of powers of ten") {
  const auto axis = report::page::powers_for(40401);
  CHECK(axis.ticks() == 5);
  CHECK(axis.tick(0) == 1);
  CHECK(axis.tick(4) == Approx(10000));
  CHECK(axis.share(1) == 0);
  CHECK(axis.share(1000) == Approx(0.6));
  CHECK(axis.share(100000) == Approx(1));
  CHECK(report::page::powers_for(0).ticks() == 1);
}

TEST_CASE("page: attacks that ask for no gradient have a chart of their queries") {
  support::scratch_folder folder;
  page_folder::write(folder);
  CHECK_THAT(page_of(folder), !Contains("Success against queries"));
  json changed = results();
  for (json& image : changed["attacks"][0]["images"]) image["pullback_rows"] = 0;
  write_json(folder / "results.json", changed);
  CHECK_THAT(page_of(folder), Contains("Success against queries") && Contains("queries of an image"));
}

TEST_CASE("page: every success is in one bin of the histogram") {
  const auto axis = report::page::axis_for(4); // 0 to 4, four bins a step of 1
  REQUIRE(axis.step == 1);
  const auto counts = report::page::histogram({0, 0.1, 0.25, 1, 2, 4}, axis);
  REQUIRE(counts.size() == 16);
  std::vector<std::size_t> expected(16);
  expected[0] = 2; // 0 and 0.1
  expected[1] = 1; // 0.25
  expected[4] = expected[8] = expected[15] = 1;
  CHECK(counts == expected);
}

TEST_CASE("page: base64 of the standard's examples") {
  const auto code = [](std::string_view text) { return report::page::base64(support::bytes_of(text)); };
  CHECK(code("").empty());
  CHECK(code("f") == "Zg==");
  CHECK(code("fo") == "Zm8=");
  CHECK(code("foo") == "Zm9v");
  CHECK(code("foobar") == "Zm9vYmFy");
  CHECK(code("\xff\xfe\xfd") == "//79");
}

TEST_CASE("page: text is escaped and markup is not") {
  using report::page::html, report::page::markup;
  CHECK(html("<b>{}</b>{}", "<i> & \"'\n", markup{"<br>"}).html ==
        "<b>&lt;i&gt; &amp; &quot;&#39;\xef\xbf\xbd</b><br>");
}

TEST_CASE("page: numbers in words") {
  using namespace report::page;
  CHECK(distance_text(0) == "0");
  CHECK(distance_text(0.0832449) == "0.0832");
  CHECK(distance_text(1.136) == "1.14");
  CHECK(distance_text(23.44) == "23.4");
  CHECK(distance_text(455.4) == "455");
  CHECK(distance_text(1234567.4) == "1\u202f234\u202f567");
  CHECK(distance_text(1e12) == "1.00e+12");
  CHECK(percent_text(0.983) == "98.3\u00a0%");
  CHECK(percent_text(0.99999) == "99.9\u00a0%"); // not all of them
  CHECK(percent_text(1) == "100.0\u00a0%");
}

TEST_CASE("page: the gallery shows smallest and median and largest distance and failures") {
  json many = results();
  many["images"] = 20;
  many["attacks"][0]["images"] = json::array();
  for (int i = 0; i < 20; ++i)
    many["attacks"][0]["images"].push_back(image(i, 0, i < 15 ? 1 : 0, i < 15, 20 - i)); // nearest last
  const auto rows = report::page::choose_rows(record_of(many), 8);
  REQUIRE(rows.size() == 8);
  CHECK(rows[0].row == 14);
  CHECK(rows[2].row == 7);
  CHECK(rows[2].why == std::string("median distance"));
  CHECK(rows[4].row == 0);
  CHECK(rows[4].why == std::string("largest distance"));
  CHECK(rows[5].row == 15);
  CHECK(rows[5].why == std::string("failure"));
}

TEST_CASE("page: confusion counts every image once") {
  const auto record = record_of(results());
  const auto c = report::page::confusion_of(record, 3);
  CHECK(c.total() == 5);
  CHECK(c.at(0, 1) == 2);
  CHECK(c.at(1, 2) == 1);
  CHECK(c.at(2, 2) == 1);
  CHECK(c.at(2, 0) == 1);
  CHECK(c.classes == 3);
  const std::string matrix = report::page::confusion_table(c).html;
  CHECK(count(matrix, "<tr>") == 4);
  CHECK(count(matrix, "<td class=\"kept\">1</td>") == 1);
  const auto many = report::page::confusion_of(record, 1000);
  const std::string pairs = report::page::confusion_table(many).html;
  CHECK(count(pairs, "<tr>") == 4); // the head, and three pairs of two classes
  CHECK(count(pairs, "<th scope=\"row\">0</th><td>1</td><td>2</td>") == 1);
}

TEST_CASE("page: the verdict names the strongest attack of each norm") {
  json two = results();
  two.at("attacks").push_back(
      attack("pgd-linf", "linf",
             {image(0, 0, 1, true, 1), image(1, 0, 0, false, 1), image(2, 0, 0, false, 1), image(3, 0, 0, false, 1)}));
  two.at("attacks").push_back(attack("deepfool-l2", "l2", {image(0, 0, 1, true, 1.5), image(1, 0, 1, true, 9)}));
  support::scratch_folder folder;
  write_json(folder / "results.json", two);
  const auto run = report::read_report(folder / "");
  CHECK(report::page::verdict(run).html ==
        "The model is right on <b>80.0\u00a0%</b> of 5\u00a0images; attacks succeed on half of them within "
        "<b>L2&nbsp;1.50</b> (<span class=\"name\">deepfool-l2</span>); and on no more than 25.0\u00a0% of them in L∞ "
        "(<span class=\"name\">pgd-linf</span>).");
}

TEST_CASE("page: the command repeats the run") {
  support::scratch_folder folder;
  page_folder::write(folder);
  const auto lines = report::page::command_line(*report::read_report(folder / "").run);
  CHECK(lines == std::vector<std::string>{"advx evaluate", "--model nets/three.onnx", "--inputs 'it'\\''s x.npy'",
                                          "--labels y.npy", "--limit 5", "--box=-1,1", "--mean 0.5", "--std 0.25",
                                          "--attack cw-l2:steps=40,step=0.01", "--backend xtensor", "--seed 7",
                                          "--output report"});
}

TEST_CASE("page: a whole report in well-formed markup and the same bytes again") {
  support::scratch_folder folder;
  page_folder::write(folder);
  const std::string page = page_of(folder);
  CHECK(fault_of_markup(page) == "");
  CHECK(page == page_of(folder));
  CHECK(count(page, "<img ") == 3 * 4); // three successes away from 0, and a failure
  CHECK(count(page, "data:image/png;base64,") == 3 * 4);
  CHECK(count(page, "<script") == 0);
  CHECK(count(page, "http://") + count(page, "https://") == 0);
  CHECK(count(page, "4 of 5\u00a0images (80.0\u00a0%), 1 of them without any change") == 1);
  CHECK(count(page, "CRC-32 00000001<") == 1);
  CHECK(count(page, "how many images, 4 in all; 1\u00a0failure not shown.") == 1);
  CHECK(count(page, "Eight batches gave the same bits.") == 1);
  CHECK(count(page, "× 8.00</span>") == 4); // a change of 0.25 in a box of width 2 is drawn 8 times as large
  report::write_page(folder / "");
  CHECK(data::read_file(folder / "index.html") == support::bytes_of(page));
}

TEST_CASE("page: sections without data are left out") {
  support::scratch_folder folder;
  write_json(folder / "results.json", results());
  const std::string page = page_of(folder);
  CHECK(fault_of_markup(page) == "");
  CHECK(count(page, "Robustness of three classes") == 2);
  CHECK(count(page, "<img ") == 0);
  CHECK(count(page, "Row invariance") == 0);
  CHECK(count(page, "advx evaluate") == 0);
  write_json(
      folder / "results.json",
      {{"advx", "0.1.0"}, {"model", json::object()}, {"images", 0}, {"clean_accuracy", 0}, {"attacks", json::array()}});
  CHECK(fault_of_markup(page_of(folder)) == "");
}

TEST_CASE("page: inputs in colour and large and without a picture") {
  const auto shown = [](const page_folder::shape& extents) {
    support::scratch_folder folder;
    page_folder::write(folder, extents);
    const std::string page = page_of(folder);
    CHECK(fault_of_markup(page) == "");
    return page;
  };
  CHECK(count(shown({3, 8, 8}), "<img ") == 3 * 4);
  CHECK(count(shown({1, 130, 70}), "smaller than the images by the factor 2") == 1);
  CHECK(count(shown({16}), "No pictures: an input is 16 values") == 1);
  CHECK(count(shown({2, 4, 4}), "No pictures: an input is 2 × 4 × 4") == 1);
}

TEST_CASE("page: hostile text is shown and does nothing") {
  const std::string evil = "\"><script>alert('x')</script>&\x01</style>";
  json evil_results = results(), evil_run = page_folder::run();
  for (const char* at : {"/advx", "/attacks/0/name", "/attacks/0/goal", "/attacks/0/norm"})
    evil_results[json::json_pointer(at)] = evil;
  evil_results["model"] = {{"name", evil}, {evil, evil}};
  evil_results["attacks"][0]["parameters"] = {{evil, evil}};
  for (const char* at : {"/advx", "/model/path", "/model/crc32", "/inputs/path", "/labels/path", "/goal", "/backend",
                         "/attacks/0", "/row_invariant/detail"})
    evil_run[json::json_pointer(at)] = evil;
  support::scratch_folder folder;
  page_folder::write(folder);
  write_json(folder / "results.json", evil_results);
  write_json(folder / "run.json", evil_run);
  const std::string page = page_of(folder);
  CHECK(fault_of_markup(page) == "");
  CHECK(count(page, "<script") == 0);
  CHECK(count(page, "</style>") == 1);
  CHECK(count(page, "\x01") == 0);
  CHECK(count(page, "&lt;script&gt;alert(&#39;x&#39;)") >= 15);
}

TEST_CASE("page: broken results are refused by a sentence") {
  CHECK_THAT(refused_results("/attacks", 3), Contains("results.json': 'attacks' is of type number; expected an array"));
  CHECK_THAT(refused_results("/images", -1), Contains("'images' is -1; it must lie in [0, 1e+09]"));
  CHECK_THAT(refused_results("/clean_accuracy", 1.5), Contains("'clean_accuracy' is 1.5; it must lie in [0, 1]"));
  CHECK_THAT(refused_results("/attacks/0/name", nullptr), Contains("'attacks[0].name' is missing"));
  CHECK_THAT(refused_results("/attacks/0/name", std::string(301, 'a')), Contains("is 301 bytes long; at most 300"));
  CHECK_THAT(refused_results("/attacks/0/images/1/index", 5), Contains("'attacks[0].images[1].index' is 5"));
  CHECK_THAT(refused_results("/attacks/0/images/1/label", 0.5), Contains("expected a whole number"));
  CHECK_THAT(refused_results("/attacks/0/images/1/success", 1), Contains("expected true or false"));
  CHECK_THAT(refused_results("/attacks/0/images/1/l2", nullptr), Contains("'attacks[0].images[1].l2' is missing"));
  CHECK_THAT(refused_results("/attacks/0/images/1/l2", -2), Contains("is -2; it must lie in [0, 1e+30]"));
  CHECK_THAT(refused_results("/attacks/0/file", "../inputs.npz"), Contains("expected the name of an .npz file"));
  CHECK_THAT(refused_results("/attacks/0/file", "/etc/x.npz"), Contains("expected the name of an .npz file"));
  CHECK_THAT(refused_results("/attacks/0/file", "gone.npz"), Contains("gone.npz': cannot open"));
  const auto write_text = [](const char* text) {
    return refusal([&](const support::scratch_folder& folder) {
      data::write_file_atomically(folder / "results.json", support::bytes_of(text));
    });
  };
  CHECK_THAT(write_text("{\"advx\": "), Contains("results.json': is not JSON: the fault is at byte"));
  CHECK_THAT(write_text("{\"advx\": 1e999}"), Contains("is not JSON"));
  CHECK_THAT(write_text("[1]"), Contains("the document is of type array; expected an object"));
  CHECK_THAT(write_text(std::string(100000, '[').c_str()), Contains("is not JSON"));
  support::scratch_folder empty;
  CHECK_THAT(support::message_of<file_error>([&] { page_of(empty); }), Contains("results.json': cannot open"));
}

TEST_CASE("page: a broken run.json is refused by a sentence") {
  CHECK_THAT(refused_run("/box", {1, 1}), Contains("run.json': 'box' is of type array; expected two numbers"));
  CHECK_THAT(refused_run("/model", nullptr), Contains("'model' is missing"));
  CHECK_THAT(refused_run("/attacks/0", 1), Contains("'attacks[0]' is of type number; expected text"));
  CHECK_THAT(refused_run("/row_invariant/verdict", "yes"), Contains("expected true or false"));
}

TEST_CASE("page: broken arrays are refused by a sentence") {
  const auto refused = [](const char* file, data::npz content, const char* name, const data::array& value) {
    for (auto& [key, array] : content.arrays)
      if (key == name) array = value;
    return refusal([&](const support::scratch_folder& folder) { data::write_npz(folder / file, content); });
  };
  const page_folder::shape extents = {1, 2, 2};
  const auto five = data::make_array<std::int64_t>({5}, std::vector<std::int64_t>{0, 0, 0, 0, 0});
  CHECK_THAT(refused("inputs.npz", inputs(extents), "x", data::make_array<float>({4, 1, 2, 2}, std::vector<float>(16))),
             Contains("inputs.npz': array 'x' has the shape (4, 1, 2, 2); expected 5 images"));
  CHECK_THAT(refused("inputs.npz", inputs(extents), "x", five), Contains("array 'x' holds int64; expected float32"));
  CHECK_THAT(refused("inputs.npz", inputs(extents), "clean_confidence", five), Contains("holds int64"));
  const char* file = "adversarial_cw-l2.npz";
  CHECK_THAT(refused(file, adversarial(extents), "x", data::make_array<float>({5, 4}, std::vector<float>(20))),
             Contains("cw-l2.npz': array 'x' has the shape (5, 4); expected (5, 1, 2, 2)"));
  CHECK_THAT(refused(file, adversarial(extents), "labels", five),
             Contains("row 0 has label 0 and success 1; results.json says otherwise"));
  CHECK_THAT(refused(file, adversarial(extents), "success",
                     data::make_array<std::uint8_t>({5, 1}, std::vector<std::uint8_t>(5))),
             Contains("array 'success' has the shape (5, 1); expected (5,)"));
  CHECK_THAT(refused(file, {}, "", five), Contains("holds no array"));
}

TEST_CASE("page: a page that cannot be made leaves the one before") {
  support::scratch_folder folder;
  page_folder::write(folder);
  report::write_page(folder / "");
  const auto before = data::read_file(folder / "index.html");
  write_json(folder / "results.json", json::array());
  CHECK_THROWS_AS(report::write_page(folder / ""), file_error);
  CHECK(data::read_file(folder / "index.html") == before);
}
