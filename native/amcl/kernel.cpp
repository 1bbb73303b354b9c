#include "amcl.h"

namespace mpin {

const Kernel kAmclKernel = {"amcl",
                            amcl::server_secret_share,
                            amcl::client_secret_shares,
                            amcl::time_permit_shares,
                            amcl::add_g1,
                            amcl::add_g2,
                            amcl::extract_pin,
                            amcl::client_pass1,
                            amcl::client_pass2,
                            amcl::verifier_init,
                            amcl::verify_batch,
                            amcl::pin_error};

}  // namespace mpin
