// Randomness of the operating system.
#ifndef MPIN_CORE_RANDOM_H_
#define MPIN_CORE_RANDOM_H_

#include <cstddef>
#include <cstdint>

namespace mpin {

// os_random: fills the buffer; false when the system cannot.
[[nodiscard]] bool os_random(uint8_t* out, size_t len);

}  // namespace mpin

#endif  // MPIN_CORE_RANDOM_H_
