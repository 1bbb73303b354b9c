// Runs a fuzz target without libFuzzer, for compilers that have none:
//   mpin_fuzz_… FILE|FOLDER… [--runs N]   replays the files, then N random changes of them
// FUZZ_SEED repeats the random ones; the input at work is kept in FUZZ_LAST when that is set, so
// that one which ends the process is not lost.
#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

#include "fuzz.h"

namespace {

using Bytes = std::vector<uint8_t>;

Bytes read(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void run(const Bytes& input) {
  static const char* last = std::getenv("FUZZ_LAST");
  if (last != nullptr) {
    std::ofstream file(last, std::ios::binary);
    file.write(reinterpret_cast<const char*>(input.data()),
               static_cast<std::streamsize>(input.size()));
  }
  LLVMFuzzerTestOneInput(input.data(), input.size());
}

// change: one to four bytes become others, or a part of another input is put in.
void change(Bytes& input, const std::vector<Bytes>& corpus, std::mt19937_64& random) {
  if (input.empty()) input.resize(1 + random() % 16);
  if (random() % 4 == 0) {
    const Bytes& other = corpus[random() % corpus.size()];
    const size_t from = other.empty() ? 0 : random() % other.size();
    const size_t count = other.empty() ? 0 : 1 + random() % (other.size() - from);
    const size_t at = random() % input.size();
    if (input.size() < at + count) input.resize(at + count);
    std::copy_n(other.begin() + static_cast<std::ptrdiff_t>(from), count,
                input.begin() + static_cast<std::ptrdiff_t>(at));
    return;
  }
  for (uint64_t left = 1 + random() % 4; left > 0; left--)
    input[random() % input.size()] = static_cast<uint8_t>(random());
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<Bytes> corpus;
  uint64_t runs = 0;
  for (int i = 1; i < argc; i++) {
    const std::filesystem::path path = argv[i];
    if (path == "--runs" && i + 1 < argc) {
      runs = std::strtoull(argv[++i], nullptr, 10);
    } else if (std::filesystem::is_directory(path)) {
      for (const auto& entry : std::filesystem::directory_iterator(path))
        corpus.push_back(read(entry.path()));
    } else {
      corpus.push_back(read(path));
    }
  }
  if (corpus.empty()) {
    std::fprintf(stderr, "usage: %s FILE|FOLDER… [--runs N]\n", argv[0]);
    return 2;
  }
  for (const Bytes& input : corpus)
    run(input);
  const char* wanted = std::getenv("FUZZ_SEED");
  const uint64_t seed =
      wanted != nullptr ? std::strtoull(wanted, nullptr, 0) : std::random_device{}();
  std::printf("FUZZ_SEED=%llu\n", static_cast<unsigned long long>(seed));
  std::fflush(stdout);
  std::mt19937_64 random(seed);
  for (uint64_t i = 0; i < runs; i++) {
    Bytes input = corpus[random() % corpus.size()];
    change(input, corpus, random);
    run(input);
  }
  std::printf("%zu files and %llu random inputs, no rule broken\n", corpus.size(),
              static_cast<unsigned long long>(runs));
  return 0;
}
