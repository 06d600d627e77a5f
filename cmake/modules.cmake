# distiq_module(NAME DEPS ...): one static library per folder of src/ and its sub-folders, with its unit tests and micro
# benchmarks found beside the sources, so that a test file cannot be forgotten in a list.
#   foo.cpp -> library distiq_NAME      foo_test.cpp -> test program NAME_test      foo_bench.cpp -> NAME_bench

set(DISTIQ_TEST_DIR ${CMAKE_BINARY_DIR}/tests)

function(distiq_module name)
  cmake_parse_arguments(ARG "" "" "DEPS" ${ARGN})
  set(dir ${CMAKE_CURRENT_SOURCE_DIR}/${name})
  file(GLOB sources CONFIGURE_DEPENDS ${dir}/*.cpp ${dir}/*/*.cpp)
  set(tests ${sources})
  set(benches ${sources})
  list(FILTER tests INCLUDE REGEX "_test\\.cpp$")
  list(FILTER benches INCLUDE REGEX "_bench\\.cpp$")
  list(FILTER sources EXCLUDE REGEX "_(test|bench)\\.cpp$")

  if(sources)
    add_library(distiq_${name} STATIC ${sources})
    target_include_directories(distiq_${name} PUBLIC ${CMAKE_SOURCE_DIR}/src)
    target_link_libraries(distiq_${name} PUBLIC ${ARG_DEPS})
    set_source_files_properties(${sources} PROPERTIES OBJECT_DEPENDS "${DISTIQ_PROFILE}")
  else()
    add_library(distiq_${name} INTERFACE)
    target_include_directories(distiq_${name} INTERFACE ${CMAKE_SOURCE_DIR}/src)
    target_link_libraries(distiq_${name} INTERFACE ${ARG_DEPS})
  endif()

  if(tests)
    add_executable(${name}_test ${tests})
    target_link_libraries(${name}_test PRIVATE distiq_${name} Boost::json GTest::gtest GTest::gmock GTest::gtest_main)
    target_compile_definitions(${name}_test PRIVATE DISTIQ_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
    set_target_properties(${name}_test PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${DISTIQ_TEST_DIR})
  endif()
  if(benches AND DISTIQ_BENCH)
    find_package(benchmark REQUIRED)
    add_executable(${name}_bench ${benches})
    target_link_libraries(${name}_bench PRIVATE distiq_${name} benchmark::benchmark_main)
    target_compile_definitions(${name}_bench PRIVATE DISTIQ_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
    set_target_properties(${name}_bench PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bench)
  endif()
endfunction()

# distiq_embed(TARGET FILE SYMBOL): compiles FILE into TARGET as `extern const std::string_view distiq::embedded::SYMBOL`.
# FILE is relative to the repository, or absolute for a generated one.
function(distiq_embed target file symbol)
  cmake_path(ABSOLUTE_PATH file BASE_DIRECTORY ${CMAKE_SOURCE_DIR})
  set(out ${CMAKE_CURRENT_BINARY_DIR}/embedded_${symbol}.cpp)
  add_custom_command(OUTPUT ${out}
    COMMAND ${CMAKE_COMMAND} -DIN=${file} -DOUT=${out} -DSYMBOL=${symbol} -P ${CMAKE_SOURCE_DIR}/cmake/embed.cmake
    DEPENDS ${file} ${CMAKE_SOURCE_DIR}/cmake/embed.cmake)
  target_sources(${target} PRIVATE ${out})
endfunction()
