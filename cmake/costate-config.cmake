# find_package(costate) gives costate::costate.
include(${CMAKE_CURRENT_LIST_DIR}/costate-libraries.cmake)
include(${CMAKE_CURRENT_LIST_DIR}/costate-targets.cmake)
