add_test(NAME settings COMMAND sh -c "echo new > \$HOME/.apprc")
add_test(NAME removes COMMAND sh -c "rm \$HOME/.oldrc")
