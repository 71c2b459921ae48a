# shellcheck shell=sh



environment() {
  for script in ascend-toolkit/set_env.sh nnal/atb/set_env.sh; do
    # shellcheck source=/dev/null
    . "/usr/local/Ascend/$script"
  done
  export LD_LIBRARY_PATH="${LD_LIBRARY_PATH:-}:/usr/local/lib"
}

# In a function without arguments, because those scripts would read vLLM's arguments as theirs.
environment
exec vllm "$@"
