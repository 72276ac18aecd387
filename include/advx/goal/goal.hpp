/// @file
/// What an attack wants of each image.
#pragma once

#include <advx/core/image.hpp>
#include <advx/core/require.hpp>
#include <advx/kernel/philox.hpp>

#include <utility>
#include <vector>

namespace advx::goal {

namespace detail {

/// Copies any container of integers into labels; a value that is no `label_t` becomes `no_label`, and is refused later.
template <class Labels>
std::vector<label_t> to_labels(const Labels& labels) {
  std::vector<label_t> out(static_cast<std::size_t>(labels.size()));
  auto to = out.begin();
  for (const auto& value : labels) {
    const auto wide = static_cast<long long>(value);
    *to++ = wide < 0 || wide > 2147483647LL ? no_label : static_cast<label_t>(wide);
  }
  return out;
}

} // namespace detail

/// Any class but the image's own.
struct untargeted {
  std::vector<label_t> labels; ///< the images' own classes

  untargeted() = default;
  template <class Labels>
  explicit untargeted(const Labels& l) : labels(detail::to_labels(l)) {}

  static constexpr const char* name = "untargeted";
  index_t images() const { return static_cast<index_t>(labels.size()); }
  index_t cases() const { return 1; }
  row_goal at(index_t image, index_t) const { return {labels[static_cast<std::size_t>(image)], no_label}; }
};

/// One or more given classes for each image; `targets` are image-major.
struct targeted {
  std::vector<label_t> labels;  ///< the images' own classes
  std::vector<label_t> targets; ///< cases() classes per image, each other than the image's own
  const char* name = "targeted";

  targeted() = default;
  template <class Labels, class Targets>
  targeted(const Labels& l, const Targets& t, const char* how = "targeted")
      : labels(detail::to_labels(l)),
        targets(detail::to_labels(t)),
        name(how) {}

  index_t images() const { return static_cast<index_t>(labels.size()); }
  index_t cases() const { return labels.empty() ? 1 : static_cast<index_t>(targets.size() / labels.size()); }
  row_goal at(index_t image, index_t k) const {
    const auto i = static_cast<std::size_t>(image);
    return {labels[i], targets[i * static_cast<std::size_t>(cases()) + static_cast<std::size_t>(k)]};
  }
};

namespace detail {
inline void require_classes(index_t classes) {
  if (classes < 2) ::advx::detail::refuse("advx: goal: a target class needs at least 2 classes, got %td", classes);
}
} // namespace detail

/// A class drawn uniformly from the others, a function of seed and position only.
template <class Labels>
targeted random(const Labels& labels, index_t classes, std::uint64_t seed = 0) {
  detail::require_classes(classes);
  targeted g{labels, std::vector<label_t>{}, "random"};
  for (std::size_t i = 0; i < g.labels.size(); ++i) {
    const kernel::random_stream draw{seed, static_cast<std::uint32_t>(i), 0x7A96E7U};
    const auto k = static_cast<label_t>(draw.bits(0) % static_cast<std::uint32_t>(classes - 1));
    g.targets.push_back(k < g.labels[i] ? k : k + 1);
  }
  return g;
}

/// The class after the image's own, cyclically.
template <class Labels>
targeted next(const Labels& labels, index_t classes) {
  detail::require_classes(classes);
  targeted g{labels, std::vector<label_t>{}, "next"};
  for (const label_t y : g.labels) g.targets.push_back(static_cast<label_t>((y + 1) % classes));
  return g;
}

/// Every class but the image's own: classes − 1 cases per image, for the best, average and worst case.
template <class Labels>
targeted all_others(const Labels& labels, index_t classes) {
  detail::require_classes(classes);
  targeted g{labels, std::vector<label_t>{}, "all others"};
  for (const label_t y : g.labels)
    for (label_t t = 0; t < classes; ++t)
      if (t != y) g.targets.push_back(t);
  return g;
}

} // namespace advx::goal
