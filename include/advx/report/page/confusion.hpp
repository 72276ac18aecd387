/// @file
/// Where the images go: how many of each label are classified as each class after the attack.
#pragma once

#include <advx/report/page/finished_run.hpp>
#include <advx/report/page/markup.hpp>

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

namespace advx::report::page {

/// Counts of (label, class after the attack) over all images of an attack, failures too.
struct confusion {
  std::map<std::pair<label_t, label_t>, std::int64_t> counts;
  label_t classes = 0; ///< one more than the largest class met, or what the model says where it is more

  std::int64_t at(label_t from, label_t to) const {
    const auto found = counts.find({from, to});
    return found == counts.end() ? 0 : found->second;
  }
  std::int64_t total() const {
    std::int64_t sum = 0;
    for (const auto& [pair, count] : counts) sum += count;
    return sum;
  }
};

inline confusion confusion_of(const attack_record& record, std::optional<index_t> classes) {
  confusion c;
  index_t seen = 0;
  for (const image_entry& image : record.images) {
    ++c.counts[{image.label, image.adversarial_label}];
    seen = std::max({seen, index_t{image.label} + 1, index_t{image.adversarial_label} + 1});
  }
  c.classes = static_cast<label_t>(std::min<index_t>(std::max(seen, classes.value_or(0)), 2147483647));
  return c;
}

/// More classes than this are shown as the most frequent pairs.
inline constexpr label_t matrix_classes = 20;
inline constexpr std::size_t listed_pairs = 12;

inline std::string class_text(label_t label) { return label == no_label ? "none" : std::to_string(label); }

inline markup confusion_matrix(const confusion& c) {
  std::int64_t largest = 1;
  for (const auto& [pair, count] : c.counts)
    if (pair.first != pair.second) largest = std::max(largest, count);
  // Images without a class, as where the model answered NaN, have a line of their own.
  const label_t first = std::any_of(c.counts.begin(), c.counts.end(),
                                    [](const auto& e) { return e.first.first < 0 || e.first.second < 0; })
                            ? no_label
                            : 0;
  markup m = html("<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"Confusion matrix\"><table "
                  "class=\"matrix\" style=\"--n:{}\"><thead><tr><th scope=\"col\">label</th>",
                  c.classes - first);
  for (label_t to = first; to < c.classes; ++to) m += html("<th scope=\"col\">{}</th>", class_text(to));
  m += {"</tr></thead><tbody>"};
  for (label_t from = first; from < c.classes; ++from) {
    m += html("<tr><th scope=\"row\">{}</th>", class_text(from));
    for (label_t to = first; to < c.classes; ++to) {
      const std::int64_t count = c.at(from, to);
      if (from == to)
        m += html("<td class=\"kept\">{}</td>", count == 0 ? std::string("·") : count_text(count));
      else if (count == 0)
        m += {"<td></td>"};
      else
        m += html("<td style=\"--a:{}\">{}</td>",
                  fixed_text(0.12 + 0.33 * static_cast<double>(count) / static_cast<double>(largest), 2),
                  count_text(count));
    }
    m += {"</tr>"};
  }
  m += {"</tbody></table></div>"};
  return m;
}

/// The most frequent pairs of a label and another class, the most frequent first.
inline markup confusion_pairs(const confusion& c) {
  std::vector<std::pair<std::pair<label_t, label_t>, std::int64_t>> pairs;
  for (const auto& entry : c.counts)
    if (entry.first.first != entry.first.second) pairs.push_back(entry);
  std::stable_sort(pairs.begin(), pairs.end(), [](const auto& a, const auto& b) { return a.second > b.second; });
  if (pairs.empty()) return {"<p>No image changed its class.</p>"};
  const std::size_t shown = std::min(pairs.size(), listed_pairs);
  markup m{"<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"Most frequent changes of class\"><table>"
           "<thead><tr><th scope=\"col\">label</th><th scope=\"col\">class after</th><th scope=\"col\">images</th>"
           "</tr></thead><tbody>"};
  for (std::size_t i = 0; i < shown; ++i)
    m += html("<tr><th scope=\"row\">{}</th><td>{}</td><td>{}</td></tr>", class_text(pairs[i].first.first),
              class_text(pairs[i].first.second), count_text(pairs[i].second));
  m += {"</tbody></table></div>"};
  if (shown < pairs.size()) m += html("<p class=\"note\">The {} most frequent of {} pairs.</p>", shown, pairs.size());
  return m;
}

/// The matrix of few classes, the frequent pairs of many.
inline markup confusion_table(const confusion& c) {
  return c.classes <= matrix_classes ? confusion_matrix(c) : confusion_pairs(c);
}

} // namespace advx::report::page
