// Where the families put their attacks: a preset of the library, its members as parameters, and the run that it stands
// for, compiled once for all models of a backend.
#pragma once

#include <advx/advx.hpp>
#include <advx/attack/lattice.hpp>
#include <advx/attack/universal.hpp>
#include <advx/model/any.hpp>

#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "../catalogue.hpp"

namespace advx_command {

/// Both kinds of goals as one type, so that a run is compiled once. What is wanted was checked before.
struct goal {
  std::vector<advx::label_t> labels;
  std::vector<advx::label_t> classes; ///< the targets; none: untargeted
  std::string name;                   ///< as the library names it

  advx::index_t images() const { return static_cast<advx::index_t>(labels.size()); }
  advx::index_t cases() const {
    return classes.empty() ? 1 : static_cast<advx::index_t>(classes.size() / labels.size());
  }
  advx::row_goal at(advx::index_t image, advx::index_t k) const {
    const auto i = static_cast<std::size_t>(image);
    if (classes.empty()) return {labels[i], advx::no_label};
    return {labels[i], classes[i * static_cast<std::size_t>(cases()) + static_cast<std::size_t>(k)]};
  }
};

using run_result = advx::result<advx::batch<float>>;

/// What an attack is run on.
template <class Backend>
struct task {
  const advx::model::any<Backend>& model;
  const advx::batch<float>& images;
  const std::vector<advx::index_t>& extents; ///< of an image
  const advx_command::goal& goal;
  const advx::options& settings;
  int levels; ///< of each pixel, as after storing it; 0: any value
  run_result& out;
};

template <class Backend>
class attack {
public:
  explicit attack(description d) : what(std::move(d)) {}
  virtual ~attack() = default;
  /// Refuses values that do not go together. @throws advx::argument_error
  virtual void check(const values& numbers) const = 0;
  /// The parameters as a report shows them: numbers, and what a default of "derived from the others" comes to.
  virtual std::vector<std::pair<std::string, double>> shown(const values& numbers) const = 0;
  virtual void run(const values& numbers, const task<Backend>& t) const = 0;

  description what;
};

/// A parameter and the member of the preset that holds it, whose initial value is the default.
template <class Preset>
struct field {
  const char* name;
  std::variant<double Preset::*, int Preset::*, bool Preset::*, advx::walk::bounds Preset::*> member;
  range legal;
  const char* meaning;
};

template <class Backend, class Preset>
class preset_attack final : public attack<Backend> {
  static constexpr bool together = advx::detail::is_universal<decltype(Preset{}.recipe())>;

public:
  preset_attack(description d, std::vector<field<Preset>> fields)
      : attack<Backend>(std::move(d)),
        fields_(std::move(fields)) {
    static constexpr Preset initial{};
    for (const field<Preset>& f : fields_)
      std::visit(
          [&](auto member) {
            using value = std::remove_cvref_t<decltype(initial.*member)>;
            parameter p{f.name, f.meaning, kind::real, static_cast<double>(initial.*member), f.legal, {}};
            if constexpr (std::is_same_v<value, int>) p.type = kind::whole;
            if constexpr (std::is_same_v<value, bool>) p.type = kind::flag;
            if constexpr (std::is_same_v<value, advx::walk::bounds>) {
              p.type = kind::choice;
              p.choices = {"each_step", "clipped", "at_end"}; // in the order of the enumeration
            }
            this->what.parameters.push_back(std::move(p));
          },
          f.member);
    const auto recipe = initial.recipe();
    this->what.together = together;
    this->what.access = recipe.access == advx::attack::access::gradients ? "gradients"
                        : recipe.access == advx::attack::access::scores  ? "scores"
                                                                         : "labels";
    recipe.rankings().visit([&](const auto& norm, advx::index_t k) {
      this->what.rankings = static_cast<int>(k) + 1;
      if (k == this->what.ranking) this->what.norm = norm.name;
    });
  }

  void check(const values& numbers) const override { with(numbers).recipe().check(); }

  std::vector<std::pair<std::string, double>> shown(const values& numbers) const override {
    std::vector<std::pair<std::string, double>> out;
    const auto recipe = with(numbers).recipe();
    for (std::size_t i = 0; i < fields_.size(); ++i) {
      double value = numbers[i];
      if constexpr (requires { recipe.optimizer.step; }) // 0 stands for a length that the preset derives
        if (value == 0 && this->what.parameters[i].name == "step") value = recipe.optimizer.step;
      out.emplace_back(fields_[i].name, value);
    }
    return out;
  }

  void run(const values& numbers, const task<Backend>& t) const override {
    Preset preset = with(numbers);
    if constexpr (requires { preset.channels, preset.width; }) // what the file says need not be asked for
      if (t.extents.size() == 3) {
        preset.channels = static_cast<int>(t.extents[0]);
        preset.width = static_cast<int>(t.extents[2]);
      }
    const auto run = [&](const auto& recipe) {
      advx::run_into(t.out, recipe, t.model, t.images, t.goal, t.settings, Backend{});
    };
    if constexpr (!together)
      if (t.levels > 0) return run(advx::attack::lattice{preset.recipe(), t.levels});
    run(preset.recipe());
  }

private:
  Preset with(const values& numbers) const {
    Preset preset{};
    for (std::size_t i = 0; i < fields_.size(); ++i)
      std::visit(
          [&](auto member) {
            using value = std::remove_cvref_t<decltype(preset.*member)>;
            preset.*member =
                static_cast<value>(static_cast<std::conditional_t<std::is_enum_v<value>, int, double>>(numbers[i]));
          },
          fields_[i].member);
    return preset;
  }

  std::vector<field<Preset>> fields_;
};

/// The attacks of a backend, in the order of the catalogue.
template <class Backend>
using shelf = std::vector<std::unique_ptr<attack<Backend>>>;

/// Puts a preset on the shelf.
template <class Preset, class Backend>
void offer(shelf<Backend>& all, description d, std::vector<field<Preset>> fields) {
  if (d.run.empty()) d.run = d.name;
  all.push_back(std::make_unique<preset_attack<Backend, Preset>>(std::move(d), std::move(fields)));
}

/// "l1", "l2", "linf", as attacks' names end.
template <class Norm>
std::string ending() {
  return std::string("-") + Norm{}.name;
}

// One function per translation unit, instantiated there for the backend that it is compiled for.
template <class Backend>
void fast_gradient(shelf<Backend>& all);
template <class Backend>
void projected_gradient(shelf<Backend>& all);
template <class Backend>
void least_radius(shelf<Backend>& all);
template <class Backend>
void carlini_wagner(shelf<Backend>& all);
template <class Backend>
void tighten(shelf<Backend>& all);
template <class Backend>
void elastic_net(shelf<Backend>& all);
template <class Backend>
void change_of_variable(shelf<Backend>& all);
template <class Backend>
void lbfgs(shelf<Backend>& all);
template <class Backend>
void geometry(shelf<Backend>& all);
template <class Backend>
void questions(shelf<Backend>& all);
template <class Backend>
void universal(shelf<Backend>& all);

} // namespace advx_command
