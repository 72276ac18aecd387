/// @file
/// Training: mini-batches of shuffled images, cross-entropy, SGD with momentum or Adam.
///
/// Every random choice is a function of the seed, and gradients are summed in the order of the images, so that the
/// result does not depend on the number of threads.
///
/// A batch is computed in parts of at most 32 images. Batch norm takes each part's own statistics (Hoffer et al., 2017,
/// "ghost" batch norm), parts of nearly equal size; its running ones move once a step, by the parts' mean.
#pragma once

#include <advx/nn/sequential.hpp>

#include <algorithm>
#include <exception>
#include <functional>
#include <numeric>
#include <thread>
#include <variant>

namespace advx::nn {

/// w ← w − v with v ← momentum·v + rate·gradient.
struct sgd {
  double rate = 0.01;    ///< above 0
  double momentum = 0.9; ///< in [0, 1)
};

/// Kingma & Ba (2015), algorithm 1.
struct adam {
  double rate = 1e-3;    ///< above 0
  double beta1 = 0.9;    ///< in [0, 1)
  double beta2 = 0.999;  ///< in [0, 1)
  double epsilon = 1e-8; ///< above 0
};

/// What `train` reports after each epoch.
struct progress {
  index_t epoch;   ///< from 0
  double loss;     ///< mean cross-entropy over the epoch's batches, dropout included
  double accuracy; ///< share of the epoch's images classified right while training
};

/// How to train.
struct training {
  std::variant<sgd, adam> optimizer = adam{};
  index_t epochs = 10; ///< at least 0
  index_t batch = 128; ///< images a step, at least 1
  double weight_decay =
      0;                 ///< at least 0; adds weight_decay·w to each weight's gradient, not to biases' or batch norm's
  double rate_decay = 1; ///< above 0; the learning rate is multiplied by it after each epoch
  double temperature = 1; ///< the loss sees scores / temperature; above 0 (distillation: Papernot et al., 2016)
  std::uint64_t seed = 0; ///< of shuffling and dropout
  int threads = 1;        ///< at least 1
  std::function<bool(const progress&)> observer = {}; ///< called after each epoch; false ends the training
};

/// Cross-entropy of softmax(scores / temperature) with `target` (probabilities that sum to 1), and its gradient with
/// respect to the scores, times `weight`.
/// @throws argument_error for no scores, other numbers of them than of targets and gradients, a temperature that is not
/// above 0
template <class T>
double cross_entropy(std::span<const T> scores, std::span<const T> target, double temperature, double weight,
                     std::span<T> gradient) {
  if (scores.empty() || target.size() != scores.size() || gradient.size() != scores.size())
    throw argument_error("advx: cross_entropy: " + std::to_string(scores.size()) + " scores, " +
                         std::to_string(target.size()) + " targets and " + std::to_string(gradient.size()) +
                         " gradients; give as many of each, at least one");
  if (!(temperature > 0))
    throw argument_error("advx: cross_entropy: the temperature is " + std::to_string(temperature) +
                         "; it must be above 0");
  const double top = *std::ranges::max_element(scores);
  double sum = 0;
  for (const T z : scores) sum += std::exp((z - top) / temperature);
  const double log_sum = std::log(sum) + top / temperature;
  double loss = 0;
  for (std::size_t k = 0; k < scores.size(); ++k) {
    const double log_probability = scores[k] / temperature - log_sum;
    loss -= target[k] * log_probability;
    gradient[k] = static_cast<T>(weight / temperature * (std::exp(log_probability) - target[k]));
  }
  return loss;
}

/// Share of images whose largest score is their label's, in [0, 1]; of equal scores the first counts; 0 of no images.
/// @throws argument_error unless there is one label an image
template <class Network, class Backend>
double accuracy(const Network& network, Backend& backend, batch_view<const typename Network::scalar> images,
                std::span<const label_t> labels) {
  using T = typename Network::scalar;
  if (static_cast<index_t>(labels.size()) != images.rows)
    throw argument_error("advx: accuracy of " + std::to_string(images.rows) + " images with " +
                         std::to_string(labels.size()) + " labels; give one label an image");
  constexpr index_t most = 256;
  auto session = network.session(backend, most);
  std::vector<T> scores(static_cast<std::size_t>(most * network.class_count()));
  index_t right = 0;
  for (index_t first = 0; first < images.rows; first += most) {
    const index_t rows = std::min(most, images.rows - first);
    const batch_view<T> z{scores.data(), rows, network.class_count()};
    session.forward(images.slice(first, rows), z);
    for (index_t i = 0; i < rows; ++i)
      right += std::max_element(z.row(i), z.row(i) + z.cols) - z.row(i) == labels[static_cast<std::size_t>(first + i)];
  }
  return images.rows == 0 ? 0 : static_cast<double>(right) / static_cast<double>(images.rows);
}

namespace detail {

/// One step of an optimizer over all parameters.
class updater {
public:
  updater(const std::variant<sgd, adam>& chosen, std::size_t parameters)
      : rule(chosen),
        first(parameters),
        second(std::holds_alternative<adam>(chosen) ? parameters : 0) {}

  template <class T>
  void step(std::span<T> w, std::span<const T> gradient, double rate_factor) {
    ++steps;
    if (const sgd* s = std::get_if<sgd>(&rule)) {
      for (std::size_t i = 0; i < w.size(); ++i) {
        first[i] = s->momentum * first[i] + s->rate * rate_factor * gradient[i];
        w[i] -= static_cast<T>(first[i]);
      }
      return;
    }
    const adam& a = std::get<adam>(rule);
    const double correction1 = 1 - std::pow(a.beta1, static_cast<double>(steps));
    const double correction2 = 1 - std::pow(a.beta2, static_cast<double>(steps));
    for (std::size_t i = 0; i < w.size(); ++i) {
      const double g = gradient[i];
      first[i] = a.beta1 * first[i] + (1 - a.beta1) * g;
      second[i] = a.beta2 * second[i] + (1 - a.beta2) * g * g;
      w[i] -= static_cast<T>(a.rate * rate_factor * (first[i] / correction1) /
                             (std::sqrt(second[i] / correction2) + a.epsilon));
    }
  }

private:
  std::variant<sgd, adam> rule;
  std::vector<double> first;
  std::vector<double> second;
  index_t steps = 0;
};

inline void check(const training& how) {
  const auto require = [](bool good, const char* what, double value, const char* remedy) {
    if (!good)
      throw argument_error(std::string("advx: training: ") + what + " is " + std::to_string(value) + "; " + remedy);
  };
  const auto require_share = [&](const char* what, double value) {
    require(value >= 0 && value < 1, what, value, "it must be in [0, 1)");
  };
  const double rate = std::visit([](const auto& o) { return o.rate; }, how.optimizer);
  require(rate > 0, "the learning rate", rate, "it must be above 0");
  if (const sgd* s = std::get_if<sgd>(&how.optimizer)) require_share("momentum", s->momentum);
  if (const adam* a = std::get_if<adam>(&how.optimizer)) {
    require_share("beta1", a->beta1);
    require_share("beta2", a->beta2);
    require(a->epsilon > 0, "epsilon", a->epsilon, "it must be above 0");
  }
  require(how.epochs >= 0, "epochs", static_cast<double>(how.epochs), "it must be at least 0");
  require(how.batch >= 1, "batch", static_cast<double>(how.batch), "it must be at least 1");
  require(how.threads >= 1, "threads", how.threads, "it must be at least 1");
  require(how.temperature > 0, "temperature", how.temperature, "it must be above 0");
  require(how.weight_decay >= 0, "weight_decay", how.weight_decay, "it must be at least 0");
  require(how.rate_decay > 0, "rate_decay", how.rate_decay, "it must be above 0");
}

/// Moves batch norms' running means and variances by their momentum towards a batch's, which follow one another.
template <class T, class... Layers>
void move_statistics(sequential<T, Layers...>& network, std::span<const double> batch) {
  const auto move = [&](T& running, double momentum, double to) {
    running = static_cast<T>((1 - momentum) * running + momentum * to);
  };
  auto next = batch.begin();
  [&]<std::size_t... L>(std::index_sequence<L...>) {
    const auto layer = [&]<std::size_t Leaf>() {
      if constexpr (requires { get<Leaf>(network.leaves()).momentum; }) {
        const double momentum = get<Leaf>(network.leaves()).momentum;
        for (T& mean : network.running_mean(Leaf)) move(mean, momentum, *next++);
        for (T& variance : network.running_variance(Leaf)) move(variance, momentum, *next++);
      }
    };
    (layer.template operator()<L>(), ...);
  }
  (std::make_index_sequence<sequential<T, Layers...>::layer_count>{});
}

/// Positions 0 … n − 1 in the order of an epoch: Fisher and Yates' shuffle with counter-based numbers.
inline void shuffle(std::span<index_t> order, std::uint64_t seed, index_t epoch) {
  const kernel::random_stream random{seed, static_cast<std::uint32_t>(epoch), 0x5u};
  for (std::size_t i = order.size(); i > 1; --i) {
    const auto c = static_cast<index_t>(i);
    const std::uint64_t bits = std::uint64_t{random.bits(c, 0)} << 32 | random.bits(c, 1);
    std::swap(order[i - 1], order[bits % i]);
  }
}

} // namespace detail

/// Fits the parameters to images and soft labels: row i of `targets` is image i's distribution over the classes.
/// Takes time proportional to epochs × images. @throws argument_error for wrong shapes or settings out of range
template <class T, class... Layers, class Backend>
void train(sequential<T, Layers...>& network, Backend& backend, batch_view<const T> images, batch_view<const T> targets,
           const training& how = {}) {
  static_assert(sequential<T, Layers...>::scale == score_scale::logits,
                "advx: training needs logits: leave the last layer, nn::softmax, out, and load the trained parameters "
                "into a network that ends with it");
  detail::check(how);
  if (images.cols != network.input_size() || targets.cols != network.class_count() || images.rows != targets.rows)
    throw argument_error("advx: training on " + std::to_string(images.rows) + " x " + std::to_string(images.cols) +
                         " images and " + std::to_string(targets.rows) + " x " + std::to_string(targets.cols) +
                         " targets; the network needs as many of each, " + std::to_string(network.input_size()) +
                         " and " + std::to_string(network.class_count()) + " values wide");
  // A batch is cut into parts; each sums its own gradient, and the sums are added in the order of the parts.
  constexpr index_t part_rows = 32;
  using session_type = decltype(network.training_session(backend, part_rows));
  struct part {
    std::vector<T> x, z, dz, gradient;
    std::vector<double> statistics; ///< batch norms' means and variances, times the part's share of the batch
    double loss = 0;
    index_t right = 0;
  };
  const index_t classes = network.class_count();
  const std::size_t parameters = network.parameters().size();
  constexpr bool has_batch_norm = sequential<T, Layers...>::has_batch_norm;
  std::vector<std::size_t> statistics_at(network.layer_count);
  std::size_t statistics_count = 0;
  for (std::size_t l = 0; l < network.layer_count; ++l) {
    statistics_at[l] = statistics_count;
    statistics_count += 2 * network.running_mean(l).size();
  }
  std::vector<part> parts(static_cast<std::size_t>((std::min(how.batch, images.rows) + part_rows - 1) / part_rows));
  for (part& p : parts) {
    p.x.resize(static_cast<std::size_t>(part_rows * images.cols));
    p.z.resize(static_cast<std::size_t>(part_rows * classes));
    p.dz.resize(p.z.size());
    p.gradient.resize(parameters);
    p.statistics.resize(statistics_count);
  }
  std::vector<index_t> order(static_cast<std::size_t>(images.rows));
  std::iota(order.begin(), order.end(), 0);
  detail::updater update(how.optimizer, parameters);
  std::vector<T> gradient(parameters);
  std::uint32_t step = 0;
  double rate_factor = 1;

  for (index_t epoch = 0; epoch < how.epochs; ++epoch, rate_factor *= how.rate_decay) {
    detail::shuffle(order, how.seed, epoch);
    progress report{epoch, 0, 0};
    for (index_t first = 0; first < images.rows; first += how.batch, ++step) {
      const index_t rows = std::min(how.batch, images.rows - first);
      const index_t part_count = (rows + part_rows - 1) / part_rows;
      const auto compute = [&](session_type& session, index_t index) {
        part& p = parts[static_cast<std::size_t>(index)];
        // Batch norm wants no part of a few images.
        const index_t begin = has_batch_norm ? rows * index / part_count : index * part_rows;
        const index_t end = has_batch_norm ? rows * (index + 1) / part_count : std::min(rows, begin + part_rows);
        const index_t count = end - begin;
        const auto image_at = [&](index_t i) { return order[static_cast<std::size_t>(first + begin + i)]; };
        for (index_t i = 0; i < count; ++i)
          std::copy_n(images.row(image_at(i)), images.cols, p.x.data() + i * images.cols);
        session.set_dropout(how.seed, step, begin);
        const batch_view<T> z{p.z.data(), count, classes}, dz{p.dz.data(), count, classes};
        session.forward({p.x.data(), count, images.cols}, z);
        p.loss = 0;
        p.right = 0;
        for (index_t i = 0; i < count; ++i) {
          const auto width = static_cast<std::size_t>(classes);
          const T* target = targets.row(image_at(i));
          p.loss += cross_entropy<T>({z.row(i), width}, {target, width}, how.temperature,
                                     1.0 / static_cast<double>(rows), {dz.row(i), width});
          p.right += std::max_element(z.row(i), z.row(i) + classes) - z.row(i) ==
                     std::max_element(target, target + classes) - target;
        }
        std::ranges::fill(p.statistics, 0.0);
        session.add_statistics(static_cast<double>(count) / static_cast<double>(rows), [&](std::size_t l) {
          double* means = p.statistics.data() + statistics_at[l];
          return std::pair{means, means + network.running_mean(l).size()};
        });
        std::ranges::fill(p.gradient, T(0));
        session.parameter_gradient(dz.as_const(), [&](std::size_t l) {
          const auto [weights, biases] = network.parameter_offsets(l);
          return std::pair{p.gradient.data() + weights, p.gradient.data() + biases};
        });
      };
      // The sessions take the weights of this step with them.
      const int workers = static_cast<int>(std::min<index_t>(how.threads, part_count));
      std::vector<std::exception_ptr> faults(static_cast<std::size_t>(workers));
      const auto work = [&](int worker) {
        try {
          auto session = network.training_session(backend, part_rows);
          for (index_t index = worker; index < part_count; index += workers) compute(session, index);
        } catch (...) {
          faults[static_cast<std::size_t>(worker)] = std::current_exception();
        }
      };
      {
        std::vector<std::jthread> others;
        for (int worker = 1; worker < workers; ++worker) others.emplace_back(work, worker);
        work(0);
      }
      for (const std::exception_ptr& fault : faults)
        if (fault) std::rethrow_exception(fault);

      std::ranges::fill(gradient, T(0));
      for (index_t index = 0; index < part_count; ++index) {
        const part& p = parts[static_cast<std::size_t>(index)];
        for (std::size_t i = 0; i < parameters; ++i) gradient[i] += p.gradient[i];
        report.loss += p.loss;
        report.accuracy += static_cast<double>(p.right);
      }
      if (how.weight_decay > 0)
        for (std::size_t l = 0; l < network.layer_count; ++l) {
          const auto w = network.weights(l);
          T* g = gradient.data() + network.parameter_offsets(l).first;
          if (!network.running_mean(l).empty()) continue;
          for (std::size_t i = 0; i < w.size(); ++i) g[i] += static_cast<T>(how.weight_decay) * w[i];
        }
      update.step(network.parameters(), std::span<const T>(gradient), rate_factor);
      if constexpr (has_batch_norm) {
        for (std::size_t i = 0; i < statistics_count; ++i)
          for (index_t index = 1; index < part_count; ++index)
            parts[0].statistics[i] += parts[static_cast<std::size_t>(index)].statistics[i];
        detail::move_statistics(network, parts[0].statistics);
      }
    }
    const double n = static_cast<double>(std::max<index_t>(images.rows, 1));
    report.loss /= n;
    report.accuracy /= n;
    if (how.observer && !how.observer(report)) return;
  }
}

/// The same with one label an image. @throws argument_error also for a label outside [0, classes)
template <class T, class... Layers, class Backend>
void train(sequential<T, Layers...>& network, Backend& backend, batch_view<const T> images,
           std::span<const label_t> labels, const training& how = {}) {
  const index_t classes = network.class_count();
  std::vector<T> targets(labels.size() * static_cast<std::size_t>(classes));
  for (std::size_t i = 0; i < labels.size(); ++i) {
    if (labels[i] < 0 || labels[i] >= classes)
      throw argument_error("advx: training label " + std::to_string(labels[i]) + " of image " + std::to_string(i) +
                           " is outside 0.." + std::to_string(classes - 1) + "; count classes from 0");
    targets[i * static_cast<std::size_t>(classes) + static_cast<std::size_t>(labels[i])] = T(1);
  }
  train(network, backend, images, batch_view<const T>{targets.data(), static_cast<index_t>(labels.size()), classes},
        how);
}

} // namespace advx::nn
