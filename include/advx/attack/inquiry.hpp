/// @file
/// What a model answers for images on the host, apart from any attack.
#pragma once

#include <advx/attack/verification.hpp>
#include <advx/core/require.hpp>
#include <advx/kernel/all_finite.hpp>

namespace advx::attack {

/// Asks a model about images in passes of `tile` rows, in one session; counts the rows. A model that is not
/// row-invariant sees full passes alone, whose last one is padded with its first row.
template <class Model, class Backend>
class inquiry {
  using T = scalar_of<Model>;
  static constexpr index_t tile = fixed_tile;

public:
  /// Does the model answer scores, or labels alone?
  static constexpr bool scored = ::advx::detail::answers_scores<session_of<Model, Backend>, T>;

  inquiry(const Model& model, Backend& backend)
      : backend_(backend),
        memory_(backend),
        session_(model.session(backend, tile)),
        size_(model.input_size()),
        classes_(model.class_count()),
        points_(memory_.template take<T>(tile * size_)),
        scores_(memory_.template take<T>(scored ? tile * classes_ : 0)),
        labels_(memory_.template take<label_t>(scored ? 0 : tile)),
        packed_(static_cast<std::size_t>(tile * size_)),
        told_(static_cast<std::size_t>(scored ? tile * classes_ : 0)),
        decided_(static_cast<std::size_t>(tile)) {}

  /// `write(i, T* row)` fills row i in [0, count); `use(i, label, scores)` gets its answer, where `scores` is null for
  /// a model of labels. The label is the first of the highest scores.
  /// @throws model_error where a score is not finite
  template <class Write, class Use>
  void operator()(index_t count, Write write, Use use) {
    for (index_t first = 0; first < count; first += tile) {
      const index_t rows = std::min(tile, count - first);
      const index_t padded = is_row_invariant_on<Model, Backend> ? rows : tile;
      for (index_t i = 0; i < rows; ++i) write(first + i, packed_.data() + i * size_);
      for (index_t i = rows; i < padded; ++i) std::copy_n(packed_.data(), size_, packed_.data() + i * size_);
      backend_.upload(packed_.data(), padded * size_, points_);
      ask<scored>(session_, batch_view<const T>{points_, padded, size_}, classes_, scores_, labels_);
      if constexpr (scored)
        backend_.download(scores_, rows * classes_, told_.data());
      else
        backend_.download(labels_, rows, decided_.data());
      forward_rows += rows;
      for (index_t i = 0; i < rows; ++i) {
        if constexpr (scored) {
          const T* z = told_.data() + i * classes_;
          if (!kernel::all_finite(backend::vector_team{}, z, classes_))
            ::advx::detail::refuse<model_error>("advx: model: its scores for image %td are not finite; look at the "
                                                "network's weights and the images' scale",
                                                first + i);
          use(first + i, static_cast<label_t>(std::max_element(z, z + classes_) - z), z);
        } else {
          use(first + i, decided_[static_cast<std::size_t>(i)], static_cast<const T*>(nullptr));
        }
      }
    }
  }

  std::int64_t forward_rows = 0; ///< asked so far, padding uncounted

private:
  Backend& backend_;
  arena<Backend> memory_;
  session_of<Model, Backend> session_;
  index_t size_, classes_;
  T *points_, *scores_;
  label_t* labels_;
  std::vector<T> packed_, told_;
  std::vector<label_t> decided_;
};

} // namespace advx::attack
