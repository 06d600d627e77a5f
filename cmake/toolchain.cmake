# Compiler cache, a fast linker, warnings and sanitizers: everything that is about how we compile.

find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE})
endif()

if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  add_link_options(-fuse-ld=lld)
  # Sized deallocation and coroutines of libstdc++ 12 are what both compilers share.
else()
  find_program(MOLD mold)
  if(MOLD)
    add_link_options(-fuse-ld=mold)
  endif()
endif()

add_compile_options(-Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual)
# Stacks that debuggers and sanitizers read quickly. Not in the release: its many small functions are 3 % shorter without
# (to profile one: -DCMAKE_CXX_FLAGS=-fno-omit-frame-pointer), and as much without the jump table of shared libraries.
add_compile_options($<IF:$<CONFIG:Debug>,-fno-omit-frame-pointer,-fno-plt>)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # g++ 12 reports values inside coroutine frames and std::expected as "maybe uninitialized", and frames of
  # awaitables as freed by the wrong operator, and string concatenations as overlapping: false positives.
  add_compile_options(-Wno-maybe-uninitialized -Wno-mismatched-new-delete -Wno-restrict -Wno-psabi)
endif()
if(DISTIQ_WERROR)
  add_compile_options(-Werror)
endif()

if(DISTIQ_SANITIZE)
  add_compile_options(-fsanitize=${DISTIQ_SANITIZE} -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${DISTIQ_SANITIZE})
endif()
if(DISTIQ_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()

# The product (not its tests and tools) is compiled with what it did when it was at work: ./run train writes that profile.
# A function that has changed since then is compiled as if there was none.
function(distiq_use_profile)
  if(DISTIQ_TRAINING)
    set(raw ${CMAKE_BINARY_DIR}/raw_profiles)
    add_compile_options(-fprofile-generate=${raw})
    add_link_options(-fprofile-generate=${raw})
  elseif(DISTIQ_PROFILE AND CMAKE_CXX_COMPILER_ID STREQUAL "Clang" AND CMAKE_CXX_COMPILER_VERSION VERSION_GREATER_EQUAL 19)
    # By its relative path: for ccache, two clones are one.
    cmake_path(RELATIVE_PATH DISTIQ_PROFILE BASE_DIRECTORY ${CMAKE_BINARY_DIR} OUTPUT_VARIABLE profile)
    add_compile_options(-fprofile-use=${profile} -Wno-profile-instr-out-of-date -Wno-profile-instr-unprofiled
      -Wno-backend-plugin)
  endif()
endfunction()
