# shellcheck shell=sh
# Starts vLLM in the image for Ascend. That image sets its environment in ~/.bashrc, which only interactive shells read.
# This script runs in the image's bash, because Ascend's scripts require bash. The paths of set_env.sh are those of
# vllm-ascend's Dockerfile, v0.23.0.
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
