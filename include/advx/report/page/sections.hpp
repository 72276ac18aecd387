/// @file
/// The page's sections, each from the run alone.
#pragma once

#include <advx/report/page/chart.hpp>
#include <advx/report/page/command_line.hpp>
#include <advx/report/page/confusion.hpp>
#include <advx/report/page/pictures.hpp>
#include <advx/report/page/verdict.hpp>

#include <string>
#include <vector>

namespace advx::report::page {

/// What the page calls the model: its name, else its file's.
inline std::string model_name(const finished_run& run) {
  const auto told = [&](std::string_view key) {
    for (const auto& [name, value] : run.model)
      if (name == key) return value;
    return std::string();
  };
  if (const std::string name = told("name"); !name.empty()) return name;
  std::string path = told("path");
  if (path.empty() && run.run) path = run.run->model.path;
  path.erase(0, path.find_last_of('/') + 1);
  return path.empty() ? "model" : path;
}

/// Rows that an attack's images cost, of both kinds, all together.
inline double rows_of(const attack_findings& attack) {
  const summary s = aggregate(attack.record);
  return (attack.forward_rows.value_or(0) + s.pullback_rows) * static_cast<double>(attack.record.images.size());
}

inline markup facts(const finished_run& run) {
  std::string goals;
  for (std::size_t i = 0; i < run.attacks.size(); ++i) {
    const std::string& goal = run.attacks[i].record.goal;
    const auto before = run.attacks.begin() + static_cast<std::ptrdiff_t>(i);
    if (std::none_of(run.attacks.begin(), before, [&](const auto& a) { return a.record.goal == goal; }))
      goals += (goals.empty() ? "" : ", ") + goal;
  }
  markup m{"<dl class=\"facts\">"};
  const auto fact = [&](const char* name, const std::string& value) {
    m += html("<div><dt>{}</dt><dd>{}</dd></div>", name, value);
  };
  fact("Clean accuracy", percent_text(run.clean_accuracy));
  fact("Images", count_text(run.images));
  fact("Attacks", count_text(static_cast<std::int64_t>(run.attacks.size())));
  if (!goals.empty()) fact("Goal", goals);
  if (run.run && run.run->row_invariant) fact("Row-invariant", *run.run->row_invariant ? "yes" : "no");
  m += {"</dl>"};
  if (run.run && !run.run->complete)
    m += {"<p class=\"warn\">The run was ended before every image was finished: what follows is a part of it.</p>"};
  return m;
}

/// A chart for each norm, with all its attacks.
inline markup norms_section(const finished_run& run) {
  const auto groups = group_by_norm(run);
  if (groups.empty()) return {};
  markup m{
      "<section aria-labelledby=\"norms\"><h2 id=\"norms\">How far the model holds</h2>"
      "<p>A security curve says on which share of all images an attack succeeds within a distance from the "
      "original. The further left and the higher it is, the stronger is the attack. It begins with the images that "
      "meet the attack’s goal as they are, such as those that the model gets wrong.</p><div class=\"grid\">"};
  for (const norm_group& group : groups) {
    std::vector<series> all;
    for (const std::size_t i : group.attacks)
      all.push_back({full_name(run, i), curve_of(run.attacks[i].record, group.kind->field)});
    static constexpr std::array<const char*, 4> meanings = {
        "number of values that changed", "sum of the absolute changes", "root of the sum of the squared changes",
        "largest change of a value"};
    const auto which = static_cast<std::size_t>(group.kind - distance_kinds.data());
    m += html("<figure><h3>{} <small>{}</small></h3>{}{}</figure>", group.kind->title, meanings[which],
              curve_chart(all, std::string("distance ") + group.kind->title), legend(all));
  }
  const bool net = std::any_of(run.attacks.begin(), run.attacks.end(),
                               [](const attack_findings& a) { return a.record.norm == "elastic_net"; });
  m +=
      html("</div><p class=\"note\">An attack with a fixed radius ε looks for a success inside it, not for the nearest "
           "one: its curve stands near ε.{}</p></section>",
           net ? " EAD under the elastic net is drawn in L1." : "");
  return m;
}

/// A chart of the attacks that ask for no gradient: what they find for so many questions.
inline markup queries_section(const finished_run& run) {
  std::vector<series> all;
  for (std::size_t i = 0; i < run.attacks.size(); ++i) {
    const attack_record& record = run.attacks[i].record;
    if (std::all_of(record.images.begin(), record.images.end(),
                    [](const image_entry& image) { return image.pullback_rows == 0; }))
      all.push_back({full_name(run, i), curve_of(record, &image_entry::queries)});
  }
  if (all.empty()) return {};
  return html(
      "<section aria-labelledby=\"queries\"><h2 id=\"queries\">Success against queries</h2><p>Of the attacks that "
      "see the model’s answers alone: the share of all images on which an attack has ended with success after so many "
      "queries. One that goes on after its first success, for a better one, counts with all that it asked.</p>"
      "<div class=\"grid\"><figure>{}{}</figure></div></section>",
      curve_chart(all, "queries of an image", powers_for), legend(all));
}

inline markup centre_cell(const centre& c, bool own) {
  return html("<td{}>{}<small>{}</small></td>", markup{own ? " class=\"own\"" : ""}, distance_text(c.mean),
              distance_text(c.median));
}

/// All attacks, a line each.
inline markup summary_section(const finished_run& run) {
  if (run.attacks.empty()) return {};
  markup m{
      "<section aria-labelledby=\"attacks\"><h2 id=\"attacks\">The attacks</h2>"
      "<p>Distances are means over the successes, beneath them medians; in bold the norm that the attack minimises or "
      "is bound by. Rows of the model and queries are per image.</p>"
      "<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-labelledby=\"attacks\"><table class=\"summary\"><thead>"
      "<tr><th scope=\"col\">Attack</th><th scope=\"col\">Success</th><th scope=\"col\" class=\"word\">Norm</th>"
      "<th scope=\"col\" class=\"word\">Goal</th>"};
  for (const distance_kind& kind : distance_kinds) m += html("<th scope=\"col\">{}</th>", kind.title);
  m += {"<th scope=\"col\">Rows forward only</th><th scope=\"col\">Rows pulled back</th>"
        "<th scope=\"col\">Queries</th></tr></thead><tbody>"};
  for (std::size_t i = 0; i < run.attacks.size(); ++i) {
    const attack_findings& attack = run.attacks[i];
    const summary s = aggregate(attack.record);
    const distance_kind& own = distance_of(attack.record.norm);
    std::string norm = attack.record.norm == "elastic_net" ? "elastic net" : attack.record.norm;
    if (norm == own.key) norm = own.title;
    m += html("<tr><th scope=\"row\"><a href=\"#attack-{}\">{}</a></th><td>{}</td><td class=\"word\">{}</td>"
              "<td class=\"word\">{}</td>",
              i + 1, unbroken(attack.record.name), percent_text(s.success_rate), norm, attack.record.goal);
    for (const distance_kind& kind : distance_kinds) m += centre_cell(s.*kind.average, &kind == &own);
    m += html("<td>{}</td><td>{}</td><td>{}</td></tr>",
              attack.forward_rows ? mean_text(*attack.forward_rows) : std::string("–"), mean_text(s.pullback_rows),
              mean_text(s.queries));
  }
  m += {"</tbody></table></div></section>"};
  return m;
}

/// What an attack cost: rows of the model.
inline markup cost(const finished_run& run, const attack_findings& attack) {
  const summary s = aggregate(attack.record);
  double all = 0;
  for (const attack_findings& other : run.attacks) all += rows_of(other);
  const double share = all > 0 ? rows_of(attack) / all : 0;
  std::vector<std::int64_t> back;
  for (const image_entry& image : attack.record.images) back.push_back(image.pullback_rows);
  std::sort(back.begin(), back.end());
  const std::string spread = back.empty() || back.front() == back.back()
                                 ? ""
                                 : "; half of them take at most " + count_text(back[(back.size() - 1) / 2]) +
                                       ", all at most " + count_text(back.back());
  markup m{"<dl class=\"run\">"};
  const auto line = [&](const char* name, const std::string& value) {
    m += html("<dt>{}</dt><dd>{}</dd>", name, value);
  };
  if (attack.forward_rows) line("Rows forward only", mean_text(*attack.forward_rows) + " per image");
  line("Rows pulled back", mean_text(s.pullback_rows) + " per image" + spread);
  line("Queries", mean_text(s.queries) + " per image");
  if (attack.iterations) line("Steps", mean_text(*attack.iterations) + " per image");
  m += html("<dt>Share of the cost</dt><dd>{} of all rows in this report<span class=\"share\" aria-hidden=\"true\"><i "
            "style=\"width:{}%\"></i></span></dd></dl>",
            percent_text(share), fixed_text(100 * share, 1));
  return m;
}

/// Where the curve reaches some shares, in numbers.
inline markup quantile_table(const security_curve& curve, const std::string& distance) {
  markup m = html("<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"Distances by share\"><table "
                  "class=\"quantiles\"><thead><tr><th scope=\"col\">Images</th>");
  constexpr std::array<int, 5> shares = {10, 25, 50, 75, 90};
  for (const int share : shares) m += html("<th scope=\"col\">{}&nbsp;%</th>", share);
  m += html("</tr></thead><tbody><tr><th scope=\"row\">within {}</th>", distance);
  for (const int share : shares) m += html("<td>{}</td>", distance_text(curve.distance_at(share / 100.0)));
  m += {"</tr></tbody></table></div>"};
  return m;
}

/// One attack in full.
inline markup attack_section(const finished_run& run, std::size_t position) {
  const attack_findings& attack = run.attacks[position];
  const attack_record& record = attack.record;
  const distance_kind& kind = distance_of(record.norm);
  const security_curve curve = curve_of(record, kind.field);
  const auto entries = static_cast<std::int64_t>(record.images.size());
  const auto successes = static_cast<std::int64_t>(curve.distances.size());
  const auto already = std::count(curve.distances.begin(), curve.distances.end(), 0.0);

  std::string parameters;
  for (const auto& [name, value] : attack.parameters)
    parameters += (parameters.empty() ? "" : ", ") + name + " " + value;
  markup m = html("<article class=\"attack\" aria-labelledby=\"attack-{}\"><h3 id=\"attack-{}\">{}</h3><p>Goal {}: "
                  "{} of {} ({}){}.{}</p>",
                  position + 1, position + 1, record.name, record.goal, count_text(successes),
                  counted(entries, entries == run.images ? "image" : "case"), percent_text(curve.share_in_all()),
                  already == 0 ? std::string() : ", " + count_text(already) + " of them without any change",
                  parameters.empty() ? markup{} : html("<br><span class=\"note\">{}</span>", parameters));
  m += {"<div class=\"grid\">"};
  if (successes > 0) {
    const std::string distance = kind.title;
    m += html("<figure><h4>Security curve</h4>{}{}</figure>",
              curve_chart({{record.name, curve}}, "distance " + distance), quantile_table(curve, distance));
    m += html("<figure><h4>Distances of the successes</h4>{}<p class=\"note\">Height: how many images, {} in "
              "all{}.</p></figure>",
              histogram_chart(curve, distance), count_text(successes),
              successes == entries ? "" : "; " + counted(entries - successes, "failure") + " not shown");
  }
  const confusion classes = confusion_of(record, run.run ? run.run->classes : std::nullopt);
  m += html(
      "<div><h4>Classes after the attack</h4><p class=\"note\">Line: the image’s label. Column: the model’s class of "
      "the image that the attack returned, failures too. {}</p>{}</div>",
      classes.classes <= matrix_classes ? "The diagonal is where the model holds." : "", confusion_table(classes));
  m += html("<div><h4>Cost</h4><p class=\"note\">A row is one image in one pass of the model. Rows pulled back are "
            "those whose "
            "gradient was computed; the others are forward only.</p>{}</div></div>",
            cost(run, attack));
  if (!run.shape.empty()) {
    const bool boxed = run.run && run.run->lower && run.run->upper;
    m += html("<h4>Images</h4>{}",
              gallery(attack, run.shape, boxed ? *run.run->lower : 0.0, boxed ? *run.run->upper : 1.0));
  }
  m += {"</article>"};
  return m;
}

inline markup attacks_section(const finished_run& run) {
  if (run.attacks.empty()) return {};
  markup m{"<section aria-labelledby=\"each\"><h2 id=\"each\">Attack by attack</h2>"};
  for (std::size_t i = 0; i < run.attacks.size(); ++i) m += attack_section(run, i);
  m += {"</section>"};
  return m;
}

/// Whether an image's result may depend on the other images of its batch.
inline markup row_invariance_section(const finished_run& run) {
  if (!run.run || !run.run->row_invariant) return {};
  return html(
      "<section aria-labelledby=\"rows\"><h2 id=\"rows\">Row invariance: {}</h2><p>A model is row-invariant if an "
      "image’s scores and gradients have the same bits in every batch, order and number of threads. {}</p>{}"
      "</section>",
      *run.run->row_invariant ? "holds" : "does not hold",
      *run.run->row_invariant
          ? "It is: each image’s result is its own, and a repeated run gives the same bits."
          : "It is not: all passes were padded to one size, and another batch size may change single results; "
            "success rates and mean distances are to agree within 1 %.",
      run.run->row_invariant_detail.empty() ? markup{}
                                            : html("<p class=\"note\">Found: {}</p>", run.run->row_invariant_detail));
}

inline std::string extents_text(const std::vector<index_t>& extents) {
  std::string text;
  for (const index_t extent : extents) text += (text.empty() ? "" : " × ") + std::to_string(extent);
  return text;
}

/// Model, inputs, settings, and the command that repeats them.
inline markup run_section(const finished_run& run) {
  markup m{"<section aria-labelledby=\"run\"><h2 id=\"run\">What was run</h2><dl class=\"run\">"};
  const auto line = [&](const std::string& name, const std::string& value) {
    if (!value.empty()) m += html("<dt>{}</dt><dd>{}</dd>", name, value);
  };
  line("advx", run.advx);
  static constexpr std::array<std::string_view, 7> told_below = {"name",    "path",   "crc32", "bytes",
                                                                 "classes", "inputs", "seed"};
  for (const auto& [name, value] : run.model)
    if (!run.run || std::find(told_below.begin(), told_below.end(), name) == told_below.end())
      line("Model: " + name, value);
  if (!run.run) {
    m += {"</dl></section>"};
    return m;
  }
  const run_description& told = *run.run;
  const auto file = [&](const char* name, const file_identity& f) {
    if (f.path.empty()) return;
    m += html("<dt>{}</dt><dd><code>{}</code>", name, f.path);
    if (f.bytes || !f.crc32.empty())
      m += html(" <span class=\"note\">{}{}{}</span>", f.bytes ? counted(*f.bytes, "byte") : std::string(),
                f.bytes && !f.crc32.empty() ? ", " : "", f.crc32.empty() ? "" : "CRC-32 " + f.crc32);
    m += {"</dd>"};
  };
  file("Model", told.model);
  if (told.classes) line("Classes", count_text(*told.classes));
  line("Input", extents_text(told.input_shape));
  file("Inputs", told.inputs);
  file("Labels", told.labels);
  file("Targets", told.targets);
  line("Goal", told.goal);
  if (told.lower && told.upper) line("Box", "[" + number_text(*told.lower) + ", " + number_text(*told.upper) + "]");
  line("Mean", number_list(told.mean));
  line("Deviation", number_list(told.std));
  if (told.seed) line("Seed", std::to_string(*told.seed));
  line("Backend", told.backend);
  if (!told.attacks.empty()) m += {"<dt>Attacks</dt><dd>"};
  for (const std::string& attack : told.attacks) m += html("<code>{}</code><br>", attack);
  if (!told.attacks.empty()) m += {"</dd>"};
  m += html("</dl><h4>The same again</h4><p class=\"note\">One command line; <code>report</code> is the folder for its "
            "results.</p><pre><code>");
  const auto lines = command_line(told);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (i > 0) m += {" \\\n  "};
    m += html("{}", lines[i]);
  }
  m += {"</code></pre></section>"};
  return m;
}

} // namespace advx::report::page
