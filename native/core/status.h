// Result codes of the core. The numbers are those of the deployed M-Pin libraries, so that they can
// travel unchanged from the core through the pool to the server.
#ifndef MPIN_CORE_STATUS_H_
#define MPIN_CORE_STATUS_H_

#include <cstdint>

namespace mpin {

enum class [[nodiscard]] Status : int8_t {
  ok = 0,
  bad_parameter = -11,  // A scalar out of range or a missing argument: a mistake of the caller.
  invalid_point = -14,  // An encoded point that is not acceptable, or a sum that is infinite.
  bad_pin = -19,        // Well-formed proof that does not hold.
};

}  // namespace mpin

#endif  // MPIN_CORE_STATUS_H_
