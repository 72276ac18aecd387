/// @file
/// The run in one sentence.
#pragma once

#include <advx/report/page/curve.hpp>
#include <advx/report/page/markup.hpp>

#include <vector>

namespace advx::report::page {

/// The attacks judged by one distance, and which of them is the strongest.
struct norm_group {
  const distance_kind* kind;
  std::vector<std::size_t> attacks; ///< positions in the run
  std::size_t strongest;            ///< position in the run
};

/// Is the first curve's attack stronger: does it reach half of the images within a smaller distance, or where neither
/// reaches half, more of them?
inline bool stronger(const security_curve& a, const security_curve& b) {
  const auto half_a = a.distance_at(0.5), half_b = b.distance_at(0.5);
  if (half_a && half_b) return *half_a < *half_b;
  if (half_a || half_b) return half_a.has_value();
  return a.share_in_all() > b.share_in_all();
}

/// The run's attacks by the distance that judges them, L∞ first; distances without an attack are left out.
inline std::vector<norm_group> group_by_norm(const finished_run& run) {
  std::vector<norm_group> groups;
  for (const char* key : {"linf", "l2", "l1", "l0"}) {
    norm_group group{&distance_of(key), {}, 0};
    for (std::size_t i = 0; i < run.attacks.size(); ++i) {
      const attack_record& record = run.attacks[i].record;
      if (&distance_of(record.norm) != group.kind) continue;
      if (group.attacks.empty() || stronger(curve_of(record, group.kind->field),
                                            curve_of(run.attacks[group.strongest].record, group.kind->field)))
        group.strongest = i;
      group.attacks.push_back(i);
    }
    if (!group.attacks.empty()) groups.push_back(std::move(group));
  }
  return groups;
}

/// An attack's name, with its goal where the run has several.
inline std::string full_name(const finished_run& run, std::size_t attack) {
  const attack_record& record = run.attacks[attack].record;
  for (const attack_findings& other : run.attacks)
    if (other.record.goal != record.goal) return record.name + ", " + record.goal;
  return record.name;
}

/// A short name is not broken at its hyphen.
inline markup unbroken(const std::string& name) {
  return name.size() <= 24 ? html("<span class=\"name\">{}</span>", name) : html("{}", name);
}

/// One sentence: the clean accuracy, and the least distance in each norm within which an attack succeeds on half of the
/// images, or what the strongest attack reaches.
inline markup verdict(const finished_run& run) {
  std::vector<markup> halves, shares;
  for (const norm_group& group : group_by_norm(run)) {
    const security_curve curve = curve_of(run.attacks[group.strongest].record, group.kind->field);
    const markup name = unbroken(full_name(run, group.strongest));
    if (const auto half = curve.distance_at(0.5))
      halves.push_back(html("<b>{}&nbsp;{}</b> ({})", group.kind->title, distance_text(*half), name));
    else
      shares.push_back(html("{} of them in {} ({})", percent_text(curve.share_in_all()), group.kind->title, name));
  }
  markup sentence =
      html("The model is right on <b>{}</b> of {}", percent_text(run.clean_accuracy), counted(run.images, "image"));
  if (!halves.empty()) sentence += html("; attacks succeed on half of them within {}", listed(halves));
  if (!shares.empty())
    sentence +=
        html("; {} {}", halves.empty() ? "attacks succeed on no more than" : "and on no more than", listed(shares));
  if (run.attacks.empty()) sentence += {"; no attack was run"};
  sentence += {"."};
  return sentence;
}

} // namespace advx::report::page
