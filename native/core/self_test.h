// Known answers, run when the addon is loaded.
#ifndef MPIN_CORE_SELF_TEST_H_
#define MPIN_CORE_SELF_TEST_H_

namespace mpin {

// self_test_known_answers: a whole login of a fixed identity through the functions of mpin.h gives
// the bytes that the deployed libraries give, and right and wrong PINs their statuses.
[[nodiscard]] bool self_test_known_answers();

}  // namespace mpin

#endif  // MPIN_CORE_SELF_TEST_H_
