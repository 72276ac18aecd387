// Makes data/mnist/sample.npz: the first images and labels of a pair of IDX files.
//
//     make_mnist_sample t10k-images-idx3-ubyte.gz t10k-labels-idx1-ubyte.gz data/mnist/sample.npz [count = 1000]
#include <advx/data/idx.hpp>
#include <advx/data/images.hpp>
#include <advx/data/npz.hpp>

#include <charconv>
#include <cstdio>
#include <exception>
#include <string>

int main(int argc, char** argv) try {
  if (argc != 4 && argc != 5) {
    std::fprintf(stderr, "usage: %s <images.idx> <labels.idx> <sample.npz> [count]\n", argv[0]);
    return 2;
  }
  advx::index_t count = 1000;
  if (argc == 5) {
    const std::string text = argv[4];
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
    if (error != std::errc{} || end != text.data() + text.size())
      throw advx::argument_error("advx: count '" + text + "' is not a number");
  }
  const advx::data::array images = advx::data::read_idx_images(argv[1]);
  const advx::data::array labels = advx::data::read_idx_labels(argv[2]);
  if (images.shape[0] != labels.shape[0])
    throw advx::argument_error("advx: " + std::to_string(images.shape[0]) + " images and " +
                               std::to_string(labels.shape[0]) + " labels; give two files of one set");
  const auto wide = advx::data::first_rows(labels, count).to<std::int64_t>();
  advx::data::write_npz(argv[3], {{"images", advx::data::first_rows(images, count)},
                                  {"labels", advx::data::make_array<std::int64_t>({count}, wide)}});
  std::printf("%s: %td images of %td x %td\n", argv[3], count, images.shape[1], images.shape[2]);
} catch (const std::exception& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
