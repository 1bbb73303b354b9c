// Known answers, run when the addon is loaded.
#ifndef MPIN_CORE_SELF_TEST_H_
#define MPIN_CORE_SELF_TEST_H_

#include "kernel.h"

namespace mpin {

// self_test_known_answers: a whole login of a fixed identity by the functions of this table gives
// the bytes that the deployed libraries give, and right and wrong PINs their statuses.
[[nodiscard]] bool self_test_known_answers(const Kernel& by);

}  // namespace mpin

#endif  // MPIN_CORE_SELF_TEST_H_
