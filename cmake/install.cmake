# `cmake --install build/release --prefix ~/.local`: the programs, and what makes shells and man know them. Completion and
# manual page are written by the program itself, at installation: they cannot lag behind it, and no build waits for them.
include(GNUInstallDirs)

install(TARGETS distiq-code anthropic-sim RUNTIME)

function(distiq_install_form form folder name)
  install(CODE "
    set(written \"${CMAKE_BINARY_DIR}/install/${name}\")
    file(MAKE_DIRECTORY \"${CMAKE_BINARY_DIR}/install\")
    execute_process(COMMAND \"$<TARGET_FILE:distiq-code>\" completion ${form}
      OUTPUT_FILE \"\${written}\" COMMAND_ERROR_IS_FATAL ANY)
    file(INSTALL \"\${written}\" DESTINATION \"\${CMAKE_INSTALL_PREFIX}/${folder}\")")
endfunction()

distiq_install_form(man ${CMAKE_INSTALL_MANDIR}/man1 distiq-code.1)
distiq_install_form(bash ${CMAKE_INSTALL_DATADIR}/bash-completion/completions distiq-code)
distiq_install_form(zsh ${CMAKE_INSTALL_DATADIR}/zsh/site-functions _distiq-code)
distiq_install_form(fish ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d distiq-code.fish)
