# AMCL (milagro-crypto-c 2.0.1, built with the curve BN254CX) as a second provider. AMCL_ROOT, from
# the environment or as -DAMCL_ROOT, names the prefix of an installed one, which must then be usable;
# without it the system's is taken if there is a usable one, and otherwise the build goes without.
if(NOT AMCL_ROOT)
  set(AMCL_ROOT "$ENV{AMCL_ROOT}")
endif()
unset(AMCL_DIR CACHE) # Search anew: the root may be another one than last time.
if(AMCL_ROOT)
  find_package(AMCL 2.0.1 CONFIG QUIET NO_DEFAULT_PATH PATHS ${AMCL_ROOT})
else()
  find_package(AMCL 2.0.1 CONFIG QUIET)
endif()
set(AMCL_PROBLEM "")
if(NOT AMCL_FOUND)
  set(AMCL_PROBLEM "no milagro-crypto-c 2.0.1 was found")
elseif(NOT TARGET AMCL::mpin_BN254CX)
  set(AMCL_PROBLEM "it was built without M-Pin on the curve BN254CX")
else()
  # A static library can become part of the addon only if it was compiled for that.
  set(AMCL_PROBE ${CMAKE_CURRENT_BINARY_DIR}/amcl-probe.cpp)
  file(WRITE ${AMCL_PROBE} "#define C99\nextern \"C\" {\n#include <amcl/mpin_BN254CX.h>\n}\n"
       "void* probe = reinterpret_cast<void*>(&MPIN_BN254CX_SERVER_2);\n")
  try_compile(
    AMCL_LINKS ${CMAKE_CURRENT_BINARY_DIR}/amcl-probe ${AMCL_PROBE}
    CMAKE_FLAGS -DCMAKE_POSITION_INDEPENDENT_CODE=ON
    LINK_OPTIONS -shared
    LINK_LIBRARIES AMCL::mpin_BN254CX)
  if(NOT AMCL_LINKS)
    set(AMCL_PROBLEM "it cannot be linked into a shared library: build it with -fPIC")
  endif()
endif()

if(NOT AMCL_PROBLEM)
  message(STATUS "AMCL ${AMCL_VERSION}: ${AMCL_DIR}")
  add_library(mpin_amcl STATIC amcl/authority.cpp amcl/client.cpp amcl/kernel.cpp amcl/server.cpp)
  target_include_directories(mpin_amcl INTERFACE amcl)
  target_compile_definitions(mpin_amcl INTERFACE MPIN_AMCL_VERSION="${AMCL_VERSION}")
  target_compile_options(mpin_amcl PRIVATE -Wall -Wextra -Wshadow -Wconversion -fno-exceptions -fno-rtti)
  target_link_libraries(mpin_amcl PUBLIC mpin_core PRIVATE AMCL::mpin_BN254CX)
elseif(AMCL_ROOT)
  message(FATAL_ERROR "AMCL_ROOT is ${AMCL_ROOT}, but ${AMCL_PROBLEM}")
else()
  message(STATUS "AMCL: not built as a provider, ${AMCL_PROBLEM} (AMCL_ROOT names its prefix)")
endif()
